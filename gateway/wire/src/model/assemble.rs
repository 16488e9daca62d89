//! Puts the messages of a streamed answer together from its events.

use std::borrow::Cow;

use super::{Message, Part, Role, Text};
use crate::{
    answer::Quirks,
    dialect::Dialect,
    sse::{SseDecoder, SseLimits},
    stream::{StreamEvent, StreamReader},
};

/// How many choices are put together.
const CHOICES_MAX: usize = 128;

/// One choice on its way.
#[derive(Default)]
struct Growing {
    parts: Vec<Part<'static>>,
    /// For each part, which tool call it is.
    calls: Vec<Option<u32>>,
}

/// The messages of a stream, one for each choice; what cannot be read is left out.
pub(super) fn from_stream(dialect: Dialect, body: &[u8]) -> Vec<Message<'static>> {
    let mut reader = StreamReader::new(dialect, Quirks::default());
    let mut choices: Vec<Growing> = Vec::new();
    let mut take = |event: crate::sse::Event<'_>| {
        reader.read(&event, &mut |event| grow(&mut choices, event));
    };
    if body.trim_ascii_start().starts_with(b"[") {
        crate::array::events(body, take);
    } else {
        let mut decoder = SseDecoder::new(SseLimits::ROOMY);
        if decoder.push(body, &mut take).is_ok() {
            decoder.finish(&mut take);
        }
    }
    let message = |growing: Growing| Message { role: Role::Assistant, name: None, parts: growing.parts };
    choices.into_iter().map(message).collect()
}

fn grow(choices: &mut Vec<Growing>, event: StreamEvent<'_>) {
    match event {
        StreamEvent::Text { choice, text, .. } => at(choices, choice).text(Part::Text, &text),
        StreamEvent::Reasoning { choice, text } => at(choices, choice).text(Part::Reasoning, &text),
        StreamEvent::Refusal { choice, text } => at(choices, choice).text(Part::Refusal, &text),
        StreamEvent::ToolCall { choice, index, id, name, arguments } => {
            at(choices, choice).call(index, &id, &name, &arguments);
        }
        StreamEvent::Other { choice, kind, raw } => {
            let kind = Cow::Owned(kind.into_owned());
            at(choices, choice).push(Part::Other { kind, raw: Cow::Owned(raw.to_owned()) }, None);
        }
        StreamEvent::Usage(_) | StreamEvent::Finish { .. } | StreamEvent::Fault(_) => {}
    }
}

fn at(choices: &mut Vec<Growing>, choice: u32) -> &mut Growing {
    let place = usize::try_from(choice).unwrap_or(CHOICES_MAX).min(CHOICES_MAX - 1);
    if choices.len() <= place {
        choices.resize_with(place + 1, Growing::default);
    }
    &mut choices[place]
}

impl Growing {
    fn push(&mut self, part: Part<'static>, call: Option<u32>) {
        self.parts.push(part);
        self.calls.push(call);
    }

    /// Adds text to the last part when it is of the same kind, else begins one.
    fn text(&mut self, kind: fn(Text<'static>) -> Part<'static>, more: &str) {
        let fresh = kind(Text::loose(String::new()));
        if let Some(last) = self.parts.last_mut()
            && std::mem::discriminant(last) == std::mem::discriminant(&fresh)
            && let Part::Text(text) | Part::Reasoning(text) | Part::Refusal(text) = last
        {
            text.text.to_mut().push_str(more);
            return;
        }
        self.push(kind(Text::loose(more.to_owned())), None);
    }

    fn call(&mut self, index: u32, id: &str, name: &str, arguments: &str) {
        let begun = self.calls.iter().rposition(|call| *call == Some(index));
        if let Some(Part::ToolCall { id: known, name: named, arguments: text }) =
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
        self.push(Part::ToolCall { id, name, arguments: Text::loose(arguments.to_owned()) }, Some(index));
    }
}
