//! A chat completion: the JSON body, and the parts it shares with the chunks of a stream.

use std::borrow::Cow;

use super::thinking;
use crate::{
    answer::Answer,
    api::Work,
    dialect::Dialect,
    error::WireError,
    fault::read_stream_error,
    json::{View, top_level},
    model::Citation,
    quirks::Quirks,
    stream::{Sink, StreamEvent},
};

/// Reads a whole answer; what it means goes to `sink`, as if it had come in events.
pub(crate) fn read(body: &[u8], quirks: Quirks, sink: Sink<'_>) -> Result<Answer, WireError> {
    let top = top_level(body)?;
    let mut answer = Answer { complete: true, ..Answer::default() };
    start(|key| top.get(key), &mut answer, sink);
    let mut choices = Choices::default();
    for member in top.members() {
        let value = top.view(member);
        match member.key.as_ref() {
            "choices" => value.items().for_each(|choice| {
                choices.take(choice, "message", &mut answer, sink);
            }),
            "usage" => take_usage(value, quirks, &mut answer),
            "error" => answer.stopped_by_error = read_stream_error(Dialect::OpenAi, "", top.text()),
            key => take_head(key, value, &mut answer),
        }
    }
    if answer.usage.is_known() {
        sink(StreamEvent::Usage(answer.usage));
    }
    Ok(answer)
}

/// Says who answers; `member` gives the body's own members.
pub(super) fn start<'a>(member: impl Fn(&str) -> Option<View<'a>>, answer: &mut Answer, sink: Sink<'_>) {
    for key in ["id", "model"] {
        if let Some(value) = member(key) {
            take_head(key, value, answer);
        }
    }
    let (id, model) = (answer.response_id.as_str().into(), answer.model.as_str().into());
    sink(StreamEvent::Start { id, model });
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
    let opened = value.opened();
    let usage = super::usage::read(&opened, quirks, Work::Generate);
    if usage.is_known() {
        answer.usage = usage;
        super::usage::own(value, &opened).raw().clone_into(&mut answer.usage_raw);
        if let Some(tier) = opened.get("service_tier").and_then(|tier| tier.filled_text()) {
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

    /// What is said comes after what was thought, in whichever order the members stand.
    fn take_content(&mut self, choice: u32, held: View<'_>, answer: &mut Answer, sink: Sink<'_>) -> bool {
        let (mut any, mut thought) = (false, false);
        let (mut details, mut content, mut calls, mut sources) = (None, None, None, None);
        for (key, value) in held.members() {
            any |= match key.as_ref() {
                // Copies that offer both say the same thing twice.
                "reasoning" | "reasoning_content" if !thought => {
                    thought = take_reasoning(choice, value, sink);
                    thought
                }
                "refusal" => {
                    value.filled_text().map(|text| sink(StreamEvent::Refusal { choice, text })).is_some()
                }
                "audio" | "images" | "citations" | "other_content" if !value.is_null() => {
                    sink(StreamEvent::Other { choice, kind: key, raw: value.raw() });
                    true
                }
                "function_call" => take_function(choice, 0, Cow::Borrowed(""), Some(value), answer, sink),
                "reasoning_details" => keep(&mut details, value),
                "content" => keep(&mut content, value),
                "tool_calls" => keep(&mut calls, value),
                "annotations" => keep(&mut sources, value),
                _ => false,
            };
        }
        any |= details.is_some_and(|details| thinking::take_details(choice, details, thought, sink));
        any |= content.is_some_and(|content| self.take_text(choice, content, answer, sink));
        sources.into_iter().flat_map(|sources| sources.items()).for_each(|source| cite(choice, source, sink));
        any | calls.is_some_and(|calls| take_tool_calls(choice, calls, answer, sink))
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

/// Remembers a member for later; says nothing of content.
fn keep<'a>(place: &mut Option<View<'a>>, value: View<'a>) -> bool {
    *place = Some(value);
    false
}

/// A page the text rests on.
fn cite(choice: u32, source: View<'_>, sink: Sink<'_>) {
    let cited = source.get("url_citation").unwrap_or(source);
    let text = |key: &str| cited.get(key).and_then(|value| value.text()).unwrap_or_default();
    let place = |key: &str| cited.get(key).and_then(|value| value.count()).unwrap_or_default();
    let span = (place("start_index"), place("end_index"));
    let citation = Citation { url: text("url"), title: text("title"), cited: text("content"), span };
    if !citation.url.is_empty() {
        sink(StreamEvent::Citation { choice, citation });
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
        sink(StreamEvent::ToolCall { choice, index, id, name, arguments, hosted: false });
    }
    any
}
