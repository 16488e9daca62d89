//! Chat completions as the internal conversation.

use std::borrow::Cow;

use crate::{
    json::{TopLevel, View},
    model::{Conversation, Media, Message, Part, Role, Text, Tool},
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
            "tool_choice" | "function_call" if !view.is_null() => read.tool_choice = Some(view.raw()),
            _ => read.keep(member.key.clone(), view),
        }
    }
    read
}

/// Reads the messages of an answer's body.
pub(crate) fn read_answer_body(root: View<'_>) -> Vec<Message<'_>> {
    let choices = root.get("choices").into_iter().flat_map(|choices| choices.items());
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
        schema: inner.get("parameters").map(|schema| schema.raw()),
        kind,
        raw: whole.raw(),
    }
}

fn message(view: View<'_>) -> Message<'_> {
    let text = |key: &str| view.get(key).and_then(|value| value.filled_text());
    let role = Role::of(text("role"));
    let mut parts = Vec::new();
    let mut thought = false;
    for (key, value) in view.members().filter(|(_, value)| !value.is_null()) {
        match key.as_ref() {
            "content" => parts.extend(content(value)),
            "refusal" => {
                parts.extend(Text::of(value).filter(|text| !text.text.is_empty()).map(Part::Refusal));
            }
            "reasoning" | "reasoning_content" if !thought => {
                parts.extend(Text::of(value).filter(|text| !text.text.is_empty()).map(Part::Reasoning));
                thought = true;
            }
            "tool_calls" => parts.extend(value.items().map(tool_call)),
            "function_call" if value.get("name").is_some_and(|name| name.filled_text().is_some()) => {
                parts.push(call("".into(), value));
            }
            "audio" | "images" => parts.push(Part::other(key, value)),
            _ => {}
        }
    }
    if role == Role::Tool {
        let id = text("tool_call_id").or_else(|| text("name")).unwrap_or_default();
        parts = vec![Part::ToolResult { id, failed: false, parts }];
    }
    Message { role, name: text("name"), parts }
}

fn content(view: View<'_>) -> Vec<Part<'_>> {
    if view.is_array() { view.items().map(part).collect() } else { Part::text_of(view).into_iter().collect() }
}

fn part(view: View<'_>) -> Part<'_> {
    if let Some(text) = Part::text_of(view) {
        return text;
    }
    let text = |view: View<'_>, key: &str| view.get(key).and_then(|value| value.text()).map(Cow::into_owned);
    let kind = view.get("type").and_then(|kind| kind.text()).unwrap_or_default();
    let inner = view.get(&kind).unwrap_or(view);
    match kind.as_ref() {
        "text" => view.get("text").and_then(Text::of).map(Part::Text),
        "refusal" => view.get("refusal").and_then(Text::of).map(Part::Refusal),
        "thinking" => thinking(inner).map(Part::Reasoning),
        "image_url" => {
            let url = inner.text().or_else(|| inner.get("url").and_then(|url| url.text()));
            Some(Part::Image(Media::of_url(url, view.raw())))
        }
        "input_audio" => {
            let base64_bytes = inner.get("data").map_or(0, |data| data.raw().len().saturating_sub(2));
            let media_type = text(inner, "format").map(Cow::Owned);
            Some(Part::Audio(Media { media_type, reference: None, base64_bytes, raw: view.raw() }))
        }
        "file" => {
            let data = inner.get("file_data").or_else(|| inner.get("file_id"));
            Some(Part::File(Media::of_url(data.and_then(|data| data.text()), view.raw())))
        }
        "document_url" | "video_url" => {
            let url = inner.text().or_else(|| inner.get("url").and_then(|url| url.text()));
            Some(Part::File(Media::of_url(url, view.raw())))
        }
        _ => None,
    }
    .unwrap_or_else(|| Part::other(kind, view))
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
    Part::ToolCall { id, name, arguments: arguments.unwrap_or_else(|| Text::loose("")) }
}
