//! A request: Anthropic's messages in Converse's words. Values stay as they were written; what Converse has no word for is
//! refused by its name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::{error::WireError, json::View};

/// Members that say how a request is addressed, paid for or watched, not what is asked.
const HINTS: [&str; 10] = [
    "model",
    "stream",
    "metadata",
    "service_tier",
    "anthropic_version",
    "anthropic_beta",
    "betas",
    "context_management",
    "inference_geo",
    "cache_control",
];

/// Members that are written.
const SAID: [&str; 9] = [
    "messages",
    "system",
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
    "tools",
    "tool_choice",
];

/// The mark of a place to cache up to.
const CACHE_POINT: &str = r#"{"cachePoint":{"type":"default"}}"#;

/// JSON text on its way.
type Told = Result<String, WireError>;

/// The request as Converse takes it; the model and the wish for events stand in its address.
///
/// # Errors
///
/// When the body is no sound JSON object, or says what Converse cannot.
pub(crate) fn write_request(body: &[u8]) -> Result<Bytes, WireError> {
    let root = View::of_object(body)?;
    refuse_unknown(root)?;
    let model = text(root, "model");
    let mut members = vec![format!("\"messages\":{}", messages(root)?)];
    if let Some(system) =
        root.get("system").filter(|system| !system.is_text() || system.filled_text().is_some())
    {
        members.push(format!("\"system\":{}", blocks(system)?));
    }
    members.push(format!("\"inferenceConfig\":{}", sampling(root)));
    members.extend(tools(root)?.map(|tools| format!("\"toolConfig\":{tools}")));
    members.extend(root.get("top_k").map(|top_k| {
        let top_k = top_k.raw();
        let own = if model.contains("amazon.nova") {
            format!("{{\"inferenceConfig\":{{\"topK\":{top_k}}}}}")
        } else {
            format!("{{\"top_k\":{top_k}}}")
        };
        format!("\"additionalModelRequestFields\":{own}")
    }));
    Ok(format!("{{{}}}", members.join(",")).into())
}

fn unsaid<T>(what: impl Into<String>) -> Result<T, WireError> {
    Err(WireError::Unsaid { what: what.into() })
}

fn refuse_unknown(root: View<'_>) -> Result<(), WireError> {
    for (key, value) in root.members().filter(|(_, value)| !value.is_null()) {
        let off = key == "thinking" && text(value, "type") == "disabled";
        if !off && !HINTS.contains(&key.as_ref()) && !SAID.contains(&key.as_ref()) {
            return unsaid(key);
        }
    }
    Ok(())
}

/// A member's text; empty where it has none.
fn text(view: View<'_>, key: &str) -> String {
    view.get(key).and_then(|found| found.text()).unwrap_or_default().into_owned()
}

/// A member as it was written.
fn raw<'a>(view: View<'a>, key: &str, absent: &'a str) -> &'a str {
    view.get(key).map_or(absent, |found| found.raw())
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn list(of: &[String]) -> String {
    format!("[{}]", of.join(","))
}

fn sampling(root: View<'_>) -> String {
    let names = [
        ("max_tokens", "maxTokens"),
        ("temperature", "temperature"),
        ("top_p", "topP"),
        ("stop_sequences", "stopSequences"),
    ];
    let member = |(from, to): (&str, &str)| Some(format!("\"{to}\":{}", root.get(from)?.raw()));
    format!("{{{}}}", names.into_iter().filter_map(member).collect::<Vec<_>>().join(","))
}

fn messages(root: View<'_>) -> Told {
    let said = root.get("messages").ok_or(WireError::Missing { name: "messages" })?;
    let mut found = Vec::new();
    for message in said.items() {
        let content = message.get("content").ok_or(WireError::Missing { name: "content" })?;
        found.push(format!(
            "{{\"role\":{},\"content\":{}}}",
            raw(message, "role", "\"user\""),
            blocks(content)?
        ));
    }
    Ok(list(&found))
}

/// Content: one text, or blocks, each followed by its mark. An empty text is refused there, and says nothing.
fn blocks(content: View<'_>) -> Told {
    if content.is_text() {
        let told = content.filled_text().map(|_| format!("{{\"text\":{}}}", content.raw()));
        return Ok(list(told.as_slice()));
    }
    let mut found = Vec::new();
    for (place, one) in content.items().enumerate() {
        let Some(told) = block(one, place)? else { continue };
        found.push(told);
        if one.get("cache_control").is_some() {
            found.push(CACHE_POINT.to_owned());
        }
    }
    Ok(list(&found))
}

/// A block; nothing for an empty text, and for a thought that nobody vouches for, which is not taken back.
fn block(one: View<'_>, place: usize) -> Result<Option<String>, WireError> {
    Ok(Some(match text(one, "type").as_str() {
        "text" if text(one, "text").is_empty() => return Ok(None),
        "text" => format!("{{\"text\":{}}}", raw(one, "text", "\"\"")),
        "image" => media(one, "image", place)?,
        "document" => media(one, "document", place)?,
        "tool_use" => format!(
            "{{\"toolUse\":{{\"toolUseId\":{},\"name\":{},\"input\":{}}}}}",
            raw(one, "id", "\"\""),
            raw(one, "name", "\"\""),
            raw(one, "input", "{}")
        ),
        "tool_result" => result(one)?,
        "thinking" if text(one, "signature").is_empty() => return Ok(None),
        "thinking" => format!(
            "{{\"reasoningContent\":{{\"reasoningText\":{{\"text\":{},\"signature\":{}}}}}}}",
            raw(one, "thinking", "\"\""),
            raw(one, "signature", "\"\"")
        ),
        "redacted_thinking" => {
            format!("{{\"reasoningContent\":{{\"redactedContent\":{}}}}}", raw(one, "data", "\"\""))
        }
        kind => return unsaid(format!("content of type {kind}")),
    }))
}

fn result(one: View<'_>) -> Told {
    let content = one.get("content").map_or(Ok("[]".to_owned()), blocks)?;
    let failed = one.get("is_error").and_then(|failed| failed.boolean()) == Some(true);
    let status = if failed { ",\"status\":\"error\"" } else { "" };
    let id = raw(one, "tool_use_id", "\"\"");
    Ok(format!("{{\"toolResult\":{{\"toolUseId\":{id},\"content\":{content}{status}}}}}"))
}

/// A picture or document: its bytes must be in the body. A document has a name, in few characters.
fn media(one: View<'_>, kind: &str, place: usize) -> Told {
    let source = one.get("source").ok_or(WireError::Missing { name: "source" })?;
    let bytes = match text(source, "type").as_str() {
        "base64" => raw(source, "data", "\"\"").to_owned(),
        "text" => quoted(&STANDARD.encode(text(source, "data"))),
        other => return unsaid(format!("{kind} from {other}")),
    };
    let media_type = text(source, "media_type");
    let format = match media_type.rsplit('/').next().unwrap_or_default() {
        "jpg" => "jpeg",
        "plain" => "txt",
        "markdown" => "md",
        named => named,
    };
    let name = if kind == "document" {
        let plain = |one: &char| one.is_ascii_alphanumeric() || *one == '-';
        let title: String = text(one, "title").chars().filter(plain).take(150).collect();
        format!("\"name\":{},", quoted(format!("{title}-{}", place + 1).trim_start_matches('-')))
    } else {
        String::new()
    };
    Ok(format!("{{\"{kind}\":{{\"format\":{},{name}\"source\":{{\"bytes\":{bytes}}}}}}}", quoted(format)))
}

fn tools(root: View<'_>) -> Result<Option<String>, WireError> {
    let mut found = Vec::new();
    for tool in root.get("tools").into_iter().flat_map(|tools| tools.items()) {
        if !matches!(text(tool, "type").as_str(), "" | "custom") {
            return unsaid(format!("a tool of type {}", text(tool, "type")));
        }
        let about = tool.get("description").filter(|about| about.filled_text().is_some());
        let about = about.map_or(String::new(), |about| format!("\"description\":{},", about.raw()));
        let (name, schema) = (raw(tool, "name", "\"\""), raw(tool, "input_schema", "{\"type\":\"object\"}"));
        found.push(format!(
            "{{\"toolSpec\":{{\"name\":{name},{about}\"inputSchema\":{{\"json\":{schema}}}}}}}"
        ));
        if tool.get("cache_control").is_some() {
            found.push(CACHE_POINT.to_owned());
        }
    }
    if found.is_empty() {
        return Ok(None);
    }
    let choice = choice(root)?.map_or(String::new(), |choice| format!(",\"toolChoice\":{choice}"));
    Ok(Some(format!("{{\"tools\":{}{choice}}}", list(&found))))
}

fn choice(root: View<'_>) -> Result<Option<String>, WireError> {
    let Some(choice) = root.get("tool_choice") else { return Ok(None) };
    if choice.get("disable_parallel_tool_use").and_then(|one| one.boolean()) == Some(true) {
        return unsaid("tool_choice.disable_parallel_tool_use");
    }
    Ok(Some(match text(choice, "type").as_str() {
        "auto" => "{\"auto\":{}}".to_owned(),
        "any" => "{\"any\":{}}".to_owned(),
        "tool" => format!("{{\"tool\":{{\"name\":{}}}}}", raw(choice, "name", "\"\"")),
        kind => return unsaid(format!("tool_choice {kind}")),
    }))
}
