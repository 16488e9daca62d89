//! Bodies on their way: the client's with another model name, the provider's view of it, the client's view of a stream.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use weir_tests::provider::event_ends;
use weir_tests::recording::Exchange;

use super::way;

/// The text of a recorded request.
pub(super) fn text_of(exchange: &Exchange) -> &str {
    exchange.request.body.as_ref().map_or("", |body| body.get())
}

/// The model the body of a recorded request asks for.
pub(super) fn model_of(exchange: &Exchange) -> Option<String> {
    Some(serde_json::from_str::<Value>(text_of(exchange)).ok()?["model"].as_str()?.to_owned())
}

const FORM_MODEL: &[u8] = b"name=\"model\"\r\n\r\n";

fn place_of(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// The model a recorded form asks for.
pub(super) fn form_model_of(exchange: &Exchange) -> Option<String> {
    let text = exchange.request.bytes();
    let start = place_of(&text, FORM_MODEL)? + FORM_MODEL.len();
    let end = start + place_of(&text[start..], b"\r\n")?;
    Some(String::from_utf8(text[start..end].to_vec()).unwrap())
}

/// The form with another model; no other byte changes.
pub(super) fn with_form_model(text: &[u8], own: &str, model: &str) -> Vec<u8> {
    let start = place_of(text, FORM_MODEL).unwrap() + FORM_MODEL.len();
    [&text[..start], model.as_bytes(), &text[start + own.len()..]].concat()
}

/// Where the value of the top-level `model` stands in the text.
fn model_range(text: &str) -> Range<usize> {
    let members: BTreeMap<&str, &RawValue> = serde_json::from_str(text).unwrap();
    let model = members["model"].get();
    let start = model.as_ptr() as usize - text.as_ptr() as usize;
    start..start + model.len()
}

/// The text with another model; no other byte changes.
pub(super) fn with_model(text: &str, model: &str) -> String {
    let range = model_range(text);
    format!("{}{}{}", &text[..range.start], json!(model), &text[range.end..])
}

/// Whether the client asks for a stream, and whether it asks for its usage.
pub(super) fn wishes(text: &[u8]) -> (bool, bool) {
    let body: Value = serde_json::from_slice(text).unwrap_or_default();
    (body["stream"] == true, body["stream_options"]["include_usage"] == true)
}

/// The same request from a client that does not ask for usage.
pub(super) fn not_asking(text: &str) -> String {
    let mut body: Value = serde_json::from_str(text).unwrap();
    let options = body["stream_options"].as_object_mut().unwrap();
    options.remove("include_usage");
    if options.is_empty() {
        body.as_object_mut().unwrap().remove("stream_options");
    }
    body.to_string()
}

/// What is wrong with the body the provider saw of `text`.
pub(super) fn wrong_upstream(text: &[u8], seen: &[u8], injected: bool) -> Option<String> {
    if !injected {
        let place = seen.iter().zip(text).take_while(|(left, right)| left == right).count();
        return (seen != text).then(|| format!("the provider saw another body from byte {place} on"));
    }
    let Ok(seen_json) = serde_json::from_slice::<Value>(seen) else {
        return Some("the provider saw no JSON".to_owned());
    };
    let mut wanted: Value = serde_json::from_slice(text).unwrap();
    wanted["stream_options"]["include_usage"] = json!(true);
    if seen_json != wanted {
        return Some("the provider saw more changed than the wish for usage".to_owned());
    }
    // One insertion (or, for an explicit false or null, one replacement): what stands before and after is untouched.
    let same = |(left, right): &(&u8, &u8)| left == right;
    let before = seen.iter().zip(text).take_while(same).count();
    let after = seen[before..].iter().rev().zip(text[before..].iter().rev()).take_while(same).count();
    let replaced = text.len() - before - after;
    (replaced > "false".len()).then(|| format!("{replaced} bytes of the client's body were rewritten"))
}

/// The stream without the event that holds usage and no choices: what comes when nobody asks for usage.
pub(super) fn without_usage_event(stream: &[u8]) -> Vec<u8> {
    let mut left = Vec::with_capacity(stream.len());
    let mut start = 0;
    for end in event_ends(stream).into_iter().chain([stream.len()]) {
        let event = &stream[start..end];
        start = end;
        let text = String::from_utf8_lossy(event);
        let chunk = text
            .lines()
            .find_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data:")?.trim()).ok());
        let usage_alone = chunk.is_some_and(|chunk| {
            let choices = chunk["choices"].as_array().map_or(0, Vec::len);
            chunk["usage"].is_object() && choices == 0 && chunk["error"].is_null()
        });
        if !usage_alone {
            left.extend_from_slice(event);
        }
    }
    left
}

/// How many bytes a client can have before the stream goes on: all up to the first event with content. 0 where
/// nothing can be waited for, because no event with content comes before the last two.
pub(super) fn first_part(stream: &[u8]) -> usize {
    let ends = event_ends(stream);
    let mut start = 0;
    for (number, end) in ends.iter().enumerate() {
        let event = String::from_utf8_lossy(&stream[start..*end]).into_owned();
        start = *end;
        let chunk = event
            .lines()
            .find_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data:")?.trim()).ok());
        let Some(chunk) = chunk else { continue };
        if way::says_something(&chunk) {
            return if number + 2 < ends.len() && !way::ends_something(&chunk) { *end } else { 0 };
        }
    }
    0
}
