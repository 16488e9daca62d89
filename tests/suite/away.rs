//! The control plane is away: traffic, limits and logging go on, and a gateway starts from its last good snapshot.

use serde_json::json;
use tempfile::TempDir;
use weir_tests::wait;
use weir_tests::weir::Setup;

fn hello() -> serde_json::Value {
    json!({ "model": "demo/fast", "messages": [{ "role": "user", "content": "Hello" }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn traffic_limits_and_logging_go_on_without_the_control_plane() {
    // The demo provider belongs to `weir up`; this one only lends it, and is not the control plane under test.
    let lender = Setup::default().up().await;
    let endpoints = lender.api(http::Method::GET, "/endpoints", None).await.ok().json();
    let demo = endpoints["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|endpoint| endpoint["dialect"] == "openai")
        .unwrap();
    let demo_url = demo["base_url"].as_str().unwrap().to_owned();

    let mut control = Setup::default().control().await;
    let _ = control.draft_provider("demo", "openai", &demo_url, &["demo/fast"]).await;
    let limited = json!({ "workspace": "default", "name": "limited", "requests_per_minute": 2 });
    let limited = control.api(http::Method::POST, "/keys", Some(limited)).await.ok().json();
    let limited = format!("Bearer {}", limited["secret"].as_str().unwrap());

    let folder = TempDir::new().unwrap();
    let token = control.gateway_token("left-alone").await;
    let start =
        || Setup::default().archive(&control.archive).data(folder.path()).gateway(&control.dashboard, &token);
    let mut gateway = start().await;
    let bearer = format!("Bearer {}", control.key);
    let url = |gateway: &str| format!("{gateway}/v1/chat/completions");
    wait::until("the gateway serves", || async {
        let answer =
            gateway.client.post_json(&url(&gateway.url), &[("authorization", &bearer)], &hello()).await;
        answer.status.is_success().then_some(())
    })
    .await;

    control.process.kill();
    let served =
        gateway.client.post_json(&url(&gateway.url), &[("authorization", &bearer)], &hello()).await.ok();
    let id = served.header("x-weir-request-id").to_owned();
    wait::until("the row is in the archive without the control plane", || async {
        let sql = format!("SELECT 1 AS x FROM llm_calls WHERE request_id = '{id}' AND final");
        control.archive.try_rows(&sql).await.ok().filter(|rows| rows.len() == 1)
    })
    .await;

    assert!(gateway.process.stop(), "a gateway stops well without its control plane");
    let gateway = start().await;
    let ready = gateway.client.get(&format!("{}/readyz", gateway.admin), &[]).await;
    assert!(ready.status.is_success(), "started from the last good snapshot: {}", ready.text());
    let _ = gateway.client.post_json(&url(&gateway.url), &[("authorization", &bearer)], &hello()).await.ok();
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let answer =
            gateway.client.post_json(&url(&gateway.url), &[("authorization", &limited)], &hello()).await;
        statuses.push(answer.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 429], "the key's limit holds without the control plane");
}
