//! An answer event by event, in the caller's dialect.

use std::borrow::Cow;

use super::{ANSWER_TOOL, Terms};
use crate::{
    anthropic,
    dialect::Dialect,
    error::{write_array_error, write_stream_error},
    fault::{FaultKind, UpstreamFault},
    gemini,
    json::JsonText,
    model::{Finish, Signature},
    openai, responses,
    stream::StreamEvent,
};

/// How many tool calls of an answer are told apart.
const CALLS_MAX: usize = 1_024;

/// Writes an answer as events of the caller's dialect while another dialect's events are read.
#[derive(Debug)]
pub struct StreamWriter {
    codec: Codec,
    undoing: Undoing,
    terms: Terms,
    /// Whether the answer ended with an error: nothing is said after it.
    failed: bool,
}

#[derive(Debug)]
enum Codec {
    OpenAi(openai::StreamCodec),
    Anthropic(anthropic::StreamCodec),
    Gemini(gemini::StreamCodec),
    Responses(Box<responses::StreamCodec>),
}

impl StreamWriter {
    /// A writer at the start of an answer that `source` speaks.
    #[must_use]
    pub fn new(source: Dialect, terms: Terms) -> Self {
        let codec = match terms.caller {
            Dialect::OpenAi => Codec::OpenAi(openai::StreamCodec::new(&terms)),
            Dialect::Anthropic => Codec::Anthropic(anthropic::StreamCodec::default()),
            Dialect::Gemini => Codec::Gemini(gemini::StreamCodec::new(terms.array)),
            Dialect::Responses => Codec::Responses(Box::new(responses::StreamCodec::new(&terms))),
        };
        Self { codec, undoing: Undoing::new(source, &terms), terms, failed: false }
    }

    /// Takes the next event; what the caller gets of it is appended to `out`, frame by frame.
    pub fn write(&mut self, event: StreamEvent<'_>, out: &mut Vec<u8>) {
        if self.failed {
            return;
        }
        if let StreamEvent::Fault(fault) = &event {
            return self.fail(fault, out);
        }
        let Some(event) = self.undoing.undo(event) else { return };
        let finish = match &event {
            StreamEvent::Finish { choice, reason } => Some((*choice, self.undoing.finish_of(reason))),
            _ => None,
        };
        match (&mut self.codec, finish) {
            (Codec::OpenAi(codec), Some((choice, finish))) => codec.finish(choice, finish, out),
            (Codec::OpenAi(codec), None) => codec.write(&event, out),
            (Codec::Anthropic(codec), Some((_, finish))) => codec.finish(finish),
            (Codec::Anthropic(codec), None) => codec.write(&event, out),
            (Codec::Gemini(codec), Some((choice, finish))) => codec.finish(choice, finish),
            (Codec::Gemini(codec), None) => codec.write(&event, out),
            (Codec::Responses(codec), Some((_, finish))) => codec.finish(finish),
            (Codec::Responses(codec), None) => codec.write(&event, out),
        }
    }

    /// The answer is whole: its end is appended to `out`.
    pub fn close(&mut self, out: &mut Vec<u8>) {
        if self.failed {
            return;
        }
        let overfull = match &mut self.codec {
            Codec::Gemini(codec) => codec.is_overfull(),
            Codec::Responses(codec) => codec.is_overfull(),
            Codec::OpenAi(_) | Codec::Anthropic(_) => false,
        };
        if overfull {
            let message = "the answer is too large to be told again whole, as its format demands".to_owned();
            return self.fail(&UpstreamFault::local(FaultKind::Server, message), out);
        }
        match &mut self.codec {
            Codec::OpenAi(codec) => codec.close(out),
            Codec::Anthropic(codec) => codec.close(out),
            Codec::Gemini(codec) => codec.close(out),
            Codec::Responses(codec) => codec.close(out),
        }
    }

    fn fail(&mut self, fault: &UpstreamFault, out: &mut Vec<u8>) {
        self.failed = true;
        let error = self.terms.error(fault);
        out.extend_from_slice(&match self.array() {
            Some(after) => write_array_error(self.terms.caller, &error, after),
            None => write_stream_error(self.terms.caller, &error),
        });
    }

    /// Set where the caller gets one JSON array: whether an element of it was written.
    #[must_use]
    pub const fn array(&self) -> Option<bool> {
        if let Codec::Gemini(codec) = &self.codec { codec.array() } else { None }
    }

    /// Kinds of parts that came and that the caller's dialect has no word for.
    #[must_use]
    pub fn lost(&self) -> &[String] {
        &self.undoing.lost
    }
}

/// Takes back what the request's translation changed, and holds back what no other dialect can say.
#[derive(Debug)]
pub(super) struct Undoing {
    source: Dialect,
    caller: Dialect,
    /// What ids are made of for calls that have none.
    request_id: String,
    /// Calls that have begun.
    begun: Vec<(u32, u32)>,
    answer_tool: bool,
    /// Calls that are the answer itself.
    answers: Vec<(u32, u32)>,
    /// Calls of tools that ran at the provider.
    hosted: Vec<(u32, u32)>,
    called: bool,
    text_bytes: usize,
    lost: Vec<String>,
}

impl Undoing {
    pub(super) fn new(source: Dialect, terms: &Terms) -> Self {
        Self {
            source,
            caller: terms.caller,
            request_id: terms.request_id.replace(|one: char| !one.is_ascii_alphanumeric(), ""),
            begun: Vec::new(),
            answer_tool: terms.answer_tool,
            answers: Vec::new(),
            hosted: Vec::new(),
            called: false,
            text_bytes: 0,
            lost: Vec::new(),
        }
    }

    /// The event as the caller shall know it; nothing where it is not for the caller.
    pub(super) fn undo<'a>(&mut self, event: StreamEvent<'a>) -> Option<StreamEvent<'a>> {
        match event {
            StreamEvent::ToolCall { choice, index, id, name, arguments, hosted } => {
                let place = (choice, index);
                if hosted && self.hosted.len() < CALLS_MAX {
                    self.lose(&name);
                    self.hosted.push(place);
                }
                if self.answer_tool && name == ANSWER_TOOL && self.answers.len() < CALLS_MAX {
                    self.answers.push(place);
                }
                if self.hosted.contains(&place) {
                    return None;
                }
                if self.answers.contains(&place) {
                    return self.answer(choice, arguments);
                }
                self.called = true;
                let id = self.named(place, id);
                Some(StreamEvent::ToolCall { choice, index, id, name, arguments, hosted })
            }
            StreamEvent::Other { kind, .. } => {
                self.lose(&kind);
                None
            }
            StreamEvent::Citation { .. } if !cites(self.caller) => {
                self.lose("citation");
                None
            }
            StreamEvent::Signed { ref signature, .. } | StreamEvent::Sealed { ref signature, .. }
                if !keeps(self.caller, signature) =>
            {
                self.lose("signature");
                None
            }
            event => Some(event),
        }
    }

    /// Gemini's calls need no ids, and some copies forget them; everybody else needs one where a call begins.
    fn named<'a>(&mut self, place: (u32, u32), id: Cow<'a, str>) -> Cow<'a, str> {
        if self.begun.contains(&place) || self.begun.len() >= CALLS_MAX {
            return id;
        }
        self.begun.push(place);
        if id.is_empty() { format!("call_{}_{}", self.request_id, self.begun.len()).into() } else { id }
    }

    fn answer<'a>(&mut self, choice: u32, text: Cow<'a, str>) -> Option<StreamEvent<'a>> {
        let offset = self.text_bytes;
        self.text_bytes += text.len();
        (!text.is_empty()).then_some(StreamEvent::Text { choice, offset, text })
    }

    fn lose(&mut self, kind: &str) {
        let kind: String = kind.chars().take(100).collect();
        if self.lost.len() < 16 && !self.lost.contains(&kind) {
            self.lost.push(kind);
        }
    }

    /// Why the answer ended, as the caller sees it: a call of our own tool is no call, and a call is one whatever the
    /// provider says.
    pub(super) fn finish_of(&self, reason: &str) -> Finish {
        match Finish::of(self.source, reason) {
            Finish::ToolCalls if !self.called && !self.answers.is_empty() => Finish::Stop,
            Finish::Stop if self.called => Finish::ToolCalls,
            finish => finish,
        }
    }

    pub(super) fn into_lost(self) -> Vec<String> {
        self.lost
    }
}

/// Whether a caller of that dialect is told what a text rests on.
const fn cites(caller: Dialect) -> bool {
    !matches!(caller, Dialect::Anthropic | Dialect::Gemini)
}

/// Whether a caller of that dialect can keep the proof of a thought for the next turn: its own, or any where each is named
/// by its format.
fn keeps(caller: Dialect, proof: &Signature<'_>) -> bool {
    match caller {
        Dialect::Anthropic => proof.is_anthropic(),
        Dialect::Gemini => proof.is_gemini(),
        Dialect::OpenAi | Dialect::Responses => true,
    }
}

/// Appends one event: its name where it has one, and its JSON on one line.
pub(crate) fn frame(out: &mut Vec<u8>, name: Option<&str>, fill: impl FnOnce(&mut JsonText)) {
    if let Some(name) = name {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"data: ");
    let begun = out.len();
    let mut json = JsonText::after(std::mem::take(out));
    json.object(fill);
    *out = json.into_bytes();
    // What goes on as it was written may stand on several lines; within JSON that is white space only.
    out[begun..].iter_mut().filter(|byte| matches!(**byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    out.extend_from_slice(b"\n\n");
}
