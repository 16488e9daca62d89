//! An answer in events. Converse opens no block for text and thoughts, and tells usage after the end; Anthropic opens every block,
//! and tells both at once.

use super::{answer, citation, stop_reason};
use crate::{
    json::{JsonText, View},
    translate::frame,
};

/// Tells Converse's events as Anthropic's. It remembers which block is open and why the answer ended, and nothing of what was said.
#[derive(Debug)]
pub struct Retelling {
    id: String,
    model: String,
    /// Converse's number of the block that is open.
    open: Option<u64>,
    /// How many blocks have been opened.
    opened: u64,
    /// Why the answer ended, once it did.
    ended: Option<String>,
}

impl Retelling {
    /// At the start of an answer. Converse names neither the answer nor the model: `id` and `model` do.
    #[must_use]
    pub const fn new(id: String, model: String) -> Self {
        Self { id, model, open: None, opened: 0, ended: None }
    }

    /// Takes an event by its kind; what it means is appended to `out`. Kinds nobody knows say nothing.
    pub fn take(&mut self, kind: &str, payload: &str, out: &mut Vec<u8>) {
        let event = View::of_text(payload);
        let number = event.get("contentBlockIndex").and_then(|index| index.count()).unwrap_or(0);
        match kind {
            "messageStart" => self.start(out),
            "contentBlockStart" => {
                if let Some(call) = event.get("start").and_then(|start| start.get("toolUse")) {
                    self.open(number, out, |json| write_call(call, json));
                }
            }
            "contentBlockDelta" => {
                let deltas = event.get("delta").into_iter().flat_map(|delta| delta.members());
                deltas.for_each(|(kind, value)| self.grow(number, &kind, value, out));
            }
            "contentBlockStop" => self.stop(out),
            "messageStop" => {
                self.stop(out);
                let reason = event.get("stopReason").and_then(|reason| reason.text()).unwrap_or_default();
                self.ended = Some(stop_reason(&reason).to_owned());
            }
            "metadata" => self.end(event.get("usage"), out),
            _ => {}
        }
    }

    fn start(&self, out: &mut Vec<u8>) {
        frame(out, Some("message_start"), |json| {
            json.key("type").text("message_start");
            json.key("message").object(|json| {
                answer::write_head(&self.id, &self.model, json);
                json.key("content").array(|_| ());
                json.key("stop_reason").null();
                json.key("stop_sequence").null();
                json.key("usage").raw(r#"{"input_tokens":0,"output_tokens":0}"#);
            });
        });
    }

    /// Opens the block of that number, unless it is open.
    fn open(&mut self, number: u64, out: &mut Vec<u8>, fill: impl FnOnce(&mut JsonText)) {
        if self.open == Some(number) {
            return;
        }
        self.stop(out);
        frame(out, Some("content_block_start"), |json| {
            json.key("type").text("content_block_start");
            json.key("index").count(self.opened);
            json.key("content_block").object(fill);
        });
        self.open = Some(number);
        self.opened += 1;
    }

    fn stop(&mut self, out: &mut Vec<u8>) {
        if self.open.take().is_none() {
            return;
        }
        frame(out, Some("content_block_stop"), |json| {
            json.key("type").text("content_block_stop");
            json.key("index").count(self.opened - 1);
        });
    }

    fn grow(&mut self, number: u64, kind: &str, value: View<'_>, out: &mut Vec<u8>) {
        match kind {
            "text" => {
                self.open(number, out, |json| write_empty("text", &["text"], json));
                self.delta("text_delta", "text", value, out);
            }
            "citation" => {
                self.open(number, out, |json| write_empty("text", &["text"], json));
                self.grown(out, |json| {
                    json.key("type").text("citations_delta");
                    citation::write(value, json.key("citation"));
                });
            }
            "toolUse" => {
                if let Some(input) = value.get("input") {
                    self.delta("input_json_delta", "partial_json", input, out);
                }
            }
            "reasoningContent" => {
                for (kind, value) in value.members() {
                    self.think(number, &kind, value, out);
                }
            }
            _ => {}
        }
    }

    fn think(&mut self, number: u64, kind: &str, value: View<'_>, out: &mut Vec<u8>) {
        if kind == "redactedContent" {
            self.open(number, out, |json| {
                json.key("type").text("redacted_thinking");
                json.key("data").raw(value.raw());
            });
            return;
        }
        self.open(number, out, |json| write_empty("thinking", &["thinking", "signature"], json));
        match kind {
            "text" => self.delta("thinking_delta", "thinking", value, out),
            "signature" => self.delta("signature_delta", "signature", value, out),
            _ => {}
        }
    }

    fn delta(&self, kind: &str, key: &str, value: View<'_>, out: &mut Vec<u8>) {
        self.grown(out, |json| {
            json.key("type").text(kind);
            json.key(key).raw(value.raw());
        });
    }

    /// The open block has grown.
    fn grown(&self, out: &mut Vec<u8>, fill: impl FnOnce(&mut JsonText)) {
        frame(out, Some("content_block_delta"), |json| {
            json.key("type").text("content_block_delta");
            json.key("index").count(self.opened.saturating_sub(1));
            json.key("delta").object(fill);
        });
    }

    /// The answer is over only where it said why: what was cut must not seem whole.
    fn end(&mut self, usage: Option<View<'_>>, out: &mut Vec<u8>) {
        let Some(reason) = self.ended.take() else { return };
        frame(out, Some("message_delta"), |json| {
            json.key("type").text("message_delta");
            json.key("delta").object(|json| {
                json.key("stop_reason").text(&reason);
                json.key("stop_sequence").null();
            });
            if let Some(usage) = usage {
                json.key("usage");
                answer::write_usage(usage, json);
            }
        });
        frame(out, Some("message_stop"), |json| json.key("type").text("message_stop"));
    }
}

fn write_call(call: View<'_>, json: &mut JsonText) {
    json.key("type").text("tool_use");
    json.key("id").raw(call.get("toolUseId").map_or("\"\"", |id| id.raw()));
    json.key("name").raw(call.get("name").map_or("\"\"", |name| name.raw()));
    json.key("input").object(|_| ());
}

fn write_empty(kind: &str, keys: &[&str], json: &mut JsonText) {
    json.key("type").text(kind);
    keys.iter().for_each(|key| json.key(key).text(""));
}
