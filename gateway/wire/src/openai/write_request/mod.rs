//! A request in OpenAI's format, written from the internal conversation.

mod messages;

use crate::{
    json::JsonText,
    model::{Conversation, Format, ReasoningWish, Settings, Tool, ToolChoice},
    quirks::Quirks,
    translate::{Fit, Target, is_plain_name},
};

/// How many stop texts the format takes.
const STOPS_MAX: usize = 4;
/// How long a name may be.
const NAME_MAX: usize = 64;

/// Writes the request.
pub(crate) fn write_request(said: &Conversation<'_>, target: &Target<'_>, fit: &mut Fit) -> Vec<u8> {
    let quirks = Quirks::of_provider(target.provider);
    let mut json = JsonText::default();
    json.object(|json| {
        json.key("model").text(target.model);
        json.key("messages").array(|json| messages::write(said, quirks, fit, json));
        write_tools(said, fit, json);
        write_limits(&said.settings, &quirks, fit, json);
        write_sampling(&said.settings, &quirks, fit, json);
        write_format(&said.settings.format, fit, json);
        if quirks.never_thinks(target.model) {
            leave_reasoning(&said.settings.reasoning, fit);
        } else {
            write_reasoning(&said.settings.reasoning, fit, json);
        }
        write_service(&said.settings, &quirks, fit, json);
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

/// Whether the provider takes a setting that is asked for; says so where it does not.
fn knows(setting: &str, quirks: &Quirks, fit: &mut Fit) -> bool {
    let lacks = quirks.lacks(setting);
    if lacks {
        fit.refuse(setting, format!("{} refuses it", quirks.provider));
    }
    !lacks
}

fn write_limits(settings: &Settings<'_>, quirks: &Quirks, fit: &mut Fit, json: &mut JsonText) {
    if let Some(most) = settings.max_tokens {
        json.key(quirks.max_tokens).count(most);
    }
    if settings.n > 1 && knows("n", quirks, fit) {
        json.key("n").count(settings.n);
    }
    match settings.stop.as_slice() {
        [] => {}
        stops if stops.len() > STOPS_MAX => fit.refuse("stop", "it takes at most four"),
        stops => json.key("stop").array(|json| stops.iter().for_each(|stop| json.text(stop))),
    }
}

fn write_sampling(settings: &Settings<'_>, quirks: &Quirks, fit: &mut Fit, json: &mut JsonText) {
    let numbers = [
        ("temperature", settings.temperature),
        ("top_p", settings.top_p),
        ("frequency_penalty", settings.frequency_penalty),
        ("presence_penalty", settings.presence_penalty),
    ];
    for (key, number) in numbers {
        if let Some(number) = number.filter(|_| knows(key, quirks, fit)) {
            json.key(key).raw(number);
        }
    }
    if let Some(seed) = settings.seed {
        json.key(quirks.seed).raw(seed);
    }
    match settings.top_k {
        Some(top_k) if quirks.takes_top_k => json.key("top_k").raw(top_k),
        Some(_) => fit.refuse("top_k", "it has no word for it"),
        None => {}
    }
    if settings.logprobs && knows("logprobs", quirks, fit) {
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

/// The model knows no reasoning: it answers the same without the wish.
fn leave_reasoning(wish: &ReasoningWish<'_>, fit: &mut Fit) {
    if wish.is_on() {
        fit.drop("reasoning_effort");
    }
}

/// The format has words for how hard to think, not numbers of tokens.
fn write_reasoning(wish: &ReasoningWish<'_>, fit: &mut Fit, json: &mut JsonText) {
    if wish.is_on()
        && let Some(word) = effort_word(wish, fit)
    {
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

fn write_service(settings: &Settings<'_>, quirks: &Quirks, fit: &mut Fit, json: &mut JsonText) {
    write_tier_and_user(settings, quirks, fit, json);
    if settings.stream {
        json.key("stream").flag(true);
        json.key("stream_options").object(|json| json.key("include_usage").flag(true));
    }
}

/// Which tier serves it, and for whom: the same words in both of OpenAI's formats. Who does not know them answers the same without.
pub(crate) fn write_tier_and_user(
    settings: &Settings<'_>,
    quirks: &Quirks,
    fit: &mut Fit,
    json: &mut JsonText,
) {
    let tier = settings.service_tier.as_deref();
    let tier = tier.map(|tier| if tier == "standard_only" { "default" } else { tier });
    for (key, value) in [("service_tier", tier), ("user", settings.user.as_deref())] {
        match value {
            Some(_) if quirks.lacks(key) => fit.drop(key),
            Some(value) => json.key(key).text(value),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{dialect::Dialect, model::read_conversation, translate::translate_request};

    fn told(provider: &str, may_drop: bool) -> Result<(String, Vec<String>), String> {
        let body = br#"{"model":"m","max_tokens":9,"temperature":0.5,"service_tier":"auto","metadata":{"user_id":"ann"},
            "messages":[{"role":"user","content":"hi"}]}"#;
        let mut said = read_conversation(Dialect::Anthropic, body).unwrap();
        (said.settings.seed, said.settings.logprobs) = (Some("7"), true);
        let target = Target { dialect: Dialect::OpenAi, provider, model: "m", max_output: None };
        let told = translate_request(&said, Dialect::Anthropic, &target, may_drop);
        let told = told.map_err(|refused| refused.to_string())?;
        Ok((String::from_utf8(told.body.to_vec()).unwrap(), told.losses.dropped))
    }

    #[test]
    fn a_providers_row_says_which_words_it_takes() {
        let (plain, dropped) = told("anybody", false).unwrap();
        assert!(plain.contains(r#""max_tokens":9,"temperature":0.5,"seed":7,"logprobs":true"#), "{plain}");
        assert!(dropped.is_empty() && plain.contains(r#""user":"ann""#), "{plain} {dropped:?}");
        let refused = told("mistral", false).unwrap_err();
        assert_eq!(refused, "`logprobs` cannot be said in the openai format: mistral refuses it");
        let (mistral, dropped) = told("mistral", true).unwrap();
        assert!(mistral.contains(r#""random_seed":7"#) && !mistral.contains("logprobs"), "{mistral}");
        assert_eq!(dropped, ["service_tier", "metadata.user_id", "logprobs"]);
        let (openai, _) = told("openai", false).unwrap();
        assert!(openai.contains(r#""max_completion_tokens":9"#), "{openai}");
    }
}
