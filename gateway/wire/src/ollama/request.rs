//! A request of OpenAI's in Ollama's words. Values stay as they were written; Ollama's own members go on as they are.

use super::messages;
use crate::{
    completion::{Choice, chosen, leftovers, raw, refuse_settings, strictness, text, tools, write_settings},
    error::WireError,
    json::{JsonText, Members, View},
    translate::Fit,
};

/// What stands among the options there, and the caller's words for each.
const OPTIONS: [(&str, &[&str]); 8] = [
    ("num_predict", &["max_completion_tokens", "max_tokens"]),
    ("temperature", &["temperature"]),
    ("top_p", &["top_p"]),
    ("top_k", &["top_k"]),
    ("min_p", &["min_p"]),
    ("seed", &["seed"]),
    ("frequency_penalty", &["frequency_penalty"]),
    ("presence_penalty", &["presence_penalty"]),
];

/// Members that have the same name there.
const OWN: [(&str, &[&str]); 7] = [
    ("format", &["format"]),
    ("think", &["think"]),
    ("keep_alive", &["keep_alive"]),
    ("truncate", &["truncate"]),
    ("shift", &["shift"]),
    ("logprobs", &["logprobs"]),
    ("top_logprobs", &["top_logprobs"]),
];

/// Members that are written in a way of their own.
const SHAPED: [&str; 7] =
    ["messages", "tools", "tool_choice", "response_format", "reasoning_effort", "stop", "options"];

/// The request as Ollama takes it.
///
/// # Errors
///
/// When the body is no sound JSON object, or has no messages. What Ollama cannot be told goes to `fit`.
pub(crate) fn write_request(body: &[u8], fit: &mut Fit) -> Result<Vec<u8>, WireError> {
    let view = View::of_object(body)?;
    let root = view.opened();
    let said = root.get("messages").ok_or(WireError::Missing { name: "messages" })?;
    let mut json = JsonText::default();
    json.object(|json| {
        json.key("model").raw(raw(view, "model", "\"\""));
        json.key("messages").array(|json| messages::write(said, fit, json));
        // Unsaid, it means yes there.
        json.key("stream").raw(raw(view, "stream", "false"));
        write_settings(&OWN, &root, json);
        write_tools(&root, fit, json);
        write_format(&root, fit, json);
        write_thinking(&root, fit, json);
        write_options(&root, json);
    });
    if root.get("options").is_some_and(|options| !options.is_object()) {
        fit.refuse("options", "options are an object there");
    }
    refuse_settings(&root, fit);
    let words = OPTIONS.iter().chain(&OWN).flat_map(|(_, words)| words.iter().copied());
    leftovers(&root, &words.chain(SHAPED).collect::<Vec<_>>(), fit);
    Ok(json.into_bytes())
}

/// What the caller says among Ollama's own options comes before what it says in OpenAI's words.
fn write_options(root: &Members<'_>, json: &mut JsonText) {
    let own = root.get("options").map(|options| options.opened()).unwrap_or_default();
    let mut own_words: Vec<_> = own.iter().collect();
    own_words.retain(|(_, value)| !value.is_null());
    let said: Vec<_> = OPTIONS.iter().filter(|(to, _)| own.get(to).is_none()).copied().collect();
    let stop = root.get("stop").filter(|_| own.get("stop").is_none());
    let any = said.iter().any(|(_, from)| from.iter().any(|key| root.get(key).is_some()));
    if own_words.is_empty() && !any && stop.is_none() {
        return;
    }
    json.key("options").object(|json| {
        own_words.iter().for_each(|(key, value)| json.key(key).raw(value.raw()));
        write_settings(&said, root, json);
        match stop {
            Some(stop) if stop.is_text() => json.key("stop").array(|json| json.raw(stop.raw())),
            Some(stop) => json.key("stop").raw(stop.raw()),
            None => {}
        }
    });
}

/// Ollama offers tools to a model that chooses as it likes: only not to call any can be said, by offering none.
fn write_tools(root: &Members<'_>, fit: &mut Fit, json: &mut JsonText) {
    let offered = tools(root, fit);
    match chosen(root) {
        Choice::Free => {}
        Choice::None if offered.is_empty() => {}
        Choice::None => return fit.adapt("tool_choice", "without_tools"),
        _ => fit.refuse("tool_choice", "its models choose as they like"),
    }
    for place in strictness(&offered) {
        fit.drop(format_args!("tools[{place}].strict"));
    }
    if offered.is_empty() {
        return;
    }
    json.key("tools").array(|json| {
        for (_, tool) in offered {
            json.object(|json| {
                json.key("type").text("function");
                json.key("function").object(|json| {
                    json.key("name").raw(raw(tool, "name", "\"\""));
                    json.key("description").raw(raw(tool, "description", "\"\""));
                    json.key("parameters").raw(raw(
                        tool,
                        "parameters",
                        r#"{"type":"object","properties":{}}"#,
                    ));
                });
            });
        }
    });
}

fn write_format(root: &Members<'_>, fit: &mut Fit, json: &mut JsonText) {
    let Some(format) = root.get("response_format").filter(|_| root.get("format").is_none()) else { return };
    match text(format, "type").as_ref() {
        "text" => {}
        "json_object" => json.key("format").text("json"),
        "json_schema" => {
            let schema = format.get("json_schema").and_then(|named| named.get("schema"));
            json.key("format").raw(schema.map_or("\"json\"", |schema| schema.raw()));
        }
        _ => fit.refuse("response_format", "it knows text, a JSON object and a JSON schema"),
    }
}

fn write_thinking(root: &Members<'_>, fit: &mut Fit, json: &mut JsonText) {
    let wish = root.get("reasoning_effort").filter(|_| root.get("think").is_none());
    let Some(effort) = wish.and_then(|effort| effort.filled_text()) else { return };
    let near = match effort.as_ref() {
        "none" => return json.key("think").flag(false),
        word @ ("low" | "medium" | "high") => return json.key("think").text(word),
        "minimal" => "low",
        _ => "high",
    };
    fit.adapt("reasoning_effort", near);
    json.key("think").text(near);
}

/// Embeddings.
///
/// # Errors
///
/// When the body is no sound JSON object, or has no input.
pub(crate) fn write_embedding(body: &[u8], fit: &mut Fit) -> Result<Vec<u8>, WireError> {
    const NAMES: [(&str, &[&str]); 5] = [
        ("input", &["input"]),
        ("dimensions", &["dimensions"]),
        ("truncate", &["truncate"]),
        ("keep_alive", &["keep_alive"]),
        ("options", &["options"]),
    ];
    let view = View::of_object(body)?;
    let root = view.opened();
    let input = root.get("input").ok_or(WireError::Missing { name: "input" })?;
    if !input.is_text() && input.items().any(|one| !one.is_text()) {
        fit.refuse("input", "it takes texts, no tokens");
    }
    let mut json = JsonText::default();
    json.object(|json| {
        json.key("model").raw(raw(view, "model", "\"\""));
        write_settings(&NAMES, &root, json);
    });
    refuse_settings(&root, fit);
    let words = NAMES.iter().flat_map(|(_, words)| words.iter().copied());
    leftovers(&root, &words.chain(["encoding_format"]).collect::<Vec<_>>(), fit);
    Ok(json.into_bytes())
}
