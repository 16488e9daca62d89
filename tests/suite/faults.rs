//! Providers that fail: what the client gets, and what is on record of every try.

use serde_json::json;
use weir_tests::client::Answer;
use weir_tests::provider::{Pieces, Provider, Reply, event_ends};
use weir_tests::weir::{Setup, Weir};

const STREAM: &str = include_str!("../fixtures/chat.sse");

async fn weir_with(provider: &Provider) -> Weir {
    let weir = Setup::default().up().await;
    let url = format!("{}/v1", provider.url);
    let _ = weir.add_provider("openai", "openai", &url, &["own"]).await;
    weir
}

async fn ask(weir: &Weir, stream: bool) -> Answer {
    let body = json!({"model": "own", "stream": stream, "messages": [{"role": "user", "content": "Was tun Wehre?"}]});
    weir.ask("/v1/chat/completions", &[("x-weir-customer", "acme")], &body).await
}

fn slow_down() -> Reply {
    let error = json!({"error": {"message": "Rate limit reached", "type": "requests", "param": null, "code": "rate_limit_exceeded"}});
    Reply::json(429, &error).header("retry-after-ms", "5")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_asks_for_patience_is_asked_again_and_both_tries_are_on_record() {
    let provider = Provider::start().await;
    let weir = weir_with(&provider).await;
    provider.script([slow_down()]);
    provider.answer(Reply::events(STREAM, Pieces::new(1)));
    let answer = ask(&weir, true).await;
    assert_eq!((answer.status.as_u16(), answer.complete), (200, true), "{}", answer.text());
    assert!(
        answer.text().contains("Flüsse 🌊.") && !answer.text().contains("prompt_tokens"),
        "{}",
        answer.text()
    );
    assert_eq!(provider.arrived().len(), 2);
    let _ = weir.final_rows(1).await;
    let sql =
        "SELECT try_no, final, http_status, input_tokens, output_tokens FROM llm_calls ORDER BY attempt";
    let rows = weir.archive.rows(sql).await;
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row["final"].as_bool().unwrap(), row["http_status"].as_i64().unwrap()))
        .collect();
    assert_eq!(told, [(false, 429), (true, 200)]);
    assert_eq!((&rows[1]["input_tokens"], &rows[1]["output_tokens"]), (&json!(12), &json!(7)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_ends_with_an_error_event_and_its_usage_is_unknown_not_zero() {
    let provider = Provider::start().await;
    let weir = weir_with(&provider).await;
    let ends = event_ends(STREAM.as_bytes());
    provider.answer(Reply::events(STREAM, Pieces { cut_after: Some(ends[3]), ..Pieces::new(2) }));
    let answer = ask(&weir, true).await;
    let text = answer.text();
    assert!(answer.complete && text.starts_with(&STREAM[..ends[3]]), "{text}");
    let last = text.trim_end().rsplit("data: ").next().unwrap();
    let error: serde_json::Value =
        serde_json::from_str(last).unwrap_or_else(|_| panic!("no error event at the end: {text}"));
    assert!(error["error"]["message"].is_string(), "{error}");
    let rows = weir.final_rows(1).await;
    assert_eq!((&rows[0]["usage_source"], &rows[0]["rated"]), (&json!("none"), &json!(false)), "{}", rows[0]);
    assert_ne!(rows[0]["outcome"], "ok", "{}", rows[0]);
}
