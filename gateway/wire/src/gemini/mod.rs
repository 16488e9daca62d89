//! Google's Gemini: the model stands in the path, answers come whole, as an event stream without an end mark, or as one
//! JSON array that grows.

mod conversation;
pub(crate) mod error;
pub(crate) mod request;
pub(crate) mod response;
mod schema;
mod settings;
mod usage;
mod write_answer;
mod write_request;
mod write_stream;

pub(crate) use conversation::read_answer_body;
pub use conversation::read_conversation;
pub(crate) use write_answer::write_answer;
pub(crate) use write_request::write_request;
pub(crate) use write_stream::StreamCodec;
