//! How a response shall be made.

use std::borrow::Cow;

use crate::{
    json::View,
    model::{Conversation, Format, ToolChoice},
};

/// Reads a member at the top of a request; whether it was one of ours.
pub(super) fn take<'a>(read: &mut Conversation<'a>, key: &str, view: View<'a>) -> bool {
    let settings = &mut read.settings;
    let number = || view.number().map(|_| view.raw());
    match key {
        "model" => settings.model = view.text().unwrap_or_default(),
        "stream" => settings.stream = view.boolean().unwrap_or(false),
        "max_output_tokens" => settings.max_tokens = view.count(),
        "temperature" => settings.temperature = number(),
        "top_p" => settings.top_p = number(),
        "top_logprobs" => settings.logprobs = view.count().is_some_and(|count| count > 0),
        "parallel_tool_calls" => settings.parallel_tool_calls = view.boolean(),
        "service_tier" => settings.service_tier = view.filled_text(),
        "user" => settings.user = view.filled_text(),
        "tool_choice" => read.tool_choice = tool_choice(view),
        "reasoning" => take_reasoning(read, view),
        "text" => take_text(read, view),
        // To refuse what does not fit is what everybody does.
        "truncation" => return view.text().as_deref() == Some("disabled"),
        _ => return false,
    }
    true
}

fn take_reasoning<'a>(read: &mut Conversation<'a>, reasoning: View<'a>) {
    for (key, view) in reasoning.members().filter(|(_, view)| !view.is_null()) {
        match key.as_ref() {
            "effort" => read.settings.reasoning.effort = view.filled_text(),
            // What a model thought is told wherever it can be.
            "summary" | "generate_summary" => {}
            _ => read.rest.push((Cow::Owned(format!("reasoning.{key}")), view.raw())),
        }
    }
}

fn take_text<'a>(read: &mut Conversation<'a>, text: View<'a>) {
    for (key, view) in text.members().filter(|(_, view)| !view.is_null()) {
        match key.as_ref() {
            "format" => read.settings.format = format(view),
            "verbosity" if view.text().as_deref() == Some("medium") => {}
            _ => read.rest.push((Cow::Owned(format!("text.{key}")), view.raw())),
        }
    }
}

fn format(view: View<'_>) -> Format<'_> {
    let text = |key: &str| view.get(key).and_then(|value| value.text());
    match (text("type").as_deref(), view.get("schema")) {
        (Some("text"), _) => Format::Text,
        (Some("json_object"), _) => Format::JsonObject,
        (Some("json_schema"), Some(schema)) => Format::Schema {
            name: text("name").unwrap_or_default(),
            description: text("description").unwrap_or_default(),
            schema: schema.raw().into(),
            strict: view.get("strict").and_then(|strict| strict.boolean()),
        },
        _ => Format::Other(view.raw()),
    }
}

fn tool_choice(view: View<'_>) -> Option<ToolChoice<'_>> {
    if view.is_null() {
        return None;
    }
    let text = |key: &str| view.get(key).and_then(|value| value.filled_text());
    Some(match (view.text().as_deref(), text("type").as_deref(), text("name")) {
        (Some("auto"), ..) => ToolChoice::Auto,
        (Some("none"), ..) => ToolChoice::None,
        (Some("required"), ..) => ToolChoice::Any,
        (None, Some("function" | "custom"), Some(name)) => ToolChoice::Named(name),
        _ => ToolChoice::Other(view.raw()),
    })
}
