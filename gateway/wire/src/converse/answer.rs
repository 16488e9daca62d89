//! An answer in one piece: Converse's in the words of Anthropic's messages.

use bytes::Bytes;

use super::{citation, stop_reason};
use crate::{
    error::WireError,
    json::{JsonText, View},
};

/// The answer as a message of Anthropic's. Converse names neither the answer nor the model: `id` and `model` do.
///
/// # Errors
///
/// When the body is no sound JSON object, or no answer of Converse's.
pub fn told(body: &[u8], id: &str, model: &str) -> Result<Bytes, WireError> {
    let root = View::of_object(body)?;
    let message = root.get("output").and_then(|output| output.get("message"));
    let message = message.ok_or(WireError::Missing { name: "output" })?;
    let mut json = JsonText::default();
    json.object(|json| {
        write_head(id, model, json);
        json.key("content").array(|json| {
            let content = message.get("content").into_iter().flat_map(|content| content.items());
            content.for_each(|block| write_block(block, json));
        });
        let reason = root.get("stopReason").and_then(|reason| reason.text()).unwrap_or_default();
        json.key("stop_reason").text(stop_reason(&reason));
        json.key("stop_sequence").null();
        if let Some(usage) = root.get("usage") {
            json.key("usage");
            write_usage(usage, json);
        }
    });
    Ok(json.into_bytes().into())
}

/// What a message says first.
pub(super) fn write_head(id: &str, model: &str, json: &mut JsonText) {
    json.key("id").text(&format!("msg_{id}"));
    json.key("type").text("message");
    json.key("role").text("assistant");
    json.key("model").text(model);
}

/// Bedrock counts cached tokens apart, as Anthropic does. What it counts beside that is kept under its own name.
pub(super) fn write_usage(usage: View<'_>, json: &mut JsonText) {
    const NAMES: [(&str, &str); 4] = [
        ("inputTokens", "input_tokens"),
        ("outputTokens", "output_tokens"),
        ("cacheReadInputTokens", "cache_read_input_tokens"),
        ("cacheWriteInputTokens", "cache_creation_input_tokens"),
    ];
    json.object(|json| {
        for (key, value) in usage.members() {
            let name = NAMES.iter().find(|(from, _)| *from == key).map_or(key.as_ref(), |(_, to)| to);
            json.key(name).raw(value.raw());
        }
        write_lifetimes(usage, json);
    });
}

/// How long what was written to the cache stays there.
fn write_lifetimes(usage: View<'_>, json: &mut JsonText) {
    let Some(details) = usage.get("cacheDetails") else { return };
    let of = |wanted: &str| {
        let is = |one: &View<'_>| one.get("ttl").and_then(|ttl| ttl.text()).is_some_and(|ttl| ttl == wanted);
        let count = |one: View<'_>| one.get("inputTokens").and_then(|count| count.count());
        details.items().filter(is).filter_map(count).fold(0, u64::saturating_add)
    };
    json.key("cache_creation").object(|json| {
        json.key("ephemeral_5m_input_tokens").count(of("5m"));
        json.key("ephemeral_1h_input_tokens").count(of("1h"));
    });
}

fn write_block(block: View<'_>, json: &mut JsonText) {
    let Some((key, value)) = block.members().next() else { return };
    json.object(|json| match key.as_ref() {
        "text" => {
            json.key("type").text("text");
            json.key("text").raw(value.raw());
        }
        "toolUse" => {
            json.key("type").text("tool_use");
            for (from, to, absent) in
                [("toolUseId", "id", "\"\""), ("name", "name", "\"\""), ("input", "input", "{}")]
            {
                json.key(to).raw(value.get(from).map_or(absent, |found| found.raw()));
            }
        }
        "reasoningContent" => write_thought(value, json),
        "citationsContent" => {
            let texts = value.get("content").into_iter().flat_map(|content| content.items());
            let text: String = texts.filter_map(|one| Some(one.get("text")?.text()?.into_owned())).collect();
            json.key("type").text("text");
            json.key("text").text(&text);
            let citations = value.get("citations").into_iter().flat_map(|citations| citations.items());
            json.key("citations").array(|json| citations.for_each(|one| citation::write(one, json)));
        }
        // Kept, so that it is told to be lost and not lost untold.
        other => {
            json.key("type").text(other);
            json.key("value").raw(value.raw());
        }
    });
}

fn write_thought(value: View<'_>, json: &mut JsonText) {
    if let Some(sealed) = value.get("redactedContent") {
        json.key("type").text("redacted_thinking");
        json.key("data").raw(sealed.raw());
        return;
    }
    let thought = value.get("reasoningText").unwrap_or(value);
    json.key("type").text("thinking");
    json.key("thinking").raw(thought.get("text").map_or("\"\"", |text| text.raw()));
    json.key("signature").raw(thought.get("signature").map_or("\"\"", |proof| proof.raw()));
}
