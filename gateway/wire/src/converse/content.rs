//! Messages, instructions and what they are made of, in Converse's words.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{
    completion::{raw, text},
    json::{JsonText, View},
    translate::Fit,
};

/// The mark of a place to cache up to.
const CACHE_POINT: &str = r#"{"cachePoint":{"type":"default"}}"#;

/// Members that only say how something is run, or what came of it: the answer is the same without them.
const HINTS: [&str; 4] = ["caller", "citations", "eager_input_streaming", "strict"];

/// How long a document's title may be, characters.
const TITLE_MAX: usize = 150;

/// Where content stands: not everything can be said everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Instructions,
    Message,
    Result,
}

impl Within {
    fn takes(self, kind: &str) -> bool {
        match kind {
            "text" => true,
            "image" | "document" => self != Self::Instructions,
            "tool_use" | "tool_result" | "thinking" | "redacted_thinking" => self == Self::Message,
            _ => false,
        }
    }
}

/// A block and where it stands: in which content, and its place there.
#[derive(Clone, Copy)]
struct Block<'a, 'p> {
    view: View<'a>,
    at: &'p str,
    place: usize,
}

/// Writes a message; nothing for one that says nothing, or of a speaker that Converse does not know.
pub(super) fn write_message(place: usize, message: View<'_>, fit: &mut Fit, json: &mut JsonText) {
    let role = match text(message, "role").as_ref() {
        "" | "user" => "user",
        "assistant" => "assistant",
        _ => return fit.refuse(format_args!("messages[{place}].role"), "nobody of that role speaks there"),
    };
    unsaid(message, &["role", "content"], &format!("messages[{place}]"), fit);
    let Some(content) = message.get("content") else {
        return fit.refuse(format_args!("messages[{place}].content"), "a message has content there");
    };
    json.unless_empty(|json| {
        let mut says = false;
        json.object(|json| {
            json.key("role").text(role);
            let at = format!("messages[{place}].content");
            says = write_content(content, Within::Message, &at, fit, json.key("content"));
        });
        says
    });
}

/// Writes the instructions; whether there are any.
pub(super) fn write_system(system: View<'_>, fit: &mut Fit, json: &mut JsonText) -> bool {
    write_content(system, Within::Instructions, "system", fit, json)
}

/// Content: one text, or blocks, each followed by its mark; whether anything is said.
fn write_content(content: View<'_>, within: Within, at: &str, fit: &mut Fit, json: &mut JsonText) -> bool {
    if !content.is_text() && !content.is_array() {
        fit.refuse(at, "content is a text or a list of blocks");
    }
    let mut says = false;
    json.array(|json| {
        if content.filled_text().is_some() {
            says = true;
            write_text(content.raw(), json);
        }
        for (place, view) in content.items().enumerate() {
            let at = format!("{at}[{place}]");
            let said = write_block(Block { view, at: &at, place }, within, fit, json);
            says |= said;
            if said && within != Within::Result {
                write_mark(view, fit, json);
            } else if view.get("cache_control").is_some() {
                fit.drop("cache_control");
            }
        }
    });
    says
}

/// The mark a block or tool carries. How long it holds is a hint for Anthropic's models, which are not asked by Converse.
pub(super) fn write_mark(marked: View<'_>, fit: &mut Fit, json: &mut JsonText) {
    let Some(mark) = marked.get("cache_control") else { return };
    if !matches!(text(mark, "ttl").as_ref(), "" | "5m") {
        fit.drop("cache_control.ttl");
    }
    json.raw(CACHE_POINT);
}

/// Members beside those that are written and the mark.
pub(super) fn unsaid(view: View<'_>, said: &[&str], at: &str, fit: &mut Fit) {
    for (key, value) in view.members() {
        let says_nothing = matches!(value.raw(), "null" | "false" | "{}" | "[]");
        let key = key.as_ref();
        if says_nothing || said.contains(&key) || matches!(key, "type" | "cache_control") {
            continue;
        }
        if HINTS.contains(&key) {
            fit.drop(format_args!("{at}.{key}"));
        } else {
            fit.refuse(format_args!("{at}.{key}"), "it has no word for it");
        }
    }
}

/// Writes a block; whether it says anything. An empty text is refused there, and says nothing; a thought that nobody vouches for is not
/// taken back.
fn write_block(block: Block<'_, '_>, within: Within, fit: &mut Fit, json: &mut JsonText) -> bool {
    let Block { view, at, .. } = block;
    let kind = text(view, "type");
    if !within.takes(&kind) {
        fit.refuse(at, format!("it takes no content of type `{kind}` here"));
        return false;
    }
    match kind.as_ref() {
        "text" if text(view, "text").is_empty() => return false,
        "thinking" if text(view, "signature").is_empty() => {
            fit.drop(at);
            return false;
        }
        "image" | "document" => return write_media(block, &kind, fit, json),
        "text" => {
            unsaid(view, &["text"], at, fit);
            write_text(raw(view, "text", "\"\""), json);
        }
        "tool_use" => {
            unsaid(view, &["id", "name", "input"], at, fit);
            json.object(|json| json.key("toolUse").object(|json| write_call(view, json)));
        }
        "tool_result" => write_result(block, fit, json),
        "thinking" => {
            unsaid(view, &["thinking", "signature"], at, fit);
            write_thought(view, json);
        }
        _ => {
            unsaid(view, &["data"], at, fit);
            json.object(|json| {
                json.key("reasoningContent")
                    .object(|json| json.key("redactedContent").raw(raw(view, "data", "\"\"")));
            });
        }
    }
    true
}

fn write_text(raw: &str, json: &mut JsonText) {
    json.object(|json| json.key("text").raw(raw));
}

fn write_call(call: View<'_>, json: &mut JsonText) {
    json.key("toolUseId").raw(raw(call, "id", "\"\""));
    json.key("name").raw(raw(call, "name", "\"\""));
    json.key("input").raw(raw(call, "input", "{}"));
}

fn write_thought(thought: View<'_>, json: &mut JsonText) {
    json.object(|json| {
        json.key("reasoningContent").object(|json| {
            json.key("reasoningText").object(|json| {
                json.key("text").raw(raw(thought, "thinking", "\"\""));
                json.key("signature").raw(raw(thought, "signature", "\"\""));
            });
        });
    });
}

fn write_result(block: Block<'_, '_>, fit: &mut Fit, json: &mut JsonText) {
    let Block { view, at, .. } = block;
    unsaid(view, &["tool_use_id", "content", "is_error"], at, fit);
    json.object(|json| {
        json.key("toolResult").object(|json| {
            json.key("toolUseId").raw(raw(view, "tool_use_id", "\"\""));
            json.key("content");
            match view.get("content") {
                Some(content) => {
                    write_content(content, Within::Result, &format!("{at}.content"), fit, json);
                }
                None => json.array(|_| ()),
            }
            if view.get("is_error").and_then(|failed| failed.boolean()) == Some(true) {
                json.key("status").text("error");
            }
        });
    });
}

/// A picture or document: its bytes must be in the body. Whether it is said.
fn write_media(block: Block<'_, '_>, kind: &str, fit: &mut Fit, json: &mut JsonText) -> bool {
    let Block { view, at, .. } = block;
    let source = view.get("source").unwrap_or(view);
    let bytes = match (text(source, "type").as_ref(), kind) {
        ("base64", _) => Cow::Borrowed(raw(source, "data", "\"\"")),
        ("text", "document") => {
            Cow::Owned(format!("\"{}\"", STANDARD.encode(text(source, "data").as_bytes())))
        }
        _ => {
            fit.refuse(at, format!("it takes the bytes of a {kind} in the body alone"));
            return false;
        }
    };
    let media_type = text(source, "media_type");
    let format = match media_type.rsplit('/').next().unwrap_or_default() {
        "jpg" => "jpeg",
        "plain" => "txt",
        "markdown" => "md",
        named => named,
    };
    json.object(|json| {
        json.key(kind).object(|json| {
            json.key("format").text(format);
            if kind == "document" {
                write_title(block, fit, json);
            } else {
                unsaid(view, &["source"], at, fit);
            }
            json.key("source").object(|json| json.key("bytes").raw(&bytes));
        });
    });
    true
}

/// What a document is called, in few kinds of characters, what it is about, and whether it may be cited.
fn write_title(block: Block<'_, '_>, fit: &mut Fit, json: &mut JsonText) {
    let Block { view, at, place } = block;
    unsaid(view, &["source", "title", "context", "citations"], at, fit);
    let plain = |one: &char| one.is_ascii_alphanumeric() || *one == '-';
    let title = text(view, "title");
    let kept: String = title.chars().filter(plain).take(TITLE_MAX).collect();
    let name = format!("{kept}-{}", place + 1);
    let name = name.trim_start_matches('-');
    if kept.len() < title.len() {
        fit.adapt(format_args!("{at}.title"), name);
    }
    json.key("name").text(name);
    if let Some(context) = view.get("context").filter(View::is_text) {
        json.key("context").raw(context.raw());
    }
    if view.get("citations").and_then(|wish| wish.get("enabled")?.boolean()) == Some(true) {
        json.key("citations").object(|json| json.key("enabled").flag(true));
    }
}
