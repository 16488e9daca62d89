//! Hosts that say OpenAI's format in words of their own: Cohere and Ollama, for clients of any format.

use serde_json::{Value, json};
use weir_contract::policy::snapshot::AuthStyle;
use weir_contract::policy::{Content, TargetEntry};

use super::provider::{Reply, Seen};
use super::{Answered, Story};
use crate::sample;

const CHAT: &str = "/v1/chat/completions";

/// Both models are served by that provider, below its own path.
fn served(content: &mut Content, provider: &str) {
    let base = content.endpoints[0].base_url.replace("/v1", "");
    let mut endpoint = sample::endpoint("ep_3", "openai", &base);
    endpoint.provider = provider.to_owned();
    endpoint.auth = AuthStyle::Bearer;
    endpoint.retries_max = 0;
    content.endpoints.push(endpoint);
    for model in &mut content.models {
        model.targets = vec![TargetEntry { endpoint: "ep_3".into(), upstream_model: "m-1".to_owned() }];
    }
}

async fn served_by(provider: &str) -> Story {
    Story::begin_with(|content| served(content, provider)).await
}

fn body(answered: &Answered) -> Value {
    serde_json::from_str(&answered.body).unwrap_or_else(|_| panic!("{}", answered.body))
}

fn last(story: &Story) -> (Seen, Value) {
    let seen = story.provider.seen().pop().unwrap();
    let sent = serde_json::from_str(&seen.body).unwrap_or_else(|_| panic!("{}", seen.body));
    (seen, sent)
}

const TOOLS_ASK: &str = r#"{"model":"gpt","max_completion_tokens":50,"messages":[
    {"role":"user","content":"Level?"},
    {"role":"assistant","content":null,"tool_calls":[
        {"id":"call_1","type":"function","function":{"name":"level","arguments":"{\"at\":1}"}}]},
    {"role":"tool","tool_call_id":"call_1","content":"2.4"}],
    "tools":[{"type":"function","function":{"name":"level","parameters":{"type":"object"}}}],"tool_choice":"auto"}"#;

const COHERE: &str = r#"{"id":"r1","message":{"role":"assistant","tool_plan":"Once more.","tool_calls":[{"id":"level_9","type":"function","function":{"name":"level","arguments":"{\"at\":2}"}}],"citations":[{"start":0,"end":1,"text":"O","sources":[]}]},"finish_reason":"TOOL_CALL","usage":{"billed_units":{"input_tokens":10,"output_tokens":2},"tokens":{"input_tokens":500,"output_tokens":9},"cached_tokens":448}}"#;

const COHERE_STREAM: [&str; 5] = [
    "event: message-start\ndata: {\"id\":\"s1\",\"type\":\"message-start\",\"delta\":{\"message\":{\"role\":\"assistant\"}}}\n\nevent: content-st",
    "art\ndata: {\"type\":\"content-start\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"type\":\"text\",\"text\":\"\"}}}}\n\n",
    "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\"High.\"}}}}\n\n",
    "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"COMPLETE\",\"usage\":{\"billed_units\":{\"input_tokens\":10,\"output_tokens\":2},\"tokens\":{\"input_tokens\":500,\"output_tokens\":9}}}}\n\n",
    "data: [DONE]\n\n",
];

#[tokio::test]
async fn an_openai_client_calls_tools_of_cohere() {
    let story = served_by("cohere").await;
    story.provider.will(Reply::Json(200, COHERE));
    let ask = TOOLS_ASK.replace(
        r#""tool_choice":"auto""#,
        r#""tool_choice":{"type":"function","function":{"name":"level"}}"#,
    );
    let answered = story.post(CHAT, &[], &ask).await;
    let (seen, sent) = last(&story);
    assert_eq!(
        (seen.path.as_str(), &sent["model"], &sent["max_tokens"]),
        ("/v2/chat", &json!("m-1"), &json!(50))
    );
    assert_eq!(
        (&sent["tool_choice"], &sent["messages"][2]["tool_call_id"]),
        (&json!("REQUIRED"), &json!("call_1"))
    );
    assert_eq!(answered.header("x-weir-adapted"), "tool_choice=REQUIRED");
    let got = body(&answered);
    let choice = &got["choices"][0];
    assert_eq!((&choice["finish_reason"], &got["object"]), (&json!("tool_calls"), &json!("chat.completion")));
    assert_eq!(choice["message"]["tool_calls"][0]["function"]["arguments"], "{\"at\":2}");
    assert_eq!(choice["message"]["citations"][0]["text"], "O");
    assert_eq!(got["usage"]["total_tokens"], 12, "what is billed");

    story.provider.will(Reply::Stream(COHERE_STREAM.to_vec()));
    let streams = TOOLS_ASK.replacen('{', "{\"stream\":true,", 1);
    let plain = story.post(CHAT, &[], &streams).await;
    assert!(
        plain.body.contains(r#""content":"High.""#) && plain.body.ends_with("data: [DONE]\n\n"),
        "{}",
        plain.body
    );
    assert!(!plain.body.contains("prompt_tokens"), "usage that nobody asked for: {}", plain.body);
    assert_eq!(last(&story).1["stream"], true);
    story.provider.will(Reply::Stream(COHERE_STREAM.to_vec()));
    let streams = streams.replacen('{', "{\"stream_options\":{\"include_usage\":true},", 1);
    let told = story.post(CHAT, &[], &streams).await;
    assert!(told.body.contains(r#""prompt_tokens":10,"completion_tokens":2"#), "{}", told.body);
    let lines = story.books().await;
    assert_eq!(lines.iter().map(|line| line.requests).sum::<u64>(), 3);
}

#[tokio::test]
async fn an_anthropic_client_reaches_cohere_translated_and_told() {
    let story = served_by("cohere").await;
    let ask = r#"{"model":"claude","max_tokens":9,"system":"Be brief.","messages":[{"role":"user","content":"hi"}],"tools":[{"name":"level","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"}}"#;
    story.provider.will(Reply::Json(200, COHERE));
    let answered = story.post("/v1/messages", &[], ask).await;
    let (seen, sent) = last(&story);
    assert_eq!((seen.path.as_str(), &sent["tool_choice"]), ("/v2/chat", &json!("REQUIRED")));
    assert_eq!(sent["messages"][0], json!({"role": "system", "content": "Be brief."}));
    let got = body(&answered);
    let call = got["content"].as_array().unwrap().iter().find(|block| block["type"] == "tool_use").unwrap();
    assert_eq!((&call["id"], &call["input"]), (&json!("level_9"), &json!({"at": 2})));
    assert_eq!((&got["stop_reason"], &got["usage"]["input_tokens"]), (&json!("tool_use"), &json!(10)));
    assert!(
        answered.header("x-weir-dropped").contains("answer.citations"),
        "{}",
        answered.header("x-weir-dropped")
    );

    story.provider.will(Reply::Stream(COHERE_STREAM.to_vec()));
    let streams = ask.replacen('{', "{\"stream\":true,", 1).replacen(
        r#"{"type":"any"}"#,
        r#"{"type":"tool","name":"level"}"#,
        1,
    );
    let streamed = story.post("/v1/messages", &[], &streams).await;
    assert_eq!(streamed.header("x-weir-adapted"), "tool_choice=REQUIRED");
    assert!(streamed.body.contains(r#""text":"High.""#), "{}", streamed.body);
    assert_eq!(streamed.body.matches("event: message_stop").count(), 1);
    let refused = story
        .post(
            "/v1/messages",
            &[],
            &ask.replacen(r#"{"type":"any"}"#, r#"{"type":"any","disable_parallel_tool_use":true}"#, 1),
        )
        .await;
    let told = body(&refused);
    assert_eq!(refused.status.as_u16(), 400, "{told}");
    assert_eq!(
        told["error"]["param"], "tool_choice.disable_parallel_tool_use",
        "in the caller's word: {told}"
    );
}

#[tokio::test]
async fn what_a_host_cannot_be_told_goes_to_the_next_target_or_is_left_out_where_that_is_agreed() {
    let story = served_by("cohere").await;
    let ask = r#"{"model":"gpt","messages":[{"role":"user","content":"hi"}],"logit_bias":{"1":2}}"#;
    let refused = story.post(CHAT, &[], ask).await;
    let told = body(&refused);
    assert_eq!((refused.status.as_u16(), &told["error"]["param"]), (400, &json!("logit_bias")), "{told}");
    assert_eq!(told["error"]["code"], "unsupported_parameter");
    assert!(story.provider.seen().is_empty());
    story.provider.will(Reply::Json(200, COHERE));
    let answered = story.post(CHAT, &[("x-weir-drop-unsupported", "true")], ask).await;
    assert_eq!((answered.status.as_u16(), answered.header("x-weir-dropped")), (200, "logit_bias"));
    assert_eq!(last(&story).1.get("logit_bias"), None);

    let story = Story::begin_with(|content| {
        let plain = content.models[0].targets[0].clone();
        served(content, "cohere");
        content.models[0].targets.push(plain);
    })
    .await;
    story.provider.will(Reply::Json(200, r#"{"id":"c","choices":[]}"#));
    let answered = story.post(CHAT, &[], ask).await;
    assert_eq!((answered.status.as_u16(), last(&story).0.path.as_str()), (200, CHAT));
}

#[tokio::test]
async fn a_hosts_failures_are_told_in_openais_words() {
    let story = served_by("cohere").await;
    let ask = r#"{"model":"gpt","messages":[{"role":"user","content":"hi"}]}"#;
    story
        .provider
        .will(Reply::Json(400, r#"{"id":"e","message":"too many tokens: size limit exceeded by 9 tokens"}"#));
    let told = story.post(CHAT, &[], ask).await;
    let error = &body(&told)["error"];
    assert_eq!((told.status.as_u16(), &error["code"]), (400, &json!("context_length_exceeded")), "{error}");
    assert!(error["message"].as_str().unwrap().starts_with("too many tokens"));

    let broken = r#"{"id":"e","message":{"content":[]},"finish_reason":"ERROR","error":"Down."}"#;
    story.provider.will(Reply::Json(200, broken));
    let told = story.post(CHAT, &[], ask).await;
    assert_eq!((told.status.as_u16(), &body(&told)["error"]["message"]), (502, &json!("Down.")));

    let streams = ask.replacen('{', "{\"stream\":true,", 1);
    let failed = "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"ERROR\",\"error\":\"Down.\"}}\n\n";
    for reply in [
        Reply::Stream([&COHERE_STREAM[..3], &[failed]].concat()),
        Reply::Stream([&COHERE_STREAM[..3], &["data: {\"type\":\n\n"]].concat()),
        Reply::Stream(COHERE_STREAM[..3].to_vec()),
    ] {
        story.provider.will(reply);
        let told = story.post(CHAT, &[], &streams).await;
        assert!(told.body.contains("High.") && told.body.contains(r#""error":{"#), "{}", told.body);
        assert!(!told.body.contains("[DONE]"), "{}", told.body);
    }
}

const OLLAMA: &str = r#"{"model":"m-1","created_at":"2026-08-07T06:08:11Z","message":{"role":"assistant","content":"","thinking":"Once more.","tool_calls":[{"function":{"name":"level","arguments":{"at":2}}}]},"done":true,"done_reason":"stop","total_duration":9,"prompt_eval_count":10,"eval_count":2}"#;

const OLLAMA_STREAM: [&str; 3] = [
    "{\"model\":\"m-1\",\"message\":{\"role\":\"assistant\",\"content\":\"High",
    ".\"},\"done\":false}\n{\"model\":\"m-1\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"function\":{\"name\":\"level\",\"arguments\":{}}}]},\"done\":false}\n",
    "{\"model\":\"m-1\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":10,\"eval_count\":2}",
];

const NDJSON: &str = "application/x-ndjson";

#[tokio::test]
async fn an_openai_client_calls_tools_of_ollama() {
    let story = served_by("ollama").await;
    story.provider.will(Reply::Json(200, OLLAMA));
    let answered = story.post(CHAT, &[], TOOLS_ASK).await;
    let (seen, sent) = last(&story);
    assert_eq!((seen.path.as_str(), &sent["stream"]), ("/api/chat", &json!(false)));
    assert_eq!(
        (&sent["options"]["num_predict"], &sent["messages"][2]["tool_name"]),
        (&json!(50), &json!("level"))
    );
    assert_eq!(sent["messages"][1]["tool_calls"][0]["function"]["arguments"], json!({"at": 1}));
    let got = body(&answered);
    let call = &got["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(
        (&call["function"]["arguments"], &got["usage"]["total_tokens"]),
        (&json!("{\"at\":2}"), &json!(12))
    );
    assert!(call["id"].as_str().unwrap().starts_with("call_"), "{call}");

    story.provider.will(Reply::Typed(NDJSON, OLLAMA_STREAM.to_vec()));
    let streams = TOOLS_ASK.replacen('{', "{\"stream\":true,", 1);
    let told = story.post(CHAT, &[], &streams).await;
    assert!(told.header("content-type").starts_with("text/event-stream"));
    assert!(
        told.body.contains(r#""content":"High.""#) && told.body.ends_with("data: [DONE]\n\n"),
        "{}",
        told.body
    );
    assert!(
        told.body.contains(r#""finish_reason":"tool_calls""#) && !told.body.contains("prompt_tokens"),
        "{}",
        told.body
    );
    for lines in [
        vec![OLLAMA_STREAM[0], ".\"},\"done\":false}\n", "{\"error\":\"no room\"}\n"],
        OLLAMA_STREAM[..2].to_vec(),
    ] {
        story.provider.will(Reply::Typed(NDJSON, lines));
        let failed = story.post(CHAT, &[], &streams).await;
        assert!(failed.body.contains("High.") && failed.body.contains(r#""error":{"#), "{}", failed.body);
        assert!(!failed.body.contains("[DONE]"), "{}", failed.body);
    }
    story.provider.will(Reply::Json(404, r#"{"error":"model 'm-1' not found"}"#));
    let missing = story.post(CHAT, &[], TOOLS_ASK).await;
    assert_eq!(body(&missing)["error"]["message"], "model 'm-1' not found");
}

#[tokio::test]
async fn clients_of_responses_and_messages_reach_ollama_too() {
    let story = served_by("ollama").await;
    story.provider.will(Reply::Json(200, OLLAMA));
    let answered = story.post("/v1/responses", &[], r#"{"model":"gpt","input":"hi","store":false}"#).await;
    assert_eq!(last(&story).0.path, "/api/chat", "its own path has no responses");
    let got = body(&answered);
    assert!(got["output"].as_array().unwrap().iter().any(|item| item["type"] == "function_call"), "{got}");
    story.provider.will(Reply::Typed(NDJSON, OLLAMA_STREAM.to_vec()));
    let ask =
        r#"{"model":"claude","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let told = story.post("/v1/messages", &[], ask).await;
    assert!(told.body.contains(r#""text":"High.""#) && told.body.contains("tool_use"), "{}", told.body);
}

#[tokio::test]
async fn vectors_and_orders_are_asked_for_in_the_hosts_words() {
    let ask = r#"{"model":"gpt","input":["a"],"encoding_format":"base64"}"#;
    let story = served_by("ollama").await;
    story.provider.will(Reply::Json(200, r#"{"model":"m-1","embeddings":[[0.5]],"prompt_eval_count":3}"#));
    let answered = story.post("/v1/embeddings", &[], ask).await;
    let (seen, sent) = last(&story);
    assert_eq!((seen.path.as_str(), &sent), ("/api/embed", &json!({"model": "m-1", "input": ["a"]})));
    assert_eq!(
        (&body(&answered)["data"][0]["embedding"], &body(&answered)["usage"]["prompt_tokens"]),
        (&json!("AAAAPw=="), &json!(3))
    );

    let story = served_by("cohere").await;
    story.provider.will(Reply::Json(
        200,
        r#"{"id":"v","embeddings":{"base64":["AAAAPw=="]},"meta":{"billed_units":{"input_tokens":3}}}"#,
    ));
    let answered = story.post("/v1/embeddings", &[], ask).await;
    let (seen, sent) = last(&story);
    assert_eq!((seen.path.as_str(), &sent["embedding_types"]), ("/v2/embed", &json!(["base64"])));
    assert_eq!(body(&answered)["data"][0]["embedding"], "AAAAPw==");
    assert_eq!(answered.header("x-weir-adapted"), "input_type=search_document");
    let ranked = r#"{"id":"k","results":[{"index":0,"relevance_score":0.5}],"meta":{"billed_units":{"search_units":1}}}"#;
    story.provider.will(Reply::Json(200, ranked));
    let ask = r#"{"model":"gpt","query":"q","documents":["a"]}"#;
    let answered = story.post("/v2/rerank", &[], ask).await;
    assert_eq!((answered.body.as_str(), last(&story).0.path.as_str()), (ranked, "/v2/rerank"));
    assert_eq!(last(&story).1["documents"], json!(["a"]));
    let spoken = story.post("/v1/audio/speech", &[], r#"{"model":"gpt","input":"x","voice":"v"}"#).await;
    assert_ne!(spoken.status.as_u16(), 200, "it is not offered there, and says so");
}
