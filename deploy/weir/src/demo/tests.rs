//! Promises of the demo provider, kept through its own URLs.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

async fn ask(path: &str, body: &Value) -> (StatusCode, String) {
    let request = Request::post(path).body(Body::from(body.to_string())).unwrap();
    let response = router(7).oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn ask_json(path: &str, body: &Value) -> Value {
    let (status, text) = ask(path, body).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    serde_json::from_str(&text).unwrap()
}

fn events(stream: &str) -> Vec<Value> {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

fn chat(prompt: &str) -> Value {
    json!({"model": "demo/fast", "messages": [{"role": "user", "content": prompt}]})
}

fn with(mut body: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("fields") };
    body.as_object_mut().unwrap().extend(more);
    body
}

fn weather_tool() -> Value {
    let parameters =
        json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!([{"type": "function", "function": {"name": "get_weather", "parameters": parameters}}])
}

#[tokio::test]
async fn the_same_seed_and_body_give_the_same_bytes() {
    let body = chat("Why is the sky blue?");
    assert_eq!(ask(CHAT, &body).await, ask(CHAT, &body).await);
    let other =
        router(8).oneshot(Request::post(CHAT).body(Body::from(body.to_string())).unwrap()).await.unwrap();
    let other = other.into_body().collect().await.unwrap().to_bytes();
    assert_ne!(ask(CHAT, &body).await.1.as_bytes(), &other[..]);
}

#[tokio::test]
async fn a_stream_says_what_the_whole_answer_says() {
    let stream = |body: Value| with(body, json!({"stream": true}));
    let (_, text) = ask(CHAT, &stream(chat("Hello there"))).await;
    let said: String =
        events(&text).iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(said, ask_json(CHAT, &chat("Hello there")).await["choices"][0]["message"]["content"]);
    assert!(text.ends_with("data: [DONE]\n\n"));

    let ours = with(chat("Hello there"), json!({"max_tokens": 100}));
    let (_, text) = ask(MESSAGES, &stream(ours.clone())).await;
    let said: String = events(&text).iter().filter_map(|event| event["delta"]["text"].as_str()).collect();
    assert_eq!(said, ask_json(MESSAGES, &ours).await["content"][0]["text"]);
}

#[tokio::test]
async fn usage_is_in_a_stream_only_when_it_was_asked_for() {
    let streamed = with(chat("Hello"), json!({"stream": true}));
    assert!(!ask(CHAT, &streamed).await.1.contains("usage"));
    let asked = with(streamed, json!({"stream_options": {"include_usage": true}}));
    let chunks = events(&ask(CHAT, &asked).await.1);
    let (last, before) = chunks.split_last().unwrap();
    assert!(before.iter().all(|chunk| chunk["usage"].is_null() && chunk.get("usage").is_some()));
    assert_eq!(last["choices"], json!([]));
    assert!(last["usage"]["total_tokens"].as_u64() > Some(0));
}

#[tokio::test]
async fn two_cities_are_two_tool_calls_unless_the_client_wants_one_at_a_time() {
    let body = with(chat("Weather in Paris and Oslo?"), json!({"tools": weather_tool()}));
    let choice = &ask_json(CHAT, &body).await["choices"][0];
    let calls = choice["message"]["tool_calls"].as_array().unwrap();
    let cities: Vec<&str> =
        calls.iter().map(|call| call["function"]["arguments"].as_str().unwrap()).collect();
    assert_eq!(cities, [r#"{"city":"Paris"}"#, r#"{"city":"Oslo"}"#]);
    assert_eq!(choice["finish_reason"], "tool_calls");
    let single = ask_json(CHAT, &with(body, json!({"parallel_tool_calls": false}))).await;
    assert_eq!(single["choices"][0]["message"]["tool_calls"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn tools_are_called_in_anthropics_format_and_their_results_end_the_turn() {
    let schema = json!({"type": "object", "properties": {"location": {"type": "string"}}});
    let tools = json!([{"name": "get_weather", "input_schema": schema}]);
    let mut body = with(chat("weather in Rome"), json!({"max_tokens": 64, "tools": tools}));
    let first = ask_json(MESSAGES, &body).await;
    assert_eq!(
        (&first["stop_reason"], &first["content"][0]["input"]),
        (&json!("tool_use"), &json!({"location": "Rome"}))
    );
    let (_, stream) = ask(MESSAGES, &with(body.clone(), json!({"stream": true}))).await;
    let json: String =
        events(&stream).iter().filter_map(|event| event["delta"]["partial_json"].as_str()).collect();
    assert_eq!(json, r#"{"location":"Rome"}"#);

    let result = json!([{"type": "tool_result", "tool_use_id": "t", "content": "21 degrees"}]);
    body["messages"].as_array_mut().unwrap().push(json!({"role": "user", "content": result}));
    let second = ask_json(MESSAGES, &body).await;
    assert_eq!(second["stop_reason"], "end_turn");
}

#[tokio::test]
async fn a_schema_is_answered_with_an_instance_of_it() {
    let schema =
        json!({"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "trip", "schema": schema}});
    let answer = ask_json(CHAT, &with(chat("A trip to Tokyo"), json!({"response_format": format}))).await;
    let content = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(content).unwrap(), json!({"city": "Tokyo", "days": 42}));
}

#[tokio::test]
async fn tokens_are_cut_at_the_limit_pictures_and_reasoning_are_counted() {
    let short = ask_json(CHAT, &with(chat("Tell me more"), json!({"max_tokens": 3}))).await;
    assert_eq!(
        (&short["choices"][0]["finish_reason"], &short["usage"]["completion_tokens"]),
        (&json!("length"), &json!(3))
    );

    let picture = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}});
    let messages = json!([{"role": "user", "content": [{"type": "text", "text": "What is this?"}, picture]}]);
    let seen = ask_json(CHAT, &json!({"model": "demo/reasoner", "messages": messages})).await;
    assert!(seen["choices"][0]["message"]["content"].as_str().unwrap().contains("dam"));
    assert!(seen["usage"]["prompt_tokens"].as_u64() > Some(85));
    assert!(seen["usage"]["completion_tokens_details"]["reasoning_tokens"].as_u64() >= Some(64));
}

#[tokio::test]
async fn anthropics_cache_buckets_and_the_rest_add_up() {
    let text = json!([{"type": "text", "text": "word ".repeat(2000), "cache_control": {"type": "ephemeral", "ttl": "1h"}}]);
    let body =
        json!({"model": "demo/smart", "max_tokens": 10, "messages": [{"role": "user", "content": text}]});
    let usage = &ask_json(MESSAGES, &body).await["usage"];
    let tokens = |field: &str| usage[field].as_u64().unwrap();
    let cached = tokens("cache_read_input_tokens") + tokens("cache_creation_input_tokens");
    assert_eq!((cached, tokens("input_tokens") + cached), (1152, 2503));
    assert_eq!(usage["cache_creation"]["ephemeral_5m_input_tokens"], 0);
}

#[tokio::test]
async fn refusals_have_the_shape_of_the_format_and_say_when_to_come_back() {
    for (path, pointer) in [(CHAT, "/error/code"), (MESSAGES, "/error/type")] {
        let body = with(chat("x"), json!({"model": "demo/429", "max_tokens": 1}));
        let request = Request::post(path).body(Body::from(body.to_string())).unwrap();
        let response = router(7).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let error: Value = serde_json::from_slice(&bytes).unwrap();
        assert!(error.pointer(pointer).unwrap().as_str().unwrap().starts_with("rate_limit"));
    }
    assert_eq!(
        ask(CHAT, &with(chat("x"), json!({"model": "demo/500"}))).await.0,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    assert_eq!(ask(CHAT, &with(chat("x"), json!({"model": "gpt-4o"}))).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(MESSAGES, &chat("no limit")).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_cut_answer_breaks_after_its_first_half_and_a_failing_stream_says_so() {
    for streamed in [true, false] {
        let body = with(chat("x"), json!({"model": "demo/cut", "stream": streamed}));
        let request = Request::post(CHAT).body(Body::from(body.to_string())).unwrap();
        let mut body = router(7).oneshot(request).await.unwrap().into_body();
        assert!(body.frame().await.unwrap().is_ok());
        assert!(body.collect().await.is_err());
    }
    for path in [CHAT, MESSAGES] {
        let body =
            with(chat("x"), json!({"model": "demo/error-in-stream", "stream": true, "max_tokens": 50}));
        let last = events(&ask(path, &body).await.1).pop().unwrap();
        assert!(last["error"]["message"].as_str().unwrap().contains("error"));
    }
}

#[test]
fn the_slow_model_waits_as_long_as_its_name_says() {
    let delay = |model| fault::Fault::named(model);
    assert_eq!(delay("slow-250"), Some(fault::Fault::Slow(Duration::from_millis(250))));
    assert_eq!(delay("slow"), Some(fault::Fault::Slow(Duration::from_secs(2))));
    assert_eq!(delay("slow-ly"), None);
}
