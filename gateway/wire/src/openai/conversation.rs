//! Chat completions as the internal conversation.

use std::borrow::Cow;

use super::{settings, thinking::thoughts};
use crate::{
    json::{TopLevel, View},
    model::{Conversation, Media, Message, Part, Role, Source, Text, Tool},
};

/// Reads a request.
#[must_use]
pub fn read_conversation<'a>(top: &TopLevel<'a>) -> Conversation<'a> {
    let mut read = Conversation::default();
    for member in top.members() {
        let view = top.view(member);
        match member.key.as_ref() {
            "messages" if view.is_array() => read.messages.extend(view.items().map(message)),
            "tools" if view.is_array() => read.tools.extend(view.items().map(tool)),
            "functions" if view.is_array() => {
                read.tools.extend(view.items().map(|one| named(one, one, None)));
            }
            key if settings::take(&mut read, key, view) => {}
            _ => read.keep(member.key.clone(), view),
        }
    }
    read
}

/// Reads the messages of an answer's body.
pub(crate) fn read_answer_body<'a>(top: &TopLevel<'a>) -> Vec<Message<'a>> {
    let choices = top.get("choices").into_iter().flat_map(|choices| choices.items());
    choices.filter_map(|choice| choice.get("message")).map(message).collect()
}

fn tool(view: View<'_>) -> Tool<'_> {
    let kind = view.get("type").and_then(|kind| kind.text()).filter(|kind| kind != "function");
    named(view.get("function").or_else(|| view.get("custom")).unwrap_or(view), view, kind)
}

fn named<'a>(inner: View<'a>, whole: View<'a>, kind: Option<Cow<'a, str>>) -> Tool<'a> {
    let text = |key: &str| inner.get(key).and_then(|value| value.text());
    Tool {
        name: text("name").or_else(|| kind.clone()).unwrap_or_default(),
        description: text("description").unwrap_or_default(),
        schema: inner.get("parameters").map(|schema| schema.raw().into()),
        kind,
        strict: inner.get("strict").and_then(|strict| strict.boolean()),
        cache: whole.get("cache_control").map(|mark| mark.raw()),
        raw: whole.raw(),
    }
}

/// What is said comes after what was thought, and calls after both, in whichever order the members stand.
fn message(view: View<'_>) -> Message<'_> {
    let members = view.opened();
    let text = |key: &str| members.get(key).and_then(|value| value.filled_text());
    let role = Role::of(text("role"));
    let (mut parts, mut rest, mut after) = (thoughts(&members), Vec::new(), Vec::new());
    for (key, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        match key.as_ref() {
            "content" => parts.extend(content(*value)),
            "refusal" => {
                after.extend(Text::of(*value).filter(|text| !text.text.is_empty()).map(Part::Refusal));
            }
            "tool_calls" => after.extend(value.items().map(tool_call)),
            "function_call" if value.get("name").is_some_and(|name| name.filled_text().is_some()) => {
                after.push(call("".into(), *value));
            }
            "audio" | "images" => after.push(Part::other(key.clone(), *value)),
            known if UNDERSTOOD.contains(&known) => {}
            _ => rest.push((key.clone(), value.raw())),
        }
    }
    parts.append(&mut after);
    parts.extend(members.get("cache_control").and_then(Part::marked));
    if role == Role::Tool {
        let id = text("tool_call_id").or_else(|| text("name")).unwrap_or_default();
        let mark = parts.pop_if(|part| matches!(part, Part::CacheMark(_)));
        parts = vec![Part::ToolResult { id, failed: false, hosted: false, parts }];
        parts.extend(mark);
    }
    let name = text("name").filter(|_| role != Role::Tool);
    Message { role, name, parts, rest }
}

/// Members of a message that are read elsewhere, that an answer brings and its reader sends back, or that mean nothing to
/// a model.
const UNDERSTOOD: [&str; 12] = [
    "role",
    "name",
    "tool_call_id",
    "cache_control",
    "reasoning",
    "reasoning_content",
    "reasoning_details",
    "thinking_blocks",
    "annotations",
    "function_call",
    "provider_specific_fields",
    "prefix",
];

fn content(view: View<'_>) -> Vec<Part<'_>> {
    if !view.is_array() {
        return Part::text_of(view).into_iter().collect();
    }
    view.items().flat_map(|one| std::iter::once(part(one)).chain(Part::cache_mark(one))).collect()
}

fn part(view: View<'_>) -> Part<'_> {
    if let Some(text) = Part::text_of(view) {
        return text;
    }
    let kind = view.get("type").and_then(|kind| kind.text()).unwrap_or_default();
    let inner = view.get(&kind).unwrap_or(view);
    let text = |key: &str| inner.get(key).and_then(|value| value.filled_text());
    let address = || inner.text().or_else(|| text("url"));
    match kind.as_ref() {
        "text" => view.get("text").and_then(Text::of).map(Part::Text),
        "refusal" => view.get("refusal").and_then(Text::of).map(Part::Refusal),
        "thinking" => thinking(inner).map(Part::thought),
        "image_url" => {
            Some(Part::Image(Media { detail: text("detail"), ..Media::of_url(address(), view.raw()) }))
        }
        "input_audio" => {
            let source = text("data").map(Source::Base64).unwrap_or_default();
            Some(Part::Audio(Media {
                media_type: text("format"),
                source,
                raw: view.raw(),
                ..Media::default()
            }))
        }
        "file" => Some(Part::File(file(inner, view.raw()))),
        "document_url" | "video_url" => Some(Part::File(Media::of_url(address(), view.raw()))),
        _ => None,
    }
    .unwrap_or_else(|| Part::other(kind, view))
}

fn file<'a>(inner: View<'a>, raw: &'a str) -> Media<'a> {
    let text = |key: &str| inner.get(key).and_then(|value| value.filled_text());
    let name = text("filename");
    match text("file_data") {
        Some(data) => Media { name, ..Media::of_url(Some(data), raw) },
        None => {
            let source = text("file_id").map(Source::Id).unwrap_or_default();
            Media { name, source, raw, ..Media::default() }
        }
    }
}

/// Mistral's thinking: text, or parts of text.
fn thinking(view: View<'_>) -> Option<Text<'_>> {
    if view.is_text() { Text::of(view) } else { view.items().find_map(|part| Text::of(part.get("text")?)) }
}

fn tool_call(view: View<'_>) -> Part<'_> {
    let id = view.get("id").and_then(|id| id.text()).unwrap_or_default();
    call(id, view.get("function").or_else(|| view.get("custom")).unwrap_or(view))
}

fn call<'a>(id: Cow<'a, str>, called: View<'a>) -> Part<'a> {
    let name = called.get("name").and_then(|name| name.text()).unwrap_or_default();
    let arguments = called.get("arguments").or_else(|| called.get("input"));
    let arguments = arguments.map(|given| Text::of(given).unwrap_or_else(|| Text::loose(given.raw())));
    let arguments = arguments.unwrap_or_else(|| Text::loose(""));
    Part::ToolCall { id, name, arguments, hosted: false }
}
