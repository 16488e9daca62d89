//! Files and batches: to whom they go, whose they are, which models they may name, and that what a batch consumed is counted
//! once, when its results are read.

use http::Method;
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use weir_contract::money::Money;
use weir_contract::policy::{Content, ModelEntry, TargetEntry, WorkspaceEntry};
use weir_contract::price::Rates;
use weir_contract::usage::Bucket;

use super::provider::{Reply, Seen};
use super::{Answered, Story};
use crate::sample;

const FORM: (&str, &str) = ("content-type", "multipart/form-data; boundary=b");
const ANTHROPIC: (&str, &str) = ("anthropic-version", "2023-06-01");
const FILE: &str = r#"{"id":"file-1","object":"file","purpose":"batch"}"#;
const BATCH: &str = r#"{"id":"batch_1","object":"batch","status":"validating","input_file_id":"file-1","output_file_id":null}"#;
const DONE: &str = r#"{"id":"batch_1","object":"batch","status":"completed","input_file_id":"file-1","output_file_id":"file-out","error_file_id":"file-err"}"#;
const RESULTS: [&str; 2] = [
    "{\"custom_id\":\"1\",\"response\":{\"status_code\":200,\"body\":{\"object\":\"chat.completion\",\"model\":\"gpt-upstream\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2,\"total_tokens\":12}}}}\n{\"custom_id\":\"2\",\"respo",
    "nse\":{\"status_code\":200,\"body\":{\"object\":\"chat.completion\",\"model\":\"gpt-upstream\",\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":4,\"total_tokens\":24}}}}\n",
];
const OTHER: &str = "wk_other";

fn form(purpose: &str, lines: &[&str]) -> String {
    let part = |head: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name={head}\r\n\r\n{value}\r\n")
    };
    let file = part("\"file\"; filename=\"a.jsonl\"", &lines.join("\n"));
    format!("{}{file}--b--\r\n", part("\"purpose\"", purpose))
}

fn line(model: &str) -> String {
    format!(
        r#"{{"custom_id":"1","method":"POST","url":"/v1/chat/completions","body":{{"model":"{model}"}}}}"#
    )
}

/// Batches at half the price.
fn half(content: &mut Content) {
    for entry in &mut content.prices {
        let rates = [(Bucket::Input, 500_000_000), (Bucket::Output, 5_000_000_000)];
        entry.price.service_tiers.insert("batch".to_owned(), Rates::from_iter(rates));
    }
}

/// A second endpoint of OpenAI's format, with a model of its own.
fn second(content: &mut Content) {
    let base = content.endpoints[0].base_url.replace("/v1", "/second/v1");
    content.endpoints.push(sample::endpoint("ep_4", "openai", &base));
    let targets = vec![TargetEntry { endpoint: "ep_4".into(), upstream_model: "there".to_owned() }];
    content.models.push(ModelEntry { name: "other".to_owned(), targets, ..content.models[0].clone() });
}

/// A key of another workspace.
fn neighbours(content: &mut Content) {
    content.workspaces.push(WorkspaceEntry { id: "ws_2".into(), ..content.workspaces[0].clone() });
    let mut key = sample::key_entry();
    (key.id, key.workspace, key.hash) = ("key_2".into(), "ws_2".into(), sample::hash_of(OTHER));
    content.keys.push(key);
}

fn held(content: &mut Content) {
    content.keys[0].models = vec!["gpt".to_owned()];
}

impl Story {
    async fn hand_in(&self, lines: &[&str]) -> Answered {
        self.provider.will(Reply::Json(200, FILE));
        self.post("/v1/files", &[FORM], &form("batch", lines)).await
    }

    async fn begin_batch(&self) -> Answered {
        self.provider.will(Reply::Json(200, BATCH));
        let ask = r#"{"input_file_id":"file-1","endpoint":"/v1/chat/completions","completion_window":"24h"}"#;
        self.post("/v1/batches", &[], ask).await
    }

    async fn read(&self, path: &str, reply: Reply) -> Answered {
        self.provider.will(reply);
        self.ask(Method::GET, path, &[], "").await
    }

    /// How many calls have no price.
    async fn unrated(&self) -> u64 {
        let metrics = self.get(self.gateway.admin_address, "/metrics", &[]).await.body;
        let counts = metrics.lines().filter(|line| line.starts_with("weir_unrated_calls_total"));
        counts.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    }

    fn last(&self) -> Seen {
        self.provider.seen().pop().unwrap()
    }
}

fn results() -> Reply {
    Reply::Typed("application/octet-stream", RESULTS.to_vec())
}

fn code(answered: &Answered) -> (u16, Value) {
    let body: Value = serde_json::from_str(&answered.body).unwrap_or_else(|_| panic!("{}", answered.body));
    (answered.status.as_u16(), body["error"]["code"].clone())
}

#[tokio::test]
async fn a_batch_is_counted_once_when_its_results_are_read_first_at_the_price_for_batches() {
    let story = Story::begin_with(half).await;
    let handed_in = story.hand_in(&[&line("gpt"), &line("gpt")]).await;
    assert_eq!((handed_in.status.as_u16(), handed_in.header("x-weir-cost-usd")), (200, "0.000000000"));
    let body = story.last().body;
    assert_eq!(body, form("batch", &[&line("gpt-upstream"), &line("gpt-upstream")]), "the provider's names");
    let begun = story.begin_batch().await;
    assert_eq!((begun.body.as_str(), begun.header("x-weir-cost-usd")), (BATCH, ""), "not known yet");
    let done = story.read("/v1/batches/batch_1", Reply::Json(200, DONE)).await;
    assert_eq!((done.body.as_str(), done.header("x-weir-cost-usd")), (DONE, "0.000000000"));
    for _ in 0..2 {
        let read = story.read("/v1/files/file-out/content", results()).await;
        assert_eq!((read.status.as_u16(), read.body), (200, RESULTS.concat()));
    }
    assert_eq!(story.last().path, "/v1/files/file-out/content");
    assert_eq!(story.unrated().await, 1, "the batch when it was handed in");
    let lines = story.books().await;
    assert_eq!(lines.iter().map(|line| line.cost).sum::<Money>(), Money::from_nano(45_000));
    assert_eq!(lines.iter().map(|line| line.requests).sum::<u64>(), 5);
}

#[tokio::test]
async fn results_that_break_off_or_that_nobody_saw_begin_are_not_counted() {
    let story = Story::begin_with(half).await;
    let unseen = story.read("/v1/files/file-out/content", results()).await;
    assert_eq!((unseen.status.as_u16(), unseen.body), (200, RESULTS.concat()));
    story.hand_in(&[&line("gpt")]).await;
    story.begin_batch().await;
    story.read("/v1/batches/batch_1", Reply::Json(200, DONE)).await;
    let first = RESULTS[0].split_inclusive('\n').next().unwrap();
    let (feed, fed) = mpsc::unbounded_channel();
    feed.send(Ok(first)).unwrap();
    story.provider.will(Reply::Fed(fed));
    let request = http::Request::get(format!("http://{}/v1/files/file-out/content", story.gateway.address));
    let request = request.header("x-api-key", sample::KEY).body(Full::default()).unwrap();
    let mut response = story.client.request(request).await.unwrap();
    let begun = response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(begun, first);
    feed.send(Err(std::io::Error::other("cut"))).unwrap();
    let rest = super::read(response).await.body;
    assert!(rest.contains("upstream_error"), "{rest}");
    let lines = story.books().await;
    assert_eq!(lines.iter().map(|line| line.cost).sum::<Money>(), Money::ZERO);
}

#[tokio::test]
async fn a_batch_without_a_price_of_its_own_or_of_several_models_is_unrated() {
    for (models, priced) in [(["gpt", "gpt"], false), (["gpt", "gpt-2"], true)] {
        let story = if priced { Story::begin_with(half).await } else { Story::begin().await };
        story.hand_in(&models.map(line).each_ref().map(String::as_str)).await;
        story.begin_batch().await;
        story.read("/v1/batches/batch_1", Reply::Json(200, DONE)).await;
        story.read("/v1/files/file-out/content", results()).await;
        assert_eq!(story.unrated().await, 2, "{models:?}");
        let lines = story.books().await;
        assert_eq!(lines.iter().map(|line| line.cost).sum::<Money>(), Money::ZERO, "{models:?}");
    }
}

#[tokio::test]
async fn anthropics_batches_name_models_of_the_gateway_and_are_counted_by_their_results() {
    let story = Story::begin_with(half).await;
    let ask = r#"{"requests":[{"custom_id":"1","params":{"model":"claude","max_tokens":5,"messages":[]}}]}"#;
    story.provider.will(Reply::Json(
        200,
        r#"{"id":"msgbatch_1","type":"message_batch","processing_status":"in_progress"}"#,
    ));
    let begun = story.post("/v1/messages/batches", &[], ask).await;
    assert_eq!(begun.status, 200, "{}", begun.body);
    let seen = story.last();
    assert_eq!(
        (seen.path.as_str(), seen.body),
        ("/v1/messages/batches", ask.replace("claude", "claude-upstream"))
    );
    let line = "{\"custom_id\":\"1\",\"result\":{\"type\":\"succeeded\",\"message\":{\"model\":\"claude-upstream\",\"content\":[],\"usage\":{\"input_tokens\":10,\"output_tokens\":2}}}}\n";
    for _ in 0..2 {
        let jsonl = Reply::Typed("application/x-jsonl", vec![line]);
        let read = story.read("/v1/messages/batches/msgbatch_1/results", jsonl).await;
        assert_eq!((read.body.as_str(), read.header("content-type")), (line, "application/x-jsonl"));
    }
    story.provider.will(Reply::Json(200, r#"{"id":"msgbatch_1","processing_status":"canceling","results_url":"https://provider.invalid/v1/messages/batches/msgbatch_1/results"}"#));
    let called_off = story.post("/v1/messages/batches/msgbatch_1/cancel", &[], "").await;
    let here = r#""results_url":"/v1/messages/batches/msgbatch_1/results""#;
    assert!(called_off.body.contains(here), "an SDK would take our key there: {}", called_off.body);
    assert_eq!(story.last().path, "/v1/messages/batches/msgbatch_1/cancel");
    let lines = story.books().await;
    assert_eq!(lines.iter().map(|line| line.cost).sum::<Money>(), Money::from_nano(15_000));
}

#[tokio::test]
async fn files_are_anthropics_where_its_client_asks() {
    let story = Story::begin_with(second).await;
    story.provider.will(Reply::Json(200, r#"{"id":"file_a","type":"file"}"#));
    let headers = [FORM, ANTHROPIC, ("anthropic-beta", "files-api-2025-04-14")];
    let answered = story.post("/v1/files", &headers, &form("", &["text"])).await;
    assert_eq!(answered.status, 200, "{}", answered.body);
    let seen = story.last();
    assert_eq!(
        (seen.path.as_str(), &seen.headers["anthropic-beta"]),
        ("/v1/files", &"files-api-2025-04-14".parse().unwrap())
    );
    let as_openai = story.ask(Method::GET, "/v1/files/file_a", &[], "").await;
    assert_eq!(code(&as_openai), (404, json!("not_found")));
    let as_anthropic = story.ask(Method::GET, "/v1/files/file_b/cancel", &[ANTHROPIC], "").await;
    assert_eq!(as_anthropic.status, 404);
    assert_eq!(serde_json::from_str::<Value>(&as_anthropic.body).unwrap()["type"], "error");
}

#[tokio::test]
async fn what_was_made_goes_to_its_owner_and_the_rest_to_the_endpoint_that_is_named() {
    let story = Story::begin_with(second).await;
    for path in ["/v1/files", "/v1/batches"] {
        let unnamed = story.ask(Method::GET, path, &[], "").await;
        assert_eq!(code(&unnamed), (400, json!("endpoint_not_named")));
        assert!(unnamed.body.contains("`ep_1`, `ep_4`") && unnamed.body.contains("x-weir-endpoint"));
        story.provider.will(Reply::Json(200, r#"{"data":[]}"#));
        let there = format!("{path}?limit=2");
        assert_eq!(story.ask(Method::GET, &there, &[("x-weir-endpoint", "ep_4")], "").await.status, 200);
        let seen = story.last();
        assert_eq!((seen.path, seen.query.as_str()), (format!("/second{path}"), "limit=2"));
        assert!(!seen.headers.contains_key("x-weir-endpoint"));
    }
    let unknown = story.ask(Method::GET, "/v1/batches/batch_1", &[], "").await;
    assert_eq!(code(&unknown), (404, json!("owner_not_known")));
    let handed_in = story.hand_in(&[&line("other")]).await;
    assert_eq!(handed_in.status, 200, "its model says where: {}", handed_in.body);
    let seen = story.last();
    assert_eq!((seen.path.as_str(), seen.body), ("/second/v1/files", form("batch", &[&line("there")])));
    story.begin_batch().await;
    assert_eq!(story.last().path, "/second/v1/batches");
    story.provider.will(Reply::Json(200, DONE));
    story.post("/v1/batches/batch_1/cancel", &[], "").await;
    assert_eq!(story.last().path, "/second/v1/batches/batch_1/cancel");
    story.provider.will(Reply::Json(200, r#"{"id":"file-out","deleted":true}"#));
    story.ask(Method::DELETE, "/v1/files/file-out", &[], "").await;
    assert_eq!(
        (story.last().method, story.last().path),
        (Method::DELETE, "/second/v1/files/file-out".to_owned())
    );
    let nobody = story.ask(Method::GET, "/v1/files", &[("x-weir-endpoint", "ep_2")], "").await;
    assert_eq!(code(&nobody), (404, json!("provider_not_found")), "it keeps Anthropic's");
}

#[tokio::test]
async fn what_another_workspace_made_is_not_found_and_no_batch_is_made_of_it() {
    let story = Story::begin_with(neighbours).await;
    story.hand_in(&[&line("gpt")]).await;
    story.begin_batch().await;
    let asked = story.provider.seen().len();
    let bearer = format!("http://{}", story.gateway.address);
    for (method, path, body) in [
        (Method::GET, "/v1/files/file-1", ""),
        (Method::GET, "/v1/files/file-1/content", ""),
        (Method::POST, "/v1/uploads/file-1/complete", "{}"),
        (Method::DELETE, "/v1/files/file-1", ""),
        (Method::GET, "/v1/batches/batch_1", ""),
        (Method::POST, "/v1/batches/batch_1/cancel", ""),
        (Method::POST, "/v1/batches", r#"{"input_file_id":"file-1"}"#),
    ] {
        let mut request = http::Request::builder().method(method.clone()).uri(format!("{bearer}{path}"));
        request = request.header("x-api-key", OTHER);
        let request = request.body(Full::from(body.to_owned())).unwrap();
        let answered = super::read(story.client.request(request).await.unwrap()).await;
        assert_eq!(code(&answered), (404, json!("not_found")), "{method} {path}");
    }
    assert_eq!(story.provider.seen().len(), asked, "nothing reached the provider");
}

#[tokio::test]
async fn a_key_that_is_held_to_models_names_them_in_every_line_and_sees_only_what_was_made_here() {
    let story = Story::begin_with(held).await;
    for (lines, named) in [
        (vec![line("gpt"), line("secret-model")], "line 2: "),
        (vec![line("gpt"), "{}".to_owned()], "line 2: "),
        (vec![String::new(), "no json".to_owned()], "line 2: "),
        (vec![line("claude-upstream")], "line 1: "),
    ] {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let refused = story.post("/v1/files", &[FORM], &form("batch", &lines)).await;
        assert!(refused.status.is_client_error() && refused.body.contains(named), "{}", refused.body);
    }
    let twice = form("batch", &[&line("gpt")]).replacen(
        "--b--",
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b\"\r\n\r\n{}\r\n--b--",
        1,
    );
    assert_eq!(story.post("/v1/files", &[FORM], &twice).await.status, 400);
    for path in ["/v1/files", "/v1/batches", "/v1/messages/batches"] {
        assert_eq!(code(&story.ask(Method::GET, path, &[], "").await).0, 403, "{path}");
    }
    for path in [
        "/v1/files/file-1",
        "/v1/files/file-1/content",
        "/v1/batches/batch_1",
        "/v1/messages/batches/m/results",
    ] {
        assert_eq!(code(&story.ask(Method::GET, path, &[], "").await).0, 404, "{path}");
    }
    let ask = r#"{"requests":[{"params":{"model":"gpt"}},{"params":{"model":"claude"}}]}"#;
    let refused = story.post("/v1/messages/batches", &[], ask).await;
    assert!(refused.body.contains("request "), "{}", refused.body);
    let unseen = story.post("/v1/batches", &[], r#"{"input_file_id":"file-0"}"#).await;
    assert_eq!(code(&unseen), (404, json!("not_found")));
    assert!(story.provider.seen().is_empty());
    story.provider.will(Reply::Json(200, r#"{"id":"file-9"}"#));
    story.post("/v1/files", &[FORM], &form("user_data", &[&line("secret-model")])).await;
    let other = story.post("/v1/batches", &[], r#"{"input_file_id":"file-9"}"#).await;
    assert_eq!(code(&other), (403, json!("model_not_allowed")), "its lines were not read");
    assert_eq!(story.hand_in(&[&line("gpt"), &line("gpt-upstream")]).await.status, 200);
    assert_eq!(story.begin_batch().await.status, 200);
    assert_eq!(story.read("/v1/batches/batch_1", Reply::Json(200, DONE)).await.status, 200);
    assert_eq!(story.read("/v1/files/file-out/content", results()).await.status, 200);
}

#[tokio::test]
async fn a_file_that_comes_in_parts_is_kept_where_they_went() {
    let story = Story::begin_with(|content| {
        second(content);
        held(content);
    })
    .await;
    let there = [("x-weir-endpoint", "ep_4")];
    story.provider.will(Reply::Json(200, r#"{"id":"upload_1","object":"upload","file":null}"#));
    let begun = story.post("/v1/uploads", &there, r#"{"purpose":"batch","bytes":9}"#).await;
    assert_eq!(begun.status, 200, "{}", begun.body);
    story.provider.will(Reply::Json(200, r#"{"id":"part_1"}"#));
    let part = form("", &["{}"]);
    story.post("/v1/uploads/upload_1/parts", &[FORM], &part).await;
    let seen = story.last();
    assert_eq!(
        (seen.path.as_str(), seen.headers["content-type"].to_str().unwrap(), seen.body),
        ("/second/v1/uploads/upload_1/parts", FORM.1, part)
    );
    story.provider.will(Reply::Json(200, r#"{"id":"upload_1","status":"completed","file":{"id":"file-1"}}"#));
    story.post("/v1/uploads/upload_1/complete", &[], r#"{"part_ids":["part_1"]}"#).await;
    assert_eq!(story.last().path, "/second/v1/uploads/upload_1/complete");
    assert_eq!(story.read("/v1/files/file-1", Reply::Json(200, FILE)).await.status, 200);
    assert_eq!(story.last().path, "/second/v1/files/file-1");
    let batch = story.post("/v1/batches", &[], r#"{"input_file_id":"file-1"}"#).await;
    assert_eq!(code(&batch), (403, json!("model_not_allowed")), "its lines were not read");
}

#[tokio::test]
async fn only_reads_are_repeated_after_a_failure() {
    let story = Story::begin().await;
    let failing = || Reply::Json(500, r#"{"error":{"message":"down"}}"#);
    for (method, path, body, times) in [
        (Method::GET, "/v1/files/file-1", String::new(), 2),
        (Method::POST, "/v1/files", form("batch", &[&line("gpt")]), 1),
        (Method::POST, "/v1/batches", r#"{"input_file_id":"file-1"}"#.to_owned(), 1),
        (Method::POST, "/v1/batches/batch_1/cancel", String::new(), 1),
    ] {
        let before = story.provider.seen().len();
        (0..times).for_each(|_| story.provider.will(failing()));
        let headers = if path == "/v1/files" { vec![FORM] } else { vec![] };
        let answered = story.ask(method, path, &headers, &body).await;
        assert_eq!((answered.status.as_u16(), story.provider.seen().len() - before), (500, times), "{path}");
    }
}
