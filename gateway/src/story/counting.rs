//! Counting tokens before anything is asked: for models of any format, at hosts with counters of their own, and the refusal
//! where nobody counts.

use base64::Engine as _;
use serde_json::{Value, json};
use weir_contract::policy::{Content, ModelEntry, TargetEntry};

use super::hosts::hosted;
use super::provider::Reply;
use super::{Answered, Story};
use crate::sample;

const ANTHROPICS: &str = "/v1/messages/count_tokens";
const RESPONSES: &str = "/v1/responses/input_tokens";

/// The sample's policy with a model that is served in Gemini's format.
fn with_gemini(content: &mut Content) {
    let base = content.endpoints[0].base_url.replace("/v1", "/v1beta");
    content.endpoints.push(sample::endpoint("ep_3", "gemini", &base));
    content.models.push(ModelEntry {
        name: "flash".to_owned(),
        workspace: None,
        targets: vec![TargetEntry { endpoint: "ep_3".into(), upstream_model: "flash-upstream".to_owned() }],
        max_output: None,
        context_window: None,
        can: Vec::new(),
        cannot: Vec::new(),
    });
}

fn geminis(model: &str) -> String {
    format!("/v1beta/models/{model}:countTokens")
}

/// A question in the caller's format, for that model.
fn question(path: &str, model: &str) -> String {
    let ask = if path == ANTHROPICS {
        json!({"model": model, "system": "Be brief.", "messages": [{"role": "user", "content": "hi"}]})
    } else if path == RESPONSES {
        json!({"model": model, "instructions": "Be brief.", "input": "hi"})
    } else {
        json!({"generateContentRequest": {"model": format!("models/{model}"),
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "contents": [{"role": "user", "parts": [{"text": "hi"}]}]}})
    };
    ask.to_string()
}

async fn ask(story: &Story, path: &str, model: &str) -> Answered {
    story.post(path, &[], &question(path, model)).await
}

fn last_sent(story: &Story) -> (String, Value) {
    let seen = story.provider.seen().pop().unwrap();
    (seen.path, serde_json::from_str(&seen.body).unwrap())
}

const COUNTERS: [(&str, &str, &str); 3] = [
    ("gpt", "/v1/responses/input_tokens", r#"{"object":"response.input_tokens","input_tokens":7}"#),
    ("claude", "/v1/messages/count_tokens", r#"{"input_tokens":7}"#),
    ("flash", "/v1beta/models/flash-upstream:countTokens", r#"{"totalTokens":7}"#),
];

#[tokio::test]
async fn whoever_serves_a_model_is_asked_in_its_own_words_and_each_client_hears_its_own() {
    let story = Story::begin_with(with_gemini).await;
    let mut asked = 0;
    for (model, upstream, counts) in COUNTERS {
        let callers =
            [(ANTHROPICS, COUNTERS[1].2), (RESPONSES, COUNTERS[0].2), (&geminis(model), COUNTERS[2].2)];
        for (path, wanted) in callers {
            story.provider.will(Reply::Json(200, counts));
            let answered = ask(&story, path, model).await;
            assert_eq!(
                (answered.status.as_u16(), answered.body.as_str()),
                (200, wanted),
                "{path} for {model}"
            );
            assert_eq!(answered.header("x-weir-cost-usd"), "0.000000000");
            assert!(!answered.headers.contains_key("x-weir-dropped"), "{path} for {model}");
            assert!(!answered.headers.contains_key("x-weir-adapted"), "{path} for {model}");
            let (path, sent) = last_sent(&story);
            assert_eq!(path, upstream);
            let text = sent.to_string();
            assert!(text.contains("Be brief.") && text.contains("hi"), "{text}");
            assert!(!text.contains("max_tokens") && !text.contains("\"store\""), "{text}");
            asked += 1;
        }
    }
    let (_, sent) = last_sent(&story);
    assert_eq!(sent["generateContentRequest"]["model"], "models/flash-upstream");
    let lines = story.books().await;
    assert_eq!(lines.iter().map(|line| line.requests).sum::<u64>(), asked);
}

#[tokio::test]
async fn a_counters_refusal_is_told_in_the_callers_words() {
    let story = Story::begin_with(with_gemini).await;
    story.provider.will(Reply::Json(
        400,
        r#"{"error":{"code":400,"message":"No such part.","status":"INVALID_ARGUMENT"}}"#,
    ));
    let refused = ask(&story, ANTHROPICS, "flash").await;
    let told: Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!((refused.status.as_u16(), &told["error"]["type"]), (400, &json!("invalid_request_error")));
    assert!(refused.body.contains("No such part."), "{}", refused.body);
}

/// The model of every name is served by that host under that name.
async fn at_host(provider: &'static str, dialect: &'static str, model: &'static str) -> Story {
    Story::begin_with(move |content| {
        hosted(content, provider, dialect);
        content.models.iter_mut().for_each(|entry| entry.targets[0].upstream_model = model.to_owned());
    })
    .await
}

const BETAS: [(&str, &str); 1] = [("anthropic-beta", "b1,token-counting-2024-11-01")];

#[tokio::test]
async fn bedrock_counts_for_the_model_behind_a_profile_what_would_be_invoked() {
    let story = at_host("bedrock", "anthropic", "us.anthropic.claude-x-v1:0").await;
    for (path, wanted) in
        [(ANTHROPICS, COUNTERS[1].2), (RESPONSES, COUNTERS[0].2), (&geminis("gpt"), COUNTERS[2].2)]
    {
        story.provider.will(Reply::Json(200, r#"{"inputTokens":7}"#));
        let answered = story.post(path, &BETAS, &question(path, "gpt")).await;
        assert_eq!((answered.status.as_u16(), answered.body.as_str()), (200, wanted), "{path}");
        let (upstream, sent) = last_sent(&story);
        assert_eq!(upstream, "/model/anthropic.claude-x-v1%3A0/count-tokens");
        let body = sent["input"]["invokeModel"]["body"].as_str().unwrap();
        let body = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
        let invoked: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (&invoked["anthropic_version"], &invoked["max_tokens"], &invoked["model"]),
            (&json!("bedrock-2023-05-31"), &json!(1), &Value::Null)
        );
        assert_eq!(invoked["messages"][0]["role"], "user");
        if path == ANTHROPICS {
            assert_eq!(invoked["anthropic_beta"], json!(["b1"]));
        }
    }

    let story = at_host("bedrock", "anthropic", "eu.amazon.nova-lite-v1:0").await;
    story.provider.will(Reply::Json(200, r#"{"inputTokens":7}"#));
    let answered = ask(&story, ANTHROPICS, "claude").await;
    assert_eq!(answered.body, r#"{"input_tokens":7}"#);
    let (upstream, sent) = last_sent(&story);
    assert_eq!(upstream, "/model/amazon.nova-lite-v1%3A0/count-tokens");
    assert_eq!(
        sent,
        json!({"input": {"converse": {"messages": [{"role": "user", "content": [{"text": "hi"}]}],
            "system": [{"text": "Be brief."}]}}})
    );
}

#[tokio::test]
async fn vertex_counts_for_both_of_its_formats() {
    let story = at_host("vertex", "anthropic", "claude-x@1").await;
    for (path, wanted) in [(ANTHROPICS, COUNTERS[1].2), (RESPONSES, COUNTERS[0].2)] {
        story.provider.will(Reply::Json(200, COUNTERS[1].2));
        assert_eq!(ask(&story, path, "claude").await.body, wanted);
        let (upstream, sent) = last_sent(&story);
        assert_eq!(upstream, "/publishers/anthropic/models/count-tokens:rawPredict");
        assert_eq!(
            (&sent["model"], &sent["anthropic_version"]),
            (&json!("claude-x@1"), &json!("vertex-2023-10-16"))
        );
    }
    let story = at_host("vertex", "gemini", "flash-1").await;
    for (path, wanted) in [(ANTHROPICS, COUNTERS[1].2), (&geminis("gpt"), COUNTERS[2].2)] {
        story.provider.will(Reply::Json(200, COUNTERS[2].2));
        assert_eq!(ask(&story, path, "gpt").await.body, wanted);
        let (upstream, sent) = last_sent(&story);
        assert_eq!(upstream, "/publishers/google/models/flash-1:countTokens");
        assert_eq!(sent["contents"][0]["parts"][0]["text"], "hi");
        assert_eq!(sent["systemInstruction"]["parts"][0]["text"], "Be brief.");
        assert_eq!(sent["generateContentRequest"], Value::Null);
    }
}

#[tokio::test]
async fn where_nobody_counts_the_refusal_says_so_and_who_counts_is_asked_instead() {
    for (provider, path) in
        [("mistral", ANTHROPICS), ("cohere", ANTHROPICS), ("ollama", RESPONSES), ("azure", RESPONSES)]
    {
        let story = at_host(provider, "openai", "m").await;
        let refused = ask(&story, path, "gpt").await;
        assert_eq!(refused.status.as_u16(), 400, "{provider}: {}", refused.body);
        assert!(refused.body.contains("nobody counts tokens for model `gpt`"), "{}", refused.body);
        assert_eq!(story.provider.seen().len(), 0, "{provider}");
    }
    let story = Story::begin_with(|content| {
        content.endpoints[0].provider = "mistral".to_owned();
        let claude = content.models[1].targets[0].clone();
        content.models[0].targets.push(claude);
    })
    .await;
    story.provider.will(Reply::Json(200, COUNTERS[1].2));
    assert_eq!(ask(&story, ANTHROPICS, "gpt").await.body, COUNTERS[1].2);
    assert_eq!(last_sent(&story).0, "/v1/messages/count_tokens");
}
