//! A chat completion: the JSON body, and the parts it shares with the chunks of a stream.

use std::borrow::Cow;

use crate::{
    answer::{Answer, Quirks},
    api::Work,
    dialect::Dialect,
    error::WireError,
    fault::read_stream_error,
    json::{View, top_level},
    stream::{Sink, StreamEvent},
};

/// Reads a whole answer.
pub(crate) fn read(body: &[u8], quirks: Quirks) -> Result<Answer, WireError> {
    let top = top_level(body)?;
    let mut answer = Answer { complete: true, ..Answer::default() };
    let mut choices = Choices::default();
    for member in top.members() {
        let value = top.view(member);
        match member.key.as_ref() {
            "choices" => value.items().for_each(|choice| {
                choices.take(choice, "message", &mut answer, &mut |_| ());
            }),
            "usage" => take_usage(value, quirks, &mut answer),
            "error" => answer.stopped_by_error = read_stream_error(Dialect::OpenAi, "", top.text()),
            key => take_head(key, value, &mut answer),
        }
    }
    Ok(answer)
}

/// Members that an answer and each chunk of it share.
pub(super) fn take_head(key: &str, value: View<'_>, answer: &mut Answer) {
    let place = match key {
        "id" => &mut answer.response_id,
        "model" => &mut answer.model,
        "service_tier" => answer.service_tier.get_or_insert_default(),
        _ => return,
    };
    match value.filled_text() {
        Some(text) if *place != text => *place = text.into_owned(),
        _ => {}
    }
    answer.service_tier = answer.service_tier.take().filter(|tier| !tier.is_empty());
}

/// The last usage counts; one without counts changes nothing.
pub(super) fn take_usage(value: View<'_>, quirks: Quirks, answer: &mut Answer) {
    let usage = super::usage::read(value, quirks, Work::Generate);
    if usage.is_known() {
        answer.usage = usage;
        value.raw().clone_into(&mut answer.usage_raw);
        if let Some(tier) = value.get("service_tier").and_then(|tier| tier.filled_text()) {
            answer.service_tier.get_or_insert_with(|| tier.into_owned());
        }
    }
}

/// How far each choice's text has come.
#[derive(Debug, Default)]
pub(super) struct Choices {
    text_bytes: Vec<usize>,
}

/// How many choices are followed apart; beyond, offsets are those of the last one.
const CHOICES_MAX: usize = 128;

impl Choices {
    /// Reads one choice, whose content is in the member `holder`; whether it has content.
    pub(super) fn take(
        &mut self,
        choice: View<'_>,
        holder: &str,
        answer: &mut Answer,
        sink: Sink<'_>,
    ) -> bool {
        let (mut index, mut held, mut reason, mut legacy) = (0, None, None, None);
        for (key, value) in choice.members() {
            match key.as_ref() {
                "index" => index = value.count().and_then(|index| u32::try_from(index).ok()).unwrap_or(0),
                "finish_reason" => reason = value.filled_text(),
                // Legacy completions have no message: the text is the choice's own.
                "text" => legacy = value.filled_text(),
                key if key == holder => held = Some(value),
                _ => {}
            }
        }
        let mut content = held.is_some_and(|held| self.take_content(index, held, answer, sink));
        if let Some(text) = legacy.filter(|_| held.is_none()) {
            self.give_text(index, text, answer, sink);
            content = true;
        }
        if let Some(reason) = reason {
            answer.note_finish(&reason);
            sink(StreamEvent::Finish { choice: index, reason });
        }
        content
    }

    fn take_content(&mut self, choice: u32, held: View<'_>, answer: &mut Answer, sink: Sink<'_>) -> bool {
        let mut any = false;
        let mut thought = false;
        for (key, value) in held.members() {
            any |= match key.as_ref() {
                "content" => self.take_text(choice, value, answer, sink),
                // Copies that offer both say the same thing twice.
                "reasoning" | "reasoning_content" if !thought => {
                    thought = take_reasoning(choice, value, sink);
                    thought
                }
                "refusal" => {
                    value.filled_text().map(|text| sink(StreamEvent::Refusal { choice, text })).is_some()
                }
                "tool_calls" => take_tool_calls(choice, value, answer, sink),
                "function_call" => take_function(choice, 0, Cow::Borrowed(""), Some(value), answer, sink),
                "audio" | "images" if !value.is_null() => {
                    sink(StreamEvent::Other { choice, kind: key, raw: value.raw() });
                    true
                }
                _ => false,
            };
        }
        any
    }

    /// Content as a string, or as parts (which Mistral sends where a model thinks).
    fn take_text(&mut self, choice: u32, value: View<'_>, answer: &mut Answer, sink: Sink<'_>) -> bool {
        if let Some(text) = value.filled_text() {
            self.give_text(choice, text, answer, sink);
            return true;
        }
        let mut any = false;
        for part in value.items() {
            any = true;
            match part.get("text").and_then(|text| text.filled_text()) {
                Some(text) => self.give_text(choice, text, answer, sink),
                None if part
                    .get("thinking")
                    .is_some_and(|thinking| take_reasoning(choice, thinking, sink)) => {}
                None => {
                    let kind = part.get("type").and_then(|kind| kind.text()).unwrap_or_default();
                    sink(StreamEvent::Other { choice, kind, raw: part.raw() });
                }
            }
        }
        any
    }

    fn give_text(&mut self, choice: u32, text: Cow<'_, str>, answer: &mut Answer, sink: Sink<'_>) {
        let place = usize::try_from(choice).unwrap_or(CHOICES_MAX).min(CHOICES_MAX);
        if self.text_bytes.len() <= place {
            self.text_bytes.resize(place + 1, 0);
        }
        let offset = self.text_bytes[place];
        self.text_bytes[place] += text.len();
        answer.note_text(&text);
        sink(StreamEvent::Text { choice, offset, text });
    }
}

/// Reasoning as a string, or as parts with text.
fn take_reasoning(choice: u32, value: View<'_>, sink: Sink<'_>) -> bool {
    let mut any = false;
    let texts = value.items().filter_map(|part| part.get("text")?.filled_text());
    for text in value.filled_text().into_iter().chain(texts) {
        sink(StreamEvent::Reasoning { choice, text });
        any = true;
    }
    any
}

fn take_tool_calls(choice: u32, calls: View<'_>, answer: &mut Answer, sink: Sink<'_>) -> bool {
    let mut any = false;
    for (place, call) in calls.items().enumerate() {
        let index = call.get("index").and_then(|index| index.count()).unwrap_or(place as u64);
        let id = call.get("id").and_then(|id| id.text()).unwrap_or_default();
        let called = call.get("function").or_else(|| call.get("custom"));
        any |= take_function(choice, u32::try_from(index).unwrap_or(u32::MAX), id, called, answer, sink);
    }
    any
}

fn take_function<'a>(
    choice: u32,
    index: u32,
    id: Cow<'a, str>,
    called: Option<View<'a>>,
    answer: &mut Answer,
    sink: Sink<'_>,
) -> bool {
    let Some(called) = called else { return false };
    let name = called.get("name").and_then(|name| name.text()).unwrap_or_default();
    let arguments = called.get("arguments").or_else(|| called.get("input"));
    // Some copies send the arguments as an object instead of its text.
    let arguments =
        arguments.map(|given| given.text().unwrap_or(Cow::Borrowed(given.raw()))).unwrap_or_default();
    let any = !(id.is_empty() && name.is_empty() && arguments.is_empty());
    if any {
        answer.note_tool_call(&name);
        sink(StreamEvent::ToolCall { choice, index, id, name, arguments });
    }
    any
}
