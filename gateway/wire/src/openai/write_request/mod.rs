//! A request in OpenAI's format, written from the internal conversation.

mod messages;

use super::copies;
use crate::{
    json::JsonText,
    model::{Conversation, Format, ReasoningWish, Settings, Tool, ToolChoice},
    translate::{Fit, Target, is_plain_name},
};

/// How many stop texts the format takes.
const STOPS_MAX: usize = 4;
/// How long a name may be.
const NAME_MAX: usize = 64;

/// Writes the request.
pub(crate) fn write_request(said: &Conversation<'_>, target: &Target<'_>, fit: &mut Fit) -> Vec<u8> {
    let mut json = JsonText::default();
    json.object(|json| {
        json.key("model").text(target.model);
        json.key("messages").array(|json| messages::write(said, target, fit, json));
        write_tools(said, fit, json);
        write_limits(&said.settings, target, fit, json);
        write_sampling(&said.settings, target, fit, json);
        write_format(&said.settings.format, fit, json);
        write_reasoning(&said.settings.reasoning, target, fit, json);
        write_service(&said.settings, json);
    });
    json.into_bytes()
}

fn write_tools(said: &Conversation<'_>, fit: &mut Fit, json: &mut JsonText) {
    let plain: Vec<&Tool<'_>> = said
        .tools
        .iter()
        .enumerate()
        .filter_map(|(place, tool)| takes(place, tool, fit).then_some(tool))
        .collect();
    if plain.is_empty() {
        if matches!(said.tool_choice, Some(ToolChoice::Any | ToolChoice::Named(_))) {
            fit.refuse("tool_choice", "there is no tool to choose");
        }
        return;
    }
    json.key("tools").array(|json| plain.iter().for_each(|tool| write_tool(tool, json)));
    match &said.tool_choice {
        None => {}
        Some(ToolChoice::Auto) => json.key("tool_choice").text("auto"),
        Some(ToolChoice::None) => json.key("tool_choice").text("none"),
        Some(ToolChoice::Any) => json.key("tool_choice").text("required"),
        Some(ToolChoice::Named(name)) => json.key("tool_choice").object(|json| {
            json.key("type").text("function");
            json.key("function").object(|json| json.key("name").text(name));
        }),
        Some(ToolChoice::Other(_)) => {
            fit.refuse("tool_choice", "it knows auto, none, required and one by name");
        }
    }
    if let Some(parallel) = said.settings.parallel_tool_calls {
        json.key("parallel_tool_calls").flag(parallel);
    }
}

/// Whether the format can offer the tool.
fn takes(place: usize, tool: &Tool<'_>, fit: &mut Fit) -> bool {
    let takes = fit.takes_tool(place, tool, NAME_MAX);
    if takes && tool.cache.is_some() {
        fit.drop("cache_control");
    }
    takes
}

fn write_tool(tool: &Tool<'_>, json: &mut JsonText) {
    json.object(|json| {
        json.key("type").text("function");
        json.key("function").object(|json| {
            json.key("name").text(&tool.name);
            if !tool.description.is_empty() {
                json.key("description").text(&tool.description);
            }
            json.key("parameters")
                .raw(tool.schema.as_deref().unwrap_or(r#"{"type":"object","properties":{}}"#));
            if let Some(strict) = tool.strict {
                json.key("strict").flag(strict);
            }
        });
    });
}

fn write_limits(settings: &Settings<'_>, target: &Target<'_>, fit: &mut Fit, json: &mut JsonText) {
    if let Some(most) = settings.max_tokens {
        json.key(copies::max_tokens_word(target.provider)).count(most);
    }
    if settings.n > 1 {
        json.key("n").count(settings.n);
    }
    match settings.stop.as_slice() {
        [] => {}
        stops if stops.len() > STOPS_MAX => fit.refuse("stop", "it takes at most four"),
        stops => json.key("stop").array(|json| stops.iter().for_each(|stop| json.text(stop))),
    }
}

fn write_sampling(settings: &Settings<'_>, target: &Target<'_>, fit: &mut Fit, json: &mut JsonText) {
    let numbers = [
        ("temperature", settings.temperature),
        ("top_p", settings.top_p),
        ("frequency_penalty", settings.frequency_penalty),
        ("presence_penalty", settings.presence_penalty),
        ("seed", settings.seed),
    ];
    for (key, number) in numbers {
        if let Some(number) = number {
            json.key(key).raw(number);
        }
    }
    match settings.top_k {
        Some(top_k) if copies::take_top_k(target.provider) => json.key("top_k").raw(top_k),
        Some(_) => fit.refuse("top_k", "it has no word for it"),
        None => {}
    }
    if settings.logprobs {
        json.key("logprobs").flag(true);
    }
}

fn write_format(format: &Format<'_>, fit: &mut Fit, json: &mut JsonText) {
    match format {
        Format::Text => {}
        Format::JsonObject => json.key("response_format").object(|json| json.key("type").text("json_object")),
        Format::Schema { name, description, schema, strict } => json.key("response_format").object(|json| {
            json.key("type").text("json_schema");
            json.key("json_schema").object(|json| {
                json.key("name").text(if is_plain_name(name, NAME_MAX) { name } else { "answer" });
                if !description.is_empty() {
                    json.key("description").text(description);
                }
                json.key("schema").raw(schema);
                if let Some(strict) = strict {
                    json.key("strict").flag(*strict);
                }
            });
        }),
        Format::Other(_) => fit.refuse("response_format", "it knows text, a JSON object and a JSON schema"),
    }
}

/// The format has words for how hard to think, not numbers of tokens.
fn write_reasoning(wish: &ReasoningWish<'_>, target: &Target<'_>, fit: &mut Fit, json: &mut JsonText) {
    if !wish.is_on() {
        return;
    }
    if copies::never_thinks(target.provider, target.model) {
        fit.drop("reasoning_effort");
        return;
    }
    if let Some(word) = effort_word(wish, fit) {
        json.key("reasoning_effort").text(word);
    }
}

/// OpenAI's word for how hard to think; nothing where the model is left to think as hard as it likes, as it does unasked.
pub(crate) fn effort_word<'w>(wish: &'w ReasoningWish<'_>, fit: &mut Fit) -> Option<&'w str> {
    match (wish.effort.as_deref(), wish.tokens_max) {
        (Some("max"), _) => Some("xhigh"),
        (Some(word), _) => Some(word),
        (None, Some(most)) => {
            let word = effort_of(most);
            fit.adapt("reasoning_effort", word);
            Some(word)
        }
        (None, None) => None,
    }
}

/// The word for a budget of that many tokens.
const fn effort_of(tokens_max: u64) -> &'static str {
    match tokens_max {
        0..=2_048 => "low",
        2_049..=12_288 => "medium",
        _ => "high",
    }
}

fn write_service(settings: &Settings<'_>, json: &mut JsonText) {
    write_tier_and_user(settings, json);
    if settings.stream {
        json.key("stream").flag(true);
        json.key("stream_options").object(|json| json.key("include_usage").flag(true));
    }
}

/// Which tier serves it, and for whom: the same words in both of OpenAI's formats.
pub(crate) fn write_tier_and_user(settings: &Settings<'_>, json: &mut JsonText) {
    if let Some(tier) = settings.service_tier.as_deref() {
        json.key("service_tier").text(if tier == "standard_only" { "default" } else { tier });
    }
    if let Some(user) = &settings.user {
        json.key("user").text(user);
    }
}
