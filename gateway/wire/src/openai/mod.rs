//! OpenAI chat completions, and everybody who copied it: one codec, with the copies' known deviations forgiven.

mod conversation;
pub(crate) mod error;
pub(crate) mod media;
mod realtime;
pub(crate) mod request;
pub(crate) mod response;
mod settings;
pub(crate) mod stream;
mod thinking;
pub(crate) mod usage;
mod write_answer;
mod write_request;
mod write_stream;

use crate::model::Finish;
pub(crate) use conversation::read_answer_body;
pub use conversation::read_conversation;
pub use realtime::Listener;
pub(crate) use write_answer::write_answer;
pub(crate) use write_request::{effort_word, write_request, write_tier_and_user};
pub(crate) use write_stream::StreamCodec;

/// What OpenAI's word for the end of an answer means, and what the copies' words do.
pub(crate) fn finish_of(word: &str) -> Finish {
    match word {
        "length" | "max_tokens" | "model_length" => Finish::Length,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        "content_filter" | "safety" | "refusal" => Finish::Refused,
        _ => Finish::Stop,
    }
}
