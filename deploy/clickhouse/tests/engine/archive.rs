//! The archive's tables on the real engine: they apply, they count exactly once, their sums agree, and tools read the traces.

use std::fmt::Write as _;

use crate::house::{Address, shared};
use crate::schema;

const SPEND: [&str; 9] = [
    "spend_customer_1h",
    "spend_customer_1d",
    "spend_key_1h",
    "spend_user_1h",
    "spend_model_1h",
    "spend_prompt_1h",
    "spend_policy_1h",
    "spend_1m",
    "spend_1d",
];
const BUCKETS: [&str; 10] = [
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "audio_input_tokens",
    "image_input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "audio_output_tokens",
    "image_output_tokens",
];

async fn archive(address: &Address) -> String {
    let database = address.database().await;
    schema::apply(address, &database).await;
    database
}

/// One call row as JSON. Request `n` has two calls when `n` is a multiple of four; the first of them failed.
fn call(n: u64, attempt: u64) -> String {
    let calls = if n.is_multiple_of(4) { 2 } else { 1 };
    let is_final = attempt + 1 == calls;
    let mut row = serde_json::json!({
        "request_id": format!("00000000-0000-7000-8000-{n:012x}"), "attempt": attempt, "final": is_final,
        "origin": if n.is_multiple_of(10) { "replay" } else { "live" },
        "trace_id": format!("{n:032x}"), "span_id": format!("{:016x}", n * 2 + attempt + 1),
        "parent_span_id": format!("{:016x}", n + 1_000_000), "caller_span_id": if n == 8 { "00000000000000ff" } else { "" },
        "workspace_id": format!("ws_{}", n % 2), "environment": "prod", "key_id": format!("key_{}", n % 5),
        "customer_id": format!("customer_{}", n % 13), "user_id": format!("user_{}", n % 7), "session_id": format!("s{}", n % 9),
        "operation": "chat", "api": "v1/chat/completions", "stream": n.is_multiple_of(3),
        "model_requested": "gpt-5", "model": format!("gpt-5-{}", n % 3), "provider": "openai", "endpoint_id": format!("ep_{attempt}"),
    });
    let rest = serde_json::json!({
        "prompt_name": "greet", "prompt_version": n % 4, "rule_id": format!("rule_{}", n % 3),
        "cache_status": "none", "guardrail_action": "none", "body_state": "inline", "usage_source": "provider",
        "outcome": if is_final { "ok" } else { "upstream_error" }, "http_status": if is_final { 200 } else { 503 },
        "duration_us": 900_000 + n * 1000, "attempt_us": 400_000, "ttft_us": 120_000, "overhead_us": 300,
        "rated": !n.is_multiple_of(11), "billing_period": 202_611,
        "cost": format!("0.{:09}", n * 7 + attempt), "billed": format!("1.{:09}", n * 3), "saved": "0.000000001",
        "tags": {"feature": format!("f{}", n % 3), "tier": "gold"},
        "params": "{\"temperature\":0.7,\"max_completion_tokens\":64,\"n\":2}",
        "gateway_id": "gw", "ingest_batch": "gw-1-1",
    });
    for (name, value) in rest.as_object().unwrap() {
        row[name] = value.clone();
    }
    for (place, bucket) in BUCKETS.iter().enumerate() {
        row[*bucket] = (n + place as u64).into();
    }
    row.to_string()
}

async fn insert(address: &Address, database: &str, requests: std::ops::Range<u64>, token: &str) {
    // Yesterday: the rollup by the minute forgets after three days.
    let base: i64 =
        address.run("SELECT toUnixTimestamp(toStartOfDay(now() - INTERVAL 1 DAY))").await.parse().unwrap();
    let mut body = String::new();
    for n in requests {
        for attempt in 0..if n.is_multiple_of(4) { 2 } else { 1 } {
            let row = call(n, attempt);
            let at = base + i64::try_from(n).unwrap() * 37;
            let rest = row.strip_prefix('{').unwrap();
            writeln!(body, "{{\"started_at\":\"{at}.000123\",{rest}").unwrap();
        }
    }
    let parameters = format!(
        "database={database}&query=INSERT+INTO+llm_calls+FORMAT+JSONEachRow&insert_deduplication_token={token}\
         &async_insert=0&insert_deduplicate=1&deduplicate_blocks_in_dependent_materialized_views=1&max_partitions_per_insert_block=0"
    );
    address.send(&parameters, body).await.ok();
}

#[tokio::test]
async fn every_migration_applies_twice_on_one_node_and_parses_for_a_cluster() {
    let address = shared();
    let database = archive(&address).await;
    schema::apply(&address, &database).await;
    for (file, sql) in schema::statements(&database, Some("main")) {
        assert!(!sql.contains("{{"), "{file}");
        let reply = address.send("", format!("EXPLAIN AST {sql}")).await;
        assert_eq!(reply.status, 200, "{file}: {}\n{sql}", reply.text());
    }
    // The two that migrations alone write carry no tokens.
    let without = address
        .run(format!(
            "SELECT groupArray(name) FROM system.tables WHERE database = '{database}' AND engine LIKE '%MergeTree' \
             AND name NOT IN ('schema_migrations', 'rollup_starts') AND create_table_query NOT LIKE '%deduplication_window%'"
        ))
        .await;
    assert_eq!(without, "[]", "tables whose insert tokens would be ignored");
}

#[tokio::test]
async fn one_of_two_who_want_the_migrations_lock_gets_it() {
    let address = shared();
    let database = address.database().await;
    let take = || address.send("", format!("CREATE TABLE {database}.schema_lock (at UInt8) ENGINE = Memory"));
    assert_eq!(take().await.ok(), "");
    assert_eq!(take().await.code, Some(57), "the second is told that it exists");
    address.run(format!("ALTER TABLE {database}.schema_lock MODIFY COMMENT 'held'")).await;
    address.run(format!("DROP TABLE IF EXISTS {database}.schema_lock SYNC")).await;
    assert_eq!(take().await.ok(), "");
}

#[tokio::test]
async fn a_batch_sent_twice_counts_once_in_the_calls_and_in_every_rollup() {
    let address = shared();
    let database = archive(&address).await;
    insert(&address, &database, 0..600, "a").await;
    insert(&address, &database, 600..900, "b").await;
    insert(&address, &database, 0..600, "a").await;
    let ask = |sql: String| {
        let parameters = format!("database={database}");
        let address = address.clone();
        async move { address.send(&parameters, sql).await.ok() }
    };
    let buckets = BUCKETS.map(|bucket| format!("sum({bucket})")).join(", ");
    let calls = ask(format!(
        "SELECT sum(final), count(), countIf(NOT rated), countIf(final AND outcome != 'ok'), {buckets}, \
         sum(cost), sum(billed), sum(saved) FROM llm_calls"
    ))
    .await;
    assert!(calls.starts_with("900\t1125\t"), "{calls}");
    for table in SPEND {
        let sums = ask(format!(
            "SELECT sum(requests), sum(calls), sum(unrated), sum(errors), {buckets}, sum(cost), sum(billed), sum(saved) FROM {table}"
        ))
        .await;
        assert_eq!(sums, calls, "{table}");
    }
    let live =
        ask("SELECT sum(cost) FROM llm_calls WHERE origin = 'live' AND workspace_id = 'ws_1'".into()).await;
    let rolled =
        ask("SELECT sum(cost) FROM spend_customer_1h WHERE origin = 'live' AND workspace_id = 'ws_1'".into())
            .await;
    assert_eq!(live, rolled);
    let tagged = ask(
        "SELECT sum(cost), sum(calls) FROM spend_tag_1h WHERE tag = 'tier' AND tag_value = 'gold'".into(),
    )
    .await;
    assert_eq!(tagged, ask("SELECT sum(cost), count() FROM llm_calls".into()).await);
    let latency = ask(
        "SELECT sum(n), sum(arraySum(mapValues(duration))), sum(arraySum(mapValues(ttft))) FROM latency_5m"
            .into(),
    )
    .await;
    assert_eq!(latency, "900\t900\t900");
}

#[tokio::test]
async fn the_traces_answer_as_grafana_asks() {
    let address = shared();
    let database = archive(&address).await;
    insert(&address, &database, 0..100, "a").await;
    let ask = |sql: &str| {
        let (parameters, sql, address) = (format!("database={database}"), sql.to_owned(), address.clone());
        async move { address.send(&parameters, sql).await.ok() }
    };
    let window = "Timestamp >= now() - INTERVAL 2 DAY AND Timestamp <= now()";
    let list = ask(&format!(
        "SELECT TraceId AS traceID, ServiceName AS serviceName, SpanName AS operationName, Timestamp AS startTime, \
         multiply(Duration, 0.000001) AS duration FROM otel_traces WHERE ( {window} ) AND ( ParentSpanId = '' ) \
         AND ( Duration > 0 ) ORDER BY Timestamp DESC, Duration DESC LIMIT 1000"
    ))
    .await;
    assert_eq!(list.lines().count(), 99, "every request but the one that has a parent elsewhere");
    assert!(list.lines().next().unwrap().contains("weir-gateway\tPOST /v1/chat/completions\t"), "{list}");

    let trace = format!("{:032x}", 4);
    let spans = ask(&format!(
        "WITH '{trace}' AS trace_id, \
         (SELECT min(Start) FROM otel_traces_trace_id_ts WHERE TraceId = trace_id) AS trace_start, \
         (SELECT max(End) + 1 FROM otel_traces_trace_id_ts WHERE TraceId = trace_id) AS trace_end \
         SELECT SpanKind, SpanId, ParentSpanId, StatusCode, multiply(Duration, 0.000001) AS duration, \
         arrayMap(key -> map('key', key, 'value', SpanAttributes[key]), mapKeys(SpanAttributes)) AS tags, \
         arrayMap(key -> map('key', key, 'value', ResourceAttributes[key]), mapKeys(ResourceAttributes)) AS serviceTags \
         FROM otel_traces WHERE TraceId = trace_id AND Timestamp >= trace_start AND Timestamp <= trace_end \
         ORDER BY SpanKind, SpanId LIMIT 1000"
    ))
    .await;
    let kinds: Vec<_> = spans.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(kinds, ["Client", "Client", "Server"], "{spans}");

    let attribute = |name: &str, kind: &str| {
        ask(&format!(
            "SELECT SpanAttributes['{name}'] FROM otel_traces WHERE TraceId = '{:032x}' AND SpanKind = '{kind}'",
            5
        ))
    };
    // Buckets 5, 6, 7, 8, 9, 10 come in and 11, 12, 13, 14 go out.
    assert_eq!(attribute("gen_ai.usage.input_tokens", "Client").await, "45");
    assert_eq!(attribute("gen_ai.usage.output_tokens", "Client").await, "50");
    assert_eq!(attribute("gen_ai.usage.cache_write.input_tokens", "Client").await, "15");
    assert_eq!(attribute("gen_ai.request.temperature", "Client").await, "0.7");
    assert_eq!(attribute("gen_ai.request.max_tokens", "Client").await, "64");
    assert_eq!(attribute("weir.workspace.id", "Server").await, "ws_1");
    assert_eq!(attribute("weir.tag.tier", "Server").await, "gold");
    assert_eq!(attribute("weir.cost.usd", "Server").await, "0.000000035");

    let grouped = ask(&format!(
        "SELECT SpanAttributes['gen_ai.response.model'] AS model, count() FROM otel_traces \
         WHERE {window} AND SpanAttributes['gen_ai.provider.name'] = 'openai' GROUP BY model ORDER BY model"
    ))
    .await;
    assert_eq!(grouped.lines().count(), 3, "{grouped}");
}

#[tokio::test]
async fn a_body_is_found_by_a_word_and_goes_with_its_customer() {
    let address = shared();
    let database = archive(&address).await;
    let to = format!("database={database}");
    let rows = "{\"started_at\":\"2026-11-21 01:00:00\",\"request_id\":\"00000000-0000-7000-8000-000000000001\",\"workspace_id\":\"w\",\
        \"customer_id\":\"a\",\"retention_days\":365,\"request\":\"x\",\"search_text\":\"The Heron stands still\"}\n\
        {\"started_at\":\"2026-11-21 01:00:00\",\"request_id\":\"00000000-0000-7000-8000-000000000002\",\"workspace_id\":\"w\",\
        \"customer_id\":\"b\",\"retention_days\":365,\"request\":\"y\",\"search_text\":\"nothing of the kind\"}\n";
    address.send(&format!("{to}&query=INSERT+INTO+llm_bodies+FORMAT+JSONEachRow"), rows).await.ok();
    let find = || address.send(&to, "SELECT request FROM llm_bodies WHERE hasToken(search_text, 'heron')");
    assert_eq!(find().await.ok(), "x");
    address.send(&to, "DELETE FROM llm_bodies WHERE customer_id = 'a'").await.ok();
    assert_eq!(find().await.ok(), "");
    assert_eq!(address.send(&to, "SELECT count() FROM llm_bodies").await.ok(), "1");
}
