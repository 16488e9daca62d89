//! Sample traffic: every page can be seen full, every figure ties out, and one command takes all of it away.

use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use weir_tests::wait;
use weir_tests::weir::{Setup, Weir, command, printed};

const LABEL: &str = "Sample traffic";

async fn workspace(weir: &Weir, name: &str) -> Option<String> {
    let all = weir.api(Method::GET, "/workspaces", None).await.ok().json();
    let found = all["data"].as_array().unwrap().iter().find(|one| one["name"] == name)?;
    Some(found["id"].as_str().unwrap().to_owned())
}

fn demo(weir: &Weir, arguments: &[&str]) -> Value {
    let mut tool = command(&weir.process.data, &weir.archive);
    serde_json::from_str(&printed(tool.arg("demo").args(arguments).arg("--json"))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sample_traffic_is_labelled_ties_out_and_goes_without_a_trace() {
    let data = TempDir::new().unwrap();
    let weir = Setup::default().data(data.path()).up().await;
    let hello = json!({ "model": "demo/fast", "messages": [{ "role": "user", "content": "Hello" }] });
    let _ = weir.ask("/v1/chat/completions", &[("x-weir-customer", "acme")], &hello).await.ok();
    let _ = weir.final_rows(1).await;

    let written = demo(&weir, &["traffic", "--days", "30", "--requests", "2000", "--seed", "7"]);
    assert!(written["requests"].as_u64() >= Some(1999), "{written}");
    let id = workspace(&weir, LABEL).await.expect("a workspace that says what it is");
    let archive = &weir.archive;
    let of_it = format!("workspace_id = '{id}'");
    let one = async |sql: String| archive.rows(&sql).await[0].clone();
    let calls =
        one(format!("SELECT count() AS calls, toString(sum(cost)) AS cost FROM llm_calls WHERE {of_it}"))
            .await;
    let sums =
        one(format!("SELECT sum(calls) AS calls, toString(sum(cost)) AS cost FROM spend_1d WHERE {of_it}"))
            .await;
    assert_eq!(calls, sums);
    let labelled = format!(
        "SELECT countIf(tags['weir.sample'] != 'true' OR environment != 'sample') AS n FROM llm_calls WHERE {of_it}"
    );
    assert_eq!(archive.number(&labelled).await, 0);
    let nano = |text: &Value| text.as_str().unwrap().replace('.', "").parse::<i64>().unwrap_or_default();
    let mut booked = 0;
    for row in
        archive.rows("SELECT DISTINCT toString(toYYYYMM(sealed_at)) AS period FROM ingest_batches").await
    {
        let path = format!("/workspaces/{id}/books/{}", row["period"].as_str().unwrap());
        booked += weir.api(Method::GET, &path, None).await.ok().json()["calls"].as_i64().unwrap();
    }
    assert_eq!(Some(booked), calls["calls"].as_i64(), "the books have every call");
    assert!(nano(&calls["cost"]) > 0);
    let untouched = "SELECT count() AS n FROM llm_calls WHERE customer_id = 'acme'";
    assert_eq!(archive.number(untouched).await, 1);
    assert_eq!(demo(&weir, &["remove"]), json!({ "removed": true }));
    assert_eq!(workspace(&weir, LABEL).await, None);
    for table in
        ["llm_calls", "llm_bodies", "spend_1d", "spend_customer_1h", "spend_customer_1d", "latency_5m"]
    {
        assert_eq!(
            archive.number(&format!("SELECT count() AS n FROM {table} WHERE {of_it}")).await,
            0,
            "{table}"
        );
    }
    let manifests = "SELECT count() AS n FROM ingest_batches WHERE startsWith(gateway_id, 'gw_sample_')";
    assert_eq!(archive.number(manifests).await, 0);
    assert_eq!(archive.number(untouched).await, 1);
    assert_eq!(demo(&weir, &["remove"]), json!({ "removed": false }));
    wait::until("the real customer is still there", || async {
        let found = weir.customer("acme").await?;
        (found["requests"] == 1).then_some(())
    })
    .await;
    let verified = weir.api(Method::GET, "/audit/verification", None).await.ok().json();
    assert!(verified["broken"].is_null(), "{verified}");
}
