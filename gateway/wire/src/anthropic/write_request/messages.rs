//! Instructions and messages. User and model speak in turns here, instructions stand apart, and a tool's answer is said by
//! the user, before anything else.

use std::borrow::Cow;

use base64::Engine as _;

use crate::{
    json::JsonText,
    model::{Conversation, Media, Part, Source},
    translate::{
        At, Fit, Located, Manner, Turn, fitting_id, in_turns, is_call_or_result, is_object, is_plain_name,
        located,
    },
};

/// How long an id of a tool call may be.
const ID_MAX: usize = 128;

/// Writes `system` and `messages`.
pub(super) fn write(said: &Conversation<'_>, fit: &mut Fit, json: &mut JsonText) {
    let manner = Manner { model: "assistant", locate: located, is_sayable: &is_sayable };
    let (system, turns) = in_turns(said, &manner, fit);
    let system: Vec<_> = system.into_iter().filter(|block| is_instruction(block, fit)).collect();
    if !system.is_empty() {
        json.key("system");
        write_content(&system, fit, json);
    }
    json.key("messages").array(|json| {
        for Turn { role, parts } in &turns {
            json.object(|json| {
                json.key("role").text(role);
                json.key("content");
                write_content(parts, fit, json);
            });
        }
    });
}

fn is_instruction(block: &Located<'_, '_>, fit: &mut Fit) -> bool {
    match block.part {
        Part::Text(text) => !text.text.trim().is_empty(),
        _ => {
            fit.refuse(block.at, "instructions are text");
            false
        }
    }
}

/// Whether that side can say the part; says so where it cannot.
fn is_sayable(block: &Located<'_, '_>, role: &str, fit: &mut Fit) -> bool {
    let Located { at, part, .. } = block;
    match part {
        // An empty text is refused there, and says nothing.
        Part::Text(text) | Part::Refusal(text) => return !text.text.is_empty(),
        Part::Image(media) => return takes_image(*at, media, fit),
        Part::File(media) => return takes_file(*at, media, fit),
        Part::Audio(_) => fit.refuse(at, "it takes no sound"),
        Part::Reasoning { signature: Some(proof), .. } | Part::Sealed(proof) if role == "assistant" => {
            if proof.is_anthropic() {
                return true;
            }
            fit.drop(at);
        }
        // A thought without its maker's proof is not taken back.
        Part::Reasoning { .. } | Part::Sealed(_) => fit.drop(at),
        _ => return is_call_or_result(*at, part, fit),
    }
    false
}

fn takes_image(at: At, media: &Media<'_>, fit: &mut Fit) -> bool {
    if media.detail.as_deref().is_some_and(|detail| detail != "auto") {
        fit.drop(format_args!("{at}.image_url.detail"));
    }
    let known = matches!(media.source, Source::Url(_) | Source::Base64(_));
    if !known {
        fit.refuse(at, FILE_OF_ANOTHER);
    }
    known
}

fn takes_file(at: At, media: &Media<'_>, fit: &mut Fit) -> bool {
    match (&media.source, media.media_type.as_deref()) {
        (Source::Url(_) | Source::Text(_), _) | (Source::Base64(_), None | Some("application/pdf")) => true,
        (Source::Base64(data), Some(kind)) if kind.starts_with("text/") && decoded(data).is_some() => true,
        (Source::Base64(_), _) => {
            fit.refuse(at, "a document is a PDF or plain text");
            false
        }
        (Source::Id(_) | Source::Unknown, _) => {
            fit.refuse(at, FILE_OF_ANOTHER);
            false
        }
    }
}

const FILE_OF_ANOTHER: &str = "a file kept at one provider is not known to another: send it in the body";

/// A text file's words.
fn decoded(data: &str) -> Option<String> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(data).ok()?;
    String::from_utf8(bytes).ok()
}

/// One unmarked text is a string, everything else is blocks.
fn write_content(blocks: &[Located<'_, '_>], fit: &mut Fit, json: &mut JsonText) {
    match blocks {
        [Located { part: Part::Text(text), mark: None, .. }] => json.text(&text.text),
        blocks => json.array(|json| blocks.iter().for_each(|block| write_block(block, fit, json))),
    }
}

fn write_block(block: &Located<'_, '_>, fit: &mut Fit, json: &mut JsonText) {
    json.object(|json| {
        match block.part {
            Part::Text(text) | Part::Refusal(text) => {
                json.key("type").text("text");
                json.key("text").text(&text.text);
            }
            Part::Image(media) => {
                json.key("type").text("image");
                write_source(media, "image/png", json);
            }
            Part::File(media) => {
                json.key("type").text("document");
                write_source(media, "application/pdf", json);
                if let Some(name) = &media.name {
                    json.key("title").text(name);
                }
            }
            Part::Reasoning { text, signature } => {
                json.key("type").text("thinking");
                json.key("thinking").text(&text.text);
                json.key("signature").text(signature.as_ref().map_or("", |proof| &proof.text));
            }
            Part::Sealed(proof) => {
                json.key("type").text("redacted_thinking");
                json.key("data").text(&proof.text);
            }
            Part::ToolCall { id, name, arguments, .. } => write_call(id, name, &arguments.text, json),
            Part::ToolResult { id, failed, parts, .. } => {
                write_result(block.at, id, *failed, parts, fit, json);
            }
            Part::Audio(_) | Part::Citation(_) | Part::CacheMark(_) | Part::Other { .. } => {}
        }
        let is_thought = matches!(block.part, Part::Reasoning { .. } | Part::Sealed(_));
        match block.mark {
            Some(_) if is_thought => fit.drop("cache_control"),
            Some(mark) => json.key("cache_control").raw(mark),
            None => {}
        }
    });
}

fn write_source(media: &Media<'_>, usual: &str, json: &mut JsonText) {
    let kind = media.media_type.as_deref().unwrap_or(usual);
    let plain = match &media.source {
        Source::Base64(data) if kind.starts_with("text/") => decoded(data).map(Cow::Owned),
        Source::Text(text) => Some(Cow::Borrowed(text.as_ref())),
        _ => None,
    };
    json.key("source").object(|json| match (&media.source, plain) {
        (_, Some(text)) => {
            json.key("type").text("text");
            json.key("media_type").text("text/plain");
            json.key("data").text(&text);
        }
        (Source::Base64(data), None) => {
            json.key("type").text("base64");
            json.key("media_type").text(kind);
            json.key("data").text(data);
        }
        (Source::Url(url), None) => {
            json.key("type").text("url");
            json.key("url").text(url);
        }
        (Source::Text(_) | Source::Id(_) | Source::Unknown, None) => {}
    });
}

fn write_call(id: &str, name: &str, arguments: &str, json: &mut JsonText) {
    json.key("type").text("tool_use");
    // Where calls had no ids, the tool's name is what its answer refers to.
    json.key("id").text(&fitting(if id.is_empty() { name } else { id }));
    json.key("name").text(name);
    json.key("input").raw(if is_object(arguments) { arguments } else { "{}" });
}

fn fitting(id: &str) -> Cow<'_, str> {
    fitting_id(id, |id| is_plain_name(id, ID_MAX), 32)
}

fn write_result(at: At, id: &str, failed: bool, parts: &[Part<'_>], fit: &mut Fit, json: &mut JsonText) {
    json.key("type").text("tool_result");
    json.key("tool_use_id").text(&fitting(id));
    let found = located(at.message, parts, fit);
    let found: Vec<_> = found.into_iter().filter(|block| is_sayable(block, "user", fit)).collect();
    if !found.is_empty() {
        json.key("content");
        write_content(&found, fit, json);
    }
    if failed {
        json.key("is_error").flag(true);
    }
}
