//! Ollama's own chat and embeddings: settings in a drawer of options, arguments of calls as objects, calls that often have no id, pictures
//! beside the text, and a stream of JSON lines instead of events.
//!
//! Below `/v1` Ollama speaks OpenAI's format itself; see [`crate::host`].

mod answer;
mod messages;
mod request;
mod stream;

use crate::json::View;

pub(crate) use answer::{told, told_vectors};
pub(crate) use request::{write_embedding, write_request};
pub(crate) use stream::Stream;

/// Why an answer ended, in OpenAI's word: Ollama has none for calls.
fn finish_reason(word: &str, calls: bool) -> &str {
    match word {
        "stop" | "" if calls => "tool_calls",
        "stop" | "" | "load" | "unload" => "stop",
        word => word,
    }
}

/// What an answer or line says of a failure.
fn failure(root: View<'_>) -> Option<String> {
    let error = root.get("error")?;
    let message = error.text().or_else(|| error.get("message")?.text());
    Some(message.map_or_else(|| error.raw().to_owned(), std::borrow::Cow::into_owned))
}

#[cfg(test)]
mod tests;
