//! A request for a response, written from the internal conversation. Nothing is asked to be kept: the caller has no name for it.

mod input;

use crate::{
    json::JsonText,
    model::{Conversation, Format, ReasoningWish, Settings, Tool, ToolChoice},
    openai::{effort_word, write_tier_and_user},
    quirks::Quirks,
    translate::{Fit, Target, is_plain_name},
};

/// How long a tool's or schema's name may be.
const NAME_MAX: usize = 64;

/// Writes the request.
pub(crate) fn write_request(said: &Conversation<'_>, target: &Target<'_>, fit: &mut Fit) -> Vec<u8> {
    let settings = &said.settings;
    let mut json = JsonText::default();
    json.object(|json| {
        json.key("model").text(target.model);
        json.key("input").array(|json| input::write(said, fit, json));
        write_tools(said, fit, json);
        write_format(&settings.format, fit, json);
        write_reasoning(&settings.reasoning, fit, json);
        if let Some(most) = settings.max_tokens {
            json.key("max_output_tokens").count(most);
        }
        for (key, number) in [("temperature", settings.temperature), ("top_p", settings.top_p)] {
            if let Some(number) = number {
                json.key(key).raw(number);
            }
        }
        json.key("store").flag(false);
        write_tier_and_user(settings, &Quirks::of_provider(target.provider), fit, json);
        if settings.stream {
            json.key("stream").flag(true);
        }
    });
    refuse_unknown(settings, fit);
    json.into_bytes()
}

fn write_tools(said: &Conversation<'_>, fit: &mut Fit, json: &mut JsonText) {
    let takes = |(place, tool): &(usize, &Tool<'_>)| takes(*place, tool, fit);
    let tools: Vec<&Tool<'_>> = said.tools.iter().enumerate().filter(takes).map(|(_, tool)| tool).collect();
    if !tools.is_empty() {
        json.key("tools").array(|json| tools.iter().for_each(|tool| write_tool(tool, json)));
    }
    write_tool_choice(said, tools.is_empty(), fit, json);
}

/// Whether the format can offer the tool.
fn takes(place: usize, tool: &Tool<'_>, fit: &mut Fit) -> bool {
    let takes = fit.takes_tool(place, tool, NAME_MAX);
    if takes && tool.cache.is_some() {
        fit.drop(format_args!("tools[{place}].cache_control"));
    }
    takes
}

/// Strictness is the rule here unless it is said otherwise.
fn write_tool(tool: &Tool<'_>, json: &mut JsonText) {
    json.object(|json| {
        json.key("type").text("function");
        json.key("name").text(&tool.name);
        if !tool.description.is_empty() {
            json.key("description").text(&tool.description);
        }
        let schema = tool.schema.as_deref().unwrap_or(r#"{"type":"object","properties":{}}"#);
        json.key("parameters").raw(schema);
        json.key("strict").flag(tool.strict == Some(true));
    });
}

fn write_tool_choice(said: &Conversation<'_>, no_tools: bool, fit: &mut Fit, json: &mut JsonText) {
    match &said.tool_choice {
        Some(ToolChoice::Any | ToolChoice::Named(_)) if no_tools => {
            fit.refuse("tool_choice", "there is no tool to choose");
        }
        _ if no_tools => {}
        None => {}
        Some(ToolChoice::Auto) => json.key("tool_choice").text("auto"),
        Some(ToolChoice::None) => json.key("tool_choice").text("none"),
        Some(ToolChoice::Any) => json.key("tool_choice").text("required"),
        Some(ToolChoice::Named(name)) => json.key("tool_choice").object(|json| {
            json.key("type").text("function");
            json.key("name").text(name);
        }),
        Some(ToolChoice::Other(_)) => {
            fit.refuse("tool_choice", "it knows auto, none, required and one by name");
        }
    }
    if let Some(parallel) = said.settings.parallel_tool_calls.filter(|_| !no_tools) {
        json.key("parallel_tool_calls").flag(parallel);
    }
}

fn write_format(format: &Format<'_>, fit: &mut Fit, json: &mut JsonText) {
    match format {
        Format::Text => {}
        Format::JsonObject => json.key("text").object(|json| {
            json.key("format").object(|json| json.key("type").text("json_object"));
        }),
        Format::Schema { name, description, schema, strict } => json.key("text").object(|json| {
            json.key("format").object(|json| {
                json.key("type").text("json_schema");
                json.key("name").text(if is_plain_name(name, NAME_MAX) { name } else { "answer" });
                if !description.is_empty() {
                    json.key("description").text(description);
                }
                json.key("schema").raw(schema);
                json.key("strict").flag(*strict == Some(true));
            });
        }),
        Format::Other(_) => fit.refuse("response_format", "it knows text, a JSON object and a JSON schema"),
    }
}

/// The format has words for how hard to think, not numbers of tokens. What was thought comes back sealed, for the next turn.
fn write_reasoning(wish: &ReasoningWish<'_>, fit: &mut Fit, json: &mut JsonText) {
    if !wish.is_on() {
        return;
    }
    let word = effort_word(wish, fit);
    json.key("reasoning").object(|json| {
        if let Some(word) = word {
            json.key("effort").text(word);
        }
        json.key("summary").text("auto");
    });
    json.key("include").array(|json| json.text("reasoning.encrypted_content"));
}

/// Settings that the format has no word for.
fn refuse_unknown(settings: &Settings<'_>, fit: &mut Fit) {
    fit.refuse_asked(&[
        ("n", settings.n > 1),
        ("logprobs", settings.logprobs),
        ("seed", settings.seed.is_some()),
        ("stop", !settings.stop.is_empty()),
        ("top_k", settings.top_k.is_some()),
        ("frequency_penalty", settings.frequency_penalty.is_some()),
        ("presence_penalty", settings.presence_penalty.is_some()),
    ]);
}
