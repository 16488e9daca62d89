//! OpenAI chat completions, and everybody who copied it: one codec, with the copies' known deviations forgiven.

mod conversation;
pub(crate) mod error;
pub(crate) mod media;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod stream;
pub(crate) mod usage;

pub(crate) use conversation::read_answer_body;
pub use conversation::read_conversation;
