//! A request in Anthropic's format, written from the internal conversation.

mod messages;

use super::abilities;
use crate::{
    dialect::Dialect,
    host::Host,
    json::{JsonText, View},
    model::{Conversation, Format, Message, Part, Role, Settings, Tool, ToolChoice},
    translate::{ANSWER_TOOL, Fit, Target},
};

/// The format demands a limit; where neither the caller nor the model's entry has one, every model takes this.
const MAX_TOKENS_ASSUMED: u64 = 4_096;
/// The least budget for thinking.
const BUDGET_MIN: u64 = 1_024;
/// How long a tool's name may be.
const NAME_MAX: usize = 128;
/// The schema of a tool without arguments, and of any JSON object.
const ANY_OBJECT: &str = r#"{"type":"object"}"#;

/// Writes the request; whether its answer comes as a call of [`ANSWER_TOOL`].
pub(crate) fn write_request(said: &Conversation<'_>, target: &Target<'_>, fit: &mut Fit) -> (Vec<u8>, bool) {
    let settings = &said.settings;
    let max_tokens = max_tokens(settings, target, fit);
    let thinking = Thinking::of(said, target, max_tokens, fit);
    let shape = Shape::of(&settings.format, target.model, thinking != Thinking::Off, fit);
    let mut json = JsonText::default();
    json.object(|json| {
        json.key("model").text(target.model);
        json.key("max_tokens").count(max_tokens);
        messages::write(said, fit, json);
        write_tools(said, &shape, fit, json);
        thinking.write(json);
        write_output_config(&shape, &thinking, json);
        write_sampling(settings, thinking != Thinking::Off, fit, json);
        write_service(settings, fit, json);
    });
    refuse_unknown(settings, fit);
    (json.into_bytes(), matches!(shape, Shape::Tool(_)))
}

fn max_tokens(settings: &Settings<'_>, target: &Target<'_>, fit: &mut Fit) -> u64 {
    settings.max_tokens.or(target.max_output).unwrap_or_else(|| {
        fit.adapt("max_tokens", MAX_TOKENS_ASSUMED);
        MAX_TOKENS_ASSUMED
    })
}

/// How the model is asked to think.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Thinking {
    Off,
    /// With at most so many tokens.
    Budget(u64),
    /// As much as it likes, or as hard as the word says.
    Adaptive(Option<&'static str>),
}

impl Thinking {
    fn of(said: &Conversation<'_>, target: &Target<'_>, max_tokens: u64, fit: &mut Fit) -> Self {
        let wish = &said.settings.reasoning;
        if !wish.is_on() {
            return Self::Off;
        }
        let must_prove = !abilities::adapts(target.model);
        let unasked =
            Host::of(target.provider, Dialect::Anthropic, "").of_model(target.model) == Host::Converse;
        if unasked || !abilities::thinks(target.model) || (must_prove && forgot_its_thought(said)) {
            fit.drop("reasoning_effort");
            return Self::Off;
        }
        let word = wish.effort.as_deref().map(effort_word);
        if let Some(most) = wish.tokens_max.filter(|_| !abilities::adapts(target.model)) {
            return Self::budget(most, max_tokens, fit);
        }
        if abilities::adapts(target.model) {
            return Self::Adaptive(word);
        }
        let most = match word {
            Some("low") => 2_048,
            None | Some("medium") => 8_192,
            _ => 24_576,
        };
        // An answer needs room beside its thoughts.
        let most = most.min(max_tokens / 2).max(BUDGET_MIN);
        fit.adapt("reasoning_effort", format_args!("budget_tokens:{most}"));
        Self::budget(most, max_tokens, fit)
    }

    fn budget(most: u64, max_tokens: u64, fit: &mut Fit) -> Self {
        if most >= BUDGET_MIN && most < max_tokens {
            return Self::Budget(most);
        }
        fit.refuse(
            "reasoning_effort",
            "thinking needs at least 1024 tokens, and `max_tokens` must exceed them",
        );
        Self::Off
    }

    fn write(&self, json: &mut JsonText) {
        match self {
            Self::Off => {}
            Self::Budget(most) => json.key("thinking").object(|json| {
                json.key("type").text("enabled");
                json.key("budget_tokens").count(*most);
            }),
            Self::Adaptive(_) => json.key("thinking").object(|json| json.key("type").text("adaptive")),
        }
    }
}

/// Whether the model called tools and the caller has not kept the thought behind the calls: a model that thinks by budget
/// goes on thinking only from there.
fn forgot_its_thought(said: &Conversation<'_>) -> bool {
    let is_model = |message: &&Message<'_>| message.role == Role::Assistant;
    let after = said.messages.iter().rev().skip_while(|message| !is_model(message));
    let spoken: Vec<&Message<'_>> = after.take_while(is_model).collect();
    let parts = || spoken.iter().rev().flat_map(|message| &message.parts);
    let calls = parts().any(|part| matches!(part, Part::ToolCall { hosted: false, .. }));
    let proven = parts().next().is_some_and(|part| match part {
        Part::Reasoning { signature: Some(proof), .. } | Part::Sealed(proof) => proof.is_anthropic(),
        _ => false,
    });
    calls && !proven
}

/// OpenAI's words for effort among those of the format.
fn effort_word(word: &str) -> &'static str {
    match word {
        "minimal" | "low" => "low",
        "medium" => "medium",
        "xhigh" | "max" => "max",
        _ => "high",
    }
}

/// How the answer's shape is demanded.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape<'a> {
    Free,
    /// By the format's own word.
    Native(&'a str),
    /// As the arguments of a tool that must be called.
    Tool(&'a str),
}

impl<'a> Shape<'a> {
    fn of(format: &'a Format<'_>, model: &str, thinks: bool, fit: &mut Fit) -> Self {
        let schema = match format {
            Format::Text => return Self::Free,
            Format::Schema { schema, .. } if abilities::keeps_schemas(model) => return Self::Native(schema),
            Format::Schema { schema, .. } => schema,
            Format::JsonObject => ANY_OBJECT,
            Format::Other(_) => {
                fit.refuse("response_format", "it knows no such shape");
                return Self::Free;
            }
        };
        let is_object = View::of_text(schema)
            .get("type")
            .and_then(|kind| kind.text())
            .is_some_and(|kind| kind == "object");
        if thinks {
            fit.refuse("response_format", "a model that thinks cannot be made to answer in a shape there");
            return Self::Free;
        }
        if !is_object {
            fit.refuse("response_format", "the schema must be of an object");
            return Self::Free;
        }
        fit.adapt("response_format", "tool");
        Self::Tool(schema)
    }
}

fn write_output_config(shape: &Shape<'_>, thinking: &Thinking, json: &mut JsonText) {
    let effort = if let Thinking::Adaptive(effort) = thinking { *effort } else { None };
    let schema = if let Shape::Native(schema) = shape { Some(schema) } else { None };
    if effort.is_none() && schema.is_none() {
        return;
    }
    json.key("output_config").object(|json| {
        if let Some(effort) = effort {
            json.key("effort").text(effort);
        }
        if let Some(schema) = schema {
            json.key("format").object(|json| {
                json.key("type").text("json_schema");
                json.key("schema").raw(schema);
            });
        }
    });
}

fn write_tools(said: &Conversation<'_>, shape: &Shape<'_>, fit: &mut Fit, json: &mut JsonText) {
    let tools: Vec<&Tool<'_>> = said
        .tools
        .iter()
        .enumerate()
        .filter_map(|(place, tool)| takes(place, tool, fit).then_some(tool))
        .collect();
    if !tools.is_empty() || matches!(shape, Shape::Tool(_)) {
        json.key("tools").array(|json| {
            tools.iter().for_each(|tool| write_tool(tool, json));
            if let Shape::Tool(schema) = shape {
                write_answer_tool(&said.settings.format, schema, json);
            }
        });
    }
    write_tool_choice(said, shape, tools.is_empty(), fit, json);
}

/// Whether the format can offer the tool.
fn takes(place: usize, tool: &Tool<'_>, fit: &mut Fit) -> bool {
    let takes = fit.takes_tool(place, tool, NAME_MAX);
    if takes {
        fit.loosen(place, tool);
    }
    takes
}

fn write_tool(tool: &Tool<'_>, json: &mut JsonText) {
    json.object(|json| {
        json.key("name").text(&tool.name);
        if !tool.description.is_empty() {
            json.key("description").text(&tool.description);
        }
        json.key("input_schema")
            .raw(tool.schema.as_deref().filter(|schema| *schema != "{}").unwrap_or(ANY_OBJECT));
        if let Some(mark) = tool.cache {
            json.key("cache_control").raw(mark);
        }
    });
}

fn write_answer_tool(format: &Format<'_>, schema: &str, json: &mut JsonText) {
    let about = if let Format::Schema { description, .. } = format { description.as_ref() } else { "" };
    let description = format!("Give your answer as the arguments of this tool. {about}");
    json.object(|json| {
        json.key("name").text(ANSWER_TOOL);
        json.key("description").text(description.trim_end());
        json.key("input_schema").raw(schema);
    });
}

fn write_tool_choice(
    said: &Conversation<'_>,
    shape: &Shape<'_>,
    no_tools: bool,
    fit: &mut Fit,
    json: &mut JsonText,
) {
    let asked = said.tool_choice.as_ref();
    let (kind, name) = match (shape, asked) {
        (_, Some(ToolChoice::Other(_))) => {
            return fit.refuse("tool_choice", "it knows auto, none, any and one by name");
        }
        (Shape::Tool(_), Some(ToolChoice::Named(name))) => ("tool", Some(name.as_ref())),
        (Shape::Tool(_), _) if no_tools || asked == Some(&ToolChoice::None) => ("tool", Some(ANSWER_TOOL)),
        // The model calls a tool of the caller's, or answers by ours.
        (Shape::Tool(_), _) => ("any", None),
        (_, Some(ToolChoice::Any | ToolChoice::Named(_))) if no_tools => {
            return fit.refuse("tool_choice", "there is no tool to choose");
        }
        _ if no_tools => return,
        (_, Some(ToolChoice::Named(name))) => ("tool", Some(name.as_ref())),
        (_, Some(ToolChoice::Any)) => ("any", None),
        (_, Some(ToolChoice::None)) => ("none", None),
        (_, Some(ToolChoice::Auto)) => ("auto", None),
        (_, None) if said.settings.parallel_tool_calls == Some(false) => ("auto", None),
        (_, None) => return,
    };
    json.key("tool_choice").object(|json| {
        json.key("type").text(kind);
        if let Some(name) = name {
            json.key("name").text(name);
        }
        if said.settings.parallel_tool_calls == Some(false) && kind != "none" {
            json.key("disable_parallel_tool_use").flag(true);
        }
    });
}

fn write_sampling(settings: &Settings<'_>, thinks: bool, fit: &mut Fit, json: &mut JsonText) {
    if let Some(temperature) = settings.temperature {
        let value = temperature.parse::<f64>().unwrap_or(0.0);
        if value > 1.0 {
            fit.refuse("temperature", "it goes from 0 to 1");
        } else if thinks && value < 1.0 {
            fit.refuse("temperature", "it cannot be set while the model thinks");
        } else {
            json.key("temperature").raw(temperature);
        }
    }
    for (key, number) in [("top_p", settings.top_p), ("top_k", settings.top_k)] {
        if let Some(number) = number {
            json.key(key).raw(number);
        }
    }
    if let Some(place) = settings.stop.iter().position(|stop| stop.trim().is_empty()) {
        fit.refuse(format_args!("stop[{place}]"), "a stop text needs more than white space");
    }
    let stops: Vec<&str> =
        settings.stop.iter().map(AsRef::as_ref).filter(|stop| !stop.trim().is_empty()).collect();
    if !stops.is_empty() {
        json.key("stop_sequences").array(|json| stops.iter().for_each(|stop| json.text(stop)));
    }
}

fn write_service(settings: &Settings<'_>, fit: &mut Fit, json: &mut JsonText) {
    match settings.service_tier.as_deref() {
        None => {}
        Some("auto") => json.key("service_tier").text("auto"),
        Some("default" | "standard_only") => json.key("service_tier").text("standard_only"),
        Some(_) => fit.refuse("service_tier", "it knows auto and default"),
    }
    if let Some(user) = &settings.user {
        json.key("metadata").object(|json| json.key("user_id").text(user));
    }
    if settings.stream {
        json.key("stream").flag(true);
    }
}

/// Settings that the format has no word for.
fn refuse_unknown(settings: &Settings<'_>, fit: &mut Fit) {
    fit.refuse_asked(&[
        ("n", settings.n > 1),
        ("logprobs", settings.logprobs),
        ("seed", settings.seed.is_some()),
        ("frequency_penalty", settings.frequency_penalty.is_some()),
        ("presence_penalty", settings.presence_penalty.is_some()),
    ]);
}
