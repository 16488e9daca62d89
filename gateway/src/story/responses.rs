//! OpenAI's responses on either side of a translation.

use serde_json::{Value, json};
use weir_contract::money::Money;
use weir_contract::policy::{Content, TargetEntry};

use super::Story;
use super::provider::Reply;
use crate::sample;

const RESPONSES: &str = "/v1/responses";

fn sent(story: &Story) -> Value {
    serde_json::from_str(&story.provider.seen()[0].body).unwrap()
}

/// The names of the events, in order.
fn names(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("event: ")).collect()
}

fn last(text: &str) -> Value {
    let data = text.lines().rfind(|line| line.starts_with("data: ")).unwrap();
    serde_json::from_str(&data[6..]).unwrap()
}

const ASK: &str = r#"{"model":"claude","instructions":"Be brief.","store":false,"max_output_tokens":50,
    "input":[{"role":"user","content":"Level?"},
        {"type":"function_call","call_id":"call_1","name":"level","arguments":"{\"at\":1}"},
        {"type":"function_call_output","call_id":"call_1","output":"2.4"}],
    "tools":[{"type":"function","name":"level","parameters":{"type":"object","properties":{"at":{"type":"integer"}}}}]}"#;

#[tokio::test]
async fn a_client_of_responses_calls_tools_of_an_anthropic_model() {
    let story = Story::begin().await;
    story.provider.will(Reply::Json(
        200,
        r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-1","content":[{"type":"text","text":"Once more."},{"type":"tool_use","id":"toolu_9","name":"level","input":{"at":3}}],"stop_reason":"tool_use","usage":{"input_tokens":10,"output_tokens":2}}"#,
    ));
    let answered = story.post(RESPONSES, &[], ASK).await;
    assert_eq!(story.provider.seen()[0].path, "/v1/messages");
    let asked = sent(&story);
    assert_eq!((&asked["system"], &asked["max_tokens"]), (&json!("Be brief."), &json!(50)));
    assert_eq!(asked["messages"][2]["content"][0]["tool_use_id"], "call_1");
    let got = answered.json();
    assert_eq!((&got["object"], &got["status"]), (&json!("response"), &json!("completed")));
    assert_eq!(got["output"][0]["content"][0]["text"], "Once more.");
    assert_eq!(
        (&got["output"][1]["call_id"], &got["output"][1]["arguments"]),
        (&json!("toolu_9"), &json!("{\"at\":3}"))
    );
    assert_eq!(got["usage"]["total_tokens"], 12);
    assert_eq!(story.books().await[0].cost, Money::from_nano(30_000));
}

const STREAM: [&str; 6] = [
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"claude-1\",\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"High.\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\"},\"usage\":{\"output_tokens\":2}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
];

#[tokio::test]
async fn an_anthropic_stream_comes_as_the_events_of_a_response() {
    let story = Story::begin().await;
    story.provider.will(Reply::Stream(STREAM.to_vec()));
    let ask = ASK.replacen('{', "{\"stream\":true,", 1);
    let answered = story.post(RESPONSES, &[], &ask).await;
    let expected = [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.incomplete",
    ];
    assert_eq!(names(&answered.body), expected, "{}", answered.body);
    let end = last(&answered.body);
    assert_eq!(end["sequence_number"], 8);
    assert_eq!(end["response"]["incomplete_details"]["reason"], "max_output_tokens");
    assert_eq!(end["response"]["output"][0]["content"][0]["text"], "High.");
    assert_eq!(end["response"]["usage"]["input_tokens"], 10);

    story.provider.will(Reply::Stream(STREAM[..3].to_vec()));
    let cut = story.post(RESPONSES, &[], &ask).await;
    assert_eq!(last(&cut.body)["type"], "error", "{}", cut.body);
    assert!(!cut.body.contains("response.completed"), "{}", cut.body);
}

/// The first endpoint serves both models by its responses alone.
fn by_responses(content: &mut Content) {
    let base = content.endpoints[0].base_url.clone();
    content.endpoints.push(sample::endpoint("ep_3", "responses", &base));
    for model in &mut content.models {
        let upstream_model = model.targets[0].upstream_model.clone();
        model.targets = vec![TargetEntry { endpoint: "ep_3".into(), upstream_model }];
    }
}

#[tokio::test]
async fn a_chat_client_reaches_a_model_that_only_answers_as_responses() {
    let story = Story::begin_with(by_responses).await;
    story.provider.will(Reply::Json(
        200,
        r#"{"id":"resp_1","object":"response","status":"completed","model":"gpt-1","output":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"c2Vh"},{"type":"function_call","id":"fc_1","call_id":"call_2","name":"level","arguments":"{\"at\":2}"}],"usage":{"input_tokens":10,"output_tokens":2,"total_tokens":12}}"#,
    ));
    let ask = r#"{"model":"gpt","reasoning_effort":"low","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Level?"}],
        "tools":[{"type":"function","function":{"name":"level","parameters":{"type":"object","properties":{}}}}]}"#;
    let answered = story.post("/v1/chat/completions", &[], ask).await;
    assert_eq!(story.provider.seen()[0].path, "/v1/responses");
    let asked = sent(&story);
    assert_eq!((&asked["store"], &asked["tools"][0]["strict"]), (&json!(false), &json!(false)));
    assert_eq!(asked["input"][1]["content"][0], json!({"type": "input_text", "text": "Level?"}));
    assert_eq!(asked["include"], json!(["reasoning.encrypted_content"]));
    let message = &answered.json()["choices"][0]["message"];
    assert_eq!(message["tool_calls"][0]["id"], "call_2");
    assert_eq!(message["reasoning_details"][0]["data"], "c2Vh", "it comes back in the next turn");
}

#[tokio::test]
async fn what_a_provider_keeps_is_not_known_to_another() {
    let story = Story::begin().await;
    for (member, named) in [
        (r#""conversation":"conv_1""#, "conversation"),
        (r#""background":true"#, "background"),
        (r#""tools":[{"type":"web_search"}]"#, "tools[0]"),
    ] {
        let ask = format!(r#"{{"model":"claude","input":"hi",{member}}}"#);
        let refused = story.post(RESPONSES, &[], &ask).await;
        let got = refused.json();
        assert_eq!((refused.status.as_u16(), &got["error"]["param"]), (400, &json!(named)), "{got}");
    }
    assert!(story.provider.seen().is_empty());
}
