//! OpenAI's format: `/v1/chat/completions` whole or as a stream, and `/v1/models`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{Answer, Finish, Question, Tool, ToolChoice, pieces};
use super::fault::{Fault, Refusal, send_json, send_stream};
use super::{CREATED_S, FAULTS, MODELS};

/// `GET /v1/models`.
pub(super) async fn models() -> Json<Value> {
    let row = |id: &&str| json!({"id": id, "object": "model", "created": CREATED_S, "owned_by": "demo"});
    Json(json!({"object": "list", "data": MODELS.iter().chain(&FAULTS).map(row).collect::<Vec<_>>()}))
}

/// `POST /v1/chat/completions`.
pub(super) async fn chat(State(seed): State<u64>, body: Bytes) -> Response {
    match answered(seed, &body).await {
        Ok(response) => response.into_response(),
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
    let mut answer = question.answer(seed, &asked(&request));
    let head = Head { id: format!("chatcmpl-{}", answer.chance.id(29)), model: &request["model"] };
    if !stream {
        return Ok(send_json(completion(&head, &answer).to_string(), fault).await);
    }
    let with_usage =
        request.pointer("/stream_options/include_usage").and_then(Value::as_bool).unwrap_or(false);
    let failed = format!("data: {}\n\n", error(&Refusal::failed()));
    Ok(send_stream(frames(&head, &answer, with_usage), failed, fault).await)
}

/// What the answer follows from. Whether usage is wanted changes what is reported, never what is said.
fn asked(request: &Value) -> Vec<u8> {
    let mut request = request.clone();
    if let Some(members) = request.as_object_mut() {
        members.remove("stream_options");
    }
    request.to_string().into_bytes()
}

struct Head<'a> {
    id: String,
    model: &'a Value,
}

fn question(request: &Value) -> Result<Question, Refusal> {
    let model =
        request["model"].as_str().ok_or_else(|| Refusal::bad("you must provide a model parameter"))?;
    let short = model.strip_prefix("demo/").unwrap_or(model);
    let full = format!("demo/{short}");
    if !MODELS.contains(&full.as_str()) && Fault::named(short).is_none() {
        let message = format!("The model `{model}` does not exist or you do not have access to it.");
        return Err(Refusal::new(StatusCode::NOT_FOUND, message));
    }
    let messages = request["messages"].as_array().filter(|messages| !messages.is_empty());
    let messages =
        messages.ok_or_else(|| Refusal::bad("'messages' must be a list with at least one message."))?;
    let text = |message: &Value| text_of(&message["content"]);
    let asked = messages.iter().rposition(|message| message["role"] == "user");
    let after = &messages[asked.map_or(0, |at| at + 1)..];
    let tools: Vec<Tool> = request["tools"].as_array().into_iter().flatten().filter_map(tool).collect();
    let tokens_max = request["max_completion_tokens"].as_u64().or(request["max_tokens"].as_u64());
    Ok(Question {
        model: short.to_owned(),
        prompt: asked.map(|at| text(&messages[at])).unwrap_or_default(),
        results: after.iter().filter(|message| message["role"] == "tool").map(text).collect(),
        chars: messages.iter().map(|message| text(message).chars().count() + 12).sum::<usize>()
            + tools.iter().map(|tool| tool.name.len() + tool.schema.to_string().len()).sum::<usize>(),
        images: messages.iter().map(|message| images_in(&message["content"])).sum(),
        tools,
        tool_choice: tool_choice(&request["tool_choice"]),
        parallel: request["parallel_tool_calls"].as_bool().unwrap_or(true),
        schema: schema(&request["response_format"]),
        tokens_max: tokens_max.map(|most| usize::try_from(most).unwrap_or(usize::MAX / 8)),
    })
}

/// The text of a content: a string, or parts of which some are text.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

fn images_in(content: &Value) -> usize {
    content.as_array().map_or(0, |parts| parts.iter().filter(|part| part["type"] == "image_url").count())
}

fn tool(value: &Value) -> Option<Tool> {
    let function = value.get("function")?;
    Some(Tool { name: function["name"].as_str()?.to_owned(), schema: function["parameters"].clone() })
}

fn tool_choice(value: &Value) -> ToolChoice {
    match value.as_str() {
        Some("none") => ToolChoice::Never,
        Some("required") => ToolChoice::Any,
        Some(_) => ToolChoice::Auto,
        None => match value.pointer("/function/name").and_then(Value::as_str) {
            Some(name) => ToolChoice::Named(name.to_owned()),
            None => ToolChoice::Auto,
        },
    }
}

fn schema(format: &Value) -> Option<Value> {
    match format["type"].as_str()? {
        "json_schema" => format.pointer("/json_schema/schema").cloned(),
        "json_object" => Some(json!({})),
        _ => None,
    }
}

fn usage(answer: &Answer) -> Value {
    let tokens = &answer.tokens;
    let completion = tokens.text + tokens.reasoning;
    json!({
        "prompt_tokens": tokens.input,
        "completion_tokens": completion,
        "total_tokens": tokens.input + completion,
        "prompt_tokens_details": {"cached_tokens": tokens.cacheable, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": tokens.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

const fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
    }
}

fn completion(head: &Head<'_>, answer: &Answer) -> Value {
    let content = if answer.calls.is_empty() { json!(answer.text) } else { Value::Null };
    let mut message = json!({"role": "assistant", "content": content, "refusal": null, "annotations": []});
    if !answer.calls.is_empty() {
        let call = |call: &super::answer::ToolCall| {
            let function = json!({"name": call.name, "arguments": call.arguments.to_string()});
            json!({"id": format!("call_{}", call.id), "type": "function", "function": function})
        };
        message["tool_calls"] = answer.calls.iter().map(call).collect();
    }
    json!({
        "id": head.id,
        "object": "chat.completion",
        "created": CREATED_S,
        "model": head.model,
        "choices": [{
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": finish_reason(answer.finish),
        }],
        "usage": usage(answer),
        "service_tier": "default",
        "system_fingerprint": "fp_demo",
    })
}

/// The stream: role, pieces, finish, the usage if it was asked for, `[DONE]`. Without `include_usage` no chunk has the field;
/// with it every chunk has it, null but in the last.
fn frames(head: &Head<'_>, answer: &Answer, with_usage: bool) -> Vec<String> {
    let chunk = |choices: Value, usage: Value| {
        let mut chunk = json!({
            "id": head.id,
            "object": "chat.completion.chunk",
            "created": CREATED_S,
            "model": head.model,
            "service_tier": "default",
            "system_fingerprint": "fp_demo",
            "choices": choices,
        });
        if with_usage {
            chunk["usage"] = usage;
        }
        format!("data: {chunk}\n\n")
    };
    let step = |delta: Value, finish: Value| {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
        chunk(json!([choice]), Value::Null)
    };
    let content = if answer.calls.is_empty() { json!("") } else { Value::Null };
    let first = json!({"role": "assistant", "content": content, "refusal": null});
    let mut frames = vec![step(first, Value::Null)];
    frames.extend(deltas(answer).into_iter().map(|delta| step(delta, Value::Null)));
    frames.push(step(json!({}), json!(finish_reason(answer.finish))));
    if with_usage {
        frames.push(chunk(json!([]), usage(answer)));
    }
    frames.push("data: [DONE]\n\n".to_owned());
    frames
}

/// Text by words; each tool call as its head, then its arguments by pieces.
fn deltas(answer: &Answer) -> Vec<Value> {
    let mut deltas: Vec<Value> = pieces(&answer.text).map(|piece| json!({"content": piece})).collect();
    for (index, call) in answer.calls.iter().enumerate() {
        let function = json!({"name": call.name, "arguments": ""});
        let id = format!("call_{}", call.id);
        deltas.push(
            json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": function}]}),
        );
        let arguments = call.arguments.to_string();
        let part = |piece: &str| json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]});
        deltas.extend(pieces(&arguments).map(part));
    }
    deltas
}

fn error(refusal: &Refusal) -> Value {
    let (kind, code) = match refusal.status {
        StatusCode::TOO_MANY_REQUESTS => ("requests", json!("rate_limit_exceeded")),
        StatusCode::NOT_FOUND => ("invalid_request_error", json!("model_not_found")),
        StatusCode::BAD_REQUEST => ("invalid_request_error", Value::Null),
        _ => ("server_error", Value::Null),
    };
    json!({"error": {"message": refusal.message, "type": kind, "param": null, "code": code}})
}
