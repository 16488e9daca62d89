//! Other tools read the traces: the questions Grafana's ClickHouse data source asks, over `otel_traces`.

use serde_json::json;
use weir_tests::weir::Setup;

#[tokio::test(flavor = "multi_thread")]
async fn grafana_finds_lists_and_groups_our_traces() {
    let weir = Setup::default().up().await;
    let body = json!({ "model": "demo/fast", "messages": [{ "role": "user", "content": "Hello" }] });
    let _ = weir.ask("/v1/chat/completions", &[("x-weir-customer", "acme")], &body).await.ok();
    let caller = [
        ("x-weir-customer", "acme"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ];
    let _ = weir.ask("/v1/chat/completions", &caller, &body).await.ok();
    let _ = weir.final_rows(2).await;
    let archive = &weir.archive;

    let roots = archive
        .rows(
            "SELECT TraceId AS traceID, ServiceName AS serviceName, SpanName AS operationName, Timestamp AS startTime, \
             multiply(Duration, 0.000001) AS duration FROM otel_traces \
             WHERE (Timestamp >= now() - INTERVAL 1 HOUR) AND (ParentSpanId = '') ORDER BY Timestamp DESC LIMIT 1000",
        )
        .await;
    assert_eq!(roots.len(), 1, "the one without a caller's span is a root: {roots:?}");
    assert_eq!(roots[0]["operationName"], "POST /v1/chat/completions");

    let trace = archive
        .rows(
            "SELECT TraceId, SpanId, ParentSpanId, ServiceName, SpanName, Timestamp, Duration, SpanAttributes, ResourceAttributes, StatusCode \
             FROM otel_traces WHERE TraceId = '0af7651916cd43dd8448eb211c80319c' ORDER BY Timestamp",
        )
        .await;
    assert_eq!(trace.len(), 2, "{trace:?}");
    let server = trace
        .iter()
        .find(|span| span["ParentSpanId"] == "b7ad6b7169203331")
        .expect("our server span under the caller's");
    let client = trace
        .iter()
        .find(|span| span["ParentSpanId"] == server["SpanId"])
        .expect("the provider's span under ours");
    assert_eq!(client["SpanAttributes"]["gen_ai.request.model"], "demo/fast");
    assert_eq!(client["SpanName"], "chat demo/fast");

    let groups = archive
        .rows(
            "SELECT SpanAttributes['gen_ai.provider.name'] AS provider, count() AS spans FROM otel_traces \
             WHERE SpanAttributes['weir.customer.id'] = 'acme' OR SpanAttributes['gen_ai.operation.name'] = 'chat' \
             GROUP BY provider ORDER BY spans",
        )
        .await;
    assert!(groups.iter().any(|group| group["provider"] == "demo" && group["spans"] == 2), "{groups:?}");
    let times = archive.rows("SELECT Start, End FROM otel_traces_trace_id_ts WHERE TraceId = '0af7651916cd43dd8448eb211c80319c'").await;
    assert_eq!(times.len(), 1);
}
