//! Gemini's format on either side: clients of the others reach its models, its clients reach theirs.

use http::Method;
use serde_json::{Value, json};
use weir_contract::money::Money;
use weir_contract::policy::{Content, TargetEntry};

use super::Story;
use super::provider::Reply;
use crate::sample;

const FLASH: &str = "/v1beta/models/gpt:generateContent";
const FLASH_STREAM: &str = "/v1beta/models/gpt:streamGenerateContent";
const EVENTS: &str = "text/event-stream";

/// The first endpoint speaks Gemini's format, and serves both models.
fn served_by_gemini(content: &mut Content) {
    let base = content.endpoints[0].base_url.replace("/v1", "/v1beta");
    content.endpoints.push(sample::endpoint("ep_3", "gemini", &base));
    for model in &mut content.models {
        let upstream_model = "gemini-3-pro".to_owned();
        model.targets = vec![TargetEntry { endpoint: "ep_3".into(), upstream_model }];
    }
    for price in &mut content.prices {
        price.provider = "gemini".to_owned();
        price.model = "gemini-3-pro".to_owned();
    }
    content.prices.truncate(1);
}

/// The JSON of each event.
fn events(text: &str) -> Vec<Value> {
    let data = text.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

const TOOLS_ASK: &str = r#"{"model":"gpt","messages":[
    {"role":"system","content":"Be brief."},{"role":"user","content":"Level?"},
    {"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"level","arguments":"{\"at\":1}"}}]},
    {"role":"tool","tool_call_id":"call_1","content":"2.4"}],
    "tools":[{"type":"function","function":{"name":"level","parameters":{"type":"object","properties":{"at":{"type":"integer"}}}}}]}"#;

#[tokio::test]
async fn an_openai_client_calls_tools_of_a_gemini_model() {
    let story = Story::begin_with(served_by_gemini).await;
    story.provider.will(Reply::Json(
        200,
        r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"level","args":{"at":2}},"thoughtSignature":"c2ln"}],"role":"model"},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":2,"totalTokenCount":12},"responseId":"r"}"#,
    ));
    let answered = story.post("/v1/chat/completions", &[], TOOLS_ASK).await;
    let seen = story.provider.seen().remove(0);
    assert_eq!(
        (seen.path.as_str(), seen.query.as_str()),
        ("/v1beta/models/gemini-3-pro:generateContent", "")
    );
    let asked: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(asked["systemInstruction"]["parts"][0]["text"], "Be brief.");
    let call = &asked["contents"][1]["parts"][0];
    assert_eq!(
        (&call["functionCall"]["args"]["at"], &call["thoughtSignature"]),
        (&json!(1), &json!("skip_thought_signature_validator"))
    );
    let told = &asked["contents"][2]["parts"][0]["functionResponse"];
    assert_eq!((&told["name"], &told["response"]["output"]), (&json!("level"), &json!("2.4")));
    let got = answered.json();
    let call = &got["choices"][0]["message"]["tool_calls"][0];
    assert!(call["id"].as_str().unwrap().starts_with("call_"), "{got}");
    assert_eq!(call["function"]["arguments"], "{\"at\":2}");
    assert_eq!(got["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(got["choices"][0]["message"]["reasoning_details"][0]["data"], "c2ln");
    assert_eq!(story.books().await[0].cost, Money::from_nano(30_000));
}

const GEMINI_EVENTS: [&str; 2] = [
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"High \"}],\"role\":\"model\"},\"index\":0}],\"modelVersion\":\"gemini-3-pro\",\"responseId\":\"r\"}\r\n\r\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"water.\"}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":10,\"candidatesTokenCount\":2,\"totalTokenCount\":12},\"responseId\":\"r\"}\r\n\r\n",
];

#[tokio::test]
async fn geminis_events_come_in_the_events_of_either_caller() {
    let story = Story::begin_with(served_by_gemini).await;
    story.provider.will(Reply::Typed(EVENTS, GEMINI_EVENTS.to_vec()));
    let ask = r#"{"model":"gpt","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let answered = story.post("/v1/chat/completions", &[], ask).await;
    let seen = story.provider.seen().remove(0);
    assert_eq!(
        (seen.path.as_str(), seen.query.as_str()),
        ("/v1beta/models/gemini-3-pro:streamGenerateContent", "alt=sse")
    );
    let said: String = events(&answered.body)
        .iter()
        .filter_map(|event| event.pointer("/choices/0/delta/content")?.as_str())
        .collect();
    assert_eq!(said, "High water.");
    assert!(answered.body.ends_with("data: [DONE]\n\n"), "{}", answered.body);

    story.provider.will(Reply::Typed(EVENTS, GEMINI_EVENTS.to_vec()));
    let ask =
        r#"{"model":"claude","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let answered = story.post("/v1/messages", &[], ask).await;
    assert!(answered.body.contains("event: message_stop"), "{}", answered.body);
    assert!(answered.body.contains(r#""input_tokens":10"#), "{}", answered.body);
    let lines = story.books().await;
    assert_eq!(lines.iter().map(|line| line.cost).sum::<Money>(), Money::from_nano(60_000));
}

const GEMINI_ASK: &str = r#"{"contents":[{"role":"user","parts":[{"text":"Level?"}]}],
    "tools":[{"functionDeclarations":[{"name":"level","parameters":{"type":"OBJECT","properties":{"at":{"type":"INTEGER"}}}}]}],
    "generationConfig":{"maxOutputTokens":50}}"#;

#[tokio::test]
async fn a_gemini_client_calls_tools_of_an_openai_model() {
    let story = Story::begin().await;
    story.provider.will(Reply::Json(
        200,
        r#"{"id":"c","model":"gpt-1","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_9","type":"function","function":{"name":"level","arguments":"{\"at\":1}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}}"#,
    ));
    let answered = story.post(FLASH, &[("x-goog-api-client", "genai")], GEMINI_ASK).await;
    let seen = story.provider.seen().remove(0);
    assert_eq!(seen.path, "/v1/chat/completions");
    assert!(!seen.headers.contains_key("x-goog-api-client"), "it means nothing there");
    let asked: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(asked["tools"][0]["function"]["parameters"]["type"], "object");
    let got = answered.json();
    let call = &got["candidates"][0]["content"]["parts"][0]["functionCall"];
    assert_eq!((&call["id"], &call["args"]), (&json!("call_9"), &json!({"at": 1})));
    assert_eq!(got["candidates"][0]["finishReason"], "STOP");
    assert_eq!(got["usageMetadata"]["totalTokenCount"], 12);
}

#[tokio::test]
async fn a_gemini_client_gets_events_and_an_error_in_its_own_words() {
    let story = Story::begin().await;
    let first = "data: {\"id\":\"c\",\"model\":\"gpt-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"yo\"}}]}\n\n";
    let end = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2,\"total_tokens\":12}}\n\ndata: [DONE]\n\n";
    story.provider.will(Reply::Stream(vec![first, end]));
    let answered = story.post(&format!("{FLASH_STREAM}?alt=sse"), &[], GEMINI_ASK).await;
    let told = events(&answered.body);
    assert_eq!(told[0]["candidates"][0]["content"]["parts"][0]["text"], "yo");
    assert_eq!(told[1]["candidates"][0]["finishReason"], "MAX_TOKENS");
    assert_eq!(told[1]["usageMetadata"]["promptTokenCount"], 10);
    let asked: Value = serde_json::from_str(&story.provider.seen()[0].body).unwrap();
    assert_eq!(asked["stream"], true);

    story.provider.will(Reply::Stream(vec![first]));
    let cut = story.post(&format!("{FLASH_STREAM}?alt=sse"), &[], GEMINI_ASK).await;
    assert_eq!(events(&cut.body)[1]["error"]["status"], "UNAVAILABLE", "{}", cut.body);
}

#[tokio::test]
async fn a_gemini_client_that_does_not_ask_for_events_gets_an_array_that_ends_well_even_when_it_breaks() {
    let story = Story::begin().await;
    let call = "data: {\"id\":\"c\",\"model\":\"gpt-1\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"function\":{\"name\":\"level\",\"arguments\":\"{\\\"at\\\":1}\"}}]}}]}\n\n";
    let end = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";
    story.provider.will(Reply::Stream(vec![call, end]));
    let answered = story.ask(Method::POST, FLASH_STREAM, &[], GEMINI_ASK).await;
    assert_eq!(answered.header("content-type"), "application/json");
    let told = &answered.json()[0]["candidates"][0];
    assert_eq!(told["content"]["parts"][0]["functionCall"]["args"], json!({"at": 1}));

    story.provider.will(Reply::Stream(vec![call]));
    let cut = story.ask(Method::POST, FLASH_STREAM, &[], GEMINI_ASK).await;
    assert_eq!(cut.json()[0]["error"]["status"], "UNAVAILABLE", "{}", cut.body);
}

#[tokio::test]
async fn a_gemini_client_streams_tools_and_thoughts_of_an_anthropic_model() {
    let story = Story::begin().await;
    story.provider.will(Reply::Stream(vec![
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"claude-1\",\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}\n\n",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"Hm.\"}}\n\n",
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"level\",\"input\":{}}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"at\\\":1}\"}}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":2}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    ]));
    let path = FLASH_STREAM.replace("gpt", "claude");
    let answered = story.post(&format!("{path}?alt=sse"), &[], GEMINI_ASK).await;
    let seen = story.provider.seen().remove(0);
    assert_eq!((seen.path.as_str(), seen.query.as_str()), ("/v1/messages", ""));
    let told = events(&answered.body);
    assert_eq!(
        told[0]["candidates"][0]["content"]["parts"][0],
        json!({"text": "Hm.", "thought": true}),
        "{}",
        answered.body
    );
    let call = &told[told.len() - 1]["candidates"][0]["content"]["parts"][0]["functionCall"];
    assert_eq!(call, &json!({"id": "toolu_1", "name": "level", "args": {"at": 1}}));
    assert_eq!(told[told.len() - 1]["usageMetadata"]["totalTokenCount"], 12);
}

#[tokio::test]
async fn an_openai_client_streams_the_calls_and_proofs_of_a_gemini_model() {
    let story = Story::begin_with(served_by_gemini).await;
    story.provider.will(Reply::Typed(EVENTS, vec![
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hm.\",\"thought\":true}],\"role\":\"model\"},\"index\":0}],\"responseId\":\"r\"}\r\n\r\n",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"level\",\"args\":{\"at\":1}},\"thoughtSignature\":\"c2ln\"},{\"functionCall\":{\"name\":\"level\",\"args\":{\"at\":2}}}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":10,\"candidatesTokenCount\":2,\"totalTokenCount\":12},\"responseId\":\"r\"}\r\n\r\n",
    ]));
    let ask = TOOLS_ASK.replacen('{', "{\"stream\":true,\"stream_options\":{\"include_usage\":true},", 1);
    let answered = story.post("/v1/chat/completions", &[], &ask).await;
    let told = events(&answered.body);
    let deltas = || told.iter().filter_map(|event| event.pointer("/choices/0/delta"));
    assert!(deltas().any(|delta| delta["reasoning_content"] == "Hm."), "{}", answered.body);
    assert!(deltas().any(|delta| delta["reasoning_details"][0]["data"] == "c2ln"), "{}", answered.body);
    let calls: Vec<&Value> = deltas().filter_map(|delta| delta.pointer("/tool_calls/0")).collect();
    assert_eq!((&calls[1]["index"], &calls[1]["function"]["arguments"]), (&json!(1), &json!("{\"at\":2}")));
    assert_ne!(calls[0]["id"], calls[1]["id"]);
    let finishes: Vec<&Value> = told
        .iter()
        .filter_map(|event| event.pointer("/choices/0/finish_reason"))
        .filter(|reason| reason.is_string())
        .collect();
    assert_eq!(finishes, ["tool_calls"]);
    assert_eq!(told[told.len() - 1]["usage"]["total_tokens"], 12);
}
