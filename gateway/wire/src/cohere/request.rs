//! A request of OpenAI's in Cohere's words. Values stay as they were written; Cohere's own members go on as they are.

use super::messages;
use crate::{
    completion::{Choice, chosen, leftovers, raw, refuse_settings, strictness, text, tools, write_settings},
    error::WireError,
    json::{JsonText, Members, View},
    translate::Fit,
};

/// Cohere's names of settings, and the caller's words for each.
const SETTINGS: [(&str, &[&str]); 16] = [
    ("max_tokens", &["max_completion_tokens", "max_tokens"]),
    ("temperature", &["temperature"]),
    ("p", &["p", "top_p"]),
    ("k", &["k", "top_k"]),
    ("seed", &["seed"]),
    ("frequency_penalty", &["frequency_penalty"]),
    ("presence_penalty", &["presence_penalty"]),
    ("logprobs", &["logprobs"]),
    ("documents", &["documents"]),
    ("citation_options", &["citation_options"]),
    ("safety_mode", &["safety_mode"]),
    ("raw_prompting", &["raw_prompting"]),
    ("priority", &["priority"]),
    ("thinking", &["thinking"]),
    ("strict_tools", &["strict_tools"]),
    ("stop_sequences", &["stop_sequences"]),
];

/// Members that are written in a way of their own.
const SHAPED: [&str; 7] =
    ["messages", "tools", "tool_choice", "response_format", "reasoning_effort", "stop", "top_logprobs"];

/// The most that is thought where little is asked for, tokens. Cohere knows a bound, not an effort.
const LITTLE_THOUGHT: u64 = 1024;

/// The request as Cohere takes it.
///
/// # Errors
///
/// When the body is no sound JSON object, or has no messages. What Cohere cannot be told goes to `fit`.
pub(crate) fn write_request(body: &[u8], fit: &mut Fit) -> Result<Vec<u8>, WireError> {
    let view = View::of_object(body)?;
    let root = view.opened();
    let said = root.get("messages").ok_or(WireError::Missing { name: "messages" })?;
    let mut json = JsonText::default();
    json.object(|json| {
        json.key("model").raw(raw(view, "model", "\"\""));
        json.key("messages").array(|json| {
            said.items().enumerate().for_each(|(place, one)| messages::write(place, one, fit, json));
        });
        json.key("stream").raw(raw(view, "stream", "false"));
        write_settings(&SETTINGS, &root, json);
        write_stop(&root, json);
        write_tools(&root, fit, json);
        write_format(&root, fit, json);
        write_thinking(&root, fit, json);
    });
    let more = root.get("top_logprobs").is_some_and(|count| count.count() != Some(0));
    fit.refuse_asked(&[("top_logprobs", more)]);
    refuse_settings(&root, fit);
    let own = SETTINGS.iter().flat_map(|(_, words)| words.iter().copied());
    leftovers(&root, &own.chain(SHAPED).collect::<Vec<_>>(), fit);
    Ok(json.into_bytes())
}

fn write_stop(root: &Members<'_>, json: &mut JsonText) {
    let Some(stop) = root.get("stop").filter(|_| root.get("stop_sequences").is_none()) else { return };
    if stop.is_text() {
        json.key("stop_sequences").array(|json| json.raw(stop.raw()));
    } else {
        json.key("stop_sequences").raw(stop.raw());
    }
}

/// Cohere cannot be told which tool to call: it is offered that one alone.
fn write_tools(root: &Members<'_>, fit: &mut Fit, json: &mut JsonText) {
    let (mut offered, choice) = (tools(root, fit), chosen(root));
    if let Choice::Named(name) = &choice {
        offered.retain(|(_, tool)| text(*tool, "name") == *name);
        if !offered.is_empty() {
            fit.adapt("tool_choice", "REQUIRED");
        }
    }
    let must = matches!(choice, Choice::Any | Choice::Named(_));
    if offered.is_empty() {
        if must {
            fit.refuse("tool_choice", "there is no such tool to choose");
        }
        return;
    }
    let strict = strictness(&offered);
    if strict.len() == offered.len() && root.get("strict_tools").is_none() {
        json.key("strict_tools").flag(true);
    } else {
        strict.iter().for_each(|place| fit.drop(format_args!("tools[{place}].strict")));
    }
    json.key("tools").array(|json| offered.iter().for_each(|(_, tool)| write_tool(*tool, json)));
    match choice {
        Choice::Free => {}
        Choice::None => json.key("tool_choice").text("NONE"),
        Choice::Any | Choice::Named(_) => json.key("tool_choice").text("REQUIRED"),
        Choice::Other => fit.refuse("tool_choice", "it knows none, required and one by name"),
    }
}

fn write_tool(tool: View<'_>, json: &mut JsonText) {
    json.object(|json| {
        json.key("type").text("function");
        json.key("function").object(|json| {
            json.key("name").raw(raw(tool, "name", "\"\""));
            if let Some(about) = tool.get("description") {
                json.key("description").raw(about.raw());
            }
            json.key("parameters").raw(raw(tool, "parameters", r#"{"type":"object","properties":{}}"#));
        });
    });
}

fn write_format(root: &Members<'_>, fit: &mut Fit, json: &mut JsonText) {
    let Some(format) = root.get("response_format") else { return };
    let schema = match text(format, "type").as_ref() {
        "text" => return,
        // Cohere's own word has the schema beside the type, by one of two names.
        "json_object" => format.get("json_schema").or_else(|| format.get("schema")),
        "json_schema" => format.get("json_schema").and_then(|named| named.get("schema")),
        _ => return fit.refuse("response_format", "it knows text, a JSON object and a JSON schema"),
    };
    json.key("response_format").object(|json| {
        json.key("type").text("json_object");
        if let Some(schema) = schema {
            json.key("json_schema").raw(schema.raw());
        }
    });
}

fn write_thinking(root: &Members<'_>, fit: &mut Fit, json: &mut JsonText) {
    let wish = root.get("reasoning_effort").filter(|_| root.get("thinking").is_none());
    let Some(effort) = wish.and_then(|effort| effort.filled_text()) else { return };
    json.key("thinking").object(|json| match effort.as_ref() {
        "none" => json.key("type").text("disabled"),
        "minimal" | "low" => {
            fit.adapt("reasoning_effort", format_args!("token_budget:{LITTLE_THOUGHT}"));
            json.key("type").text("enabled");
            json.key("token_budget").count(LITTLE_THOUGHT);
        }
        _ => {
            fit.adapt("reasoning_effort", "enabled");
            json.key("type").text("enabled");
        }
    });
}

/// Embeddings. What the vectors are for is asked there: documents to be searched, unless the caller says so in Cohere's word.
///
/// # Errors
///
/// When the body is no sound JSON object, or has no input.
pub(crate) fn write_embedding(body: &[u8], fit: &mut Fit) -> Result<Vec<u8>, WireError> {
    const OWN: [(&str, &[&str]); 3] = [
        ("output_dimension", &["output_dimension", "dimensions"]),
        ("truncate", &["truncate"]),
        ("max_tokens", &["max_tokens"]),
    ];
    let view = View::of_object(body)?;
    let root = view.opened();
    let input = root.get("input").ok_or(WireError::Missing { name: "input" })?;
    if !input.is_text() && input.items().any(|one| !one.is_text()) {
        fit.refuse("input", "it takes texts, no tokens");
    }
    let packed = text(view, "encoding_format") == "base64";
    if root.get("input_type").is_none() {
        fit.adapt("input_type", "search_document");
    }
    let mut json = JsonText::default();
    json.object(|json| {
        json.key("model").raw(raw(view, "model", "\"\""));
        json.key("texts").array(|json| {
            let texts =
                std::iter::once(input).filter(View::is_text).chain(input.items().filter(View::is_text));
            texts.for_each(|one| json.raw(one.raw()));
        });
        json.key("input_type").raw(raw(view, "input_type", "\"search_document\""));
        json.key("embedding_types").array(|json| json.text(if packed { "base64" } else { "float" }));
        write_settings(&OWN, &root, json);
    });
    refuse_settings(&root, fit);
    let own = OWN.iter().flat_map(|(_, words)| words.iter().copied());
    leftovers(&root, &own.chain(["input", "input_type", "encoding_format"]).collect::<Vec<_>>(), fit);
    Ok(json.into_bytes())
}
