//! What holds for every path of the API: problems with pointers, keys for doing a thing once, tempo, tags.

use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::server;
use crate::testing::House;

async fn ask(house: &House, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let mut request = Request::builder().method(method).uri(path);
    request = request.header(header::AUTHORIZATION, format!("Bearer {}", house.first.api_token));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    server::router(house.app.clone()).oneshot(request).await.unwrap()
}

async fn json(response: Response) -> Value {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

const JSON: (&str, &str) = ("content-type", "application/json");

async fn problem(response: Response, status: StatusCode) -> Value {
    assert_eq!(response.status(), status);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    json(response).await
}

#[tokio::test]
async fn what_does_not_fit_is_pointed_at_and_a_slip_finds_its_name() {
    let house = House::new().await;
    let post = async |body| ask(&house, "POST", "/api/v1/models", &[JSON], body).await;
    let told = problem(post(r#"{"nmae":"a"}"#).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(told["errors"][0]["pointer"], "/nmae");
    assert_eq!(told["errors"][0]["detail"], "There is no member `nmae`. Did you mean `name`?");
    let told =
        problem(post(r#"{"name":"a","aliases":["m",7]}"#).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(told["errors"][0]["pointer"], "/aliases/1");
    let told = problem(post(r#"{"name":"#).await, StatusCode::BAD_REQUEST).await;
    assert!(told["detail"].as_str().unwrap().contains("line 1"), "{told}");
}

#[tokio::test]
async fn every_refusal_is_a_problem() {
    let house = House::new().await;
    let told = problem(
        ask(&house, "POST", "/api/v1/keys", &[("content-type", "text/plain")], "{}").await,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
    )
    .await;
    assert_eq!(told["type"], "/help/errors/media-type");
    let answer = ask(&house, "DELETE", "/api/v1/keys", &[], "").await;
    let allow = answer.headers()[header::ALLOW].to_str().unwrap().to_owned();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
    problem(answer, StatusCode::METHOD_NOT_ALLOWED).await;
    problem(ask(&house, "GET", "/api/v1/nothing", &[], "").await, StatusCode::NOT_FOUND).await;
    let large = format!(r#"{{"name":"{}"}}"#, "a".repeat(3 << 20));
    problem(ask(&house, "POST", "/api/v1/keys", &[JSON], &large).await, StatusCode::PAYLOAD_TOO_LARGE).await;
    problem(ask(&house, "POST", "/api/v1/revisions/x/restoration", &[], "").await, StatusCode::BAD_REQUEST)
        .await;
}

#[tokio::test]
async fn a_parameter_nobody_reads_is_refused_with_the_nearest() {
    let house = House::new().await;
    let answer = ask(&house, "GET", "/api/v1/audit?limt=3", &[], "").await;
    let told = problem(answer, StatusCode::BAD_REQUEST).await;
    assert_eq!(told["detail"], "there is no parameter `limt` here; did you mean `limit`?");
    assert_eq!(ask(&house, "GET", "/api/v1/audit?limit=3", &[], "").await.status(), StatusCode::OK);
}

const KEYED: [(&str, &str); 2] = [JSON, ("idempotency-key", "order-66")];
const TOKEN: &str = r#"{"name":"ci","role":"viewer"}"#;

#[tokio::test]
async fn a_post_sent_twice_is_done_once_and_tells_its_secret_again() {
    let house = House::new().await;
    let first = ask(&house, "POST", "/api/v1/tokens", &KEYED, TOKEN).await;
    assert_eq!(first.status(), StatusCode::CREATED);
    let first = json(first).await;
    let again = ask(&house, "POST", "/api/v1/tokens", &KEYED, TOKEN).await;
    assert_eq!(again.status(), StatusCode::CREATED);
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(json(again).await, first);
    let made = crate::api_tokens::list(&house.app, &house.admin()).await.unwrap();
    assert_eq!(made.iter().filter(|token| token.name == "ci").count(), 1);
}

#[tokio::test]
async fn a_key_sent_with_another_body_is_refused_and_is_free_after_a_day() {
    let house = House::new().await;
    let send = async |body| ask(&house, "POST", "/api/v1/tokens", &KEYED, body).await;
    assert_eq!(send(TOKEN).await.status(), StatusCode::CREATED);
    let other = r#"{"name":"cd","role":"viewer"}"#;
    let told = problem(send(other).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(told["type"], "/help/errors/key-reused");
    house.clock.advance(24 * 3600 * 1_000_000 + 1);
    assert_eq!(send(other).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn what_is_kept_of_an_answer_does_not_show_its_secret() {
    let house = House::new().await;
    let made = json(ask(&house, "POST", "/api/v1/tokens", &KEYED, TOKEN).await).await;
    let secret = made["secret"].as_str().unwrap().to_owned();
    house.app.store.close().await;
    for file in std::fs::read_dir(&house.app.config.data).unwrap() {
        let path = file.unwrap().path();
        let bytes = if path.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{} holds the secret", path.display());
    }
}

#[tokio::test]
async fn a_stranger_gets_no_answer_that_was_kept() {
    let house = House::new().await;
    assert_eq!(ask(&house, "POST", "/api/v1/tokens", &KEYED, TOKEN).await.status(), StatusCode::CREATED);
    let request =
        Request::post("/api/v1/tokens").header("idempotency-key", "order-66").header(JSON.0, JSON.1);
    let request = request.body(Body::from(TOKEN)).unwrap();
    let answer = server::router(house.app.clone()).oneshot(request).await.unwrap();
    problem(answer, StatusCode::UNAUTHORIZED).await;
}

#[tokio::test]
async fn too_many_requests_are_refused_until_the_bucket_fills() {
    let house = House::with(|config| config.api_requests_per_minute = 2).await;
    let get = async || ask(&house, "GET", "/api/v1/tokens", &[], "").await;
    assert_eq!(get().await.headers()["ratelimit-remaining"], "1");
    assert_eq!(get().await.status(), StatusCode::OK);
    let refused = get().await;
    assert_eq!(refused.headers()[header::RETRY_AFTER], "30");
    assert_eq!(refused.headers()["ratelimit-limit"], "2");
    problem(refused, StatusCode::TOO_MANY_REQUESTS).await;
    house.clock.advance(30 * 1_000_000);
    assert_eq!(get().await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_thing_that_has_not_changed_is_not_sent_again() {
    let house = House::new().await;
    let form = r#"{"provider":"openai","name":"main","credential":"sk-1"}"#;
    let made = json(ask(&house, "POST", "/api/v1/endpoints", &[JSON], form).await).await;
    let path = format!("/api/v1/endpoints/{}", made["id"].as_str().unwrap());
    let first = ask(&house, "GET", &path, &[], "").await;
    let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
    let again = ask(&house, "GET", &path, &[("if-none-match", &tag)], "").await;
    assert_eq!(
        (again.status(), again.headers()[header::ETAG].to_str().unwrap()),
        (StatusCode::NOT_MODIFIED, tag.as_str())
    );
    let other = ask(&house, "GET", &path, &[("if-none-match", "\"other\"")], "").await;
    assert_eq!(other.status(), StatusCode::OK);
}
