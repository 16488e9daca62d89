//! A message as events: it starts, its blocks start, grow and stop, it is amended, it stops. An `error` may end it at
//! any point, and no stop follows then.

use serde_json::{Map, Value};

use super::{
    response::{Said, take_block, take_message, take_usage},
    usage::merge,
};
use crate::{
    answer::Answer,
    dialect::Dialect,
    fault::read_stream_error,
    json::View,
    model::Signature,
    stream::{Seen, Sink, StreamEvent},
};

/// What must be remembered between events.
#[derive(Debug, Default)]
pub(crate) struct Codec {
    usage: Map<String, Value>,
    said: Said,
}

impl Codec {
    /// Reads one event.
    pub(crate) fn read(&mut self, name: &str, data: &str, answer: &mut Answer, sink: Sink<'_>) -> Seen {
        let mut seen = Seen::default();
        let event = View::of_text(data);
        let kind = event.get("type").and_then(|kind| kind.text()).unwrap_or_default();
        match if kind.is_empty() { name } else { kind.as_ref() } {
            "content_block_delta" => seen.content = self.take_delta(event, answer, sink),
            "content_block_start" => {
                let block = event.get("content_block").unwrap_or(event);
                seen.content = take_block(index_of(event), block, &mut self.said, answer, sink);
            }
            "message_start" => {
                let message = event.get("message").unwrap_or(event);
                take_message(message, answer, sink);
                self.take_usage(message.get("usage"), answer, sink);
            }
            "message_delta" => {
                let reason = event.get("delta").and_then(|delta| delta.get("stop_reason")?.filled_text());
                if let Some(reason) = reason {
                    answer.note_finish(&reason);
                    sink(StreamEvent::Finish { choice: 0, reason });
                }
                self.take_usage(event.get("usage"), answer, sink);
            }
            "message_stop" => seen.terminal = true,
            "error" => seen.error = read_stream_error(Dialect::Anthropic, "error", data),
            "content_block_stop" | "ping" => {}
            _ => answer.unreadable += u32::from(!event.is_object()),
        }
        seen
    }

    fn take_usage(&mut self, usage: Option<View<'_>>, answer: &mut Answer, sink: Sink<'_>) {
        let Some(usage) = usage else { return };
        merge(&mut self.usage, usage);
        let Ok(merged) = serde_json::to_string(&self.usage) else { return };
        take_usage(View::of_text(&merged), answer);
        answer.usage_raw = merged;
        sink(StreamEvent::Usage(answer.usage));
    }

    fn take_delta(&mut self, event: View<'_>, answer: &mut Answer, sink: Sink<'_>) -> bool {
        let Some(delta) = event.get("delta") else { return false };
        let mut any = false;
        for (key, value) in delta.members() {
            if key == "citation" {
                self.said.cite(value, sink);
            }
            let Some(text) = value.filled_text() else { continue };
            match key.as_ref() {
                "signature" => {
                    let signature = Signature::of_anthropic(text);
                    sink(StreamEvent::Signed { choice: 0, signature });
                    continue;
                }
                "text" => self.said.give(text, answer, sink),
                "thinking" => sink(StreamEvent::Reasoning { choice: 0, text }),
                "partial_json" => sink(StreamEvent::ToolCall {
                    choice: 0,
                    index: index_of(event),
                    id: "".into(),
                    name: "".into(),
                    arguments: text,
                    hosted: false,
                }),
                _ => continue,
            }
            any = true;
        }
        any
    }
}

fn index_of(event: View<'_>) -> u32 {
    event
        .get("index")
        .and_then(|index| index.count())
        .and_then(|index| u32::try_from(index).ok())
        .unwrap_or(0)
}
