//! Anthropic messages.

mod abilities;
mod conversation;
pub(crate) mod error;
pub(crate) mod request;
pub(crate) mod response;
mod settings;
pub(crate) mod stream;
mod usage;
mod write_answer;
mod write_request;
mod write_stream;

use crate::model::Finish;
pub(crate) use conversation::read_answer_body;
pub use conversation::read_conversation;
pub(crate) use write_answer::write_answer;
pub(crate) use write_request::write_request;
pub(crate) use write_stream::StreamCodec;

/// What Anthropic's word for the end of an answer means.
pub(crate) fn finish_of(word: &str) -> Finish {
    match word {
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "refusal" => Finish::Refused,
        _ => Finish::Stop,
    }
}
