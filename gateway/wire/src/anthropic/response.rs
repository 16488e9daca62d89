//! A message: the JSON body, and the block reading it shares with the stream.

use std::borrow::Cow;

use crate::{
    answer::Answer,
    dialect::Dialect,
    error::WireError,
    fault::read_stream_error,
    json::View,
    model::{Citation, Signature},
    stream::{Sink, StreamEvent},
};

/// Reads a whole answer; what it means goes to `sink`, as if it had come in events.
pub(crate) fn read(body: &[u8], sink: Sink<'_>) -> Result<Answer, WireError> {
    let root = View::of_object(body)?;
    let mut answer = Answer { complete: true, ..Answer::default() };
    take_message(root, &mut answer, sink);
    let mut said = Said::default();
    for (index, block) in (0..).zip(root.get("content").into_iter().flat_map(|content| content.items())) {
        take_block(index, block, &mut said, &mut answer, sink);
    }
    if let Some(reason) = root.get("stop_reason").and_then(|reason| reason.filled_text()) {
        sink(StreamEvent::Finish { choice: 0, reason });
    }
    if let Some(usage) = root.get("usage") {
        usage.raw().clone_into(&mut answer.usage_raw);
        take_usage(usage, &mut answer);
        sink(StreamEvent::Usage(answer.usage));
    }
    answer.stopped_by_error = read_stream_error(Dialect::Anthropic, "", root.raw());
    Ok(answer)
}

/// How far the text has come.
#[derive(Debug, Default)]
pub(super) struct Said {
    bytes: usize,
    chars: u64,
    /// Where the block's text began, in characters.
    block_chars: u64,
}

/// What a message says of itself beside its content and usage.
pub(super) fn take_message(message: View<'_>, answer: &mut Answer, sink: Sink<'_>) {
    let text = |key: &str| message.get(key).and_then(|value| value.filled_text()).map(Cow::into_owned);
    answer.response_id = text("id").unwrap_or_default();
    answer.model = text("model").unwrap_or_default();
    if let Some(reason) = text("stop_reason") {
        answer.note_finish(&reason);
    }
    let (id, model) = (answer.response_id.as_str().into(), answer.model.as_str().into());
    sink(StreamEvent::Start { id, model });
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
    said: &mut Said,
    answer: &mut Answer,
    sink: Sink<'_>,
) -> bool {
    let text = |key: &str| block.get(key).and_then(|value| value.filled_text());
    let kind = text("type").unwrap_or_default();
    match kind.as_ref() {
        "text" => {
            said.block_chars = said.chars;
            let any = text("text").map(|text| said.give(text, answer, sink)).is_some();
            block
                .get("citations")
                .into_iter()
                .flat_map(|list| list.items())
                .for_each(|one| said.cite(one, sink));
            any
        }
        "thinking" => {
            let any = text("thinking").map(|text| sink(StreamEvent::Reasoning { choice: 0, text })).is_some();
            if let Some(signature) = text("signature").map(Signature::of_anthropic) {
                sink(StreamEvent::Signed { choice: 0, signature });
            }
            any
        }
        "redacted_thinking" => {
            let signature = Signature::of_anthropic(text("data").unwrap_or_default());
            sink(StreamEvent::Sealed { choice: 0, signature });
            true
        }
        "tool_use" | "server_tool_use" | "mcp_tool_use" => {
            let (id, name) = (text("id").unwrap_or_default(), text("name").unwrap_or_default());
            let input = block.get("input").map(|input| input.raw()).filter(|input| *input != "{}");
            answer.note_tool_call(&name);
            let arguments = Cow::Borrowed(input.unwrap_or_default());
            let hosted = kind != "tool_use";
            sink(StreamEvent::ToolCall { choice: 0, index, id, name, arguments, hosted });
            true
        }
        _ => {
            sink(StreamEvent::Other { choice: 0, kind, raw: block.raw() });
            true
        }
    }
}

impl Said {
    /// Gives more text.
    pub(super) fn give(&mut self, text: Cow<'_, str>, answer: &mut Answer, sink: Sink<'_>) {
        let offset = self.bytes;
        self.bytes += text.len();
        self.chars += text.chars().count() as u64;
        answer.note_text(&text);
        sink(StreamEvent::Text { choice: 0, offset, text });
    }

    /// Gives what the block's text rests on.
    pub(super) fn cite(&self, source: View<'_>, sink: Sink<'_>) {
        let text = |key: &str| source.get(key).and_then(|value| value.filled_text());
        let citation = Citation {
            url: text("url").or_else(|| text("source")).unwrap_or_default(),
            title: text("title").or_else(|| text("document_title")).unwrap_or_default(),
            cited: text("cited_text").unwrap_or_default(),
            span: (self.block_chars, self.chars),
        };
        sink(StreamEvent::Citation { choice: 0, citation });
    }
}
