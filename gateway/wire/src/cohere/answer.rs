//! An answer in one piece: Cohere's in the words of a chat completion.

use bytes::Bytes;

use super::{failure, finish_reason, usage};
use crate::{
    completion::{
        Heading, raw, text, without_likelihood, write_completion, write_embeddings, write_failure,
        write_reason, write_rest_of_message,
    },
    error::WireError,
    json::{JsonText, View},
};

/// The answer as a chat completion. Cohere does not name the model: `heading` does.
///
/// # Errors
///
/// When the body is no sound JSON object, or no answer of Cohere's.
pub(crate) fn told(body: &[u8], heading: &Heading) -> Result<Bytes, WireError> {
    let root = View::of_object(body)?;
    let message = root.get("message").filter(View::is_object);
    let message = message.ok_or(WireError::Missing { name: "message" })?;
    let mut heading = heading.clone();
    if let Some(id) = root.get("id").and_then(|id| id.filled_text()) {
        heading.id = id.into_owned();
    }
    let word = text(root, "finish_reason");
    let reason = finish_reason(&word);
    let choice = |json: &mut JsonText| {
        json.key("message").object(|json| write_message(message, json));
        let pieces = root.get("logprobs");
        write_likelihood(pieces.into_iter().flat_map(|pieces| pieces.items()), json);
        write_reason(reason.unwrap_or("error"), &word, json);
    };
    Ok(write_completion(&heading, choice, |json| {
        if let Some(counts) = root.get("usage") {
            usage::write(counts, json);
        }
        if reason.is_none() {
            let (message, code) =
                failure(&word, root.get("error").and_then(|told| Some(told.text()?.into_owned())));
            write_failure(&message, code, json);
        }
    }))
}

fn write_message(message: View<'_>, json: &mut JsonText) {
    let (mut said, mut thought, mut other) = (None::<String>, String::new(), Vec::new());
    for part in message.get("content").into_iter().flat_map(|content| content.items()) {
        match text(part, "type").as_ref() {
            "text" => said.get_or_insert_default().push_str(&text(part, "text")),
            "thinking" => thought.push_str(&text(part, "thinking")),
            _ => other.push(part.raw()),
        }
    }
    // Older models say content as one text.
    if let Some(text) = message.get("content").and_then(|content| content.text()) {
        said = Some(text.into_owned());
    }
    thought.push_str(&text(message, "tool_plan"));
    json.key("role").text("assistant");
    match said {
        Some(said) => json.key("content").text(&said),
        None => json.key("content").null(),
    }
    if !thought.is_empty() {
        json.key("reasoning_content").text(&thought);
    }
    let mut calls = message.get("tool_calls").into_iter().flat_map(|calls| calls.items()).peekable();
    if calls.peek().is_some() {
        json.key("tool_calls").array(|json| calls.for_each(|call| write_call(call, None, json)));
    }
    if let Some(citations) = message.get("citations").filter(|all| all.items().next().is_some()) {
        json.key("citations").raw(citations.raw());
    }
    write_rest_of_message(json);
    if !other.is_empty() {
        json.key("other_content").array(|json| other.iter().for_each(|part| json.raw(part)));
    }
}

/// A call, or its beginning where it has a number.
pub(super) fn write_call(call: View<'_>, number: Option<u64>, json: &mut JsonText) {
    json.object(|json| {
        if let Some(number) = number {
            json.key("index").count(number);
        }
        json.key("id").raw(raw(call, "id", "\"\""));
        json.key("type").text("function");
        json.key("function").object(|json| {
            for key in ["name", "arguments"] {
                let function = call.get("function");
                json.key(key).raw(function.map_or("\"\"", |function| raw(function, key, "\"\"")));
            }
        });
    });
}

/// How likely the tokens were. Cohere says it by pieces of text: a piece of several tokens is as likely as all of them together.
pub(super) fn write_likelihood<'a>(pieces: impl Iterator<Item = View<'a>>, json: &mut JsonText) {
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return without_likelihood(json);
    }
    json.key("logprobs").object(|json| {
        json.key("content").array(|json| {
            for piece in pieces {
                let found: Vec<_> = piece.get("logprobs").into_iter().flat_map(|all| all.items()).collect();
                json.object(|json| {
                    json.key("token").raw(raw(piece, "text", "\"\""));
                    match found.as_slice() {
                        [one] => json.key("logprob").raw(one.raw()),
                        all => {
                            let sum: f64 = all.iter().filter_map(View::number).sum();
                            json.key("logprob").raw(&serde_json::Value::from(sum).to_string());
                        }
                    }
                    json.key("bytes").null();
                    json.key("top_logprobs").array(|_| ());
                });
            }
        });
    });
}

/// Vectors as OpenAI lists them: of the one type that was asked for.
///
/// # Errors
///
/// When the body is no sound JSON object, or has no vectors.
pub(crate) fn told_vectors(body: &[u8], heading: &Heading) -> Result<Bytes, WireError> {
    let root = View::of_object(body)?;
    let all = root.get("embeddings").ok_or(WireError::Missing { name: "embeddings" })?;
    let typed = ["float", "base64"].into_iter().find_map(|kind| all.get(kind));
    let vectors = typed.unwrap_or(all).items().map(|vector| vector.raw().into());
    Ok(write_embeddings(heading, vectors, |json| {
        if let Some(meta) = root.get("meta") {
            usage::write_of_vectors(meta, json);
        }
    }))
}
