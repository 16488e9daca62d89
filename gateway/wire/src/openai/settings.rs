//! How an answer shall be made, in the words of OpenAI's format and of its copies.

use std::borrow::Cow;

use crate::{
    json::View,
    model::{Conversation, Format, Settings, ToolChoice},
};

/// Reads a member at the top of a request; whether it was one of ours.
pub(super) fn take<'a>(read: &mut Conversation<'a>, key: &str, view: View<'a>) -> bool {
    let settings = &mut read.settings;
    let number = || view.number().map(|_| view.raw());
    match key {
        "model" => settings.model = view.text().unwrap_or_default(),
        "stream" => settings.stream = view.boolean().unwrap_or(false),
        "stream_options" => {
            let asked = view.get("include_usage").and_then(|asked| asked.boolean());
            settings.include_usage = asked.unwrap_or(false);
        }
        "max_completion_tokens" => settings.max_tokens = view.count().or(settings.max_tokens),
        "max_tokens" => settings.max_tokens = settings.max_tokens.or(view.count()),
        "temperature" => settings.temperature = number(),
        "top_p" => settings.top_p = number(),
        "top_k" => settings.top_k = number(),
        "frequency_penalty" => settings.frequency_penalty = number().filter(|_| is_not_zero(view)),
        "presence_penalty" => settings.presence_penalty = number().filter(|_| is_not_zero(view)),
        "seed" | "random_seed" => settings.seed = number(),
        "stop" => settings.stop = texts(view),
        "n" => settings.n = view.count().unwrap_or(0),
        "logprobs" => settings.logprobs = view.boolean().unwrap_or(false),
        "parallel_tool_calls" => settings.parallel_tool_calls = view.boolean(),
        "service_tier" => settings.service_tier = view.filled_text(),
        "user" => settings.user = view.filled_text(),
        "response_format" => settings.format = format(view),
        "tool_choice" | "function_call" => read.tool_choice = tool_choice(view),
        "reasoning_effort" => settings.reasoning.effort = view.filled_text(),
        "reasoning" => take_reasoning(settings, view),
        "thinking" => take_thinking(settings, view),
        "modalities" => return view.items().all(|one| one.raw() == "\"text\""),
        // Meaningless beside `logprobs`, or without effect as it stands.
        "top_logprobs" => return !settings.logprobs || view.count() == Some(0),
        "logit_bias" => return view.members().next().is_none(),
        _ => return false,
    }
    true
}

fn is_not_zero(view: View<'_>) -> bool {
    view.number().is_some_and(|number| number != 0.0)
}

/// One text, or several.
fn texts(view: View<'_>) -> Vec<Cow<'_, str>> {
    view.text().into_iter().chain(view.items().filter_map(|one| one.text())).collect()
}

/// The object that routers take instead of `reasoning_effort`.
fn take_reasoning<'a>(settings: &mut Settings<'a>, view: View<'a>) {
    let effort = view.get("effort").and_then(|effort| effort.filled_text());
    settings.reasoning.effort = settings.reasoning.effort.take().or(effort);
    settings.reasoning.tokens_max = view.get("max_tokens").and_then(|most| most.count());
    settings.reasoning.on = view.get("enabled").and_then(|on| on.boolean());
}

/// Anthropic's object, which some libraries send in this format too.
fn take_thinking<'a>(settings: &mut Settings<'a>, view: View<'a>) {
    let kind = view.get("type").and_then(|kind| kind.text());
    settings.reasoning.on = kind.map(|kind| kind != "disabled");
    settings.reasoning.tokens_max = view.get("budget_tokens").and_then(|most| most.count());
}

fn format(view: View<'_>) -> Format<'_> {
    let kind = view.get("type").and_then(|kind| kind.text()).unwrap_or_default();
    match kind.as_ref() {
        "text" => Format::Text,
        "json_object" => Format::JsonObject,
        "json_schema" => {
            let inner = view.get("json_schema").unwrap_or(view);
            let text = |key: &str| inner.get(key).and_then(|value| value.text()).unwrap_or_default();
            let Some(schema) = inner.get("schema") else { return Format::JsonObject };
            Format::Schema {
                name: text("name"),
                description: text("description"),
                schema: schema.raw().into(),
                strict: inner.get("strict").and_then(|strict| strict.boolean()),
            }
        }
        _ if view.is_null() => Format::Text,
        _ => Format::Other(view.raw()),
    }
}

fn tool_choice(view: View<'_>) -> Option<ToolChoice<'_>> {
    if let Some(word) = view.text() {
        return Some(match word.as_ref() {
            "auto" => ToolChoice::Auto,
            "none" => ToolChoice::None,
            "required" | "any" => ToolChoice::Any,
            _ => ToolChoice::Other(view.raw()),
        });
    }
    let named = view.get("function").or_else(|| view.get("custom")).unwrap_or(view);
    match named.get("name").and_then(|name| name.filled_text()) {
        Some(name) => Some(ToolChoice::Named(name)),
        None if view.is_null() => None,
        None => Some(ToolChoice::Other(view.raw())),
    }
}
