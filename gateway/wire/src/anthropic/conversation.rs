//! Messages as the internal conversation.

use super::settings;
use crate::{
    json::{TopLevel, View},
    model::{Citation, Conversation, Media, Message, Part, Role, Signature, Source, Text, Tool},
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
            key if settings::take(&mut read, key, view) => {}
            _ => read.keep(member.key.clone(), view),
        }
    }
    read
}

/// Reads the message of an answer's body.
pub(crate) fn read_answer_body<'a>(top: &TopLevel<'a>) -> Vec<Message<'a>> {
    if top.get("content").is_some_and(|content| !content.is_null()) {
        vec![message(top.whole())]
    } else {
        Vec::new()
    }
}

fn tool(view: View<'_>) -> Tool<'_> {
    let text = |key: &str| view.get(key).and_then(|value| value.text());
    let kind = text("type").filter(|kind| kind != "custom");
    Tool {
        name: text("name").or_else(|| kind.clone()).unwrap_or_default(),
        description: text("description").unwrap_or_default(),
        schema: view.get("input_schema").map(|schema| schema.raw().into()),
        kind,
        strict: view.get("strict").and_then(|strict| strict.boolean()),
        cache: view.get("cache_control").map(|mark| mark.raw()),
        raw: view.raw(),
    }
}

fn message(view: View<'_>) -> Message<'_> {
    let role = Role::of(view.get("role").and_then(|role| role.text()));
    Message {
        role,
        name: None,
        parts: view.get("content").map(content).unwrap_or_default(),
        rest: Vec::new(),
    }
}

fn content(view: View<'_>) -> Vec<Part<'_>> {
    if !view.is_array() {
        return Part::text_of(view).into_iter().collect();
    }
    view.items().flat_map(block).collect()
}

/// A block, what it rests on, and the mark it carries.
fn block(view: View<'_>) -> impl Iterator<Item = Part<'_>> {
    let citations = view.get("citations").into_iter().flat_map(|list| list.items()).map(citation);
    std::iter::once(part(view)).chain(citations).chain(Part::cache_mark(view))
}

fn citation(view: View<'_>) -> Part<'_> {
    let text = |key: &str| view.get(key).and_then(|value| value.filled_text());
    let title = text("title").or_else(|| text("document_title")).unwrap_or_default();
    let (url, cited) = (text("url").unwrap_or_default(), text("cited_text").unwrap_or_default());
    Part::Citation(Box::new(Citation { url, title, cited, span: (0, 0) }))
}

fn part(view: View<'_>) -> Part<'_> {
    let text = |key: &str| view.get(key).and_then(|value| value.text());
    let kind = text("type").unwrap_or_default();
    match kind.as_ref() {
        "text" => view.get("text").and_then(Text::of).map(Part::Text),
        "thinking" => view.get("thinking").and_then(Text::of).map(|thought| {
            let proof = text("signature").filter(|proof| !proof.is_empty());
            Part::Reasoning { text: thought, signature: proof.map(Signature::of_anthropic) }
        }),
        "redacted_thinking" => text("data").map(Signature::of_anthropic).map(Part::Sealed),
        "image" => Some(Part::Image(media(view))),
        "document" | "container_upload" => Some(Part::File(media(view))),
        "tool_use" | "server_tool_use" | "mcp_tool_use" => {
            let arguments = Text::loose(view.get("input").map_or("{}", |input| input.raw()));
            let (id, name) = (text("id").unwrap_or_default(), text("name").unwrap_or_default());
            Some(Part::ToolCall { id, name, arguments, hosted: kind != "tool_use" })
        }
        "tool_result" | "mcp_tool_result" => Some(Part::ToolResult {
            id: text("tool_use_id").unwrap_or_default(),
            failed: view.get("is_error").and_then(|failed| failed.boolean()).unwrap_or(false),
            hosted: kind != "tool_result",
            parts: view.get("content").map(content).unwrap_or_default(),
        }),
        _ => None,
    }
    .unwrap_or_else(|| Part::other(kind, view))
}

fn media(view: View<'_>) -> Media<'_> {
    let source = view.get("source").unwrap_or(view);
    let text = |key: &str| source.get(key).and_then(|value| value.filled_text());
    let of_part = |key: &str| view.get(key).and_then(|value| value.filled_text());
    let kind = text("type").unwrap_or_default();
    let place = match kind.as_ref() {
        "text" => text("data").map(Source::Text),
        _ => text("data").map(Source::Base64),
    };
    let place = place.or_else(|| text("url").map(Source::Url)).or_else(|| text("file_id").map(Source::Id));
    let cites = view.get("citations").and_then(|wish| wish.get("enabled")).and_then(|on| on.boolean());
    Media {
        media_type: text("media_type").or(Some(kind)),
        source: place.unwrap_or_default(),
        name: of_part("title"),
        detail: None,
        cites: cites.unwrap_or(false),
        raw: view.raw(),
    }
}
