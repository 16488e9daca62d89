//! What was said, as items: a message holds words and pictures, a call, its answer and a thought are items of their own.

use std::borrow::Cow;

use super::super::proof;
use crate::{
    json::JsonText,
    model::{Conversation, Media, Message, Part, Role, Source},
    translate::{At, Fit, Located, account, fitting_id, refuse_speaker, unmarked},
};

/// How long the id of a call may be.
const ID_MAX: usize = 64;

/// Writes the items.
pub(super) fn write(said: &Conversation<'_>, fit: &mut Fit, json: &mut JsonText) {
    message("system", &unmarked(None, &said.system, fit), fit, json);
    for (place, message) in said.messages.iter().enumerate() {
        speak(place, message, fit, json);
    }
}

fn speak(place: usize, said: &Message<'_>, fit: &mut Fit, json: &mut JsonText) {
    account(place, said, fit);
    let parts = unmarked(Some(place), &said.parts, fit);
    match said.role {
        Role::System => message("system", &parts, fit, json),
        Role::Developer => message("developer", &parts, fit, json),
        Role::User | Role::Tool => {
            let (results, rest): (Vec<_>, Vec<_>) =
                parts.into_iter().partition(|one| matches!(one.part, Part::ToolResult { .. }));
            results.iter().for_each(|one| result(one.at, one.part, fit, json));
            message("user", &rest, fit, json);
        }
        Role::Assistant => assistant(&parts, fit, json),
        Role::Other(_) => refuse_speaker(place, fit),
    }
}

/// The model's words stand together, its thoughts and calls between them.
fn assistant(parts: &[Located<'_, '_>], fit: &mut Fit, json: &mut JsonText) {
    let mut words: Vec<Located<'_, '_>> = Vec::new();
    for one in parts {
        let Located { at, part, .. } = *one;
        let item = matches!(part, Part::Reasoning { .. } | Part::Sealed(_) | Part::ToolCall { .. });
        if !item {
            words.push(*one);
            continue;
        }
        message("assistant", &std::mem::take(&mut words), fit, json);
        match part {
            Part::Sealed(sealed) if sealed.is_responses() => thought(&proof::write(sealed, true), json),
            Part::ToolCall { hosted: true, name, .. } => {
                fit.refuse(at, format!("the call of `{name}`, a provider's own tool"));
            }
            Part::ToolCall { id, name, arguments, .. } => call([id, name, &arguments.text], json),
            // A thought without its maker's proof is not taken back.
            _ => fit.drop(at),
        }
    }
    message("assistant", &words, fit, json);
}

fn thought(held: &str, json: &mut JsonText) {
    json.object(|json| {
        json.key("type").text("reasoning");
        json.key("summary").array(|_| ());
        json.key("encrypted_content").text(held);
    });
}

fn call([id, name, arguments]: [&str; 3], json: &mut JsonText) {
    json.object(|json| {
        json.key("type").text("function_call");
        json.key("call_id").text(&fitting(if id.is_empty() { name } else { id }));
        json.key("name").text(name);
        json.key("arguments").text(if arguments.trim().is_empty() { "{}" } else { arguments });
    });
}

fn fitting(id: &str) -> Cow<'_, str> {
    fitting_id(id, |id| !id.is_empty() && id.len() <= ID_MAX, 32)
}

fn result(at: At, part: &Part<'_>, fit: &mut Fit, json: &mut JsonText) {
    let Part::ToolResult { id, failed, hosted, parts } = part else { return };
    if *hosted {
        return fit.refuse(at, "the answer of a provider's own tool means nothing elsewhere");
    }
    let inner = unmarked(at.message, parts, fit);
    let said: Vec<_> = inner.into_iter().filter(|one| is_sayable("user", one, fit)).collect();
    json.object(|json| {
        json.key("type").text("function_call_output");
        json.key("call_id").text(&fitting(id));
        json.key("output");
        match said.as_slice() {
            [Located { part: Part::Text(text), .. }] if *failed => {
                fit.adapt(format_args!("{at}.is_error"), "text");
                json.text(&format!("Error: {}", text.text));
            }
            [Located { part: Part::Text(text), .. }] => json.text(&text.text),
            [] => json.text(if *failed { "Error" } else { "" }),
            said => {
                if *failed {
                    fit.drop(format_args!("{at}.is_error"));
                }
                json.array(|json| said.iter().for_each(|one| write_part("user", one.part, json)));
            }
        }
    });
}

/// A message of one speaker; nothing is written where nothing is said.
fn message(role: &str, parts: &[Located<'_, '_>], fit: &mut Fit, json: &mut JsonText) {
    let parts: Vec<_> = parts.iter().filter(|one| is_sayable(role, one, fit)).collect();
    if parts.is_empty() {
        return;
    }
    json.object(|json| {
        json.key("type").text("message");
        json.key("role").text(role);
        json.key("content").array(|json| parts.iter().for_each(|one| write_part(role, one.part, json)));
    });
}

/// Whether that side can say the part; says so where it cannot.
fn is_sayable(role: &str, one: &Located<'_, '_>, fit: &mut Fit) -> bool {
    let Located { at, part, .. } = *one;
    match part {
        Part::Text(text) | Part::Refusal(text) => return !text.text.is_empty(),
        Part::Image(media) | Part::File(media) if role == "user" => {
            let known = matches!(media.source, Source::Url(_) | Source::Base64(_) | Source::Text(_));
            if !known {
                fit.refuse(at, "a file kept at one provider is not known to another: send it in the body");
            }
            return known;
        }
        Part::Image(_) | Part::File(_) => fit.refuse(at, "only the user shows pictures and files"),
        Part::Audio(_) => fit.refuse(at, "it takes no sound"),
        Part::Reasoning { .. } | Part::Sealed(_) => fit.drop(at),
        Part::Other { kind, .. } => fit.refuse(at, format!("it has no word for `{kind}`")),
        Part::ToolCall { .. } | Part::ToolResult { .. } => fit.refuse(at, "it stands with the wrong speaker"),
        Part::CacheMark(_) | Part::Citation(_) => {}
    }
    false
}

fn write_part(role: &str, part: &Part<'_>, json: &mut JsonText) {
    json.object(|json| match part {
        Part::Text(text) => {
            json.key("type").text(if role == "assistant" { "output_text" } else { "input_text" });
            json.key("text").text(&text.text);
        }
        Part::Refusal(text) => {
            json.key("type").text("refusal");
            json.key("refusal").text(&text.text);
        }
        Part::Image(media) => {
            json.key("type").text("input_image");
            json.key("image_url").text(&address(media, "image/png"));
            if let Some(detail) = &media.detail {
                json.key("detail").text(detail);
            }
        }
        Part::File(media) => write_file(media, json),
        _ => {}
    });
}

fn write_file(media: &Media<'_>, json: &mut JsonText) {
    json.key("type").text("input_file");
    if let Source::Url(url) = &media.source {
        return json.key("file_url").text(url);
    }
    json.key("filename").text(media.name.as_deref().unwrap_or("file"));
    json.key("file_data").text(&address(media, "application/pdf"));
}

/// The address of what is shown: its own, or one that holds it.
fn address<'m>(media: &'m Media<'_>, usual: &str) -> Cow<'m, str> {
    use base64::Engine as _;
    let kind = media.media_type.as_deref().unwrap_or(usual);
    match &media.source {
        Source::Url(url) => Cow::Borrowed(url),
        Source::Base64(data) => Cow::Owned(format!("data:{kind};base64,{data}")),
        Source::Text(text) => {
            let data = base64::engine::general_purpose::STANDARD.encode(text.as_bytes());
            Cow::Owned(format!("data:text/plain;base64,{data}"))
        }
        Source::Id(_) | Source::Unknown => Cow::Borrowed(""),
    }
}
