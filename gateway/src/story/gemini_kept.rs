//! Gemini's files and batches: bytes that follow an address come back through the gateway, a batch's model is the path's unless
//! a request says another, and what it consumed is counted once, from its answer or from its results' file.

use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use weir_contract::money::Money;
use weir_contract::policy::{Content, ModelEntry, TargetEntry, WorkspaceEntry};
use weir_contract::price::Rates;
use weir_contract::usage::Bucket;

use super::provider::{Reply, Seen};
use super::{Answered, Story, read};
use crate::sample;

const OTHER: &str = "wk_other";
const UPLOAD: &str = "/upload/v1beta/files";
const START: [(&str, &str); 2] =
    [("x-goog-upload-protocol", "resumable"), ("x-goog-upload-command", "start")];
const WHOLE: [(&str, &str); 3] = [
    ("x-goog-upload-command", "upload, finalize"),
    ("x-goog-upload-offset", "0"),
    ("content-type", "application/jsonl"),
];
const BATCHES: &str = "/v1beta/models/flash:batchGenerateContent";
const FILE: &str = r#"{"file":{"name":"files/f1","uri":"https://google.invalid/v1beta/files/f1"}}"#;
const RUNNING: &str =
    r#"{"name":"batches/b1","metadata":{"state":"BATCH_STATE_RUNNING","output":{}},"done":false}"#;
const OF_FILE: &str = r#"{"batch":{"displayName":"d","inputConfig":{"fileName":"files/f1"}}}"#;
const DONE_IN_FILE: &str = r#"{"name":"batches/b1","done":true,"metadata":{"output":{"responsesFile":"files/out"}},"response":{"responsesFile":"files/out"}}"#;
const RESULTS: &str = "{\"key\":\"1\",\"response\":{\"candidates\":[],\"modelVersion\":\"gemini-3-pro\",\"usageMetadata\":{\"promptTokenCount\":10,\"candidatesTokenCount\":2,\"totalTokenCount\":12}}}\n{\"key\":\"2\",\"error\":{\"code\":3}}\n";

/// One endpoint that speaks Gemini's format, one model there, with a price for batches.
fn gemini(content: &mut Content) {
    let base = content.endpoints[0].base_url.replace("/v1", "/v1beta");
    content.endpoints.push(sample::endpoint("ep_3", "gemini", &base));
    let target =
        |model: &str| vec![TargetEntry { endpoint: "ep_3".into(), upstream_model: model.to_owned() }];
    let model = |name: &str, there: &str| ModelEntry {
        name: name.to_owned(),
        targets: target(there),
        ..content.models[0].clone()
    };
    let models = [model("flash", "gemini-3-pro"), model("secret", "gemini-secret")];
    content.models.extend(models);
    let mut price = content.prices[0].clone();
    (price.provider, price.model) = ("gemini".to_owned(), "gemini-3-pro".to_owned());
    let rates = [(Bucket::Input, 500_000_000), (Bucket::Output, 5_000_000_000)];
    price.price.service_tiers.insert("batch".to_owned(), Rates::from_iter(rates));
    content.prices.push(price);
}

fn held(content: &mut Content) {
    gemini(content);
    content.keys[0].models = vec!["flash".to_owned()];
}

/// A key of another workspace.
fn neighbours(content: &mut Content) {
    gemini(content);
    content.workspaces.push(WorkspaceEntry { id: "ws_2".into(), ..content.workspaces[0].clone() });
    let mut key = sample::key_entry();
    (key.id, key.workspace, key.hash) = ("key_2".into(), "ws_2".into(), sample::hash_of(OTHER));
    content.keys.push(key);
}

/// Where Google says that the bytes go.
fn begun() -> Reply {
    let there = "https://google.invalid/upload/v1beta/files?key=sk-provider&upload_id=u%2B1&upload_protocol=resumable";
    let headers = vec![
        ("x-goog-upload-status", "active"),
        ("x-goog-upload-url", there),
        ("x-goog-upload-control-url", there),
    ];
    Reply::Headed(headers, "")
}

impl Story {
    /// A request to an address as it stands, with a key or without.
    async fn at(&self, address: &str, headers: &[(&str, &str)], key: Option<&str>, body: &str) -> Answered {
        let mut request = Request::post(address);
        for (name, value) in headers.iter().copied().chain(key.map(|key| ("x-goog-api-key", key))) {
            request = request.header(name, value);
        }
        read(self.client.request(request.body(Full::from(body.to_owned())).unwrap()).await.unwrap()).await
    }

    /// Begins an upload; where it goes on.
    async fn begin_upload(&self, headers: &[(&str, &str)]) -> (Answered, String) {
        self.provider.will(begun());
        let answered = self.post(UPLOAD, &[&START, headers].concat(), r#"{"file":{}}"#).await;
        let address = answered.header("x-goog-upload-url").to_owned();
        (answered, address)
    }

    async fn upload(&self, lines: &str) -> Answered {
        let (_, address) = self.begin_upload(&[]).await;
        self.provider.will(Reply::Json(200, FILE));
        self.at(&address, &WHOLE, None, lines).await
    }

    async fn told(&self, method: Method, path: &str, reply: Reply) -> Answered {
        self.provider.will(reply);
        self.ask(method, path, &[], "").await
    }

    fn latest(&self) -> Seen {
        self.provider.seen().pop().unwrap()
    }
}

fn code(answered: &Answered) -> (u16, Value) {
    (answered.status.as_u16(), answered.json()["error"]["details"][0]["reason"].clone())
}

#[tokio::test]
async fn a_files_bytes_follow_an_address_at_the_gateway_that_holds_no_key() {
    let story = Story::begin_with(gemini).await;
    let (answered, address) = story.begin_upload(&[]).await;
    assert_eq!((answered.status.as_u16(), answered.header("x-goog-upload-status")), (200, "active"));
    assert!(answered.headers.get("x-goog-upload-control-url").is_none());
    assert!(
        address.starts_with(&format!("http://{}{UPLOAD}?upload_id=", story.gateway.address)),
        "{address}"
    );
    for secret in [sample::KEY, "sk-provider", "google", "u%2B1", "u+1"] {
        assert!(!address.contains(secret), "{secret} in {address}");
    }
    assert_eq!(story.latest().path, UPLOAD);
    story.provider.will(Reply::Headed(vec![("x-goog-upload-status", "final")], FILE));
    let sent = story.at(&format!("{address}&key_is=none"), &WHOLE, None, "plain text").await;
    assert_eq!((sent.status.as_u16(), sent.body.as_str()), (200, FILE));
    assert_eq!(sent.header("x-goog-upload-status"), "final");
    let seen = story.latest();
    assert_eq!(
        (seen.path.as_str(), seen.query.as_str()),
        (UPLOAD, "upload_id=u%2B1&upload_protocol=resumable")
    );
    assert_eq!(
        (seen.body.as_str(), seen.headers["content-type"].to_str().unwrap()),
        ("plain text", WHOLE[2].1)
    );
    assert_eq!(seen.headers["x-goog-upload-command"], "upload, finalize");
    assert_eq!(seen.headers["authorization"], "Bearer sk-provider");
    let proxied = [("x-forwarded-proto", "https"), ("x-forwarded-host", "llm.example")];
    let (_, address) = story.begin_upload(&proxied).await;
    assert!(address.starts_with(&format!("https://llm.example{UPLOAD}?")), "{address}");
    let lines = story.books().await;
    assert_eq!(lines.iter().map(|line| line.requests).sum::<u64>(), 3);
}

#[tokio::test]
async fn a_ticket_is_good_for_its_upload_and_for_nothing_else() {
    let story = Story::begin_with(neighbours).await;
    let (_, address) = story.begin_upload(&[]).await;
    let asked = story.provider.seen().len();
    let at = |path: &str| address.replace(UPLOAD, path);
    for (address, key, status) in [
        (at("/v1beta/models/flash:generateContent"), None, 401),
        (at("/v1/files"), None, 401),
        (format!("http://{}{UPLOAD}", story.gateway.address), None, 401),
        (address.replace("upload_id=", "upload_id=A"), None, 401),
        (format!("{address}&key=wk_wrong"), None, 401),
        (address.clone(), Some(OTHER), 404),
        (address.replace("upload_id=", "upload_id=A"), Some(sample::KEY), 404),
    ] {
        let refused = story.at(&address, &WHOLE, key, "x").await;
        assert_eq!(refused.status, status, "{address}: {}", refused.body);
    }
    assert_eq!(story.provider.seen().len(), asked, "nothing reached the provider");
    story.provider.will(Reply::Json(200, FILE));
    assert_eq!(story.at(&address, &WHOLE, Some(sample::KEY), "x").await.status, 200, "with its own key");
}

#[tokio::test]
async fn files_are_shown_listed_read_and_deleted_where_they_are_kept() {
    let story = Story::begin_with(gemini).await;
    story.upload("text").await;
    let shown = r#"{"name":"files/f1","downloadUri":"https://google.invalid/download/v1beta/files/f1:download?alt=media","uri":"https://google.invalid/v1beta/files/f1"}"#;
    let here = shown.replace("https://google.invalid/download", "/download");
    let answered = story.told(Method::GET, "/v1beta/files/f1", Reply::Json(200, shown)).await;
    assert_eq!(answered.body, here, "a client would take its key there");
    let listed =
        r#"{"files":[{"name":"files/f1","downloadUri":"https://google.invalid/download/v1beta/files/f1"}]}"#;
    let answered = story.told(Method::GET, "/v1beta/files?pageSize=2", Reply::Json(200, listed)).await;
    assert!(answered.body.contains(r#""downloadUri":"/download/v1beta/files/f1""#), "{}", answered.body);
    assert_eq!(
        (story.latest().path.as_str(), story.latest().query.as_str()),
        ("/v1beta/files", "pageSize=2")
    );
    for path in ["/v1beta/files/f1:download?alt=media", "/download/v1beta/files/f1:download?alt=media"] {
        let sound = Reply::Typed("video/mp4", vec!["so", "und"]);
        let answered = story.told(Method::GET, path, sound).await;
        assert_eq!((answered.body.as_str(), answered.header("content-type")), ("sound", "video/mp4"));
        let seen = story.latest();
        assert_eq!((seen.path.as_str(), seen.query.as_str()), ("/v1beta/files/f1:download", "alt=media"));
    }
    let sound = Reply::Typed("video/mp4", vec!["so", "und"]);
    let below = story.told(Method::GET, "/passthrough/ep_3/v1beta/files/f1:download?alt=media", sound).await;
    assert_eq!((below.body.as_str(), below.header("x-accel-buffering")), ("sound", "no"), "as it comes");
    story.told(Method::DELETE, "/v1beta/files/f1", Reply::Json(200, "{}")).await;
    assert_eq!((story.latest().method, story.latest().path.as_str()), (Method::DELETE, "/v1beta/files/f1"));
}

#[tokio::test]
async fn a_batch_with_its_requests_in_it_is_counted_once_when_it_is_seen_done() {
    let story = Story::begin_with(gemini).await;
    let ask = r#"{"batch":{"inputConfig":{"requests":{"requests":[{"request":{"contents":[]}},{"request":{"model":"models/flash"}}]}},"model":"models/flash"}}"#;
    story.provider.will(Reply::Json(200, RUNNING));
    let begun = story.post(BATCHES, &[], ask).await;
    assert_eq!((begun.status.as_u16(), begun.header("x-weir-cost-usd")), (200, ""), "{}", begun.body);
    let seen = story.latest();
    assert_eq!(seen.path, "/v1beta/models/gemini-3-pro:batchGenerateContent");
    assert_eq!(seen.body, ask.replace("models/flash", "models/gemini-3-pro"));
    let path = "/v1beta/batches/b1";
    let running = story.told(Method::GET, path, Reply::Json(200, RUNNING)).await;
    assert_eq!((running.body.as_str(), running.header("x-weir-cost-usd")), (RUNNING, "0.000000000"));
    let results = r#"{"inlinedResponses":{"inlinedResponses":[
        {"response":{"modelVersion":"gemini-3-pro","usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":2,"totalTokenCount":12}}},
        {"error":{"code":3}},
        {"response":{"modelVersion":"gemini-3-pro","usageMetadata":{"promptTokenCount":20,"candidatesTokenCount":4,"totalTokenCount":24}}}]}}"#;
    let done = format!(
        r#"{{"name":"batches/b1","done":true,"metadata":{{"output":{results}}},"response":{results}}}"#
    );
    let done: &'static str = done.leak();
    for cost in ["0.000045000", "0.000000000"] {
        let answered = story.told(Method::GET, path, Reply::Json(200, done)).await;
        assert_eq!((answered.body.as_str(), answered.header("x-weir-cost-usd")), (done, cost));
    }
    story.told(Method::POST, "/v1beta/batches/b1:cancel", Reply::Json(200, "{}")).await;
    assert_eq!(
        (story.latest().method, story.latest().path.as_str()),
        (Method::POST, "/v1beta/batches/b1:cancel")
    );
    story.told(Method::DELETE, path, Reply::Json(200, "{}")).await;
    story.told(Method::GET, "/v1beta/batches?pageSize=1", Reply::Json(200, "{}")).await;
    assert_eq!(story.latest().path, "/v1beta/batches");
    let lines = story.books().await;
    assert_eq!(lines.iter().map(|line| line.cost).sum::<Money>(), Money::from_nano(45_000));
    assert_eq!(lines.iter().map(|line| line.requests).sum::<u64>(), 7);
}

#[tokio::test]
async fn a_batch_of_a_file_is_counted_once_when_its_results_are_read() {
    let story = Story::begin_with(gemini).await;
    story.upload("{\"key\":\"1\",\"request\":{\"contents\":[]}}\n").await;
    story.provider.will(Reply::Json(200, RUNNING));
    let begun = story.post(BATCHES, &[], OF_FILE).await;
    assert_eq!((begun.status.as_u16(), story.latest().body.as_str()), (200, OF_FILE));
    let done = story.told(Method::GET, "/v1beta/batches/b1", Reply::Json(200, DONE_IN_FILE)).await;
    assert_eq!((done.body.as_str(), done.header("x-weir-cost-usd")), (DONE_IN_FILE, "0.000000000"));
    for _ in 0..2 {
        let results = Reply::Typed("application/octet-stream", vec![&RESULTS[..30], &RESULTS[30..]]);
        let read = story.told(Method::GET, "/v1beta/files/out:download?alt=media", results).await;
        assert_eq!(read.body, RESULTS);
    }
    let lines = story.books().await;
    assert_eq!(lines.iter().map(|line| line.cost).sum::<Money>(), Money::from_nano(15_000));
}

#[tokio::test]
async fn a_key_that_is_held_to_models_makes_batches_of_them_alone() {
    let story = Story::begin_with(held).await;
    let inlined = |request: &str| {
        format!(
            r#"{{"batch":{{"inputConfig":{{"requests":{{"requests":[{{"request":{{}}}},{{"request":{request}}}]}}}}}}}}"#
        )
    };
    for (path, body, says) in [
        ("/v1beta/models/secret:batchGenerateContent", inlined("{}"), "secret"),
        (BATCHES, inlined(r#"{"model":"models/secret"}"#), "request 2: "),
        (BATCHES, inlined(r#"{"model":"models/flash","model":"models/secret"}"#), "request 2: "),
        (BATCHES, r#"{"batch":{"model":"models/secret"}}"#.to_owned(), "secret"),
        (BATCHES, r#"{"batch":{"input_config":{},"inputConfig":{}}}"#.to_owned(), "input_config"),
        (BATCHES, OF_FILE.to_owned(), "files/f1"),
    ] {
        let refused = story.post(path, &[], &body).await;
        assert!(refused.status.is_client_error() && refused.body.contains(says), "{body}: {}", refused.body);
    }
    for path in ["/v1beta/files", "/v1beta/batches"] {
        assert_eq!(code(&story.ask(Method::GET, path, &[], "").await), (403, json!("list_not_allowed")));
    }
    assert_eq!(code(&story.ask(Method::GET, "/v1beta/files/f0", &[], "").await), (404, json!("not_found")));
    assert!(story.provider.seen().is_empty());
    let line = "{\"key\":\"1\",\"request\":{\"contents\":[]}}";
    for (lines, offset, allowed) in [
        ("{\"key\":\"1\",\"request\":{\"model\":\"models/gemini-secret\"}}", "0", false),
        ("no lines", "0", false),
        (line, "8388608", false),
        (line, "0", true),
    ] {
        let (_, address) = story.begin_upload(&[]).await;
        let file: &'static str = FILE.replace("f1", &format!("f{}", story.provider.seen().len())).leak();
        story.provider.will(Reply::Json(200, file));
        let headers = [WHOLE[0], ("x-goog-upload-offset", offset), WHOLE[2]];
        let sent = story.at(&address, &headers, None, lines).await;
        let name = sent.json()["file"]["name"].as_str().unwrap().to_owned();
        story.provider.will(Reply::Json(200, RUNNING));
        let begun = story.post(BATCHES, &[], &OF_FILE.replace("files/f1", &name)).await;
        let expected = if allowed { (200, Value::Null) } else { (403, json!("model_not_allowed")) };
        assert_eq!(code(&begun), expected, "{lines} at {offset}");
        if !allowed {
            story.provider.forget();
        }
    }
}

#[tokio::test]
async fn what_another_workspace_made_is_not_found() {
    let story = Story::begin_with(neighbours).await;
    story.upload("{\"key\":\"1\",\"request\":{}}").await;
    story.provider.will(Reply::Json(200, RUNNING));
    assert_eq!(story.post(BATCHES, &[], OF_FILE).await.status, 200);
    let asked = story.provider.seen().len();
    for (method, path, body) in [
        (Method::GET, "/v1beta/files/f1", ""),
        (Method::GET, "/v1beta/files/f1:download", ""),
        (Method::DELETE, "/v1beta/files/f1", ""),
        (Method::GET, "/v1beta/batches/b1", ""),
        (Method::POST, "/v1beta/batches/b1:cancel", ""),
        (Method::DELETE, "/v1beta/batches/b1", ""),
        (Method::POST, BATCHES, OF_FILE),
    ] {
        let address = format!("http://{}{path}", story.gateway.address);
        let request = Request::builder().method(method.clone()).uri(address).header("x-goog-api-key", OTHER);
        let request = request.body(Full::from(body)).unwrap();
        let answered = read(story.client.request(request).await.unwrap()).await;
        assert_eq!(code(&answered), (404, json!("not_found")), "{method} {path}");
    }
    assert_eq!(story.provider.seen().len(), asked, "nothing reached the provider");
}
