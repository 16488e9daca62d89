//! Every route: what reaches the provider, what comes back, what is counted, and that nothing passes uncounted.

use http::Method;
use serde_json::{Value, json};
use weir_contract::money::Money;
use weir_contract::policy::{Content, ModelEntry, PriceEntry, TargetEntry};
use weir_contract::price::{Price, Rates};
use weir_contract::usage::Bucket;
use weir_wire::{Api, Work};

use super::provider::Reply;
use super::{Story, realtime};
use crate::sample;

const EVENTS: &str = "text/event-stream";
const FORM: &str = "multipart/form-data; boundary=b";
const FORM_BODY: &str = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nRIFF\r\n--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nMODEL\r\n--b--\r\n";
const GEMINI: &str = r#"{"candidates":[{"content":{"parts":[{"text":"yo"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":2,"totalTokenCount":12}}"#;
const RESPONSE: &str = r#"{"id":"resp_1","status":"completed","model":"gpt-1","output":[],"usage":{"input_tokens":10,"output_tokens":2,"total_tokens":12}}"#;

/// The sample's policy with an endpoint that speaks Gemini's format, and prices for more than tokens.
async fn begin() -> Story {
    Story::begin_with(with_gemini).await
}

fn with_gemini(content: &mut Content) {
    let base = content.endpoints[0].base_url.replace("/v1", "/v1beta");
    content.endpoints.push(sample::endpoint("ep_3", "gemini", &base));
    content.models.push(ModelEntry {
        name: "demo/flash".to_owned(),
        workspace: None,
        targets: vec![TargetEntry { endpoint: "ep_3".into(), upstream_model: "flash-upstream".to_owned() }],
        max_output: Some(1000),
        context_window: Some(9000),
        can: Vec::new(),
        cannot: Vec::new(),
    });
    let rates = [
        (Bucket::Input, 1_000_000_000),
        (Bucket::Output, 10_000_000_000),
        (Bucket::Character, 1_000_000_000),
        (Bucket::MilliSecond, 1_000_000_000),
        (Bucket::Image, 1_000_000_000),
        (Bucket::Request, 0),
    ];
    let price = Price { version: "book-1".into(), rates: Rates::from_iter(rates), ..Price::default() };
    content.prices = ["openai", "anthropic", "gemini"]
        .into_iter()
        .flat_map(|provider| ["gpt", "claude", "flash"].map(|model| (provider, model)))
        .map(|(provider, model)| PriceEntry {
            provider: provider.to_owned(),
            model: format!("{model}-upstream"),
            price: price.clone(),
        })
        .collect();
}

/// A request by which a client uses a route, and an answer to it.
fn exchange_on(api: Api) -> (Method, String, &'static str, String, Reply) {
    let json = "application/json";
    let body = |body: &str| body.to_owned();
    let path = api.path().replace("{model}", "demo/flash").replace("{id}", "kept_1");
    let plain =
        body(r#"{"model":"gpt","input":"hi","query":"hi","prompt":"hi","documents":["a"],"messages":[]}"#);
    let tokens = r#"{"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}}"#;
    let post = |text: String, reply| (Method::POST, path.clone(), json, text, reply);
    match (api, api.work()) {
        (Api::StoredResponse, _) => (
            Method::GET,
            body("/passthrough/ep_1/v1/responses/resp_1"),
            json,
            String::new(),
            Reply::Json(200, RESPONSE),
        ),
        (Api::Realtime, _) => (Method::GET, format!("{path}?model=gpt"), json, String::new(), Reply::Agree),
        (Api::Files, _) => {
            let form = FORM_BODY.replace("model", "purpose").replace("MODEL", "user_data");
            (Method::POST, path, FORM, form, Reply::Json(200, r#"{"id":"kept_1"}"#))
        }
        (Api::StoredUpload, _) => {
            let path = format!("{path}/cancel");
            (Method::POST, path, json, String::new(), Reply::Json(200, r#"{"id":"kept_1"}"#))
        }
        (Api::Uploads, _) => post(body("{}"), Reply::Json(200, r#"{"id":"kept_1"}"#)),
        (Api::BatchGenerateContent | Api::GeminiUpload, _) => {
            post(body("{}"), Reply::Json(200, r#"{"name":"batches/kept_1"}"#))
        }
        (_, Work::Stored) => (Method::GET, path, json, String::new(), Reply::Json(200, r#"{"id":"kept_1"}"#)),
        (Api::Batches, _) => {
            post(body(r#"{"input_file_id":"kept_1"}"#), Reply::Json(200, r#"{"id":"kept_1"}"#))
        }
        (Api::MessageBatches, _) => {
            let text = body(r#"{"requests":[{"custom_id":"1","params":{"model":"claude"}}]}"#);
            post(text, Reply::Json(200, r#"{"id":"kept_1"}"#))
        }
        (Api::Passthrough, _) => {
            let text = body(r#"{"model":"gpt-upstream","messages":[]}"#);
            (
                Method::POST,
                body("/passthrough/openai/v1/chat/completions"),
                json,
                text,
                Reply::Json(200, tokens),
            )
        }
        (Api::Messages | Api::CountTokens, _) => {
            let text = body(r#"{"model":"claude","max_tokens":5,"messages":[]}"#);
            post(text, Reply::Json(200, r#"{"usage":{"input_tokens":10,"output_tokens":2}}"#))
        }
        (Api::Responses | Api::ResponseCompact | Api::ResponseTokens, _) => {
            post(plain, Reply::Json(200, RESPONSE))
        }
        (_, Work::Transcribe) => {
            let answer = Reply::Json(200, r#"{"text":"hi","usage":{"type":"duration","seconds":2}}"#);
            (Method::POST, path.clone(), FORM, FORM_BODY.replace("MODEL", "gpt"), answer)
        }
        (_, Work::Speak) => post(plain, Reply::Typed("audio/mpeg", vec!["ID3", "sound"])),
        (_, Work::Image) => post(plain, Reply::Json(200, r#"{"data":[{"url":"u"}]}"#)),
        (_, Work::Rerank) => {
            post(plain, Reply::Json(200, r#"{"results":[],"meta":{"billed_units":{"search_units":1}}}"#))
        }
        _ if api.dialect() == weir_wire::Dialect::Gemini => {
            post(body(r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#), Reply::Json(200, GEMINI))
        }
        _ => post(plain, Reply::Json(200, tokens)),
    }
}

#[tokio::test]
async fn no_route_reaches_a_provider_without_a_key_and_each_call_that_does_is_one_request_in_the_books() {
    let story = begin().await;
    let mut recorded = 0;
    for api in Api::ALL.iter().filter(|api| api.work() != Work::Local) {
        let (method, path, kind, body, reply) = exchange_on(*api);
        let before = story.provider.seen().len();
        let mut headers = vec![("content-type", kind)];
        let status = if api.work() == Work::Realtime { 101 } else { 200 };
        if status == 101 {
            headers.extend(realtime::ASKING);
        }
        let wrong = [headers.clone(), vec![("authorization", "Bearer wk_wrong")]].concat();
        let stranger = story.ask(method.clone(), &format!("{path}?key=wk_wrong"), &wrong, &body).await;
        assert_eq!(stranger.status, 401, "{api:?}");
        assert_eq!(story.provider.seen().len(), before, "{api:?} reached the provider without a key");
        story.provider.will(reply);
        let answered = story.ask(method, &path, &headers, &body).await;
        assert_eq!(
            (answered.status.as_u16(), story.provider.seen().len()),
            (status, before + 1),
            "{api:?}: {}",
            answered.body
        );
        assert!(!answered.header("x-weir-request-id").is_empty(), "{api:?}");
        recorded += 1;
    }
    for api in Api::ALL.iter().filter(|api| api.work() == Work::Local) {
        let before = story.provider.seen().len();
        let answered = story.ask(Method::GET, api.path(), &[], "").await;
        assert_eq!((answered.status.as_u16(), story.provider.seen().len()), (200, before), "{api:?}");
    }
    let lines = story.books().await;
    assert_eq!(lines.iter().map(|line| line.requests).sum::<u64>(), recorded);
    assert!(recorded > 25);
}

#[tokio::test]
async fn each_kind_of_work_is_charged_in_its_own_units() {
    let story = begin().await;
    for (api, cost) in [
        (Api::ChatCompletions, "0.000030000"),
        (Api::Completions, "0.000030000"),
        (Api::Responses, "0.000030000"),
        (Api::GenerateContent, "0.000030000"),
        (Api::EmbedContent, "0.000030000"),
        (Api::CountTokens, "0.000000000"),
        (Api::GeminiCountTokens, "0.000000000"),
        // Two seconds, one picture, one search without a fee.
        (Api::Transcriptions, "0.002000000"),
        (Api::ImageGenerations, "0.000001000"),
        (Api::Rerank, "0.000000000"),
        (Api::Passthrough, "0.000030000"),
    ] {
        let (method, path, kind, body, reply) = exchange_on(api);
        story.provider.will(reply);
        let answered = story.ask(method, &path, &[("content-type", kind)], &body).await;
        assert_eq!(answered.header("x-weir-cost-usd"), cost, "{api:?}");
    }
}

#[tokio::test]
async fn speech_passes_as_it_comes_and_costs_its_characters() {
    let story = begin().await;
    story.provider.will(Reply::Typed("audio/mpeg", vec!["ID3", "more", "sound"]));
    let answered =
        story.post("/v1/audio/speech", &[], r#"{"model":"gpt","input":"héllo","voice":"v"}"#).await;
    assert_eq!((answered.status.as_u16(), answered.body.as_str()), (200, "ID3moresound"));
    assert_eq!(answered.header("content-type"), "audio/mpeg");
    let lines = story.books().await;
    assert_eq!((lines[0].requests, lines[0].cost), (1, Money::from_nano(5_000)));
}

#[tokio::test]
async fn geminis_model_is_in_the_path_and_its_key_goes_nowhere() {
    let story = begin().await;
    story.provider.will(Reply::Json(200, GEMINI));
    let path = format!("/v1beta/models/demo/flash:generateContent?key={}&%24alt=json", sample::KEY);
    let answered =
        story.ask(Method::POST, &path, &[("x-goog-api-client", "genai")], r#"{"contents":[]}"#).await;
    assert_eq!((answered.status.as_u16(), answered.body.as_str()), (200, GEMINI));
    let seen = story.provider.seen().remove(0);
    assert_eq!(
        (seen.path.as_str(), seen.query.as_str()),
        ("/v1beta/models/flash-upstream:generateContent", "%24alt=json")
    );
    assert_eq!(seen.headers["x-goog-api-client"], "genai");
    assert!(seen.headers.values().all(|value| !value.to_str().unwrap().contains(sample::KEY)));
}

#[tokio::test]
async fn a_name_in_geminis_body_is_changed_with_the_path() {
    let story = begin().await;
    story.provider.will(Reply::Json(200, "{}"));
    let body = r#"{"requests":[{"model":"models/demo/flash","content":{}},{"model":"models/demo/flash"}]}"#;
    story.post("/v1beta/models/demo/flash:batchEmbedContents", &[], body).await;
    let seen = story.provider.seen().remove(0);
    assert_eq!(seen.path, "/v1beta/models/flash-upstream:batchEmbedContents");
    assert_eq!(seen.body, body.replace("demo/flash", "flash-upstream"));
}

#[tokio::test]
async fn a_gemini_stream_is_whole_without_an_end_mark_as_events_and_as_an_array() {
    let story = begin().await;
    let path = "/v1beta/models/demo/flash:streamGenerateContent";
    let events = vec![
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"y\"}]}}]}\r\n\r\ndata: {\"candida",
        "tes\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":10,\"candidatesTokenCount\":2,\"totalTokenCount\":12}}\r\n\r\n",
    ];
    story.provider.will(Reply::Typed(EVENTS, events.clone()));
    let answered = story.post(&format!("{path}?alt=sse"), &[], r#"{"contents":[]}"#).await;
    assert_eq!(answered.body, events.concat());
    let array =
        vec!["[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"y\"}]}}]}\n,", "\r\n", GEMINI, "\n]"];
    story.provider.will(Reply::Typed("application/json", array.clone()));
    let answered = story.post(path, &[], r#"{"contents":[]}"#).await;
    assert_eq!(answered.body, array.concat());
    story.provider.will(Reply::Typed("application/json", array[..2].to_vec()));
    let cut = story.post(path, &[], r#"{"contents":[]}"#).await.json();
    assert_eq!(cut[1]["error"]["status"], "UNAVAILABLE", "{cut}");
    let lines = story.books().await;
    assert_eq!(lines.iter().map(|line| line.cost).sum::<Money>(), Money::from_nano(60_000));
}

#[tokio::test]
async fn a_response_stream_is_counted_by_its_last_event_and_a_failure_in_it_is_an_error() {
    let story = begin().await;
    let ask = r#"{"model":"gpt","stream":true,"input":"hi"}"#;
    let begun = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"y\"}\n\n";
    let end = "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_2\",\"status\":\"completed\",\"usage\":{\"input_tokens\":10,\"output_tokens\":2,\"total_tokens\":12}}}\n\n";
    story.provider.will(Reply::Stream(vec![begun, end]));
    let answered = story.post("/v1/responses", &[("x-weir-cost", "stream")], ask).await;
    assert_eq!(answered.body, format!("{begun}{end}: x-weir-cost-usd=0.000030000\n\n"));
    story.provider.will(Reply::Stream(vec![begun]));
    let cut = story.post("/v1/responses", &[], ask).await;
    let last = cut.body.lines().rfind(|line| line.starts_with("data: ")).unwrap();
    let event: Value = serde_json::from_str(&last[6..]).unwrap();
    assert_eq!((&event["type"], &event["error"]["code"]), (&json!("error"), &json!("upstream_error")));
    assert_eq!(story.provider.seen()[0].path, "/v1/responses");
    assert_eq!(story.provider.seen()[0].body, ask.replace("\"gpt\"", "\"gpt-upstream\""));
}

#[tokio::test]
async fn what_goes_on_from_a_response_goes_to_the_endpoint_that_keeps_it() {
    let story = Story::begin_with(|content| {
        let mut second = content.endpoints[0].clone();
        second.id = "ep_4".into();
        second.name = "second".to_owned();
        second.base_url = second.base_url.replace("/v1", "/second/v1");
        content.endpoints.push(sample::endpoint("ep_4", "openai", &second.base_url));
        let there = TargetEntry { endpoint: "ep_4".into(), upstream_model: "there".to_owned() };
        content.models.push(ModelEntry {
            name: "other".to_owned(),
            targets: vec![there.clone()],
            ..content.models[0].clone()
        });
        content.models[0].targets.push(there);
    })
    .await;
    let kept = "/v1/responses/resp_1";
    let unknown = story.ask(Method::GET, kept, &[], "").await;
    assert_eq!(unknown.status, 404);
    assert!(
        unknown.body.contains("owner_not_known") && unknown.body.contains("/passthrough/ep_1"),
        "{}",
        unknown.body
    );
    story.provider.will(Reply::Json(200, RESPONSE));
    story.post("/v1/responses", &[], r#"{"model":"other","input":"hi"}"#).await;
    for (method, path) in [
        (Method::GET, kept.to_owned()),
        (Method::POST, format!("{kept}/cancel")),
        (Method::DELETE, kept.to_owned()),
    ] {
        story.provider.will(Reply::Json(200, RESPONSE));
        let answered = story.ask(method.clone(), &path, &[], "").await;
        assert_eq!((answered.status.as_u16(), answered.header("x-weir-cost-usd")), (200, "0.000000000"));
        let seen = story.provider.seen().pop().unwrap();
        assert_eq!((seen.method, seen.path), (method, format!("/second{path}")));
    }
    story.provider.will(Reply::Json(200, RESPONSE));
    story
        .post("/v1/responses", &[], r#"{"model":"gpt","input":"more","previous_response_id":"resp_1"}"#)
        .await;
    assert_eq!(story.provider.seen().pop().unwrap().path, "/second/v1/responses");
}

#[tokio::test]
async fn an_endpoint_that_has_no_responses_keeps_none() {
    let story = Story::begin_with(|content| {
        let mut second = sample::endpoint("ep_4", "openai", &content.endpoints[0].base_url);
        second.provider = "mistral".to_owned();
        content.endpoints.push(second);
        let there = TargetEntry { endpoint: "ep_4".into(), upstream_model: "there".to_owned() };
        content.models[0].targets.push(there);
    })
    .await;
    story.provider.will(Reply::Json(200, RESPONSE));
    let answered = story.ask(Method::GET, "/v1/responses/resp_1", &[], "").await;
    assert_eq!(answered.status, 200, "only one can have it: {}", answered.body);
    assert_eq!(story.provider.seen().pop().unwrap().path, "/v1/responses/resp_1");
}

#[tokio::test]
async fn a_form_passes_with_only_its_model_changed() {
    let story = begin().await;
    story.provider.will(Reply::Json(200, r#"{"text":"hi"}"#));
    let headers = [("content-type", FORM)];
    let path = "/v1/audio/transcriptions";
    let answered = story.ask(Method::POST, path, &headers, &FORM_BODY.replace("MODEL", "gpt")).await;
    assert_eq!(answered.status, 200, "{}", answered.body);
    let seen = story.provider.seen().remove(0);
    assert_eq!(seen.body, FORM_BODY.replace("MODEL", "gpt-upstream"));
    assert_eq!(seen.headers["content-type"], FORM);
    let none = story.ask(Method::POST, path, &headers, "--b--\r\n").await;
    assert_eq!(none.status, 400);
    assert!(none.body.contains("`model` is missing"), "{}", none.body);
}

#[tokio::test]
async fn a_providers_own_path_passes_with_method_query_and_body_but_only_for_keys_that_may() {
    let story = begin().await;
    story.provider.will(Reply::Json(200, r#"{"data":[]}"#));
    let path = "/passthrough/ep_1/v1/files?purpose=batch&api_key=wk_sample";
    let listed = story.ask(Method::GET, path, &[], "").await;
    assert_eq!((listed.status.as_u16(), listed.header("x-weir-cost-usd")), (200, "0.000000000"));
    let seen = story.provider.seen().remove(0);
    assert_eq!(
        (seen.method, seen.path.as_str(), seen.query.as_str()),
        (Method::GET, "/v1/files", "purpose=batch")
    );
    assert_eq!(seen.headers["authorization"], "Bearer sk-provider");
    let nowhere = story.ask(Method::GET, "/passthrough/nobody/v1/files", &[], "").await;
    assert_eq!((nowhere.status.as_u16(), nowhere.body.contains("provider_not_found")), (404, true));

    let bound = Story::begin_with(|content| content.keys[0].models = vec!["gpt".to_owned()]).await;
    for (path, body) in [
        ("/passthrough/openai/v1/files", "{}"),
        ("/passthrough/openai/v1/chat/completions", r#"{"model":"dear-upstream"}"#),
        ("/passthrough/openai/v1/chat/completions", r#"{"model":"gpt-upstream","model":"dear-upstream"}"#),
    ] {
        let refused = bound.post(path, &[], body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.body.contains("model_not_allowed")),
            (403, true),
            "{body}"
        );
    }
    bound.provider.will(Reply::Json(200, "{}"));
    let taken = bound.post("/passthrough/openai/v1/x", &[], r#"{"model":"gpt-upstream"}"#).await;
    assert_eq!((taken.status.as_u16(), bound.provider.seen().len()), (200, 1));
}

#[tokio::test]
async fn models_are_listed_and_errors_told_as_each_dialect_has_them() {
    let story = begin().await;
    let list = |headers: Vec<(&'static str, &'static str)>, path: &'static str| {
        let story = &story;
        async move {
            serde_json::from_str::<Value>(&story.ask(Method::GET, path, &headers, "").await.body).unwrap()
        }
    };
    assert_eq!(list(vec![], "/v1/models").await["data"][0]["id"], "claude");
    assert_eq!(list(vec![("anthropic-version", "1")], "/v1/models").await["first_id"], "claude");
    assert_eq!(list(vec![], "/v1beta/models").await["models"][1]["name"], "models/demo/flash");
    assert_eq!(list(vec![], "/v1beta/models/demo/flash").await["inputTokenLimit"], 9000);
    let missing = story.post("/v1beta/models/no:generateContent", &[], "{}").await;
    let error: Value = serde_json::from_str(&missing.body).unwrap();
    assert_eq!((missing.status.as_u16(), &error["error"]["status"]), (404, &json!("NOT_FOUND")));
    assert_eq!(error["error"]["details"][0]["reason"], "model_not_found");
    let other = story.post("/v1/embeddings", &[], r#"{"model":"demo/flash","input":"x"}"#).await;
    assert!(other.body.contains("generateContent"), "{}", other.body);
}

#[tokio::test]
async fn a_key_can_ask_what_it_is() {
    let story = Story::begin_with(|content| {
        content.keys[0].requests_per_minute = Some(10);
        content.keys[0].models = vec!["gpt".to_owned()];
    })
    .await;
    story.provider.will(Reply::Json(200, "{}"));
    story.post("/v1/chat/completions", &[], r#"{"model":"gpt","messages":[]}"#).await;
    let answered = story.ask(Method::GET, "/v1/key", &[], "").await;
    let key: Value = serde_json::from_str(&answered.body).unwrap();
    assert_eq!((&key["name"], &key["models"]), (&json!("sample"), &json!(["gpt"])));
    assert_eq!(key["limits"]["requests_per_minute"]["left"], 9);
    assert_eq!(
        (&key["limits"]["requests_in_flight"]["now"], &key["held_usd"]),
        (&json!(0), &json!("0.000000000"))
    );
    assert!(!answered.body.contains(sample::KEY) && !answered.body.contains("hash"));
}
