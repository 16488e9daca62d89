//! Cohere's own chat, embeddings and reranking (version 2): what OpenAI's format says, in other words, and some more: documents, what a
//! text rests on, the plan before a tool is called, and units that are billed beside tokens that were counted.
//!
//! Below `/compatibility/v1` Cohere speaks OpenAI's format itself, without those; see [`crate::host`].

mod answer;
mod messages;
mod request;
mod stream;
pub(crate) mod usage;

pub(crate) use answer::{told, told_vectors};
pub(crate) use request::{write_embedding, write_request};
pub(crate) use stream::Stream;

/// Why an answer ended, in OpenAI's word; `None` where it broke.
fn finish_reason(word: &str) -> Option<&str> {
    match word {
        "COMPLETE" | "STOP_SEQUENCE" => Some("stop"),
        "MAX_TOKENS" | "ERROR_LIMIT" => Some("length"),
        "TOOL_CALL" => Some("tool_calls"),
        "ERROR_TOXIC" => Some("content_filter"),
        "ERROR" | "TIMEOUT" | "USER_CANCEL" => None,
        word => Some(word),
    }
}

/// What is said of an answer that broke.
fn failure(word: &str, message: Option<String>) -> (String, &'static str) {
    let code = if word == "TIMEOUT" { "timeout" } else { "server_error" };
    (message.unwrap_or_else(|| format!("Cohere ended the answer with {word}")), code)
}

#[cfg(test)]
mod tests;
