//! A response's items as the internal conversation.

use std::borrow::Cow;

use super::{proof, settings};
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
            "instructions" => read.system = Part::text_of(view).into_iter().collect(),
            "input" if view.is_array() => add_items(&mut read.messages, view),
            "input" => {
                let parts = Part::text_of(view).into_iter().collect();
                read.messages.push(Message { role: Role::User, name: None, parts, rest: Vec::new() });
            }
            "tools" if view.is_array() => read.tools.extend(view.items().map(tool)),
            key if settings::take(&mut read, key, view) => {}
            _ => read.keep(member.key.clone(), view),
        }
    }
    read
}

/// What the model said, thought and called without anybody speaking between is one message.
fn add_items<'a>(messages: &mut Vec<Message<'a>>, input: View<'a>) {
    for message in input.items().map(item) {
        match messages.last_mut() {
            Some(last) if last.role == Role::Assistant && message.role == Role::Assistant => {
                last.parts.extend(message.parts);
            }
            _ => messages.push(message),
        }
    }
}

/// Reads the items of an answer's body as one message.
pub(crate) fn read_answer_body<'a>(top: &TopLevel<'a>) -> Vec<Message<'a>> {
    let Some(output) = top.get("output") else { return Vec::new() };
    let parts = output.items().flat_map(|one| item(one).parts).collect();
    vec![Message { role: Role::Assistant, name: None, parts, rest: Vec::new() }]
}

fn tool(view: View<'_>) -> Tool<'_> {
    let text = |key: &str| view.get(key).and_then(|value| value.text());
    let kind = text("type").filter(|kind| kind != "function");
    Tool {
        name: text("name").or_else(|| kind.clone()).unwrap_or_default(),
        description: text("description").unwrap_or_default(),
        schema: view.get("parameters").map(|schema| schema.raw().into()),
        kind,
        strict: view.get("strict").and_then(|strict| strict.boolean()),
        cache: None,
        raw: view.raw(),
    }
}

fn item(view: View<'_>) -> Message<'_> {
    let text = |key: &str| view.get(key).and_then(|value| value.text());
    let kind = text("type").unwrap_or(Cow::Borrowed("message"));
    let said = |role, parts| Message { role, name: None, parts, rest: Vec::new() };
    match kind.as_ref() {
        "message" => said(Role::of(text("role")), view.get("content").map(content).unwrap_or_default()),
        "reasoning" => said(Role::Assistant, reasoning(view)),
        "function_call" | "custom_tool_call" => {
            let arguments = view.get("arguments").or_else(|| view.get("input")).and_then(Text::of);
            let (id, name) = (text("call_id").unwrap_or_default(), text("name").unwrap_or_default());
            let arguments = arguments.unwrap_or_else(|| Text::loose(""));
            said(Role::Assistant, vec![Part::ToolCall { id, name, arguments, hosted: false }])
        }
        "function_call_output" | "custom_tool_call_output" => {
            let id = text("call_id").unwrap_or_default();
            let parts = view.get("output").map(content).unwrap_or_default();
            said(Role::Tool, vec![Part::ToolResult { id, failed: false, hosted: false, parts }])
        }
        _ => said(Role::Assistant, vec![Part::other(kind, view)]),
    }
}

/// The summary, or the thoughts themselves where they are open, and what proves them.
fn reasoning(view: View<'_>) -> Vec<Part<'_>> {
    let told = ["summary", "content"].iter().filter_map(|key| view.get(key)).flat_map(|told| told.items());
    let mut words: Vec<Text<'_>> = told.filter_map(|part| Text::of(part.get("text")?)).collect();
    let proof = view.get("encrypted_content").and_then(|proof| proof.filled_text());
    let last = words.pop();
    words.into_iter().map(Part::thought).chain(proof::read(last, proof)).collect()
}

fn content(view: View<'_>) -> Vec<Part<'_>> {
    if view.is_array() { view.items().map(part).collect() } else { Part::text_of(view).into_iter().collect() }
}

fn part(view: View<'_>) -> Part<'_> {
    let kind = view.get("type").and_then(|kind| kind.text()).unwrap_or_default();
    let of = |keys: &[&str]| keys.iter().find_map(|key| view.get(key)?.filled_text());
    match kind.as_ref() {
        "input_text" | "output_text" | "text" | "summary_text" => {
            view.get("text").and_then(Text::of).map(Part::Text)
        }
        "refusal" => view.get("refusal").and_then(Text::of).map(Part::Refusal),
        "input_image" => Some(Part::Image(Media::of_url(of(&["image_url", "file_id"]), view.raw()))),
        "input_file" => {
            Some(Part::File(Media::of_url(of(&["file_data", "file_url", "file_id"]), view.raw())))
        }
        "input_audio" => {
            let held = view.get("input_audio").unwrap_or(view);
            let source =
                held.get("data").and_then(|data| data.text()).map(Source::Base64).unwrap_or_default();
            let media_type = held.get("format").and_then(|format| format.text());
            Some(Part::Audio(Media { media_type, source, raw: view.raw(), ..Media::default() }))
        }
        _ => None,
    }
    .unwrap_or_else(|| Part::other(kind, view))
}
