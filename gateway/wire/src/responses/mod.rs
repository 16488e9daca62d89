//! OpenAI responses: items instead of messages, typed events instead of chunks, and answers the provider keeps.

mod conversation;
mod echo;
mod output;
mod proof;
pub(crate) mod request;
pub(crate) mod response;
mod settings;
pub(crate) mod stream;
mod write_answer;
mod write_request;
mod write_stream;

pub(crate) use conversation::read_answer_body;
pub use conversation::read_conversation;
pub use echo::Echo;
pub(crate) use write_answer::write_answer;
pub(crate) use write_request::write_request;
pub(crate) use write_stream::StreamCodec;
