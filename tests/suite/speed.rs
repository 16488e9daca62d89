//! Pages over many requests: how long the server takes for each. The long form keeps the figures; the short one only
//! promises that every page answers.

use std::time::Instant;

use weir_tests::visitor::Visitor;
use weir_tests::weir::{Setup, Weir};
use weir_tests::{proof, proving};

/// Rows of the long form.
const MANY: u64 = 1_000_000;
/// Rows of the short form.
const SOME: u64 = 20_000;
/// Rows written by one statement: about a day of the long form, within the memory of the embedded engine.
const BATCH: u64 = 30_000;
/// How often each page is asked for when figures are kept.
const ROUNDS: usize = 40;

const PAGES: [(&str, &str); 10] = [
    ("overview, 7 days", "/?range=7d"),
    ("overview, 30 days", "/?range=30d"),
    ("requests, 24 hours", "/requests"),
    ("requests, 30 days", "/requests?range=30d"),
    ("requests of a customer, 30 days", "/requests?q=customer:customer-7&range=30d"),
    ("failed requests, 7 days", "/requests?q=status:error&range=7d"),
    ("expensive requests, 24 hours", "/requests?q=cost:%3E0.05&range=24h"),
    ("requests by model, 24 hours", "/requests?group=model"),
    ("customers", "/customers"),
    ("a customer", "/customers/customer-7"),
];

/// Calls of the last thirty days, as a gateway would have written them: evenly in time, four in a hundred failed.
async fn fill(weir: &Weir, rows: u64) {
    let workspace = weir.archive.rows("SELECT workspace_id FROM llm_calls WHERE final LIMIT 1").await;
    let workspace = workspace[0]["workspace_id"].as_str().unwrap();
    let mut from = 0;
    while from < rows {
        let count = BATCH.min(rows - from);
        let sql = format!(
            "INSERT INTO llm_calls (started_at, request_id, attempt, final, origin, workspace_id, key_id, customer_id, \
               model_requested, model, provider, endpoint_id, api, outcome, http_status, duration_us, ttft_us, overhead_us, \
               input_tokens, output_tokens, rated, cost, billed, billing_period, ingest_batch) \
             SELECT now64(6, 'UTC') - toIntervalMicrosecond(intDiv(2592000000000, {rows}) * number + 60000000), generateUUIDv7(), 0, true, 'live', \
               '{workspace}', concat('key_', toString(number % 12)), concat('customer-', toString(cityHash64(number) % 500)), \
               concat('model-', toString(number % 8)), concat('model-', toString(number % 8)), concat('provider-', toString(number % 3)), \
               concat('ep_', toString(number % 4)), 'v1/chat/completions', if(number % 25 = 0, 'upstream_error', 'ok'), \
               if(number % 25 = 0, 503, 200), 300000 + cityHash64(number) % 4000000, 100000 + number % 500000, 400, \
               100 + number % 5000, 50 + number % 900, true, toDecimal64((number % 90000) / 1000000, 9), \
               toDecimal64((number % 90000) / 1000000, 9), toYYYYMM(now()), concat('fill-', toString(number)) \
             FROM numbers({from}, {count}) SETTINGS max_partitions_per_insert_block = 100, max_insert_threads = 1, max_block_size = 20000"
        );
        weir.archive.try_rows(&sql).await.unwrap_or_else(|error| panic!("{error}"));
        from += count;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_answers_over_many_requests() {
    let weir = Setup::default().up().await;
    let visitor = Visitor::first_admin(&weir.dashboard, &weir.sign_in_link).await;
    let body = serde_json::json!({"model": "demo/fast", "messages": [{"role": "user", "content": "Hello"}]});
    let _ = weir.ask("/v1/chat/completions", &[], &body).await.ok();
    weir.final_rows(1).await;
    let rows = if proving() { MANY } else { SOME };
    fill(&weir, rows).await;
    assert_eq!(
        weir.archive.number("SELECT sum(requests) FROM spend_model_1h").await,
        i64::try_from(rows).unwrap() + 1
    );
    let mut figures = vec![("requests in the archive", rows.to_string())];
    for (name, path) in PAGES {
        figures.push((name, figure(&visitor, path).await));
    }
    proof::record(
        "pages",
        "Time until the whole page is here, over HTTP on one machine, one reader, each page asked for again and again: `make prove`.",
        &figures,
    );
}

async fn figure(visitor: &Visitor, path: &str) -> String {
    let mut times = Vec::new();
    for _ in 0..if proving() { ROUNDS } else { 2 } {
        let begun = Instant::now();
        let page = visitor.page(path).await;
        times.push(begun.elapsed());
        assert!(
            !page.contains("takes longer than a page should") || !proving(),
            "{path} goes without a panel"
        );
    }
    times.sort_unstable();
    let at =
        |percent: usize| format!("{:.1} ms", times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0);
    format!("median {}, p95 {}, worst {}", at(50), at(95), at(100))
}
