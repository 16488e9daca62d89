//! Whole answers: passed untouched, priced, attributed, retried, refused.

use tokio::sync::oneshot;
use weir_contract::id::Revision;
use weir_contract::money::Money;
use weir_contract::policy::{StopEntry, Stopped};

use super::Story;
use super::policy::snapshot;
use super::provider::Reply;
use crate::sample;

const CHAT: &str = "/v1/chat/completions";
const ASK: &str = r#"{"model":"gpt","messages":[{"role":"user","content":"hi"}],"x_unknown":1.50}"#;
const ANSWER: &str = r#"{"id":"c1","model":"gpt-1","choices":[{"index":0,"message":{"role":"assistant","content":"yo"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}}"#;

#[tokio::test]
async fn an_answer_passes_untouched_with_its_price_and_the_books_hear_of_it() {
    let story = Story::begin().await;
    story.provider.will(Reply::Json(200, ANSWER));
    let answered = story.post(CHAT, &[("x-weir-customer", "acme"), ("cookie", "a=b")], ASK).await;
    assert_eq!((answered.status.as_u16(), answered.body.as_str()), (200, ANSWER));
    // 10 × 1 $/M + 2 × 10 $/M
    assert_eq!(answered.header("x-weir-cost-usd"), "0.000030000");
    assert_eq!(answered.header("x-weir-source"), "provider");
    assert_eq!(answered.header("x-weir-model"), "gpt-upstream");
    assert_eq!(answered.header("x-weir-provider-request-id"), "req_1");
    assert_eq!(answered.header("x-request-id"), answered.header("x-weir-request-id"));
    let seen = story.provider.seen().remove(0);
    assert_eq!(seen.path, "/v1/chat/completions");
    assert_eq!(seen.body, ASK.replace("\"gpt\"", "\"gpt-upstream\""));
    assert_eq!(seen.headers["authorization"], "Bearer sk-provider");
    assert!(!seen.headers.contains_key("cookie") && !seen.headers.contains_key("x-weir-customer"));
    let lines = story.books().await;
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].customer.as_str(), lines[0].requests), ("acme", 1));
    assert_eq!(lines[0].cost, Money::from_nano(30_000));
}

#[tokio::test]
async fn a_passing_failure_is_tried_again_and_both_attempts_are_calls_of_one_request() {
    let story = Story::begin().await;
    story.provider.will(Reply::Json(503, r#"{"error":{"message":"busy"}}"#));
    story.provider.will(Reply::Json(200, ANSWER));
    let answered = story.post(CHAT, &[], ASK).await;
    assert_eq!((answered.status.as_u16(), answered.header("x-weir-attempts")), (200, "2"));
    let lines = story.books().await;
    assert_eq!(
        lines.iter().map(|line| (line.requests, line.calls)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)),
        (1, 2)
    );
}

#[tokio::test]
async fn the_next_target_answers_when_the_first_cannot() {
    let story = Story::begin_with(|content| {
        let mut second = content.models[0].targets[0].clone();
        second.upstream_model = "other".to_owned();
        content.models[0].targets.push(second);
        content.endpoints[0].retries_max = 0;
    })
    .await;
    story.provider.will(Reply::Json(401, r#"{"error":{"message":"bad key"}}"#));
    story.provider.will(Reply::Json(200, ANSWER));
    let answered = story.post(CHAT, &[], ASK).await;
    assert_eq!((answered.status.as_u16(), answered.header("x-weir-model")), (200, "other"));
}

#[tokio::test]
async fn a_request_that_is_wrong_is_told_so_in_the_providers_own_words_and_not_tried_again() {
    let story = Story::begin().await;
    let words = r#"{"error":{"message":"max_tokens is too large","type":"invalid_request_error"}}"#;
    story.provider.will(Reply::Json(400, words));
    let answered = story.post(CHAT, &[], ASK).await;
    assert_eq!((answered.status.as_u16(), answered.body.as_str()), (400, words));
    assert_eq!(answered.header("x-weir-source"), "provider");
    assert_eq!(story.provider.seen().len(), 1);
}

#[tokio::test]
async fn refusals_are_in_the_callers_dialect_and_say_what_to_do() {
    let story = Story::begin().await;
    let unknown = story.post(CHAT, &[], &ASK.replace("gpt", "gtp")).await;
    assert_eq!(unknown.status.as_u16(), 404);
    assert!(unknown.body.contains("model_not_found") && unknown.body.contains("nearest"), "{}", unknown.body);
    let elsewhere = story.post("/v1/embeddings", &[], r#"{"model":"claude","input":"hi"}"#).await;
    assert_eq!(elsewhere.status.as_u16(), 400);
    assert!(elsewhere.body.contains("call /v1/messages"), "{}", elsewhere.body);
    let unsaid = r#"{"model":"gpt","max_tokens":1,"top_k":5,"messages":[]}"#;
    let unsaid = story.post("/v1/messages", &[], unsaid).await;
    assert_eq!(unsaid.status.as_u16(), 400);
    assert!(
        unsaid.body.contains(r#""type":"error""#) && unsaid.body.contains("unsupported_parameter"),
        "{}",
        unsaid.body
    );
    let broken = story.post(CHAT, &[], "{\"model\":").await;
    assert_eq!((broken.status.as_u16(), broken.header("x-weir-source")), (400, "gateway"));
    let lines = story.books().await;
    assert_eq!(lines.iter().map(|line| line.requests).sum::<u64>(), 4, "refusals are recorded too");
}

#[tokio::test]
async fn what_is_stopped_is_refused_with_the_reason_and_what_goes_on_is_served() {
    let stop = |what| StopEntry { what, reason: "it leaked".to_owned() };
    let claude = |body: &str| body.replace("\"gpt\"", "\"claude\"");
    let story = Story::begin_with(|content| {
        let acme = Stopped::Customer { workspace: "ws_1".into(), customer: "acme".into() };
        let model = Stopped::Model { workspace: None, name: "claude".to_owned() };
        content.stops = vec![stop(acme), stop(model)];
    })
    .await;
    let refused = story.post(CHAT, &[("x-weir-customer", "acme")], ASK).await;
    assert_eq!(refused.status.as_u16(), 403);
    assert!(
        refused.body.contains("customer_stopped") && refused.body.contains("it leaked"),
        "{}",
        refused.body
    );
    let ask = r#"{"model":"claude","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}"#;
    let refused = story.post("/v1/messages", &[], ask).await;
    assert_eq!(refused.status.as_u16(), 403);
    assert!(
        refused.body.contains(r#""type":"error""#) && refused.body.contains("it leaked"),
        "{}",
        refused.body
    );
    assert_eq!(story.post(CHAT, &[], &claude(ASK)).await.status.as_u16(), 403, "by whatever route");
    story.provider.will(Reply::Json(200, ANSWER));
    let other = story.post(CHAT, &[("x-weir-customer", "globex")], ASK).await;
    assert_eq!(other.status.as_u16(), 200, "others are not concerned");

    let mut stopped = story.content.clone();
    stopped.stops = vec![stop(Stopped::Key { key: "key_1".into() })];
    story.control.push(snapshot(sample::revised(2, &stopped)));
    story.control.acknowledged(Revision(2)).await;
    let refused = story.post(CHAT, &[], ASK).await;
    assert!(refused.status.as_u16() == 403 && refused.body.contains("key_stopped"), "{}", refused.body);
    stopped.stops = vec![stop(Stopped::Endpoint { endpoint: "ep_1".into() })];
    story.control.push(snapshot(sample::revised(3, &stopped)));
    story.control.acknowledged(Revision(3)).await;
    let refused = story.post(CHAT, &[], ASK).await;
    assert!(refused.status.as_u16() == 503 && refused.body.contains("endpoint_stopped"), "{}", refused.body);
    assert_eq!(story.provider.seen().len(), 1, "nothing stopped reached a provider");
    let lines = story.books().await;
    assert_eq!(lines.iter().map(|line| line.requests).sum::<u64>(), 6, "refusals are on record");
}

#[tokio::test]
async fn without_a_valid_key_nothing_is_archived() {
    let story = Story::begin().await;
    let address = story.gateway.address;
    let models = story.get(address, "/v1/models", &[("x-api-key", "wk_wrong")]).await;
    assert_eq!(models.status.as_u16(), 401);
    assert!(models.body.contains("invalid_api_key"));
    let metrics = story.get(story.gateway.admin_address, "/metrics", &[]).await;
    assert!(
        metrics.body.contains("weir_requests_turned_away_total{reason=\"unknown_key\"} 1"),
        "{}",
        metrics.body
    );
}

#[tokio::test]
async fn models_are_listed_in_the_shape_the_caller_knows() {
    let story = Story::begin().await;
    let address = story.gateway.address;
    let key = ("x-api-key", sample::KEY);
    let openai = story.get(address, "/v1/models", &[key]).await;
    assert!(openai.body.contains(r#""object":"list""#) && openai.body.contains(r#""id":"claude""#));
    let anthropic = story.get(address, "/v1/models", &[key, ("anthropic-version", "2023-06-01")]).await;
    assert!(anthropic.body.contains(r#""has_more":false"#));
    assert_eq!(story.get(address, "/v1/models/gpt", &[key]).await.status.as_u16(), 200);
    assert_eq!(story.get(address, "/v1/models/none", &[key]).await.status.as_u16(), 404);
}

#[tokio::test]
async fn a_key_over_its_limit_is_told_when_to_come_again() {
    let story = Story::begin_with(|content| content.keys[0].requests_per_minute = Some(1)).await;
    story.provider.will(Reply::Json(200, ANSWER));
    assert_eq!(story.post(CHAT, &[], ASK).await.status.as_u16(), 200);
    let limited = story.post(CHAT, &[], ASK).await;
    assert_eq!((limited.status.as_u16(), limited.header("retry-after")), (429, "60"));
    assert_eq!(limited.header("x-ratelimit-limit-requests"), "1");
    assert!(limited.body.contains("rate_limit_exceeded"));
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_a_502_that_names_it() {
    let story = Story::begin_with(|content| {
        content.endpoints[0] = sample::endpoint("ep_1", "openai", "http://127.0.0.1:1/v1");
    })
    .await;
    let answered = story.post(CHAT, &[], ASK).await;
    assert_eq!(answered.status.as_u16(), 502);
    assert!(
        answered.body.contains("upstream_unreachable") && answered.body.contains("ep_1"),
        "{}",
        answered.body
    );
    assert_eq!(answered.header("x-weir-source"), "provider");
}

#[tokio::test]
async fn an_answer_nobody_waits_for_is_still_read_and_paid_for() {
    let story = Story::begin().await;
    let (answer, late) = oneshot::channel();
    story.provider.will(Reply::Late(late, ANSWER));
    tokio::select! {
        _ = story.send(CHAT, &[("x-weir-customer", "gone")], ASK) => panic!("it was answered"),
        () = story.provider.asked(1) => {}
    }
    let story = story.without_client();
    answer.send(()).unwrap();
    let lines = story.books().await;
    assert_eq!((lines[0].customer.as_str(), lines[0].cost), ("gone", Money::from_nano(30_000)));
}

#[tokio::test]
async fn a_gateway_that_serves_says_so_on_its_admin_port() {
    let story = Story::begin().await;
    let admin = story.gateway.admin_address;
    for path in ["/livez", "/readyz", "/startupz"] {
        assert_eq!(story.get(admin, path, &[]).await.status.as_u16(), 200, "{path}");
    }
    assert!(story.get(admin, "/statusz", &[]).await.body.contains(r#""revision":1"#));
}
