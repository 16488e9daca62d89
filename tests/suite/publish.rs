//! Publishing: in force on every gateway soon, whole or not at all; poison is refused with a reason and the old policy stays.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use weir_tests::weir::{Gateway, Setup, Weir};
use weir_tests::{proof, rounds, wait};

use crate::load::{Load, Target};

async fn revision_of(gateway: &Gateway) -> u64 {
    let status: Value = gateway.client.get(&format!("{}/statusz", gateway.admin), &[]).await.json();
    status["policy"]["revision"].as_u64().unwrap_or(0)
}

/// Three gateways of their own, each with its token.
pub async fn three_gateways(weir: &Weir) -> Vec<Gateway> {
    let start = async |name: &'static str| {
        let made = weir.api(http::Method::POST, "/gateways/tokens", Some(json!({ "name": name }))).await;
        let token = made.ok().json()["secret"].as_str().unwrap().to_owned();
        let setup = Setup::default().archive(&weir.archive).set("gateway.name", name);
        setup.gateway(&weir.dashboard, &token).await
    };
    join_all(["a", "b", "c"].map(start)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publish_is_in_force_on_three_gateways_and_no_request_sees_two_revisions() {
    let weir = Setup::default().up().await;
    let gateways = three_gateways(&weir).await;
    let target = Target { gateway: gateways[0].url.clone(), key: weir.key.clone() };
    wait::until("the first gateway has a policy", || async {
        (revision_of(&gateways[0]).await > 0).then_some(())
    })
    .await;
    let load = Load::start(&target, 4, 0);
    let endpoints = weir.api(http::Method::GET, "/endpoints", None).await.ok().json();
    let endpoint = endpoints["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|endpoint| endpoint["dialect"] == "openai")
        .unwrap()
        .clone();
    let mut lags: Vec<Duration> = Vec::new();
    for number in 0..rounds(10, 200) {
        let model = json!({ "name": format!("alias-{number}"), "targets": [{ "endpoint": endpoint["id"], "upstream_model": "demo/fast" }] });
        let _ = weir.api(http::Method::POST, "/models", Some(model)).await.ok();
        let revision = weir.publish(&format!("alias {number}")).await;
        let published = Instant::now();
        join_all(gateways.iter().map(|gateway| {
            wait::until("the revision is in force", move || async move {
                (revision_of(gateway).await >= revision).then_some(())
            })
        }))
        .await;
        lags.push(published.elapsed());
    }
    let seen = load.finish().await;
    assert_eq!(seen.broken, 0, "no request may fail because of a publish");
    let _ = weir.final_rows(seen.answered.len()).await;
    let torn = weir.archive.number("SELECT count() FROM (SELECT request_id FROM llm_calls GROUP BY request_id HAVING uniqExact(policy_revision) > 1)").await;
    assert_eq!(torn, 0, "every request sees one revision");
    let revisions = weir.archive.number("SELECT uniqExact(policy_revision) FROM llm_calls").await;
    assert!(revisions > 1, "the load must have run over several revisions");
    lags.sort();
    proof::record(
        "publishes",
        "Publishes under load, one after the other, each until it is in force on three gateways: `make prove`.",
        &[
            ("publishes", lags.len().to_string()),
            ("median until in force on all", format!("{:?}", lags[lags.len() / 2])),
            ("99 of 100", format!("{:?}", lags[lags.len() * 99 / 100])),
            ("worst", format!("{:?}", lags[lags.len() - 1])),
            ("requests that saw two revisions", torn.to_string()),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_and_an_old_revision_comes_back_as_a_new_one() {
    let weir = Setup::default().up().await;
    let hello = json!({ "model": "demo/fast", "messages": [{ "role": "user", "content": "Hello" }] });
    let key = weir
        .api(http::Method::POST, "/keys", Some(json!({ "workspace": "default", "name": "short-lived" })))
        .await
        .ok()
        .json();
    let bearer = format!("Bearer {}", key["secret"].as_str().unwrap());
    let url = format!("{}/v1/chat/completions", weir.gateway);
    wait::until("the new key works at once", || async {
        let answer = weir.client.post_json(&url, &[("authorization", &bearer)], &hello).await;
        answer.status.is_success().then_some(())
    })
    .await;
    let path = format!("/keys/{}/revocation", key["id"].as_str().unwrap());
    let _ = weir.api(http::Method::POST, &path, None).await.ok();
    wait::until("the revoked key is refused", || async {
        let answer = weir.client.post_json(&url, &[("authorization", &bearer)], &hello).await;
        (answer.status.as_u16() == 401).then_some(())
    })
    .await;
    let answer = weir.ask("/v1/chat/completions", &[], &hello).await;
    assert!(answer.status.is_success(), "other keys go on: {}", answer.text());
}
