//! The overview and the list of requests in use: add up, keep, watch, export; every way leads to the same figures.

use http::Method;
use serde_json::{Value, json};
use weir_tests::script;
use weir_tests::visitor::{Visitor, unescaped};
use weir_tests::wait;
use weir_tests::weir::{Setup, Weir};

/// What a spreadsheet would take for a formula.
const FORMULA: &str = "=HYPERLINK(1)";

struct House {
    weir: Weir,
    visitor: Visitor,
}

async fn ask(weir: &Weir, model: &str, customer: &str) {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "It's a weir"}]});
    let _ = weir.ask("/v1/chat/completions", &[("x-weir-customer", customer)], &body).await;
}

impl House {
    async fn full() -> Self {
        let weir = Setup::default().up().await;
        let visitor = Visitor::first_admin(&weir.dashboard, &weir.sign_in_link).await;
        for (model, customer) in
            [("demo/fast", "acme"), ("demo/smart", "acme"), ("demo/fast", FORMULA), ("demo/429", "globex")]
        {
            ask(&weir, model, customer).await;
        }
        weir.final_rows(4).await;
        // A row is there a moment before the sums that are made from it.
        wait::until("the sums are made", || async {
            let sums = weir.archive.number("SELECT sum(requests) FROM spend_policy_1h").await;
            (sums == 4).then_some(())
        })
        .await;
        Self { weir, visitor }
    }

    async fn get(&self, path: &str) -> Value {
        self.weir.api(Method::GET, path, None).await.ok().json()
    }

    /// The finished export.
    async fn export(&self, form: Value) -> (Value, String) {
        let made = self.weir.api(Method::POST, "/exports", Some(form)).await.ok().json();
        let id = made["id"].as_str().unwrap().to_owned();
        let ended = wait::until("the export has ended", || async {
            let shown = self.get(&format!("/exports/{id}")).await;
            (shown["state"] != "running").then_some(shown)
        })
        .await;
        assert_eq!(ended["state"], "done", "{ended}");
        let file = self.weir.api(Method::GET, &format!("/exports/{id}/file"), None).await.ok().text();
        (ended, file)
    }
}

/// Dollars with nine decimals as nano-dollars.
fn nano(text: &str) -> i64 {
    text.replace('.', "").parse().unwrap()
}

fn sum(items: &Value, member: &str) -> i64 {
    items["data"].as_array().unwrap().iter().map(|item| nano(item[member].as_str().unwrap())).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn overview_groups_histogram_list_and_export_tell_the_same() {
    let house = House::full().await;
    let overview = house.get("/overview?range=24h").await;
    assert_eq!((&overview["requests"]["window"], &overview["errors"]["window"]), (&json!(4), &json!(1)));
    let cost = nano(overview["cost_usd"]["window"].as_str().unwrap());
    assert!(cost > 0);
    for by in ["model", "customer", "key", "provider", "status"] {
        let groups = house.get(&format!("/requests/groups?by={by}")).await;
        let requests: i64 =
            groups["data"].as_array().unwrap().iter().map(|group| group["requests"].as_i64().unwrap()).sum();
        assert_eq!((requests, sum(&groups, "cost_usd")), (4, cost), "{by}");
    }
    let bars = house.get("/requests/histogram?q=status:error").await;
    let failed: i64 =
        bars["data"].as_array().unwrap().iter().map(|bar| bar["failed"].as_i64().unwrap()).sum();
    assert_eq!(failed, 1);
    let (ended, file) = house.export(json!({"format": "csv"})).await;
    assert_eq!((&ended["requests"], &ended["expected"]), (&json!(4), &json!(4)));
    let costs = file.lines().skip(1).map(|line| line.rsplit(',').nth(2).unwrap());
    assert_eq!(costs.filter(|cell| !cell.is_empty()).map(nano).sum::<i64>(), cost);
    assert!(file.contains(&format!(",'{FORMULA},")), "no cell is a formula: {file}");

    let page = house.visitor.page("/?range=24h").await;
    assert!(
        page.contains(&format!("{}.{:09}", cost / 1_000_000_000, cost % 1_000_000_000)),
        "exact on the page"
    );
    let grouped = unescaped(&house.visitor.page("/requests?group=customer").await);
    assert!(grouped.contains("By customer") && grouped.contains("q=customer%3Aacme"));
    assert_eq!(house.visitor.get("/requests?group=mood").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_exported_only_when_asked_for_and_the_audit_keeps_that_they_were() {
    let house = House::full().await;
    let (_, without) = house.export(json!({"format": "jsonl", "q": "customer:acme"})).await;
    assert!(without.lines().count() == 2 && !without.contains("It's a weir"));
    let (_, with) = house.export(json!({"format": "jsonl", "bodies": true, "q": "customer:acme"})).await;
    let first: Value = serde_json::from_str(with.lines().next().unwrap()).unwrap();
    assert!(first["request"].as_str().unwrap().contains("It's a weir"), "{first}");
    assert!(first["response"].as_str().is_some_and(|text| !text.is_empty()), "{first}");
    let audit = house.get("/audit?limit=50").await.to_string();
    assert!(audit.contains("export.create") && audit.contains("bodies"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_kept_by_a_form_found_in_the_palette_and_changed_by_the_api() {
    let house = House::full().await;
    let form = [
        ("name", "Failures"),
        ("q", "status:error"),
        ("range", "7d"),
        ("group", "provider"),
        ("workspace", ""),
    ];
    let made = house.visitor.post("/requests/views", &form).await;
    assert_eq!(made.status, 303, "{}", made.text());
    assert_eq!(made.header("location"), "/requests?q=status%3Aerror&range=7d&group=provider");
    assert!(house.visitor.page("/customers").await.contains("View: Failures"));
    assert_eq!(house.visitor.post("/requests/views", &form).await.status, 422, "the name is taken");

    let shared = json!({"name": "Slow", "q": "latency:>2s", "range": "24h"});
    let view = house.weir.api(Method::POST, "/views", Some(shared.clone())).await.ok().json();
    let path = format!("/views/{}", view["id"].as_str().unwrap());
    let renamed = json!({"name": "Slow ones", "q": "latency:>2s", "range": "24h"});
    assert_eq!(house.weir.api(Method::PUT, &path, Some(renamed)).await.ok().json()["name"], "Slow ones");
    assert_eq!(house.weir.api(Method::DELETE, &path, None).await.status, 204);
    assert_eq!(house.weir.api(Method::GET, &path, None).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_requests_are_announced_and_move_nothing() {
    let house = House::full().await;
    let browser = script::chromium();
    let session = house.visitor.cookie();
    let environment = [
        ("DASHBOARD", house.weir.dashboard.as_str()),
        ("SESSION", &session),
        ("GATEWAY", &house.weir.gateway),
        ("KEY", &house.weir.key),
        ("WEIR_TEST_CHROMIUM", browser.to_str().unwrap()),
    ];
    let printed = script::run("browser/requests.mjs", &environment).await;
    assert!(printed.success, "{}\n{}", printed.output, printed.errors);
}
