//! Hosts that serve a known format in a wrapping of their own.

use serde_json::{Value, json};
use weir_contract::policy::snapshot::AuthStyle;
use weir_contract::policy::{Content, TargetEntry};

use super::Story;
use super::provider::Reply;
use crate::sample;
use crate::upstream::host::framed;

const MODEL: &str = "anthropic.claude-x-v1:0";

/// Both models are served in that format by that host.
pub(super) fn hosted(content: &mut Content, provider: &str, dialect: &str) {
    hosted_below(content, provider, dialect, "");
}

/// The same with a base URL that goes on so behind the host.
fn hosted_below(content: &mut Content, provider: &str, dialect: &str, below: &str) {
    let base = content.endpoints[0].base_url.replace("/v1", below);
    let mut endpoint = sample::endpoint("ep_3", dialect, &base);
    endpoint.provider = provider.to_owned();
    if provider == "bedrock" {
        endpoint.auth = AuthStyle::Bearer;
    }
    content.endpoints.push(endpoint);
    for model in &mut content.models {
        model.targets = vec![TargetEntry { endpoint: "ep_3".into(), upstream_model: MODEL.to_owned() }];
    }
}

fn chunk(event: &str) -> Vec<u8> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.encode(event);
    framed(&[(":message-type", "event"), (":event-type", "chunk")], &json!({"bytes": bytes}).to_string())
}

/// An answer in Bedrock's framing, cut where no message ends.
fn stream() -> Vec<Vec<u8>> {
    let whole = [
        chunk(r#"{"type":"message_start","message":{"id":"m","model":"claude-x","usage":{"input_tokens":10,"output_tokens":1}}}"#),
        chunk(r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#),
        chunk(r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"High."}}"#),
        chunk(r#"{"type":"content_block_stop","index":0}"#),
        chunk(r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}"#),
        chunk(r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":10}}"#),
    ]
    .concat();
    whole.chunks(100).map(<[u8]>::to_vec).collect()
}

const FRAMED: &str = "application/vnd.amazon.eventstream";

#[tokio::test]
async fn bedrocks_stream_reaches_clients_of_either_format() {
    let story = Story::begin_with(|content| hosted(content, "bedrock", "anthropic")).await;
    story.provider.will(Reply::Bytes(FRAMED, stream()));
    let ask =
        r#"{"model":"claude","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let answered = story.post("/v1/messages", &[("anthropic-beta", "b1")], ask).await;
    let seen = story.provider.seen().remove(0);
    assert_eq!(seen.path, "/model/anthropic.claude-x-v1%3A0/invoke-with-response-stream");
    assert_eq!(
        seen.body,
        r#"{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["b1"],"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#
    );
    assert!(!seen.headers.contains_key("anthropic-version") && !seen.headers.contains_key("anthropic-beta"));
    assert!(answered.header("content-type").starts_with("text/event-stream"));
    assert!(answered.body.starts_with("event: message_start\ndata: {"), "{}", answered.body);
    assert_eq!(answered.body.matches("event: message_stop").count(), 1);

    story.provider.will(Reply::Bytes(FRAMED, stream()));
    let ask = r#"{"model":"gpt","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let answered = story.post("/v1/chat/completions", &[], ask).await;
    assert!(answered.body.contains(r#""content":"High.""#), "{}", answered.body);
    assert!(answered.body.ends_with("data: [DONE]\n\n"), "{}", answered.body);
    assert_eq!(story.books().await.iter().map(|line| line.requests).sum::<u64>(), 2);
}

/// An answer in Converse's events.
fn conversed() -> Vec<Vec<u8>> {
    let event =
        |kind: &str, payload: &str| framed(&[(":message-type", "event"), (":event-type", kind)], payload);
    let whole = [
        event("messageStart", r#"{"role":"assistant"}"#),
        event("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"High."}}"#),
        event("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        event("messageStop", r#"{"stopReason":"end_turn"}"#),
        event("metadata", r#"{"usage":{"inputTokens":10,"outputTokens":2,"totalTokens":12},"metrics":{}}"#),
    ]
    .concat();
    whole.chunks(100).map(<[u8]>::to_vec).collect()
}

#[tokio::test]
async fn bedrocks_other_models_are_reached_by_converse_from_either_format() {
    let story = Story::begin_with(conversing).await;
    let ask =
        r#"{"model":"claude","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    story.provider.will(Reply::Bytes(FRAMED, conversed()));
    let answered = story.post("/v1/messages", &[("anthropic-beta", "b1")], ask).await;
    let seen = story.provider.seen().remove(0);
    assert_eq!(seen.path, "/model/us.amazon.nova-lite-v1%3A0/converse-stream");
    assert_eq!(
        seen.body,
        r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":9}}"#
    );
    assert!(!seen.headers.contains_key("anthropic-version") && !seen.headers.contains_key("anthropic-beta"));
    assert!(answered.body.starts_with("event: message_start\ndata: {"), "{}", answered.body);
    assert_eq!(answered.body.matches("event: message_stop").count(), 1);
    assert_eq!(answered.header("x-weir-dropped"), "anthropic-beta");

    story.provider.will(Reply::Bytes(FRAMED, conversed()));
    let answered = story.post("/v1/chat/completions", &[], &ask.replace("claude", "gpt")).await;
    assert!(answered.body.contains(r#""content":"High.""#), "{}", answered.body);
    assert!(answered.body.ends_with("data: [DONE]\n\n"), "{}", answered.body);

    let ask = ask.replace(r#","stream":true"#, "");
    story.provider.will(Reply::Json(200, TOLD));
    let answered = story.post("/v1/messages", &[], &ask).await;
    let message: Value = serde_json::from_str(&answered.body).unwrap();
    assert_eq!(
        (&message["content"][0]["text"], &message["usage"]["input_tokens"]),
        (&json!("yo"), &json!(10))
    );
    story.provider.will(Reply::Json(200, TOLD));
    let answered = story.post("/v1/chat/completions", &[], &ask.replace("claude", "gpt")).await;
    assert!(answered.body.contains(r#""content":"yo""#), "{}", answered.body);
    assert_eq!(story.books().await.iter().map(|line| line.requests).sum::<u64>(), 4);
}

/// Both models are asked by Converse.
fn conversing(content: &mut Content) {
    hosted(content, "bedrock", "anthropic");
    for model in &mut content.models {
        model.targets[0].upstream_model = "us.amazon.nova-lite-v1:0".to_owned();
    }
}

const TOLD: &str = r#"{"output":{"message":{"role":"assistant","content":[{"text":"yo"}]}},"stopReason":"end_turn","usage":{"inputTokens":10,"outputTokens":2,"totalTokens":12}}"#;

#[tokio::test]
async fn what_converse_cannot_be_told_is_refused_by_name_or_left_out_where_that_is_agreed() {
    let story = Story::begin_with(conversing).await;
    let ask = r#"{"model":"claude","max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":2000},"messages":[{"role":"user","content":"hi"}]}"#;
    let refused = story.post("/v1/messages", &[], ask).await;
    let told = refused.json();
    assert_eq!((refused.status.as_u16(), &told["error"]["param"]), (400, &json!("thinking")), "{told}");
    assert_eq!(told["error"]["code"], "unsupported_parameter");
    assert!(story.provider.seen().is_empty());

    let agreed = [("x-weir-drop-unsupported", "true"), ("anthropic-beta", "b1")];
    story.provider.will(Reply::Json(200, TOLD));
    let answered = story.post("/v1/messages", &agreed, ask).await;
    let lost = answered.header("x-weir-dropped");
    assert_eq!((answered.status.as_u16(), lost), (200, "thinking,anthropic-beta"));
    let seen = story.provider.seen().remove(0);
    assert_eq!(seen.path, "/model/us.amazon.nova-lite-v1%3A0/converse");
    assert!(!seen.body.contains("thinking") && !seen.headers.contains_key("anthropic-beta"), "{}", seen.body);
    story.provider.will(Reply::Bytes(FRAMED, conversed()));
    let streamed = story.post("/v1/messages", &agreed, &ask.replacen('{', "{\"stream\":true,", 1)).await;
    assert_eq!(streamed.header("x-weir-dropped"), "thinking,anthropic-beta");
    assert!(streamed.body.contains("High."), "{}", streamed.body);

    let ask = r#"{"model":"gpt","parallel_tool_calls":false,"user":"u","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f","parameters":{}}}]}"#;
    let refused = story.post("/v1/chat/completions", &[], ask).await;
    assert_eq!(refused.json()["error"]["param"], "parallel_tool_calls", "in the caller's word");
    story.provider.will(Reply::Json(200, TOLD));
    let answered = story.post("/v1/chat/completions", &agreed[..1], ask).await;
    assert_eq!(answered.header("x-weir-dropped"), "user,parallel_tool_calls");
}

#[tokio::test]
async fn what_converse_cannot_be_told_is_asked_of_the_next_target() {
    let story = Story::begin_with(|content| {
        let direct = content.models[1].targets[0].clone();
        conversing(content);
        content.models[1].targets.push(direct);
    })
    .await;
    let plain = r#"{"model":"claude","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
    let pictured = r#"{"model":"claude","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://h/p.png"}}]}]}"#;
    for (ask, headers, reply, path) in [
        (plain, &[][..], TOLD, "/model/us.amazon.nova-lite-v1%3A0/converse"),
        (pictured, &[], MESSAGE, "/v1/messages"),
        (
            &pictured.replacen("[{\"type\"", "[{\"type\":\"text\",\"text\":\"See.\"},{\"type\"", 1),
            &[("x-weir-drop-unsupported", "true")],
            TOLD,
            "/model/us.amazon.nova-lite-v1%3A0/converse",
        ),
    ] {
        story.provider.will(Reply::Json(200, reply));
        let answered = story.post("/v1/messages", headers, ask).await;
        let seen = story.provider.seen().pop().unwrap();
        assert_eq!((answered.status.as_u16(), seen.path.as_str()), (200, path), "{}", answered.body);
        let lost = if headers.is_empty() { "" } else { "messages[0].content[1]" };
        assert_eq!(answered.header("x-weir-dropped"), lost);
        if path == "/v1/messages" {
            assert_eq!(seen.body.replace("claude-upstream", "claude"), ask, "as the caller wrote it");
        }
    }
    assert_eq!(story.provider.seen().len(), 3, "a target that cannot be told is not asked");
}

#[tokio::test]
async fn converses_refusals_are_told_in_the_callers_words() {
    let story = Story::begin_with(conversing).await;
    let ask = r#"{"model":"claude","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
    for (path, ask) in
        [("/v1/messages", ask.to_owned()), ("/v1/chat/completions", ask.replace("claude", "gpt"))]
    {
        story.provider.will(Reply::Json(400, r#"{"message":"The model takes no such thing."}"#));
        let told = story.post(path, &[], &ask).await;
        let error = &told.json()["error"];
        assert_eq!(
            (told.status.as_u16(), &error["message"]),
            (400, &json!("The model takes no such thing."))
        );
        assert_eq!(error["type"], "invalid_request_error");
    }
}

#[tokio::test]
async fn a_failure_in_bedrocks_framing_is_told_in_the_callers_words() {
    let story = Story::begin_with(|content| hosted(content, "bedrock", "anthropic")).await;
    let slow = framed(
        &[(":message-type", "exception"), (":exception-type", "throttlingException")],
        r#"{"message":"Too many."}"#,
    );
    story.provider.will(Reply::Bytes(FRAMED, vec![stream().concat()[..700].to_vec()]));
    let ask =
        r#"{"model":"claude","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let cut = story.post("/v1/messages", &[], ask).await;
    assert!(cut.body.contains("event: error"), "{}", cut.body);
    let first =
        chunk(r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"yo"}}"#);
    story.provider.will(Reply::Bytes(FRAMED, vec![first, slow]));
    let told = story.post("/v1/messages", &[], ask).await;
    assert!(told.body.contains("rate_limit_error") && told.body.contains("Too many."), "{}", told.body);
}

#[tokio::test]
async fn below_a_providers_own_path_a_client_speaks_to_the_host_itself() {
    let story = Story::begin_with(|content| hosted(content, "bedrock", "anthropic")).await;
    let framed = framed(&[(":message-type", "event")], r#"{"contentBlockDelta":{"delta":{"text":"yo"}}}"#);
    story.provider.will(Reply::Bytes(FRAMED, vec![framed]));
    let ask = r#"{"model":"kept","stream":false,"anthropic_version":"bedrock-2023-05-31"}"#;
    let answered = story.post("/passthrough/bedrock/model/m/converse-stream", &[], ask).await;
    assert_eq!((answered.status.as_u16(), answered.header("content-type")), (200, FRAMED));
    assert!(answered.body.contains("contentBlockDelta"), "as it came: {}", answered.body);
    let seen = story.provider.seen().remove(0);
    assert_eq!((seen.path.as_str(), seen.body.as_str()), ("/model/m/converse-stream", ask));
    story.provider.will(Reply::Json(200, "{}"));
    let listed = story.ask(http::Method::GET, "/passthrough/bedrock/async-invoke", &[], "").await;
    assert_eq!(listed.status.as_u16(), 200, "{}", listed.body);
}

const MESSAGE: &str = r#"{"id":"m","type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":"yo"}],"stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":2}}"#;

#[tokio::test]
async fn vertex_serves_anthropics_format_and_its_own() {
    let story = Story::begin_with(|content| hosted(content, "vertex", "anthropic")).await;
    story.provider.will(Reply::Json(200, MESSAGE));
    let ask = r#"{"model":"claude","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
    let answered = story.post("/v1/messages", &[("anthropic-beta", "b1")], ask).await;
    assert_eq!(answered.body, MESSAGE);
    let seen = story.provider.seen().remove(0);
    assert_eq!(seen.path, "/publishers/anthropic/models/anthropic.claude-x-v1%3A0:rawPredict");
    let sent: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!((&sent["anthropic_version"], &sent["model"]), (&json!("vertex-2023-10-16"), &Value::Null));
    assert_eq!(seen.headers["anthropic-beta"], "b1");

    let events = [
        r#"{"type":"message_start","message":{"id":"m","model":"claude-x","usage":{"input_tokens":10,"output_tokens":1}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"High."}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}"#,
        r#"{"type":"message_stop"}"#,
    ];
    let stream = events.map(|event| format!("data: {event}\n\n").into_bytes()).to_vec();
    story.provider.will(Reply::Bytes("text/event-stream", stream));
    let ask = r#"{"model":"gpt","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let answered = story.post("/v1/chat/completions", &[], ask).await;
    assert!(answered.body.contains(r#""content":"High.""#), "{}", answered.body);
    let seen = story.provider.seen().pop().unwrap();
    assert_eq!(seen.path, "/publishers/anthropic/models/anthropic.claude-x-v1%3A0:streamRawPredict");
    let sent: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!((&sent["anthropic_version"], &sent["stream"]), (&json!("vertex-2023-10-16"), &json!(true)));

    let story = Story::begin_with(|content| hosted(content, "vertex", "gemini")).await;
    story.provider.will(Reply::Json(
        200,
        r#"{"candidates":[{"content":{"parts":[{"text":"yo"}]},"finishReason":"STOP"}]}"#,
    ));
    let ask = r#"{"model":"gpt","messages":[{"role":"user","content":"hi"}]}"#;
    let answered = story.post("/v1/chat/completions", &[], ask).await;
    assert!(answered.body.contains("\"yo\""), "{}", answered.body);
    let path = &story.provider.seen()[0].path;
    assert_eq!(path, "/publishers/google/models/anthropic.claude-x-v1%3A0:generateContent");
}

const COMPLETION: &str = r#"{"id":"c","model":"gpt-x","choices":[{"index":0,"message":{"role":"assistant","content":"yo"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}}"#;

#[tokio::test]
async fn azures_deployments_stand_in_the_address() {
    let story = Story::begin_with(|content| hosted(content, "azure", "openai")).await;
    story.provider.will(Reply::Json(200, COMPLETION));
    let ask = r#"{"model":"gpt","messages":[{"role":"user","content":"hi"}]}"#;
    let answered = story.post("/v1/chat/completions?api-version=2023-01-01", &[], ask).await;
    assert_eq!(answered.status.as_u16(), 200, "{}", answered.body);
    let seen = story.provider.seen().remove(0);
    assert_eq!(seen.path, "/openai/deployments/anthropic.claude-x-v1%3A0/chat/completions");
    assert_eq!(seen.query, "api-version=2024-10-21");
}

#[tokio::test]
async fn azures_version_is_the_one_its_endpoint_names() {
    for (below, path) in [
        ("?api-version=2025-04-01-preview", "/openai/deployments/anthropic.claude-x-v1%3A0/chat/completions"),
        ("/openai/v1?api-version=preview", "/openai/v1/chat/completions"),
    ] {
        let story = Story::begin_with(|content| hosted_below(content, "azure", "openai", below)).await;
        story.provider.will(Reply::Json(200, COMPLETION));
        let ask = r#"{"model":"gpt","messages":[{"role":"user","content":"hi"}]}"#;
        let answered = story.post("/v1/chat/completions?api-version=2023-01-01", &[], ask).await;
        assert_eq!(answered.status.as_u16(), 200, "{}", answered.body);
        let seen = story.provider.seen().remove(0);
        assert_eq!((seen.path.as_str(), seen.query.as_str()), (path, below.split_once('?').unwrap().1));
    }
}

#[tokio::test]
async fn azures_deployments_answer_clients_of_responses_by_chat_completions() {
    let story = Story::begin_with(|content| hosted(content, "azure", "openai")).await;
    story.provider.will(Reply::Json(200, COMPLETION));
    let answered = story.post("/v1/responses", &[], r#"{"model":"gpt","input":"hi","store":false}"#).await;
    let told: Value = serde_json::from_str(&answered.body).unwrap();
    assert_eq!(
        (&told["object"], &told["output"][0]["content"][0]["text"]),
        (&json!("response"), &json!("yo"))
    );
    let seen = story.provider.seen().remove(0);
    assert_eq!(seen.path, "/openai/deployments/anthropic.claude-x-v1%3A0/chat/completions");
    let kept = story.ask(http::Method::GET, "/v1/responses/resp_1", &[("x-weir-endpoint", "ep_3")], "").await;
    assert_eq!((kept.status.is_success(), story.provider.seen().len()), (false, 1), "{}", kept.body);
}
