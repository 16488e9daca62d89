//! An answer in one piece: Ollama's in the words of a chat completion; and the parts it shares with the lines of a stream.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::{failure, finish_reason};
use crate::{
    completion::{
        Heading, raw, text, without_likelihood, write_completion, write_embeddings, write_failure,
        write_reason, write_rest_of_message, write_usage,
    },
    error::WireError,
    json::{JsonText, View},
};

/// The answer as a chat completion.
///
/// # Errors
///
/// When the body is no sound JSON object, or no answer of Ollama's.
pub(crate) fn told(body: &[u8], heading: &Heading) -> Result<Bytes, WireError> {
    let root = View::of_object(body)?;
    if let Some(message) = failure(root) {
        let mut json = JsonText::default();
        json.object(|json| write_failure(&message, "server_error", json));
        return Ok(json.into_bytes().into());
    }
    let message = root.get("message").filter(View::is_object);
    let message = message.ok_or(WireError::Missing { name: "message" })?;
    let calls: Vec<_> = message.get("tool_calls").into_iter().flat_map(|calls| calls.items()).collect();
    let choice = |json: &mut JsonText| {
        json.key("message").object(|json| {
            json.key("role").text("assistant");
            match message.get("content").filter(|said| calls.is_empty() || said.filled_text().is_some()) {
                Some(said) => json.key("content").raw(said.raw()),
                None => json.key("content").null(),
            }
            if let Some(thought) = message.get("thinking").filter(|thought| thought.filled_text().is_some()) {
                json.key("reasoning_content").raw(thought.raw());
            }
            if !calls.is_empty() {
                json.key("tool_calls").array(|json| {
                    for (number, call) in calls.iter().enumerate() {
                        write_call(*call, (&heading.id, number as u64), false, json);
                    }
                });
            }
            write_rest_of_message(json);
            write_other(message, json);
        });
        write_likelihood(root, json);
        let word = text(root, "done_reason");
        write_reason(finish_reason(&word, !calls.is_empty()), &word, json);
    };
    Ok(write_completion(heading, choice, |json| write_counts(root, true, json)))
}

/// Pictures that a model made, kept so that they are told to be lost where they are.
pub(super) fn write_other(message: View<'_>, json: &mut JsonText) {
    if let Some(images) = message.get("images").filter(|images| images.items().next().is_some()) {
        json.key("other_content").raw(images.raw());
    }
}

/// A call. Where Ollama gives it no id, the answer's and the call's number are one.
pub(super) fn write_call(call: View<'_>, (id, number): (&str, u64), numbered: bool, json: &mut JsonText) {
    let function = call.get("function");
    let arguments = function.and_then(|function| function.get("arguments"));
    json.object(|json| {
        if numbered {
            json.key("index").count(number);
        }
        match call.get("id").and_then(|id| id.filled_text()) {
            Some(own) => json.key("id").text(&own),
            None => {
                let id = id.strip_prefix("chatcmpl-").unwrap_or(id);
                json.key("id").text(&format!("call_{id}_{number}"));
            }
        }
        json.key("type").text("function");
        json.key("function").object(|json| {
            json.key("name").raw(function.map_or("\"\"", |function| raw(function, "name", "\"\"")));
            let written = arguments
                .map_or(Cow::Borrowed("{}"), |found| found.text().unwrap_or(Cow::Borrowed(found.raw())));
            json.key("arguments").text(&written);
        });
    });
}

/// How likely the tokens were: Ollama lists them as OpenAI does.
pub(super) fn write_likelihood(root: View<'_>, json: &mut JsonText) {
    if let Some(listed) = root.get("logprobs").filter(View::is_array) {
        json.key("logprobs").object(|json| json.key("content").raw(listed.raw()));
    } else {
        without_likelihood(json);
    }
}

/// Tokens read and written. Ollama leaves out what is nothing: a prompt it still knew whole.
pub(super) fn counts(root: View<'_>) -> Option<(u64, u64)> {
    let of = |key: &str| root.get(key).and_then(|count| count.count());
    let (input, output) = (of("prompt_eval_count"), of("eval_count"));
    input.or(output).map(|_| (input.unwrap_or(0), output.unwrap_or(0)))
}

/// Writes what Ollama counts, beside how long it took; without what it wrote where it only read.
pub(super) fn write_counts(root: View<'_>, writes: bool, json: &mut JsonText) {
    let Some((input, output)) = counts(root) else { return };
    let is_count = |key: &str| key.ends_with("_count") || key.ends_with("_duration");
    let own = |json: &mut JsonText| {
        json.object(|json| {
            let counts = root.members().filter(|(key, _)| is_count(key));
            counts.for_each(|(key, value)| json.key(&key).raw(value.raw()));
        });
    };
    write_usage((input, writes.then_some(output)), None, own, json);
}

/// Vectors as OpenAI lists them, packed where that was asked for.
///
/// # Errors
///
/// When the body is no sound JSON object, or has no vectors.
pub(crate) fn told_vectors(body: &[u8], heading: &Heading) -> Result<Bytes, WireError> {
    let root = View::of_object(body)?;
    let all = root.get("embeddings").ok_or(WireError::Missing { name: "embeddings" })?;
    let vectors = all.items().map(|vector| {
        if heading.packed {
            Cow::Owned(format!("\"{}\"", packed(vector)))
        } else {
            Cow::Borrowed(vector.raw())
        }
    });
    Ok(write_embeddings(heading, vectors, |json| write_counts(root, false, json)))
}

/// A vector's numbers as four bytes each, the least first, in base64.
fn packed(vector: View<'_>) -> String {
    let numbers = vector.items().filter_map(|number| number.raw().parse::<f32>().ok());
    STANDARD.encode(numbers.flat_map(f32::to_le_bytes).collect::<Vec<u8>>())
}
