//! A message as events, written while another dialect's events are read: the message starts, blocks start, grow and stop,
//! the message is amended and stops.

use weir_contract::usage::Usage;

use super::write_answer::{stop_word, write_usage};
use crate::{
    json::JsonText,
    model::{Finish, Signature},
    stream::StreamEvent,
    translate::frame,
};

/// How many tool calls may be open at once.
const CALLS_MAX: usize = 1_024;

/// What must be remembered between events.
#[derive(Debug, Default)]
pub(crate) struct StreamCodec {
    started: bool,
    /// The next block's number.
    next: u64,
    /// The block of text or reasoning that is open.
    open: Option<(Kind, u64)>,
    /// Calls, with their blocks while those are open.
    calls: Vec<Call>,
    usage: Usage,
    finish: Finish,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
}

#[derive(Debug)]
struct Call {
    /// Which call it is in the provider's count.
    index: u32,
    block: u64,
    open: bool,
    arguments: Brackets,
}

impl StreamCodec {
    /// Takes the next event. The format has room for one choice.
    pub(crate) fn write(&mut self, event: &StreamEvent<'_>, out: &mut Vec<u8>) {
        match event {
            StreamEvent::Start { id, model } => self.start(id, model, out),
            StreamEvent::Text { choice: 0, text, .. } | StreamEvent::Refusal { choice: 0, text } => {
                self.grow(Kind::Text, ("text_delta", "text"), text, out);
            }
            StreamEvent::Reasoning { choice: 0, text } => {
                self.grow(Kind::Thinking, ("thinking_delta", "thinking"), text, out);
            }
            StreamEvent::Signed { choice: 0, signature } if signature.is_anthropic() => {
                self.grow(Kind::Thinking, ("signature_delta", "signature"), &signature.text, out);
                self.stop_open(out);
            }
            StreamEvent::Sealed { choice: 0, signature } if signature.is_anthropic() => {
                self.sealed(signature, out);
            }
            StreamEvent::ToolCall { choice: 0, index, id, name, arguments, .. } => {
                self.call(*index, [id, name], arguments, out);
            }
            StreamEvent::Usage(usage) => self.usage = *usage,
            _ => {}
        }
    }

    /// The choice ended.
    pub(crate) const fn finish(&mut self, finish: Finish) {
        self.finish = finish;
    }

    /// The answer is whole.
    pub(crate) fn close(&mut self, out: &mut Vec<u8>) {
        self.start("", "", out);
        self.stop_all(out);
        let (finish, usage) = (self.finish, self.usage);
        event(out, "message_delta", |json| {
            json.key("delta").object(|json| {
                json.key("stop_reason").text(stop_word(finish));
                json.key("stop_sequence").null();
            });
            json.key("usage");
            write_usage(&usage, json);
        });
        event(out, "message_stop", |_| ());
    }

    fn start(&mut self, id: &str, model: &str, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let usage = self.usage;
        event(out, "message_start", |json| {
            json.key("message").object(|json| {
                json.key("id").text(id);
                json.key("type").text("message");
                json.key("role").text("assistant");
                json.key("model").text(model);
                json.key("content").array(|_| ());
                json.key("stop_reason").null();
                json.key("stop_sequence").null();
                json.key("usage");
                write_usage(&usage, json);
            });
        });
    }

    /// Adds to the open block of that kind, or opens one.
    fn grow(&mut self, kind: Kind, (delta, key): (&str, &str), text: &str, out: &mut Vec<u8>) {
        let number = match self.open {
            Some((open, number)) if open == kind => number,
            _ => self.begin(kind, out),
        };
        event(out, "content_block_delta", |json| {
            json.key("index").count(number);
            json.key("delta").object(|json| {
                json.key("type").text(delta);
                json.key(key).text(text);
            });
        });
    }

    fn begin(&mut self, kind: Kind, out: &mut Vec<u8>) -> u64 {
        self.start("", "", out);
        self.stop_all(out);
        let number = self.take_number();
        self.open = Some((kind, number));
        block_start(out, number, |json| match kind {
            Kind::Text => {
                json.key("type").text("text");
                json.key("text").text("");
            }
            Kind::Thinking => {
                json.key("type").text("thinking");
                json.key("thinking").text("");
                json.key("signature").text("");
            }
        });
        number
    }

    fn sealed(&mut self, signature: &Signature<'_>, out: &mut Vec<u8>) {
        self.start("", "", out);
        self.stop_all(out);
        let number = self.take_number();
        block_start(out, number, |json| {
            json.key("type").text("redacted_thinking");
            json.key("data").text(&signature.text);
        });
        block_stop(out, number);
    }

    /// Calls may come interleaved: a call's block stays open until its arguments are whole, so that each gets its own.
    fn call(&mut self, index: u32, [id, name]: [&str; 2], arguments: &str, out: &mut Vec<u8>) {
        self.start("", "", out);
        self.stop_open(out);
        let place =
            match self.calls.iter().rposition(|call| call.index == index && (id.is_empty() || call.open)) {
                Some(place) => place,
                None if self.calls.len() < CALLS_MAX => self.begin_call(index, id, name, out),
                None => return,
            };
        let Some(call) = self.calls.get_mut(place).filter(|call| call.open && !arguments.is_empty()) else {
            return;
        };
        call.arguments.take(arguments);
        let number = call.block;
        event(out, "content_block_delta", |json| {
            json.key("index").count(number);
            json.key("delta").object(|json| {
                json.key("type").text("input_json_delta");
                json.key("partial_json").text(arguments);
            });
        });
    }

    fn begin_call(&mut self, index: u32, id: &str, name: &str, out: &mut Vec<u8>) -> usize {
        for call in self.calls.iter_mut().filter(|call| call.open && call.arguments.are_whole()) {
            call.open = false;
            block_stop(out, call.block);
        }
        let block = self.take_number();
        self.calls.push(Call { index, block, open: true, arguments: Brackets::default() });
        block_start(out, block, |json| {
            json.key("type").text("tool_use");
            json.key("id").text(id);
            json.key("name").text(name);
            json.key("input").object(|_| ());
        });
        self.calls.len() - 1
    }

    const fn take_number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    fn stop_open(&mut self, out: &mut Vec<u8>) {
        if let Some((_, number)) = self.open.take() {
            block_stop(out, number);
        }
    }

    fn stop_all(&mut self, out: &mut Vec<u8>) {
        self.stop_open(out);
        for call in self.calls.iter_mut().filter(|call| call.open) {
            call.open = false;
            block_stop(out, call.block);
        }
    }
}

/// How deep in brackets a JSON text stands: it is whole when it has come out of them.
#[derive(Debug, Default)]
struct Brackets {
    depth: u32,
    begun: bool,
    in_text: bool,
    escaped: bool,
}

impl Brackets {
    fn take(&mut self, more: &str) {
        for byte in more.bytes() {
            match (byte, self.in_text) {
                _ if self.escaped => self.escaped = false,
                (b'\\', true) => self.escaped = true,
                (b'"', inside) => self.in_text = !inside,
                (b'{' | b'[', false) => {
                    self.depth += 1;
                    self.begun = true;
                }
                (b'}' | b']', false) => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    const fn are_whole(&self) -> bool {
        self.begun && self.depth == 0
    }
}

fn event(out: &mut Vec<u8>, kind: &str, fill: impl FnOnce(&mut JsonText)) {
    frame(out, Some(kind), |json| {
        json.key("type").text(kind);
        fill(json);
    });
}

fn block_start(out: &mut Vec<u8>, number: u64, fill: impl FnOnce(&mut JsonText)) {
    event(out, "content_block_start", |json| {
        json.key("index").count(number);
        json.key("content_block").object(fill);
    });
}

fn block_stop(out: &mut Vec<u8>, number: u64) {
    event(out, "content_block_stop", |json| json.key("index").count(number));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_whole_when_their_brackets_close() {
        let mut brackets = Brackets::default();
        for (piece, whole) in
            [("", false), ("{\"a\":", false), ("\"}\\\"", false), ("\"}", true), (" ", true)]
        {
            brackets.take(piece);
            assert_eq!(brackets.are_whole(), whole, "{piece}");
        }
    }
}
