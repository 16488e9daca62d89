//! OpenAI responses: items instead of messages, typed events instead of chunks, and answers the provider keeps.

mod conversation;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod stream;

pub(crate) use conversation::read_answer_body;
pub use conversation::read_conversation;
