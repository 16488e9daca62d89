//! A request: Anthropic's messages in Converse's words. Values stay as they were written; what Converse has no word for goes to the
//! account of the translation by its name.

use super::content::{self, unsaid};
use crate::{
    completion::{has_filled, raw, text, write_settings},
    error::WireError,
    json::{JsonText, Members, View},
    translate::Fit,
};

/// Converse's names of what stands in its `inferenceConfig`.
const SETTINGS: [(&str, &[&str]); 4] = [
    ("maxTokens", &["max_tokens"]),
    ("temperature", &["temperature"]),
    ("topP", &["top_p"]),
    ("stopSequences", &["stop_sequences"]),
];

/// Members that are written in a way of their own, or stand in the address.
const SHAPED: [&str; 8] =
    ["model", "stream", "anthropic_version", "messages", "system", "tools", "tool_choice", "top_k"];

/// Members that are accounted for one by one.
const ACCOUNTED: [&str; 6] =
    ["thinking", "output_config", "metadata", "service_tier", "anthropic_beta", "betas"];

/// The request as Converse takes it; the model and the wish for events stand in its address.
///
/// # Errors
///
/// When the body is no sound JSON object, or has no messages. What Converse cannot be told goes to `fit`.
pub(crate) fn write_request(body: &[u8], fit: &mut Fit) -> Result<Vec<u8>, WireError> {
    let view = View::of_object(body)?;
    let root = view.opened();
    let said = root.get("messages").ok_or(WireError::Missing { name: "messages" })?;
    let mut json = JsonText::default();
    json.object(|json| {
        json.key("messages").array(|json| {
            said.items().enumerate().for_each(|(place, one)| content::write_message(place, one, fit, json));
        });
        if let Some(system) = root.get("system") {
            json.unless_empty(|json| content::write_system(system, fit, json.key("system")));
        }
        json.key("inferenceConfig").object(|json| write_settings(&SETTINGS, &root, json));
        write_tools(&root, fit, json);
        write_top_k(&text(view, "model"), &root, json);
    });
    account(&root, fit);
    Ok(json.into_bytes())
}

/// Converse has no word of its own for it; each family of models has.
fn write_top_k(model: &str, root: &Members<'_>, json: &mut JsonText) {
    let Some(top_k) = root.get("top_k") else { return };
    json.key("additionalModelRequestFields").object(|json| {
        if model.contains("amazon.nova") {
            json.key("inferenceConfig").object(|json| json.key("topK").raw(top_k.raw()));
        } else {
            json.key("top_k").raw(top_k.raw());
        }
    });
}

fn write_tools(root: &Members<'_>, fit: &mut Fit, json: &mut JsonText) {
    let mut offered = Vec::new();
    let listed = root.get("tools").into_iter().flat_map(|tools| tools.items());
    for (place, tool) in listed.enumerate() {
        match text(tool, "type").as_ref() {
            "" | "custom" => {
                unsaid(tool, &["name", "description", "input_schema"], &format!("tools[{place}]"), fit);
                offered.push(tool);
            }
            kind => fit.refuse(format_args!("tools[{place}]"), format!("it has no tool of type `{kind}`")),
        }
    }
    let choice = Choice::of(root, &offered, fit);
    if offered.is_empty() {
        return;
    }
    json.key("toolConfig").object(|json| {
        json.key("tools").array(|json| {
            for tool in &offered {
                write_tool(*tool, json);
                content::write_mark(*tool, fit, json);
            }
        });
        choice.write(json);
    });
}

fn write_tool(tool: View<'_>, json: &mut JsonText) {
    json.object(|json| {
        json.key("toolSpec").object(|json| {
            json.key("name").raw(raw(tool, "name", "\"\""));
            if has_filled(tool, "description") {
                json.key("description").raw(raw(tool, "description", "\"\""));
            }
            json.key("inputSchema").object(|json| {
                json.key("json").raw(raw(tool, "input_schema", r#"{"type":"object"}"#));
            });
        });
    });
}

/// Which tool must or may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice<'a> {
    /// Nothing is said of it.
    Unsaid,
    /// As the model likes.
    Auto,
    /// One of them.
    Any,
    /// That one; its name as JSON.
    Named(&'a str),
}

impl<'a> Choice<'a> {
    /// What the caller chose among the tools that are offered.
    fn of(root: &Members<'a>, offered: &[View<'_>], fit: &mut Fit) -> Self {
        let Some(choice) = root.get("tool_choice") else { return Self::Unsaid };
        let alone = choice.get("disable_parallel_tool_use").and_then(|one| one.boolean()) == Some(true);
        if alone && !offered.is_empty() {
            fit.refuse("parallel_tool_calls", "its models call as many tools at once as they like");
        }
        let name = text(choice, "name");
        let why = match text(choice, "type").as_ref() {
            "auto" => return Self::Auto,
            "any" if !offered.is_empty() => return Self::Any,
            "tool" if offered.iter().any(|tool| text(*tool, "name") == name) => {
                return Self::Named(raw(choice, "name", "\"\""));
            }
            "any" | "tool" => "there is no such tool to choose",
            "none" if offered.is_empty() => return Self::Unsaid,
            "none" => "its models may always call the tools they are given",
            _ => "it knows auto, any and one by name",
        };
        fit.refuse("tool_choice", why);
        Self::Unsaid
    }

    fn write(self, json: &mut JsonText) {
        let word = match self {
            Self::Unsaid => return,
            Self::Auto => "auto",
            Self::Any => "any",
            Self::Named(_) => "tool",
        };
        json.key("toolChoice").object(|json| {
            json.key(word).object(|json| {
                if let Self::Named(name) = self {
                    json.key("name").raw(name);
                }
            });
        });
    }
}

/// Members at the top that are not written.
fn account(root: &Members<'_>, fit: &mut Fit) {
    if root.get("thinking").is_some_and(|wish| text(wish, "type") != "disabled") {
        fit.refuse("reasoning_effort", "each family of its models is asked to think in words of its own");
    }
    let wishes = root.get("output_config").map(|config| config.opened()).unwrap_or_default();
    for (key, _) in wishes.iter().filter(|(_, wish)| !wish.is_null()) {
        match key.as_ref() {
            "format" => fit.refuse("response_format", "it has no word for it"),
            key => fit.refuse(format_args!("output_config.{key}"), "it has no word for it"),
        }
    }
    if root.get("metadata").is_some_and(|about| has_filled(about, "user_id")) {
        fit.drop("user");
    }
    // Either is what Bedrock does unasked.
    let usual = |tier: &View<'_>| matches!(tier.text().as_deref(), Some("auto" | "standard_only"));
    if root.get("service_tier").is_some_and(|tier| !usual(&tier)) {
        fit.drop("service_tier");
    }
    for key in ["anthropic_beta", "betas"] {
        if root.get(key).is_some_and(|names| names.items().next().is_some()) {
            fit.drop(key);
        }
    }
    let is_said = |key: &str| {
        SHAPED.contains(&key)
            || ACCOUNTED.contains(&key)
            || SETTINGS.iter().any(|(_, words)| words.contains(&key))
    };
    let rest = root.iter().filter(|(key, value)| !value.is_null() && !is_said(key));
    fit.leftovers(&rest.map(|(key, value)| (key.clone(), value.raw())).collect::<Vec<_>>());
}
