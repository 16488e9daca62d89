//! Messages in Ollama's words: one text each, pictures beside it, arguments as objects, and results that name their tool.

use std::borrow::Cow;

use crate::{
    completion::{has_filled, raw, text, thought},
    json::{JsonText, Members, View},
    translate::{Fit, is_object},
};

/// Writes the messages.
pub(super) fn write(said: View<'_>, fit: &mut Fit, json: &mut JsonText) {
    let mut called: Vec<(Cow<'_, str>, Cow<'_, str>)> = Vec::new();
    for (place, message) in said.items().enumerate() {
        let calls = message.get("tool_calls").into_iter().flat_map(|calls| calls.items());
        called.extend(calls.filter_map(|call| Some((text(call, "id"), text(call.get("function")?, "name")))));
        write_message(place, message, &called, fit, json);
    }
}

fn write_message(
    place: usize,
    message: View<'_>,
    called: &[(Cow<'_, str>, Cow<'_, str>)],
    fit: &mut Fit,
    json: &mut JsonText,
) {
    let role = text(message, "role");
    let role = match role.as_ref() {
        "developer" => "system",
        role @ ("system" | "user" | "assistant" | "tool") => role,
        _ => return fit.refuse(format_args!("messages[{place}].role"), "nobody of that role speaks there"),
    };
    json.object(|json| {
        json.key("role").text(role);
        write_content(place, message, fit, json);
        match role {
            "assistant" => write_own(place, &message.opened(), fit, json),
            "tool" => {
                let id = text(message, "tool_call_id");
                let name = called.iter().rev().find(|(known, _)| *known == id).map(|(_, name)| name.clone());
                let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| text(message, "name"));
                json.key("tool_name").text(&name);
                json.key("tool_call_id").text(&id);
            }
            _ => {}
        }
    });
    if has_filled(message, "name") && role != "tool" {
        fit.drop(format_args!("messages[{place}].name"));
    }
}

/// What only the model says.
fn write_own(place: usize, message: &Members<'_>, fit: &mut Fit, json: &mut JsonText) {
    let filled = |key: &str| message.get(key).filter(|found| !matches!(found.raw(), "\"\"" | "[]"));
    for key in ["audio", "function_call"] {
        if filled(key).is_some() {
            fit.refuse(format_args!("messages[{place}].{key}"), "it has no word for it");
        }
    }
    if filled("annotations").is_some() {
        fit.drop(format_args!("messages[{place}].annotations"));
    }
    let thought = message.get("thinking").or_else(|| thought(message, place, fit));
    if let Some(thought) = thought {
        json.key("thinking").raw(thought.raw());
    }
    let Some(calls) = filled("tool_calls") else { return };
    json.key("tool_calls").array(|json| {
        for (number, call) in calls.items().enumerate() {
            write_call(&format!("messages[{place}].tool_calls[{number}]"), call, fit, json);
        }
    });
}

fn write_call(at: &str, call: View<'_>, fit: &mut Fit, json: &mut JsonText) {
    let Some(function) = call.get("function") else {
        return fit.refuse(at, format!("it has no call of type `{}`", text(call, "type")));
    };
    let arguments = function.get("arguments");
    let written =
        arguments.map_or(Cow::Borrowed("{}"), |found| found.text().unwrap_or(Cow::Borrowed(found.raw())));
    let written = if written.trim().is_empty() { Cow::Borrowed("{}") } else { written };
    if !is_object(&written) {
        return fit.refuse(format_args!("{at}.function.arguments"), "arguments must be an object there");
    }
    json.object(|json| {
        json.key("id").raw(raw(call, "id", "\"\""));
        json.key("function").object(|json| {
            json.key("name").raw(raw(function, "name", "\"\""));
            json.key("arguments").raw(&written);
        });
    });
}

/// One text of all parts, and the pictures in the body.
fn write_content(place: usize, message: View<'_>, fit: &mut Fit, json: &mut JsonText) {
    let content = message.get("content").or_else(|| message.get("refusal"));
    let Some(content) = content.filter(|content| !content.is_text()) else {
        json.key("content").raw(content.map_or("\"\"", |content| content.raw()));
        // Ollama's own place for pictures.
        if let Some(images) = message.get("images") {
            json.key("images").raw(images.raw());
        }
        return;
    };
    let (mut texts, mut pictures) = (Vec::new(), Vec::new());
    for (number, part) in content.items().enumerate() {
        if part.get("cache_control").is_some() {
            fit.drop("cache_control");
        }
        let at = format_args!("messages[{place}].content[{number}]").to_string();
        match text(part, "type").as_ref() {
            "text" => texts.push(text(part, "text")),
            "refusal" => texts.push(text(part, "refusal")),
            "image_url" => match picture(part) {
                Some(bytes) => pictures.push(bytes),
                None => fit.refuse(at, "a picture must be in the body, not at an address"),
            },
            kind => fit.refuse(at, format!("it has no word for `{kind}`")),
        }
    }
    json.key("content").text(&texts.join("\n"));
    if !pictures.is_empty() {
        json.key("images").array(|json| pictures.iter().for_each(|bytes| json.text(bytes)));
    }
}

/// The bytes of a picture that is in the body, as base64.
fn picture(part: View<'_>) -> Option<String> {
    let given = part.get("image_url")?;
    let url = given.text().or_else(|| given.get("url")?.text())?;
    let (kind, bytes) = url.strip_prefix("data:")?.split_once(',')?;
    kind.ends_with(";base64").then(|| bytes.to_owned())
}
