//! The doors: who comes in, with what, from where; what strangers hear.

use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::auth::session::COOKIE_NAME;
use crate::auth::session::Origin;
use crate::auth::sign_in::{FirstAdmin, SignIn, create_first_admin, is_link_open, sign_in};
use crate::error::AppError;
use crate::server;
use crate::testing::House;

const PASSWORD: &str = "correct horse battery";

async fn ask(house: &House, request: http::request::Builder, body: &str) -> Response {
    let request = request.body(Body::from(body.to_owned())).unwrap();
    server::router(house.app.clone()).oneshot(request).await.unwrap()
}

async fn json(response: Response) -> Value {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn get(path: &str) -> http::request::Builder {
    Request::get(path)
}

fn post(path: &str) -> http::request::Builder {
    Request::post(path).header(header::CONTENT_TYPE, "application/json")
}

fn link_token(house: &House) -> String {
    house.first.sign_in_link.split_once("token=").unwrap().1.to_owned()
}

pub(super) async fn ada(house: &House) -> String {
    let form = FirstAdmin {
        token: link_token(house),
        name: "Ada".to_owned(),
        email: " Ada@Example.com ".to_owned(),
        password: PASSWORD.to_owned(),
    };
    create_first_admin(&house.app, &form, &Origin::default()).await.unwrap()
}

#[tokio::test]
async fn strangers_get_nothing_but_the_way_in() {
    let house = House::new().await;
    let answer = ask(&house, get("/api/v1/keys"), "").await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(json(answer).await["type"], "/help/errors/unauthenticated");
    let answer = ask(&house, get("/keys?q=1"), "").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()[header::LOCATION], "/sign-in?return_to=%2Fkeys%3Fq%3D1");
    let answer = ask(&house, post("/gateway/v1/messages"), "{}").await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let house = House::new().await;
    for path in ["/healthz", "/api/v1/keys", "/nowhere"] {
        let answer = ask(&house, get(path), "").await;
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
    }
}

#[tokio::test]
async fn a_token_opens_the_api_until_it_is_revoked_and_ends_by_itself() {
    let house = House::new().await;
    let bearer = |token: &str| format!("Bearer {token}");
    let with =
        |request: http::request::Builder, token: &str| request.header(header::AUTHORIZATION, bearer(token));
    let first = &house.first.api_token;
    let in_an_hour = crate::testing::NOW_US + 3_600_000_000;
    let form = format!(r#"{{"name":"ci","role":"viewer","expires_us":{in_an_hour}}}"#);
    let answer = ask(&house, with(post("/api/v1/tokens"), first), &form).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let made = json(answer).await;
    let viewer = made["secret"].as_str().unwrap().to_owned();
    assert_eq!(ask(&house, with(get("/api/v1/keys"), &viewer), "").await.status(), StatusCode::OK);
    let refused = ask(&house, with(post("/api/v1/keys"), &viewer), "{}").await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert_eq!(json(refused).await["detail"], "this needs the right to manage keys");
    house.clock.advance(3_600_000_000);
    assert_eq!(ask(&house, with(get("/api/v1/keys"), &viewer), "").await.status(), StatusCode::UNAUTHORIZED);
    let tokens = crate::api_tokens::list(&house.app, &house.admin()).await.unwrap();
    let first_id = &tokens.iter().find(|token| token.name == "first token").unwrap().id;
    let path = format!("/api/v1/tokens/{first_id}/revocation");
    assert_eq!(ask(&house, with(post(&path), first), "").await.status(), StatusCode::OK);
    assert_eq!(ask(&house, with(get("/api/v1/keys"), first), "").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_wrong_body_is_a_problem_with_pointers() {
    let house = House::new().await;
    let with = |request: http::request::Builder| {
        request.header(header::AUTHORIZATION, format!("Bearer {}", house.first.api_token))
    };
    let answer = ask(&house, with(post("/api/v1/keys")), r#"{"name":"","workspace":"ws_x"}"#).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(json(answer).await["errors"][0]["pointer"], "/name");
    let unknown = r#"{"name":"a","workspace":"w","colour":"red"}"#;
    let answer = ask(&house, with(post("/api/v1/keys")), unknown).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(json(answer).await["errors"][0]["pointer"], "/colour");
}

#[tokio::test]
async fn the_first_link_opens_once() {
    let house = House::new().await;
    assert!(is_link_open(&house.app, &link_token(&house)).await.unwrap());
    let session = ada(&house).await;
    assert!(!is_link_open(&house.app, &link_token(&house)).await.unwrap());
    let cookie = format!("{COOKIE_NAME}={session}");
    let answer = ask(&house, get("/api/v1/keys").header(header::COOKIE, &cookie), "").await;
    assert_eq!(answer.status(), StatusCode::OK);
    let form = FirstAdmin {
        token: link_token(&house),
        name: "Eve".to_owned(),
        email: "eve@example.com".to_owned(),
        password: PASSWORD.to_owned(),
    };
    let refused = create_first_admin(&house.app, &form, &Origin::default()).await.unwrap_err();
    assert!(matches!(refused, AppError::LinkUsed));
    let opened = crate::bootstrap::first_steps(&house.app).await.unwrap();
    assert!(opened.first_run.is_none(), "with an administrator there is nothing to hand out");
}

#[tokio::test]
async fn the_link_is_too_old_after_a_day() {
    let house = House::new().await;
    house.clock.advance(24 * 3_600_000_000);
    assert!(!is_link_open(&house.app, &link_token(&house)).await.unwrap());
    let again = crate::bootstrap::first_steps(&house.app).await.unwrap().first_run.unwrap();
    assert_ne!(again.sign_in_link, house.first.sign_in_link);
    assert_eq!(again.gateway_key, house.first.gateway_key);
}

#[tokio::test]
async fn a_session_changes_nothing_from_another_site() {
    let house = House::new().await;
    let cookie = format!("{COOKIE_NAME}={}", ada(&house).await);
    let change = |site: &str| {
        post("/api/v1/revisions").header(header::COOKIE, &cookie).header("sec-fetch-site", site.to_owned())
    };
    assert_eq!(ask(&house, change("cross-site"), "{}").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(ask(&house, change("same-origin"), "{}").await.status(), StatusCode::CREATED);
    let bare = post("/api/v1/revisions").header(header::COOKIE, &cookie);
    assert_eq!(ask(&house, bare, "{}").await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_session_ends_by_time_and_by_signing_out() {
    let house = House::new().await;
    let session = ada(&house).await;
    let cookie = format!("{COOKIE_NAME}={session}");
    let look = || get("/api/v1/keys").header(header::COOKIE, &cookie);
    house.clock.advance(13 * 86_400_000_000);
    assert_eq!(ask(&house, look(), "").await.status(), StatusCode::OK);
    house.clock.advance(13 * 86_400_000_000);
    assert_eq!(ask(&house, look(), "").await.status(), StatusCode::OK, "using it keeps it alive");
    crate::auth::session::end(&house.app, &session).await.unwrap();
    assert_eq!(ask(&house, look(), "").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_the_right_password_comes_in() {
    let house = House::new().await;
    ada(&house).await;
    let address = "192.0.2.7".parse().unwrap();
    let form = |password: &str| SignIn { email: "ADA@example.com".to_owned(), password: password.to_owned() };
    sign_in(&house.app, &form(PASSWORD), address, &Origin::default()).await.unwrap();
    for _ in 0..10 {
        let refused = sign_in(&house.app, &form("wrong"), address, &Origin::default()).await.unwrap_err();
        assert!(matches!(refused, AppError::WrongCredentials), "{refused}");
    }
    let refused = sign_in(&house.app, &form(PASSWORD), address, &Origin::default()).await.unwrap_err();
    assert!(matches!(refused, AppError::Throttled { .. }), "{refused}");
    house.clock.advance(15 * 60_000_000);
    sign_in(&house.app, &form(PASSWORD), address, &Origin::default()).await.unwrap();
}
