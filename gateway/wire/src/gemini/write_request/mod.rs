//! A request in Gemini's format, written from the internal conversation. Model and the wish for events stand in the path.

mod contents;

use crate::{
    json::JsonText,
    model::{Conversation, Format, ReasoningWish, Settings, Tool, ToolChoice},
    translate::{Fit, Target},
};

/// How long a function's name may be.
const NAME_MAX: usize = 64;
/// How many texts may end an answer.
const STOPS_MAX: usize = 5;

/// Writes the request.
pub(crate) fn write_request(said: &Conversation<'_>, target: &Target<'_>, fit: &mut Fit) -> Vec<u8> {
    let mut json = JsonText::default();
    json.object(|json| {
        contents::write(said, target.model, fit, json);
        write_tools(said, fit, json);
        json.key("generationConfig").object(|json| write_config(said, target, fit, json));
    });
    account(&said.settings, fit);
    json.into_bytes()
}

fn write_tools(said: &Conversation<'_>, fit: &mut Fit, json: &mut JsonText) {
    let tools: Vec<&Tool<'_>> = said
        .tools
        .iter()
        .enumerate()
        .filter(|(place, tool)| takes(*place, tool, fit))
        .map(|(_, tool)| tool)
        .collect();
    if !tools.is_empty() {
        json.key("tools").array(|json| {
            json.object(|json| {
                json.key("functionDeclarations")
                    .array(|json| tools.iter().for_each(|tool| write_tool(tool, json)));
            });
        });
    }
    write_tool_choice(said.tool_choice.as_ref(), tools.is_empty(), fit, json);
}

/// Whether the format can offer the tool.
fn takes(place: usize, tool: &Tool<'_>, fit: &mut Fit) -> bool {
    let takes = fit.takes_tool(place, tool, NAME_MAX);
    if takes {
        fit.loosen(place, tool);
    }
    if takes && tool.cache.is_some() {
        fit.drop(format_args!("tools[{place}].cache_control"));
    }
    takes
}

/// A function without arguments has no schema here.
fn write_tool(tool: &Tool<'_>, json: &mut JsonText) {
    json.object(|json| {
        json.key("name").text(&tool.name);
        if !tool.description.is_empty() {
            json.key("description").text(&tool.description);
        }
        if let Some(schema) = tool.schema.as_deref().filter(|schema| *schema != "{}") {
            json.key("parametersJsonSchema").raw(schema);
        }
    });
}

fn write_tool_choice(choice: Option<&ToolChoice<'_>>, no_tools: bool, fit: &mut Fit, json: &mut JsonText) {
    let (mode, name) = match choice {
        None => return,
        Some(ToolChoice::Any | ToolChoice::Named(_)) if no_tools => {
            return fit.refuse("tool_choice", "there is no tool to choose");
        }
        Some(_) if no_tools => return,
        Some(ToolChoice::Auto) => ("AUTO", None),
        Some(ToolChoice::None) => ("NONE", None),
        Some(ToolChoice::Any) => ("ANY", None),
        Some(ToolChoice::Named(name)) => ("ANY", Some(name)),
        Some(ToolChoice::Other(_)) => {
            return fit.refuse("tool_choice", "it knows auto, none, any and one by name");
        }
    };
    json.key("toolConfig").object(|json| {
        json.key("functionCallingConfig").object(|json| {
            json.key("mode").text(mode);
            if let Some(name) = name {
                json.key("allowedFunctionNames").array(|json| json.text(name));
            }
        });
    });
}

fn write_config(said: &Conversation<'_>, target: &Target<'_>, fit: &mut Fit, json: &mut JsonText) {
    let settings = &said.settings;
    if let Some(most) = settings.max_tokens {
        json.key("maxOutputTokens").count(most);
    }
    if settings.n > 1 {
        json.key("candidateCount").count(settings.n);
    }
    let numbers = [
        ("temperature", settings.temperature),
        ("topP", settings.top_p),
        ("topK", settings.top_k),
        ("frequencyPenalty", settings.frequency_penalty),
        ("presencePenalty", settings.presence_penalty),
        ("seed", settings.seed),
    ];
    for (key, number) in numbers {
        if let Some(number) = number {
            json.key(key).raw(number);
        }
    }
    match settings.stop.as_slice() {
        [] => {}
        stops if stops.len() > STOPS_MAX => fit.refuse("stop", "it takes at most five"),
        stops => json.key("stopSequences").array(|json| stops.iter().for_each(|stop| json.text(stop))),
    }
    if is_older(target.model) && said.tools.iter().any(|tool| tool.kind.is_none()) && !is_free(settings) {
        let why = "a model before the third generation cannot be held to a shape while it has tools";
        fit.refuse("response_format", why);
    } else {
        write_format(&settings.format, fit, json);
    }
    write_thinking(&settings.reasoning, target.model, fit, json);
}

fn is_free(settings: &Settings<'_>) -> bool {
    settings.format == Format::Text
}

fn write_format(format: &Format<'_>, fit: &mut Fit, json: &mut JsonText) {
    match format {
        Format::Text => {}
        Format::JsonObject => json.key("responseMimeType").text("application/json"),
        Format::Schema { schema, .. } => {
            json.key("responseMimeType").text("application/json");
            json.key("responseJsonSchema").raw(schema);
        }
        Format::Other(_) => fit.refuse("response_format", "it knows text, a JSON object and a JSON schema"),
    }
}

/// The most tokens that the second generation's models think with.
const BUDGET_MAX: [u64; 2] = [24_576, 32_768];

/// From the third generation on a model is told how hard to think in a word, before it in tokens.
fn write_thinking(wish: &ReasoningWish<'_>, model: &str, fit: &mut Fit, json: &mut JsonText) {
    let off = wish.on == Some(false) || wish.effort.as_deref() == Some("none");
    let said = wish.on.is_some() || wish.effort.is_some() || wish.tokens_max.is_some();
    let (by_tokens, by_word) = (model.contains("gemini-2.5"), is_third_generation(model));
    if !said {
        return;
    }
    if !by_tokens && !by_word {
        if !off {
            fit.drop("reasoning_effort");
        }
        return;
    }
    if off {
        // Only the small models of one generation can be kept from thinking.
        if by_tokens && model.contains("flash") {
            json.key("thinkingConfig").object(|json| json.key("thinkingBudget").count(0));
        } else {
            fit.drop("reasoning_effort");
        }
        return;
    }
    json.key("thinkingConfig").object(|json| {
        json.key("includeThoughts").flag(true);
        if by_word {
            write_level(wish, fit, json);
        } else {
            let most = BUDGET_MAX[usize::from(model.contains("pro"))];
            write_budget(wish, most, fit, json);
        }
    });
}

fn write_level(wish: &ReasoningWish<'_>, fit: &mut Fit, json: &mut JsonText) {
    let level = match (wish.effort.as_deref(), wish.tokens_max) {
        (Some("minimal" | "low"), _) | (None, Some(0..=2_048)) => "low",
        (None, None) => return,
        _ => "high",
    };
    if wish.effort.as_deref() != Some(level) {
        fit.adapt("reasoning_effort", level);
    }
    json.key("thinkingLevel").text(level);
}

/// The budgets that Google itself gives to OpenAI's words.
fn write_budget(wish: &ReasoningWish<'_>, most: u64, fit: &mut Fit, json: &mut JsonText) {
    let budget = match (wish.tokens_max, wish.effort.as_deref()) {
        (Some(asked), _) if asked <= most => return json.key("thinkingBudget").count(asked),
        (Some(_), _) => most,
        (None, None) => return,
        (None, Some("minimal" | "low")) => 1_024,
        (None, Some("medium")) => 8_192,
        (None, Some(_)) => 24_576,
    };
    fit.adapt("reasoning_effort", format_args!("thinkingBudget:{budget}"));
    json.key("thinkingBudget").count(budget);
}

/// Whether the model wants its thoughts proven in the next turn. A name without a number is of the newest.
fn is_third_generation(model: &str) -> bool {
    model.contains("gemini-") && !is_older(model)
}

fn is_older(model: &str) -> bool {
    ["gemini-1", "gemini-2"].iter().any(|name| model.contains(name))
}

/// Settings that the format has no word for.
fn account(settings: &Settings<'_>, fit: &mut Fit) {
    if settings.logprobs {
        fit.refuse("logprobs", "they are not carried over");
    }
    if settings.parallel_tool_calls == Some(false) {
        fit.refuse("parallel_tool_calls", "the model decides how many tools it calls at once");
    }
    if settings.user.is_some() {
        fit.drop("user");
    }
    match settings.service_tier.as_deref() {
        None | Some("auto" | "default" | "standard_only") => {}
        Some(_) => fit.refuse("service_tier", "it has no word for it"),
    }
}
