//! A message: the JSON body, and the block reading it shares with the stream.

use std::borrow::Cow;

use crate::{
    answer::Answer,
    dialect::Dialect,
    error::WireError,
    fault::read_stream_error,
    json::View,
    stream::{Sink, StreamEvent},
};

/// Reads a whole answer.
pub(crate) fn read(body: &[u8]) -> Result<Answer, WireError> {
    let root = View::of_object(body)?;
    let mut answer = Answer { complete: true, ..Answer::default() };
    take_message(root, &mut answer);
    if let Some(usage) = root.get("usage") {
        usage.raw().clone_into(&mut answer.usage_raw);
        take_usage(usage, &mut answer);
    }
    let mut text_bytes = 0;
    for (index, block) in (0..).zip(root.get("content").into_iter().flat_map(|content| content.items())) {
        take_block(index, block, &mut text_bytes, &mut answer, &mut |_| ());
    }
    answer.stopped_by_error = read_stream_error(Dialect::Anthropic, "", root.raw());
    Ok(answer)
}

/// What a message says of itself beside its content and usage.
pub(super) fn take_message(message: View<'_>, answer: &mut Answer) {
    let text = |key: &str| message.get(key).and_then(|value| value.filled_text()).map(Cow::into_owned);
    answer.response_id = text("id").unwrap_or_default();
    answer.model = text("model").unwrap_or_default();
    if let Some(reason) = text("stop_reason") {
        answer.note_finish(&reason);
    }
}

/// Reads usage into the answer's buckets and tier.
pub(super) fn take_usage(usage: View<'_>, answer: &mut Answer) {
    answer.usage = super::usage::read(usage);
    if let Some(tier) = usage.get("service_tier").and_then(|tier| tier.filled_text()) {
        answer.service_tier = Some(tier.into_owned());
    }
}

/// Reads a block, whole or as it begins; whether it has content of its own.
pub(super) fn take_block(
    index: u32,
    block: View<'_>,
    text_bytes: &mut usize,
    answer: &mut Answer,
    sink: Sink<'_>,
) -> bool {
    let text = |key: &str| block.get(key).and_then(|value| value.filled_text());
    match text("type").as_deref().unwrap_or_default() {
        "text" => text("text").map(|text| give_text(text, text_bytes, answer, sink)).is_some(),
        "thinking" => text("thinking").map(|text| sink(StreamEvent::Reasoning { choice: 0, text })).is_some(),
        "tool_use" | "server_tool_use" | "mcp_tool_use" => {
            let (id, name) = (text("id").unwrap_or_default(), text("name").unwrap_or_default());
            let input = block.get("input").map(|input| input.raw()).filter(|input| *input != "{}");
            answer.note_tool_call(&name);
            let arguments = Cow::Borrowed(input.unwrap_or_default());
            sink(StreamEvent::ToolCall { choice: 0, index, id, name, arguments });
            true
        }
        kind => {
            sink(StreamEvent::Other { choice: 0, kind: Cow::Borrowed(kind), raw: block.raw() });
            true
        }
    }
}

pub(super) fn give_text(text: Cow<'_, str>, text_bytes: &mut usize, answer: &mut Answer, sink: Sink<'_>) {
    let offset = *text_bytes;
    *text_bytes += text.len();
    answer.note_text(&text);
    sink(StreamEvent::Text { choice: 0, offset, text });
}
