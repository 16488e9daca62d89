//! Messages as the internal conversation.

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
            "system" if !view.is_null() => read.system = content(view),
            "messages" if view.is_array() => read.messages.extend(view.items().map(message)),
            "tools" if view.is_array() => read.tools.extend(view.items().map(tool)),
            "tool_choice" if !view.is_null() => read.tool_choice = Some(view.raw()),
            _ => read.keep(member.key.clone(), view),
        }
    }
    read
}

/// Reads the message of an answer's body.
pub(crate) fn read_answer_body(root: View<'_>) -> Vec<Message<'_>> {
    if root.get("content").is_some() { vec![message(root)] } else { Vec::new() }
}

fn tool(view: View<'_>) -> Tool<'_> {
    let text = |key: &str| view.get(key).and_then(|value| value.text());
    let kind = text("type").filter(|kind| kind != "custom");
    Tool {
        name: text("name").or_else(|| kind.clone()).unwrap_or_default(),
        description: text("description").unwrap_or_default(),
        schema: view.get("input_schema").map(|schema| schema.raw()),
        kind,
        raw: view.raw(),
    }
}

fn message(view: View<'_>) -> Message<'_> {
    let role = Role::of(view.get("role").and_then(|role| role.text()));
    Message { role, name: None, parts: view.get("content").map(content).unwrap_or_default() }
}

fn content(view: View<'_>) -> Vec<Part<'_>> {
    if view.is_array() {
        view.items().map(block).collect()
    } else {
        Part::text_of(view).into_iter().collect()
    }
}

fn block(view: View<'_>) -> Part<'_> {
    let text = |key: &str| view.get(key).and_then(|value| value.text());
    let kind = text("type").unwrap_or_default();
    match kind.as_ref() {
        "text" => view.get("text").and_then(Text::of).map(Part::Text),
        "thinking" => view.get("thinking").and_then(Text::of).map(Part::Reasoning),
        "image" => Some(Part::Image(media(view))),
        "document" | "container_upload" => Some(Part::File(media(view))),
        "tool_use" | "server_tool_use" | "mcp_tool_use" => {
            let arguments = view.get("input").map_or("{}", |input| input.raw());
            let (id, name) = (text("id").unwrap_or_default(), text("name").unwrap_or_default());
            Some(Part::ToolCall { id, name, arguments: Text::loose(arguments) })
        }
        "tool_result" | "mcp_tool_result" => Some(Part::ToolResult {
            id: text("tool_use_id").unwrap_or_default(),
            failed: view.get("is_error").and_then(|failed| failed.boolean()).unwrap_or(false),
            parts: view.get("content").map(content).unwrap_or_default(),
        }),
        _ => None,
    }
    .unwrap_or_else(|| Part::other(kind, view))
}

fn media(view: View<'_>) -> Media<'_> {
    let source = view.get("source").unwrap_or(view);
    let text = |key: &str| source.get(key).and_then(|value| value.text());
    let data = source.get("data").map_or(0, |data| data.raw().len().saturating_sub(2));
    Media {
        media_type: text("media_type").or_else(|| text("type")),
        reference: text("url").or_else(|| text("file_id")).map(Cow::into_owned).map(Cow::Owned),
        base64_bytes: data,
        raw: view.raw(),
    }
}
