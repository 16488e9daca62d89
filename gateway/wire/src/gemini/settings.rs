//! How an answer shall be made, in Gemini's words. Both spellings are read: `maxOutputTokens` and `max_output_tokens`.

use std::borrow::Cow;

use super::schema::plain_schema;
use crate::{
    json::View,
    model::{Conversation, Format, ReasoningWish, ToolChoice},
};

/// Reads a member at the top of a request; whether it was one of ours.
pub(super) fn take<'a>(read: &mut Conversation<'a>, key: &str, view: View<'a>) -> bool {
    match key {
        "model" => read.settings.model = view.text().unwrap_or_default(),
        "generationConfig" | "generation_config" => take_config(read, view),
        "toolConfig" | "tool_config" => take_tool_config(read, view),
        "serviceTier" | "service_tier" => read.settings.service_tier = view.filled_text(),
        _ => return false,
    }
    true
}

fn take_config<'a>(read: &mut Conversation<'a>, config: View<'a>) {
    for (key, view) in config.members().filter(|(_, view)| !view.is_null()) {
        let settings = &mut read.settings;
        let number = || view.number().map(|_| view.raw());
        match camel(&key).as_ref() {
            "maxOutputTokens" => settings.max_tokens = view.count(),
            "temperature" => settings.temperature = number(),
            "topP" => settings.top_p = number(),
            "topK" => settings.top_k = number(),
            "presencePenalty" => settings.presence_penalty = number(),
            "frequencyPenalty" => settings.frequency_penalty = number(),
            "seed" => settings.seed = number(),
            "candidateCount" => settings.n = view.count().unwrap_or(0),
            "stopSequences" => settings.stop = view.items().filter_map(|one| one.text()).collect(),
            "responseLogprobs" => settings.logprobs = view.boolean().unwrap_or(false),
            "responseMimeType" => take_mime_type(read, view),
            "responseSchema" | "responseJsonSchema" => {
                settings.format = Format::Schema {
                    name: "".into(),
                    description: "".into(),
                    schema: plain_schema(view),
                    strict: None,
                };
            }
            "thinkingConfig" => take_thinking(read, view),
            "responseModalities" if is_text_only(view) => {}
            _ => read.rest.push((Cow::Owned(format!("generationConfig.{key}")), view.raw())),
        }
    }
}

/// A member's name in its usual spelling.
pub(super) fn camel<'k>(key: &'k str) -> Cow<'k, str> {
    if !key.contains('_') {
        return Cow::Borrowed(key);
    }
    let mut words = key.split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    Cow::Owned(name)
}

fn is_text_only(modalities: View<'_>) -> bool {
    modalities.items().all(|one| one.text().is_some_and(|word| word.eq_ignore_ascii_case("text")))
}

/// A schema says more than its media type, whichever comes first.
fn take_mime_type<'a>(read: &mut Conversation<'a>, view: View<'a>) {
    let format = &mut read.settings.format;
    match view.text().as_deref() {
        Some("application/json") if *format == Format::Text => *format = Format::JsonObject,
        Some("application/json" | "text/plain" | "") | None => {}
        Some(_) => *format = Format::Other(view.raw()),
    }
}

/// Nothing to think with means not to think; a negative budget leaves it to the model. Who wants to see thoughts wants
/// them thought.
fn take_thinking<'a>(read: &mut Conversation<'a>, config: View<'a>) {
    let (wish, mut shows) = (&mut read.settings.reasoning, false);
    for (key, view) in config.members() {
        match camel(&key).as_ref() {
            "thinkingBudget" if view.raw().starts_with('-') => wish.on = Some(true),
            "thinkingBudget" if view.count() == Some(0) => wish.on = Some(false),
            "thinkingBudget" => wish.tokens_max = view.count(),
            "includeThoughts" => shows = view.boolean() == Some(true),
            "thinkingLevel" => {
                wish.effort = view.filled_text().map(|word| word.to_ascii_lowercase().into());
            }
            _ => {}
        }
    }
    if shows && *wish == ReasoningWish::default() {
        wish.on = Some(true);
    }
}

fn take_tool_config<'a>(read: &mut Conversation<'a>, config: View<'a>) {
    for (key, view) in config.members().filter(|(_, view)| !view.is_null()) {
        if camel(&key) == "functionCallingConfig" {
            read.tool_choice = Some(choice(view));
            if mode(view) == "VALIDATED" {
                // Only the promise that calls keep to their schema has no word elsewhere.
                read.rest.push((Cow::Borrowed("toolConfig.functionCallingConfig.mode"), view.raw()));
            }
        } else {
            read.rest.push((Cow::Owned(format!("toolConfig.{}", camel(&key))), view.raw()));
        }
    }
}

fn mode(config: View<'_>) -> String {
    let mode = config.get("mode").and_then(|mode| mode.text());
    mode.map_or_else(|| "AUTO".to_owned(), |mode| mode.to_ascii_uppercase())
}

fn allowed(config: View<'_>) -> Vec<Cow<'_, str>> {
    let names = config.get("allowedFunctionNames").or_else(|| config.get("allowed_function_names"));
    names.into_iter().flat_map(|names| names.items()).filter_map(|name| name.text()).collect()
}

/// Among several allowed functions no other dialect can choose.
fn choice(config: View<'_>) -> ToolChoice<'_> {
    match (mode(config).as_str(), allowed(config).as_slice()) {
        ("AUTO" | "MODE_UNSPECIFIED" | "VALIDATED", []) => ToolChoice::Auto,
        ("NONE", _) => ToolChoice::None,
        ("ANY", []) => ToolChoice::Any,
        ("ANY", [one]) => ToolChoice::Named(one.clone()),
        _ => ToolChoice::Other(config.raw()),
    }
}

/// A choice among all the functions there are is no narrower than one among any.
pub(super) fn allow_all(read: &mut Conversation<'_>) {
    let Some(ToolChoice::Other(raw)) = &read.tool_choice else { return };
    let (config, mut tools) = (View::of_text(raw), read.tools.iter());
    let allowed = allowed(config);
    let all = !allowed.is_empty() && tools.all(|tool| allowed.contains(&tool.name));
    match mode(config).as_str() {
        "ANY" if all => read.tool_choice = Some(ToolChoice::Any),
        "AUTO" | "VALIDATED" if all => read.tool_choice = Some(ToolChoice::Auto),
        _ => {}
    }
}
