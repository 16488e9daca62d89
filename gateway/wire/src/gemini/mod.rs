//! Google's Gemini: the model stands in the path, answers come whole, as an event stream without an end mark, or as one
//! JSON array that grows.

mod conversation;
pub(crate) mod error;
pub(crate) mod request;
pub(crate) mod response;
mod usage;

pub(crate) use conversation::read_answer_body;
pub use conversation::read_conversation;
