//! What acts at once: a revoked key and a kill switch are in force on every gateway before anybody has let go of the button,
//! and a changed right on every page that is open.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::Method;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};
use weir_tests::visitor::Visitor;
use weir_tests::weir::{Gateway, Setup, Weir};
use weir_tests::{proof, proving, rounds, wait};

use crate::publish::three_gateways;

/// Longest until the slowest of three gateways refuses, 99 times of 100.
const REFUSED_MAX: Duration = Duration::from_millis(250);
/// Longest until the last open page of somebody whose right changed is closed, 99 times of 100.
const CLOSED_MAX: Duration = Duration::from_secs(1);
/// Pages that stay open and show what happens. The fourth, the progress of an export, ends by itself.
const LIVE: [&str; 3] =
    ["/welcome/events", "/requests/events?after=1-00000000000000000000000000000000", "/publishing/1/events"];

/// What a request with that key is answered there.
async fn status(gateway: &Gateway, secret: &str) -> u16 {
    let hello = json!({ "model": "demo/fast", "messages": [{ "role": "user", "content": "Hello" }] });
    let url = format!("{}/v1/chat/completions", gateway.url);
    let bearer = format!("Bearer {secret}");
    gateway.client.post_json(&url, &[("authorization", &bearer)], &hello).await.status.as_u16()
}

/// Waits until every gateway answers so.
async fn all_answer(gateways: &[Gateway], secret: &str, wanted: u16) {
    join_all(gateways.iter().map(|gateway| {
        wait::until("every gateway answers so", move || async move {
            (status(gateway, secret).await == wanted).then_some(())
        })
    }))
    .await;
}

/// From now until the slowest gateway answers so, asked again and again without a pause: a pause would be measured too.
async fn until_all_answer(gateways: &[Gateway], secret: &str, wanted: u16, since: Instant) -> Duration {
    let refused = join_all(gateways.iter().map(|gateway| async move {
        while status(gateway, secret).await != wanted {
            assert!(since.elapsed() < Duration::from_secs(60), "a gateway still does not answer {wanted}");
        }
    }));
    refused.await;
    since.elapsed()
}

async fn new_key(weir: &Weir, name: &str) -> (String, String) {
    let form = json!({ "workspace": "default", "name": name });
    let key: Value = weir.api(Method::POST, "/keys", Some(form)).await.ok().json();
    let text = |member: &str| key[member].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

/// Prints and keeps the distribution; the long form holds the bar.
fn judge(name: &str, what: &str, mut took: Vec<Duration>, p99_max: Duration) {
    took.sort();
    let p99 = took[(took.len() * 99).div_ceil(100) - 1];
    let figures = [
        ("times", took.len().to_string()),
        ("median", format!("{:?}", took[took.len() / 2])),
        ("99 of 100", format!("{p99:?}")),
        ("worst", format!("{:?}", took[took.len() - 1])),
    ];
    proof::record(name, what, &figures);
    if proving() {
        assert!(p99 <= p99_max, "{name}: 99 of 100 within {p99:?}, the bar is {p99_max:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_on_three_gateways() {
    let weir = Setup::default().up().await;
    let gateways = three_gateways(&weir).await;
    let mut took = Vec::new();
    for round in 0..rounds(2, 100) {
        let (id, secret) = new_key(&weir, &format!("short-lived-{round}")).await;
        all_answer(&gateways, &secret, 200).await;
        let since = Instant::now();
        let _ = weir.api(Method::POST, &format!("/keys/{id}/revocation"), None).await.ok();
        took.push(until_all_answer(&gateways, &secret, 401, since).await);
        let others = join_all(gateways.iter().map(|gateway| status(gateway, &weir.key))).await;
        assert_eq!(others, [200, 200, 200], "other keys go on");
    }
    let what = "From pressing *Revoke* until the slowest of three gateways refuses the key, again and again: `make prove`.";
    judge("key-revoked", what, took, REFUSED_MAX);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_switch_is_in_force_on_three_gateways_and_lets_go_again() {
    let weir = Setup::default().up().await;
    let gateways = three_gateways(&weir).await;
    let (id, secret) = new_key(&weir, "switched").await;
    let mut took = Vec::new();
    for _ in 0..rounds(2, 100) {
        all_answer(&gateways, &secret, 200).await;
        let stop = json!({ "kind": "key", "target": id, "reason": "it runs away" });
        let since = Instant::now();
        let stop = weir.api(Method::POST, "/stops", Some(stop)).await.ok().json();
        took.push(until_all_answer(&gateways, &secret, 403, since).await);
        let end = format!("/stops/{}", stop["id"].as_str().unwrap());
        let _ = weir.api(Method::DELETE, &end, None).await.ok();
    }
    all_answer(&gateways, &secret, 200).await;
    let what = "From pressing *Stop* until the slowest of three gateways refuses what is stopped, again and again: `make prove`.";
    judge("kill-switch", what, took, REFUSED_MAX);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_role_and_an_ended_session_close_live_pages() {
    let weir = Setup::default().up().await;
    let _ = Visitor::first_admin(&weir.dashboard, &weir.sign_in_link).await;
    let roles = |role: &str| json!([{ "workspace": null, "role": role }]);
    let form = json!({ "email": "bea@example.com", "roles": roles("member") });
    let invited = weir.api(Method::POST, "/invitations", Some(form)).await.ok().json();
    let link = invited["link"].as_str().unwrap();
    let bea = Visitor::accept(&weir.dashboard, link, "Bea", "a weir without a river").await;
    let people = weir.api(Method::GET, "/people", None).await.ok().json();
    let found = people["data"].as_array().unwrap().iter().find(|person| person["email"] == "bea@example.com");
    let path = format!("/people/{}", found.unwrap()["id"].as_str().unwrap());
    let mut took = Vec::new();
    for round in 0..rounds(2, 100) {
        let open = live_pages(&weir, &bea).await;
        let role = ["viewer", "member"][round % 2];
        let since = Instant::now();
        let _ = weir.api(Method::PUT, &path, Some(json!({ "roles": roles(role) }))).await.ok();
        join_all(open.into_iter().map(ended)).await;
        took.push(since.elapsed());
        assert_eq!(bea.get("/requests").await.status, 200, "a changed role ends no session");
    }
    let open = live_pages(&weir, &bea).await;
    let _ = weir.api(Method::DELETE, &format!("{path}/sessions"), None).await.ok();
    join_all(open.into_iter().map(ended)).await;
    assert!(bea.get("/requests").await.header("location").starts_with("/sign-in"));
    let what = "From giving somebody another role until all their live pages are closed, again and again: `make prove`.";
    judge("rights-changed", what, took, CLOSED_MAX);
}

/// Opens the live pages, and waits until each has answered.
async fn live_pages(weir: &Weir, who: &Visitor) -> Vec<Incoming> {
    let cookie = who.cookie();
    let open = LIVE.map(|path| {
        let (cookie, url) = (cookie.as_str(), format!("{}{path}", weir.dashboard));
        async move {
            let open = weir.client.open(Method::GET, &url, &[("cookie", cookie)], "").await.unwrap();
            assert_eq!(open.status(), 200, "{url}");
            open.into_body()
        }
    });
    join_all(open).await
}

/// Reads until the server closes it. Were it to stay open, this would wait for the test's own end.
async fn ended(mut events: Incoming) {
    while events.frame().await.is_some_and(|frame| frame.is_ok()) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_gateway_refuses_new_requests_reports_and_is_forgotten_when_it_is_gone() {
    let weir = Setup::default().up().await;
    let mut gateways = three_gateways(&weir).await;
    all_answer(&gateways, &weir.key, 200).await;
    let shown =
        async |name: &str| weir.api(Method::GET, &format!("/gateways/{name}"), None).await.ok().json();
    let _ = weir.api(Method::POST, "/gateways/a/drain", None).await.ok();
    all_answer(&gateways[..1], &weir.key, 503).await;
    wait::until("it has finished and says so", || async {
        let status = shown("a").await["status"].clone();
        (status["draining"] == true && status["in_flight"] == 0 && status["archive_batches"] == 0)
            .then_some(())
    })
    .await;
    all_answer(&gateways[1..], &weir.key, 200).await;
    let _ = weir.api(Method::DELETE, "/gateways/a/drain", None).await.ok();
    all_answer(&gateways, &weir.key, 200).await;
    let early = weir.api(Method::DELETE, "/gateways/b", None).await;
    assert_eq!(early.status, 409, "it still speaks: {}", early.text());
    gateways[1].process.kill();
    wait::until("it is away", || async { (shown("b").await["connected"] == false).then_some(()) }).await;
    let _ = weir.api(Method::DELETE, "/gateways/b", None).await.ok();
    assert_eq!(weir.api(Method::GET, "/gateways/b", None).await.status, 404);
}
