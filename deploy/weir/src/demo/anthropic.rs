//! Anthropic's format: `/v1/messages`, whole or as a stream.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};

use super::MODELS;
use super::answer::{Answer, Finish, Question, Tool, ToolChoice, pieces};
use super::fault::{Fault, Refusal, send_json, send_stream};

/// `POST /v1/messages`.
pub(super) async fn messages(State(seed): State<u64>, body: Bytes) -> Response {
    match answered(seed, &body).await {
        Ok(response) => response,
        Err(refusal) => refusal.response(error(&refusal).to_string()),
    }
}

async fn answered(seed: u64, body: &Bytes) -> Result<Response, Refusal> {
    let request: Value = serde_json::from_slice(body)
        .map_err(|wrong| Refusal::bad(format!("The body is not JSON: {wrong}.")))?;
    let stream = request["stream"].as_bool().unwrap_or(false);
    let question = question(&request)?;
    let fault = Fault::named(&question.model);
    if let Some(refusal) = fault.and_then(|fault| fault.refusal(stream)) {
        return Err(refusal);
    }
    let mut answer = question.answer(seed, body);
    let message = message(&request, &mut answer);
    if !stream {
        return Ok(send_json(message.to_string(), fault).await);
    }
    let failed = event(&error(&Refusal::failed()));
    Ok(send_stream(frames(&message), failed, fault).await)
}

fn question(request: &Value) -> Result<Question, Refusal> {
    let model = request["model"].as_str().ok_or_else(|| Refusal::bad("model: Field required"))?;
    let short = model.strip_prefix("demo/").unwrap_or(model);
    let full = format!("demo/{short}");
    if !MODELS.contains(&full.as_str()) && Fault::named(short).is_none() {
        return Err(Refusal::new(StatusCode::NOT_FOUND, format!("model: {model}")));
    }
    let tokens_max =
        request["max_tokens"].as_u64().ok_or_else(|| Refusal::bad("max_tokens: Field required"))?;
    let messages = request["messages"].as_array().filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| Refusal::bad("messages: at least one message is required"))?;
    let last = &messages[messages.len() - 1]["content"];
    let asked =
        messages.iter().rev().find(|message| message["role"] == "user" && has_text(&message["content"]));
    let tools: Vec<Tool> = request["tools"].as_array().into_iter().flatten().filter_map(tool).collect();
    let schema = request.pointer("/output_config/format/schema").or(request.pointer("/output_format/schema"));
    Ok(Question {
        model: short.to_owned(),
        prompt: asked.map(|message| text_of(&message["content"])).unwrap_or_default(),
        results: parts(last, "tool_result").map(|part| text_of(&part["content"])).collect(),
        chars: text_of(&request["system"]).chars().count()
            + messages.iter().map(|message| text_of(&message["content"]).chars().count() + 12).sum::<usize>()
            + tools.iter().map(|tool| tool.name.len() + tool.schema.to_string().len()).sum::<usize>(),
        images: messages.iter().map(|message| parts(&message["content"], "image").count()).sum(),
        tools,
        tool_choice: tool_choice(&request["tool_choice"]),
        parallel: !request
            .pointer("/tool_choice/disable_parallel_tool_use")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        schema: schema.cloned(),
        tokens_max: Some(usize::try_from(tokens_max).unwrap_or(usize::MAX).min(usize::MAX / 8)),
    })
}

fn parts<'a>(content: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    content.as_array().into_iter().flatten().filter(move |part| part["type"] == kind)
}

fn has_text(content: &Value) -> bool {
    content.is_string() || parts(content, "text").next().is_some()
}

fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        _ => parts(content, "text").filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n"),
    }
}

fn tool(value: &Value) -> Option<Tool> {
    Some(Tool { name: value["name"].as_str()?.to_owned(), schema: value.get("input_schema")?.clone() })
}

fn tool_choice(value: &Value) -> ToolChoice {
    match value["type"].as_str() {
        Some("none") => ToolChoice::Never,
        Some("any") => ToolChoice::Any,
        Some("tool") => ToolChoice::Named(value["name"].as_str().unwrap_or_default().to_owned()),
        _ => ToolChoice::Auto,
    }
}

/// The whole answer. A stream is this, told in events.
fn message(request: &Value, answer: &mut Answer) -> Value {
    let mut content = Vec::new();
    if answer.tokens.reasoning > 0
        && matches!(request.pointer("/thinking/type"), Some(kind) if kind != "disabled")
    {
        let thinking = "The question is short, so one clear point and one next step should be enough.";
        content.push(json!({"type": "thinking", "thinking": thinking, "signature": answer.chance.id(64)}));
    }
    if answer.calls.is_empty() {
        content.push(json!({"type": "text", "text": answer.text}));
    }
    content.extend(answer.calls.iter().map(|call| {
        json!({"type": "tool_use", "id": format!("toolu_{}", call.id), "name": call.name, "input": call.arguments})
    }));
    json!({
        "id": format!("msg_{}", answer.chance.id(24)),
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": content,
        "stop_reason": match answer.finish {
            Finish::Stop => "end_turn",
            Finish::Length => "max_tokens",
            Finish::ToolCalls => "tool_use",
        },
        "stop_sequence": null,
        "usage": usage(request, answer),
    })
}

/// Cached tokens only when the request marks something for the cache; written on some bodies, read on others.
fn usage(request: &Value, answer: &mut Answer) -> Value {
    let marked = marks_cache(request);
    let cached = if marked.is_some() { answer.tokens.cacheable } else { 0 };
    let (read, written) = if answer.chance.below(2) == 0 { (cached, 0) } else { (0, cached) };
    let (minutes, hour) = if marked == Some("1h") { (0, written) } else { (written, 0) };
    json!({
        "input_tokens": answer.tokens.input - cached,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": minutes, "ephemeral_1h_input_tokens": hour},
        "output_tokens": answer.tokens.text + answer.tokens.reasoning,
        "service_tier": "standard",
    })
}

/// The lifetime of the first `cache_control` anywhere in the request.
fn marks_cache(value: &Value) -> Option<&str> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("cache_control").filter(|mark| mark.is_object());
            let own = own.map(|mark| mark["ttl"].as_str().unwrap_or("5m"));
            own.or_else(|| fields.values().find_map(marks_cache))
        }
        Value::Array(items) => items.iter().find_map(marks_cache),
        _ => None,
    }
}

fn frames(message: &Value) -> Vec<String> {
    let mut start = message.clone();
    start["content"] = json!([]);
    start["stop_reason"] = Value::Null;
    start["usage"]["output_tokens"] = json!(1);
    let mut frames = vec![event(&json!({"type": "message_start", "message": start}))];
    for (index, block) in message["content"].as_array().into_iter().flatten().enumerate() {
        let (opening, deltas) = told(block);
        frames.push(event(&json!({"type": "content_block_start", "index": index, "content_block": opening})));
        if index == 0 {
            frames.push(event(&json!({"type": "ping"})));
        }
        let delta =
            |delta: &Value| event(&json!({"type": "content_block_delta", "index": index, "delta": delta}));
        frames.extend(deltas.iter().map(delta));
        frames.push(event(&json!({"type": "content_block_stop", "index": index})));
    }
    let usage = &message["usage"];
    frames.push(event(&json!({
        "type": "message_delta",
        "delta": {"stop_reason": message["stop_reason"], "stop_sequence": null},
        "usage": {
            "input_tokens": usage["input_tokens"],
            "cache_creation_input_tokens": usage["cache_creation_input_tokens"],
            "cache_read_input_tokens": usage["cache_read_input_tokens"],
            "output_tokens": usage["output_tokens"],
        },
    })));
    frames.push(event(&json!({"type": "message_stop"})));
    frames
}

/// A block as it opens, empty, and the deltas that fill it.
fn told(block: &Value) -> (Value, Vec<Value>) {
    let text = |field: &str| block[field].as_str().unwrap_or_default().to_owned();
    match block["type"].as_str() {
        Some("thinking") => {
            let mut deltas: Vec<Value> = pieces(&text("thinking"))
                .map(|piece| json!({"type": "thinking_delta", "thinking": piece}))
                .collect();
            deltas.push(json!({"type": "signature_delta", "signature": block["signature"]}));
            (json!({"type": "thinking", "thinking": "", "signature": ""}), deltas)
        }
        Some("tool_use") => {
            let input = block["input"].to_string();
            let first = std::iter::once("");
            let delta = |piece| json!({"type": "input_json_delta", "partial_json": piece});
            let opening = json!({"type": "tool_use", "id": block["id"], "name": block["name"], "input": {}});
            (opening, first.chain(pieces(&input)).map(delta).collect())
        }
        _ => {
            let delta = |piece| json!({"type": "text_delta", "text": piece});
            (json!({"type": "text", "text": ""}), pieces(&text("text")).map(delta).collect())
        }
    }
}

/// One event; its name is its type.
fn event(data: &Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or("message"))
}

fn error(refusal: &Refusal) -> Value {
    let kind = match refusal.status {
        StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
        StatusCode::NOT_FOUND => "not_found_error",
        StatusCode::BAD_REQUEST => "invalid_request_error",
        _ => "api_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": refusal.message}, "request_id": "req_demo"})
}
