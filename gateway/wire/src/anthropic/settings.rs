//! How an answer shall be made, in Anthropic's words.

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
        "max_tokens" => settings.max_tokens = view.count(),
        "temperature" => settings.temperature = number(),
        "top_p" => settings.top_p = number(),
        "top_k" => settings.top_k = number(),
        "stop_sequences" => settings.stop = view.items().filter_map(|one| one.text()).collect(),
        "service_tier" => settings.service_tier = view.filled_text(),
        "thinking" => {
            let kind = view.get("type").and_then(|kind| kind.text());
            settings.reasoning.on = kind.map(|kind| kind != "disabled");
            settings.reasoning.tokens_max = view.get("budget_tokens").and_then(|most| most.count());
        }
        "output_config" => {
            settings.reasoning.effort = view.get("effort").and_then(|effort| effort.filled_text());
            if let Some(wanted) = view.get("format") {
                settings.format = format(wanted);
            }
        }
        "output_format" => settings.format = format(view),
        "metadata" => settings.user = view.get("user_id").and_then(|user| user.filled_text()),
        "tool_choice" => take_tool_choice(read, view),
        _ => return false,
    }
    true
}

fn format(view: View<'_>) -> Format<'_> {
    match view.get("schema") {
        Some(schema) => Format::Schema {
            name: view.get("name").and_then(|name| name.text()).unwrap_or_default(),
            description: "".into(),
            schema: schema.raw().into(),
            strict: Some(true),
        },
        None if view.is_null() => Format::Text,
        None => Format::Other(view.raw()),
    }
}

fn take_tool_choice<'a>(read: &mut Conversation<'a>, view: View<'a>) {
    let text = |key: &str| view.get(key).and_then(|value| value.text());
    let one_at_a_time = view.get("disable_parallel_tool_use").and_then(|one| one.boolean());
    read.settings.parallel_tool_calls = one_at_a_time.map(|one| !one);
    read.tool_choice = match (text("type").as_deref(), text("name")) {
        (Some("auto"), _) => Some(ToolChoice::Auto),
        (Some("none"), _) => Some(ToolChoice::None),
        (Some("any"), _) => Some(ToolChoice::Any),
        (Some("tool"), Some(name)) => Some(ToolChoice::Named(name)),
        _ if view.is_null() => None,
        _ => Some(ToolChoice::Other(view.raw())),
    };
}
