//! Targets of another format: requests go there translated, answers come back in the caller's words, and nothing is lost
//! without a word.

use serde_json::{Value, json};
use weir_contract::money::Money;
use weir_contract::policy::{Content, TargetEntry};

use super::provider::Reply;
use super::{Answered, Story};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

/// Each model is served in the other's format.
fn crossed(content: &mut Content) {
    for (model, endpoint) in [(0, "ep_2"), (1, "ep_1")] {
        let name = content.models[model].targets[0].upstream_model.clone();
        content.models[model].targets = vec![TargetEntry { endpoint: endpoint.into(), upstream_model: name }];
    }
    content.endpoints.iter_mut().for_each(|endpoint| endpoint.retries_max = 0);
    let (left, right) = (content.prices[0].model.clone(), content.prices[1].model.clone());
    content.prices[0].model = right;
    content.prices[1].model = left;
}

async fn crossing() -> Story {
    Story::begin_with(crossed).await
}

fn body(answered: &Answered) -> Value {
    serde_json::from_str(&answered.body).unwrap_or_else(|_| panic!("{}", answered.body))
}

fn sent(story: &Story) -> Value {
    serde_json::from_str(&story.provider.seen()[0].body).unwrap()
}

const TOOLS_ASK: &str = r#"{"model":"gpt","messages":[
    {"role":"system","content":"Be brief."},{"role":"user","content":"Level?"},
    {"role":"assistant","content":null,"tool_calls":[
        {"id":"call_1","type":"function","function":{"name":"level","arguments":"{\"at\":1}"}},
        {"id":"call_2","type":"function","function":{"name":"level","arguments":"{\"at\":2}"}}]},
    {"role":"tool","tool_call_id":"call_1","content":"2.4"},{"role":"tool","tool_call_id":"call_2","content":"3.1"}],
    "tools":[{"type":"function","function":{"name":"level","parameters":{"type":"object","properties":{"at":{"type":"integer"}}}}}],
    "tool_choice":"required","parallel_tool_calls":false}"#;

#[tokio::test]
async fn an_openai_client_calls_tools_of_an_anthropic_model() {
    let story = crossing().await;
    story.provider.will(Reply::Json(
        200,
        r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-1","content":[{"type":"text","text":"Once more."},{"type":"tool_use","id":"toolu_9","name":"level","input":{"at":3}}],"stop_reason":"tool_use","usage":{"input_tokens":10,"output_tokens":2}}"#,
    ));
    let answered = story.post(CHAT, &[("openai-beta", "x")], TOOLS_ASK).await;
    let seen = story.provider.seen();
    assert_eq!(seen[0].path, "/v1/messages");
    assert!(
        seen[0].headers.contains_key("anthropic-version") && !seen[0].headers.contains_key("openai-beta")
    );
    let asked = sent(&story);
    assert_eq!((&asked["system"], &asked["max_tokens"]), (&json!("Be brief."), &json!(1000)));
    assert_eq!(asked["messages"].as_array().unwrap().len(), 3);
    assert_eq!(asked["messages"][2]["content"][1]["tool_use_id"], "call_2");
    assert_eq!(asked["tool_choice"], json!({"type": "any", "disable_parallel_tool_use": true}));
    let got = body(&answered);
    let call = &got["choices"][0]["message"]["tool_calls"][0];
    assert_eq!((&call["id"], &call["function"]["arguments"]), (&json!("toolu_9"), &json!("{\"at\":3}")));
    assert_eq!(got["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(got["usage"]["total_tokens"], 12);
    assert_eq!(answered.header("x-weir-dropped"), "openai-beta");
    assert_eq!(story.books().await[0].cost, Money::from_nano(30_000));
}

const ANTHROPIC_STREAM: [&str; 7] = [
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"claude-1\",\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"level\",\"input\":{}}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"at\\\"\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\":1}\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":2}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
];

/// The data of each event of an OpenAI stream.
fn chunks(text: &str) -> Vec<Value> {
    let data = text.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[tokio::test]
async fn an_anthropic_stream_comes_as_chunks_with_usage_when_it_was_asked_for() {
    for (wish, usages) in [("", 0), (r#""stream_options":{"include_usage":true},"#, 1)] {
        let story = crossing().await;
        story.provider.will(Reply::Stream(ANTHROPIC_STREAM.to_vec()));
        let ask = TOOLS_ASK.replacen('{', &format!("{{\"stream\":true,{wish}"), 1);
        let answered = story.post(CHAT, &[], &ask).await;
        assert!(answered.body.ends_with("data: [DONE]\n\n"), "{}", answered.body);
        let chunks = chunks(&answered.body);
        let arguments: String = chunks
            .iter()
            .filter_map(|chunk| chunk.pointer("/choices/0/delta/tool_calls/0/function/arguments")?.as_str())
            .collect();
        assert_eq!(arguments, "{\"at\":1}");
        let finishes = chunks.iter().filter(|chunk| chunk["choices"][0]["finish_reason"] == "tool_calls");
        assert_eq!(finishes.count(), 1);
        let found: Vec<_> = chunks.iter().filter(|chunk| chunk["usage"].is_object()).collect();
        assert_eq!(found.len(), usages, "{}", answered.body);
        assert!(found.iter().all(|chunk| chunk["usage"]["prompt_tokens"] == 10));
        assert_eq!(story.books().await[0].cost, Money::from_nano(30_000));
    }
}

const MESSAGES_ASK: &str =
    r#"{"model":"claude","max_tokens":5,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;

#[tokio::test]
async fn an_openai_stream_comes_as_a_message_in_events() {
    let story = crossing().await;
    story.provider.will(Reply::Stream(vec![
        "data: {\"id\":\"c\",\"model\":\"gpt-1\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
        "data: {\"id\":\"c\",\"model\":\"gpt-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"yo\"}}]}\n\n",
        "data: {\"id\":\"c\",\"model\":\"gpt-1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"id\":\"c\",\"model\":\"gpt-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2,\"total_tokens\":12}}\n\n",
        "data: [DONE]\n\n",
    ]));
    let answered = story.post(MESSAGES, &[("anthropic-beta", "b")], MESSAGES_ASK).await;
    let events: Vec<&str> = answered.body.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    let expected = [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(events, expected, "{}", answered.body);
    assert!(
        answered.body.contains(r#""stop_reason":"end_turn""#)
            && answered.body.contains(r#""input_tokens":10"#)
    );
    assert_eq!(answered.header("x-weir-dropped"), "anthropic-beta");
    let asked = sent(&story);
    assert_eq!(asked["stream_options"]["include_usage"], true);
    assert_eq!(story.provider.seen()[0].path, "/v1/chat/completions");
    assert_eq!(story.books().await[0].cost, Money::from_nano(30_000));
}

#[tokio::test]
async fn a_stream_that_fails_ends_with_an_error_of_the_callers_dialect() {
    let content = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"yo\"}}]}\n\n";
    let story = crossing().await;
    let failing = "data: {\"error\":{\"message\":\"The weir broke.\",\"type\":\"server_error\"}}\n\n";
    story.provider.will(Reply::Stream(vec![content, failing]));
    let told = story.post(MESSAGES, &[], MESSAGES_ASK).await.body;
    assert!(told.contains("event: error\n") && told.contains("The weir broke."), "{told}");
    story.provider.will(Reply::Stream(vec![content]));
    let cut = story.post(MESSAGES, &[], MESSAGES_ASK).await.body;
    for body in [&told, &cut] {
        assert_eq!(body.matches("event: error\n").count(), 1, "{body}");
        assert!(!body.contains("message_stop"), "{body}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_provider_comes_in_the_callers_shape() {
    let story = crossing().await;
    story.provider.will(Reply::Json(
        529,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
    ));
    let answered = story.post(CHAT, &[], TOOLS_ASK).await;
    let got = body(&answered);
    assert_eq!(answered.status.as_u16(), 503);
    assert_eq!(
        (&got["error"]["message"], &got["error"]["source"]),
        (&json!("Overloaded"), &json!("provider"))
    );
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_by_name_or_left_out_on_request() {
    let ask = r#"{"model":"gpt","n":2,"seed":7,"messages":[{"role":"user","content":"hi"}]}"#;
    let story = crossing().await;
    let refused = story.post(CHAT, &[], ask).await;
    let got = body(&refused);
    assert_eq!((refused.status.as_u16(), &got["error"]["code"]), (400, &json!("unsupported_parameter")));
    assert_eq!(got["error"]["param"], "n");
    assert!(story.provider.seen().is_empty());
    story.provider.will(Reply::Json(
        200,
        r#"{"id":"m","type":"message","model":"claude-1","content":[{"type":"text","text":"yo"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}"#,
    ));
    let answered = story.post(CHAT, &[("x-weir-drop-unsupported", "true")], ask).await;
    assert_eq!((answered.status.as_u16(), answered.header("x-weir-dropped")), (200, "n,seed"));
}

#[tokio::test]
async fn a_key_may_agree_to_what_is_left_out_and_a_request_may_disagree() {
    let ask = r#"{"model":"gpt","n":2,"messages":[{"role":"user","content":"hi"}]}"#;
    let story = Story::begin_with(|content| {
        crossed(content);
        content.keys[0].drop_unsupported = true;
    })
    .await;
    story.provider.will(Reply::Json(
        200,
        r#"{"id":"m","type":"message","model":"claude-1","content":[{"type":"text","text":"yo"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}"#,
    ));
    let answered = story.post(CHAT, &[], ask).await;
    assert_eq!((answered.status.as_u16(), answered.header("x-weir-dropped")), (200, "n"));
    let refused = story.post(CHAT, &[("x-weir-drop-unsupported", "false")], ask).await;
    assert_eq!((refused.status.as_u16(), &body(&refused)["error"]["param"]), (400, &json!("n")));
}

#[tokio::test]
async fn an_answers_shape_is_kept_by_a_tool_of_ours_and_said_in_a_header() {
    let story = crossing().await;
    story.provider.will(Reply::Json(
        200,
        r#"{"id":"m","type":"message","model":"claude-1","content":[{"type":"tool_use","id":"t","name":"weir_answer","input":{"level":2}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}}"#,
    ));
    let ask = r#"{"model":"gpt","messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_object"}}"#;
    let answered = story.post(CHAT, &[], ask).await;
    let got = body(&answered);
    assert_eq!(got["choices"][0]["message"]["content"], "{\"level\":2}");
    assert_eq!(got["choices"][0]["finish_reason"], "stop");
    assert_eq!(answered.header("x-weir-adapted"), "response_format=tool");
    assert_eq!(sent(&story)["tool_choice"]["name"], "weir_answer");
}
