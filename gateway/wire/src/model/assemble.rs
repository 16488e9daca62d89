//! Puts a whole answer together from its events: the pages of a stream, and every answer on its way to another dialect.

use std::borrow::Cow;

use weir_contract::usage::Usage;

use super::{Citation, Finish, Message, Part, Role, Signature, Text};
use crate::{
    dialect::Dialect,
    quirks::Quirks,
    sse::{SseDecoder, SseLimits},
    stream::{StreamEvent, StreamReader},
};

/// How many choices are put together.
const CHOICES_MAX: usize = 128;

/// An answer, in neutral words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// The provider's id of it.
    pub id: String,
    /// The model that says it answered.
    pub model: String,
    /// What was said, once for each answer asked for.
    pub choices: Vec<Choice>,
    /// What it consumed.
    pub usage: Usage,
}

/// One of the answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What was said.
    pub message: Message<'static>,
    /// Why it ended; `None` when it did not say.
    pub finish: Option<Finish>,
}

/// An answer on its way.
#[derive(Debug)]
pub struct Assembly {
    dialect: Dialect,
    reply: Reply,
    growing: Vec<Growing>,
}

/// One choice on its way.
#[derive(Debug, Default)]
struct Growing {
    parts: Vec<Part<'static>>,
    /// For each part, which tool call it is.
    calls: Vec<Option<u32>>,
    finish: Option<Finish>,
}

impl Assembly {
    /// Nothing yet of an answer in that dialect.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, reply: Reply::default(), growing: Vec::new() }
    }

    /// Takes the next event.
    pub fn take(&mut self, event: StreamEvent<'_>) {
        match event {
            StreamEvent::Start { id, model } => {
                self.reply.id = id.into_owned();
                self.reply.model = model.into_owned();
            }
            StreamEvent::Text { choice, text, .. } => self.at(choice).text(Part::Text, &text),
            StreamEvent::Reasoning { choice, text } => self.at(choice).text(Part::thought, &text),
            StreamEvent::Refusal { choice, text } => self.at(choice).text(Part::Refusal, &text),
            StreamEvent::Signed { choice, signature } => self.at(choice).sign(signature),
            StreamEvent::Sealed { choice, signature } => {
                self.at(choice).push(Part::Sealed(signature.into_owned()), None);
            }
            StreamEvent::ToolCall { choice, index, id, name, arguments, hosted } => {
                self.at(choice).call(index, &id, &name, &arguments, hosted);
            }
            StreamEvent::Citation { choice, citation } => {
                self.at(choice).push(Part::Citation(Box::new(Citation::into_owned(citation))), None);
            }
            StreamEvent::Other { choice, kind, raw } => {
                let kind = Cow::Owned(kind.into_owned());
                self.at(choice).push(Part::Other { kind, raw: Cow::Owned(raw.to_owned()) }, None);
            }
            StreamEvent::Usage(usage) => self.reply.usage = usage,
            StreamEvent::Finish { choice, reason } => {
                self.at(choice).finish = Some(Finish::of(self.dialect, &reason));
            }
            StreamEvent::Fault(_) => {}
        }
    }

    /// The answer.
    #[must_use]
    pub fn finish(mut self) -> Reply {
        let choice = |growing: Growing| {
            let message =
                Message { role: Role::Assistant, name: None, parts: growing.parts, rest: Vec::new() };
            Choice { message, finish: growing.finish }
        };
        self.reply.choices = self.growing.into_iter().map(choice).collect();
        self.reply
    }

    fn at(&mut self, choice: u32) -> &mut Growing {
        let place = usize::try_from(choice).unwrap_or(CHOICES_MAX).min(CHOICES_MAX - 1);
        if self.growing.len() <= place {
            self.growing.resize_with(place + 1, Growing::default);
        }
        &mut self.growing[place]
    }
}

/// The messages of a stream, one for each choice; what cannot be read is left out.
pub(super) fn from_stream(dialect: Dialect, body: &[u8]) -> Vec<Message<'static>> {
    let mut reader = StreamReader::new(dialect, Quirks::default());
    let mut assembly = Assembly::new(dialect);
    let mut take = |event: crate::sse::Event<'_>| {
        reader.read(&event, &mut |event| assembly.take(event));
    };
    if body.trim_ascii_start().starts_with(b"[") {
        crate::array::events(body, take);
    } else {
        let mut decoder = SseDecoder::new(SseLimits::ROOMY);
        if decoder.push(body, &mut take).is_ok() {
            decoder.finish(&mut take);
        }
    }
    assembly.finish().choices.into_iter().map(|choice| choice.message).collect()
}

impl Growing {
    fn push(&mut self, part: Part<'static>, call: Option<u32>) {
        self.parts.push(part);
        self.calls.push(call);
    }

    /// Adds text to the last part when it is of the same kind and not signed yet, else begins one.
    fn text(&mut self, kind: fn(Text<'static>) -> Part<'static>, more: &str) {
        let fresh = kind(Text::loose(String::new()));
        if let Some(last) = self.parts.last_mut()
            && std::mem::discriminant(last) == std::mem::discriminant(&fresh)
            && let Part::Text(text) | Part::Reasoning { text, signature: None } | Part::Refusal(text) = last
        {
            text.text.to_mut().push_str(more);
            return;
        }
        self.push(kind(Text::loose(more.to_owned())), None);
    }

    /// Signs the last reasoning that is not signed yet; a signature alone stands for a thought that is not shown.
    fn sign(&mut self, proof: Signature<'_>) {
        let unsigned = |part: &&mut Part<'static>| matches!(part, Part::Reasoning { signature: None, .. });
        if let Some(Part::Reasoning { signature, .. }) = self.parts.iter_mut().rev().find(unsigned) {
            *signature = Some(proof.into_owned());
            return;
        }
        let signature = Some(proof.into_owned());
        self.push(Part::Reasoning { text: Text::loose(String::new()), signature }, None);
    }

    fn call(&mut self, index: u32, id: &str, name: &str, arguments: &str, hosted: bool) {
        let begun = self.calls.iter().rposition(|call| *call == Some(index));
        if let Some(Part::ToolCall { id: known, name: named, arguments: text, .. }) =
            begun.and_then(|place| self.parts.get_mut(place))
            && (id.is_empty() || known.is_empty() || known == id)
        {
            if known.is_empty() {
                known.to_mut().push_str(id);
            }
            named.to_mut().push_str(name);
            text.text.to_mut().push_str(arguments);
            return;
        }
        let (id, name) = (id.to_owned().into(), name.to_owned().into());
        let arguments = Text::loose(arguments.to_owned());
        self.push(Part::ToolCall { id, name, arguments, hosted }, Some(index));
    }
}
