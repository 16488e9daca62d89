//! A response as typed events. The last one (`response.completed`, `.incomplete`, `.failed`) carries the whole response,
//! its usage included, and is the end mark.

use std::borrow::Cow;

use super::proof;
use super::response::{has_failed, start, take_head};
use crate::{
    answer::Answer,
    dialect::Dialect,
    fault::read_stream_error,
    json::View,
    quirks::Quirks,
    stream::{Seen, Sink, StreamEvent},
};

/// What must be remembered between events.
#[derive(Debug)]
pub(crate) struct Codec {
    quirks: Quirks,
    text_bytes: usize,
}

impl Codec {
    pub(crate) const fn new(quirks: Quirks) -> Self {
        Self { quirks, text_bytes: 0 }
    }

    /// Reads one event.
    pub(crate) fn read(&mut self, name: &str, data: &str, answer: &mut Answer, sink: Sink<'_>) -> Seen {
        let mut seen = Seen::default();
        // Copies end like chat does.
        if data.trim() == "[DONE]" {
            seen.terminal = true;
            return seen;
        }
        let event = View::of_text(data);
        let kind = event.get("type").and_then(|kind| kind.text()).unwrap_or(Cow::Borrowed(name));
        match kind.as_ref() {
            "response.output_text.delta"
            | "response.refusal.delta"
            | "response.reasoning_summary_text.delta"
            | "response.reasoning_text.delta"
            | "response.function_call_arguments.delta"
            | "response.custom_tool_call_input.delta" => {
                seen.content = self.take_delta(&kind, event, answer, sink);
            }
            "response.output_item.added" => seen.content = take_begun(event, answer, sink),
            "response.output_item.done" => seen.content = take_done(event, sink),
            "response.completed" | "response.incomplete" | "response.failed" => {
                // A failure is no good end: it is told like every other error in a stream.
                seen.terminal = kind != "response.failed";
                self.take_end(event, data, &mut seen, answer, sink);
            }
            "response.created" | "response.in_progress" | "response.queued" => {
                take_head(event.get("response").unwrap_or(event), self.quirks, answer);
                if kind == "response.created" {
                    start(answer, sink);
                }
            }
            "error" => seen.error = read_stream_error(Dialect::Responses, "error", data),
            _ => answer.unreadable += u32::from(!event.is_object()),
        }
        seen
    }

    fn take_delta(&mut self, kind: &str, event: View<'_>, answer: &mut Answer, sink: Sink<'_>) -> bool {
        let Some(text) = event.get("delta").and_then(|delta| delta.filled_text()) else { return false };
        match kind {
            "response.output_text.delta" => {
                let offset = self.text_bytes;
                self.text_bytes += text.len();
                answer.note_text(&text);
                sink(StreamEvent::Text { choice: 0, offset, text });
            }
            "response.refusal.delta" => sink(StreamEvent::Refusal { choice: 0, text }),
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                let (id, name) = (Cow::Borrowed(""), Cow::Borrowed(""));
                sink(StreamEvent::ToolCall {
                    choice: 0,
                    index: place_of(event),
                    id,
                    name,
                    arguments: text,
                    hosted: false,
                });
            }
            _ => sink(StreamEvent::Reasoning { choice: 0, text }),
        }
        true
    }

    fn take_end(&self, event: View<'_>, data: &str, seen: &mut Seen, answer: &mut Answer, sink: Sink<'_>) {
        let response = event.get("response").unwrap_or(event);
        take_head(response, self.quirks, answer);
        if answer.usage.is_known() {
            sink(StreamEvent::Usage(answer.usage));
        }
        if let Some(reason) = answer.finish_reasons.last() {
            sink(StreamEvent::Finish { choice: 0, reason: Cow::Owned(reason.clone()) });
        }
        if has_failed(response) {
            let words = response.get("error").map_or(Cow::Borrowed(data), |_| Cow::Borrowed(response.raw()));
            seen.error = read_stream_error(Dialect::Responses, "error", &words);
        }
    }
}

/// Which item of the output an event is about.
fn place_of(event: View<'_>) -> u32 {
    let place = event.get("output_index").and_then(|place| place.count());
    place.and_then(|place| u32::try_from(place).ok()).unwrap_or(0)
}

/// A tool call begins with its name; everything else grows by deltas of its own.
fn take_begun(event: View<'_>, answer: &mut Answer, sink: Sink<'_>) -> bool {
    let item = event.get("item").unwrap_or(event);
    let text = |key: &str| item.get(key).and_then(|value| value.filled_text());
    if !matches!(text("type").as_deref(), Some("function_call" | "custom_tool_call" | "mcp_call")) {
        return false;
    }
    let (id, name) =
        (text("call_id").or_else(|| text("id")).unwrap_or_default(), text("name").unwrap_or_default());
    answer.note_tool_call(&name);
    let arguments = text("arguments").or_else(|| text("input")).unwrap_or_default();
    let hosted = text("type").as_deref() == Some("mcp_call");
    sink(StreamEvent::ToolCall { choice: 0, index: place_of(event), id, name, arguments, hosted });
    true
}

/// Items that do not grow (searches, pictures, code that was run) are told when they are done.
fn take_done(event: View<'_>, sink: Sink<'_>) -> bool {
    let Some(item) = event.get("item") else { return false };
    let kind = item.get("type").and_then(|kind| kind.text()).unwrap_or_default();
    if kind == "reasoning" {
        proof::tell(item, sink);
    }
    let grown = ["message", "reasoning", "function_call", "custom_tool_call", "mcp_call"];
    if grown.contains(&kind.as_ref()) {
        return false;
    }
    sink(StreamEvent::Other { choice: 0, kind, raw: item.raw() });
    true
}
