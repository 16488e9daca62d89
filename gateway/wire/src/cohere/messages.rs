//! Messages in Cohere's words. What was thought before a tool was called is a plan there; any other thought is content.

use crate::{
    completion::{has_filled, raw, text, thought},
    json::{JsonText, Members, View},
    translate::Fit,
};

/// Writes a message; nothing for one of a speaker that Cohere does not know.
pub(super) fn write(place: usize, message: View<'_>, fit: &mut Fit, json: &mut JsonText) {
    let role = text(message, "role");
    let role = match role.as_ref() {
        "developer" => "system",
        role @ ("system" | "user" | "assistant" | "tool") => role,
        _ => return fit.refuse(format_args!("messages[{place}].role"), "nobody of that role speaks there"),
    };
    if has_filled(message, "name") && role != "tool" {
        fit.drop(format_args!("messages[{place}].name"));
    }
    json.object(|json| {
        json.key("role").text(role);
        match role {
            "assistant" => write_assistant(place, &message.opened(), fit, json),
            "tool" => {
                json.key("tool_call_id").raw(raw(message, "tool_call_id", "\"\""));
                write_content(place, None, message.get("content"), fit, json);
            }
            _ => write_content(place, None, message.get("content"), fit, json),
        }
    });
}

fn write_assistant(place: usize, message: &Members<'_>, fit: &mut Fit, json: &mut JsonText) {
    let filled = |key: &str| message.get(key).filter(|found| !matches!(found.raw(), "\"\"" | "[]"));
    for key in ["audio", "function_call"] {
        if filled(key).is_some() {
            fit.refuse(format_args!("messages[{place}].{key}"), "it has no word for it");
        }
    }
    if filled("annotations").is_some() {
        fit.drop(format_args!("messages[{place}].annotations"));
    }
    let calls = filled("tool_calls");
    let (plan, thought) = match (filled("tool_plan"), thought(message, place, fit)) {
        (None, thought) if calls.is_some() => (thought, None),
        told => told,
    };
    let content = filled("content").or_else(|| filled("refusal"));
    if content.is_some() || thought.is_some() || calls.is_none() {
        write_content(place, thought, content, fit, json);
    }
    if let Some(plan) = plan {
        json.key("tool_plan").raw(plan.raw());
    }
    if let Some(calls) = calls {
        json.key("tool_calls").array(|json| {
            calls.items().enumerate().for_each(|(number, call)| write_call((place, number), call, fit, json));
        });
    }
    if let Some(citations) = filled("citations") {
        json.key("citations").raw(citations.raw());
    }
}

fn write_call((place, number): (usize, usize), call: View<'_>, fit: &mut Fit, json: &mut JsonText) {
    let Some(function) = call.get("function") else {
        let kind = text(call, "type");
        let at = format_args!("messages[{place}].tool_calls[{number}]").to_string();
        return fit.refuse(at, format!("it has no call of type `{kind}`"));
    };
    json.object(|json| {
        json.key("id").raw(raw(call, "id", "\"\""));
        json.key("type").text("function");
        json.key("function").object(|json| {
            json.key("name").raw(raw(function, "name", "\"\""));
            match function.get("arguments") {
                Some(arguments) if arguments.filled_text().is_some() => {
                    json.key("arguments").raw(arguments.raw());
                }
                _ => json.key("arguments").text("{}"),
            }
        });
    });
}

/// Content: one text, or parts; a thought comes first among parts.
fn write_content(
    place: usize,
    thought: Option<View<'_>>,
    content: Option<View<'_>>,
    fit: &mut Fit,
    json: &mut JsonText,
) {
    let plain = content.filter(View::is_text);
    let json = json.key("content");
    match (thought, content) {
        (None, None) => json.text(""),
        (None, Some(content)) if content.is_text() => json.raw(content.raw()),
        (thought, content) => json.array(|json| {
            if let Some(thought) = thought {
                json.object(|json| {
                    json.key("type").text("thinking");
                    json.key("thinking").raw(thought.raw());
                });
            }
            plain.into_iter().for_each(|text| write_text(text.raw(), json));
            let parts = content.into_iter().flat_map(|content| content.items()).enumerate();
            parts.for_each(|(number, part)| write_part((place, number), part, fit, json));
        }),
    }
}

fn write_text(raw: &str, json: &mut JsonText) {
    json.object(|json| {
        json.key("type").text("text");
        json.key("text").raw(raw);
    });
}

fn write_part((place, number): (usize, usize), part: View<'_>, fit: &mut Fit, json: &mut JsonText) {
    if part.get("cache_control").is_some() {
        fit.drop("cache_control");
    }
    match text(part, "type").as_ref() {
        "text" => write_text(raw(part, "text", "\"\""), json),
        "refusal" => write_text(raw(part, "refusal", "\"\""), json),
        "image_url" => json.object(|json| {
            json.key("type").text("image_url");
            let picture = part.get("image_url");
            match picture.filter(View::is_text) {
                Some(url) => json.key("image_url").object(|json| json.key("url").raw(url.raw())),
                None => json.key("image_url").raw(picture.map_or("{}", |picture| picture.raw())),
            }
        }),
        // Cohere's own.
        "document" | "thinking" => json.raw(part.raw()),
        kind => {
            let at = format!("messages[{place}].content[{number}]");
            fit.refuse(at, format!("it has no word for `{kind}`"));
        }
    }
}
