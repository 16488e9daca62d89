//! Everything recorded that has no route of its own goes below its provider's own path: the same bytes there and back, and
//! one row each.

use std::collections::BTreeMap;

use http::Method;
use serde_json::json;
use weir_tests::client::Client;
use weir_tests::provider::{Pace, Pieces, Provider, Reply};
use weir_tests::recording::{self, Exchange};
use weir_tests::weir::{Setup, Weir};

use super::{STORY, stored, way};

/// Fewer than this is not the recorded traffic we promise to carry.
const EXCHANGES_MIN: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_route_goes_byte_equal_below_its_providers_own_path_and_is_counted() {
    let wanted =
        |exchange: &Exchange| !way::has_route(exchange) && exchange.request.url_path.starts_with('/');
    let Some(exchanges) = recording::exchanges_where(STORY, wanted) else { return };
    assert!(exchanges.len() >= EXCHANGES_MIN, "only {} exchanges", exchanges.len());
    let weir = Setup::default().up().await;
    let provider = Provider::start().await;
    open_endpoint(&weir, &provider).await;
    let client = Client::default();
    let (mut wrong, mut kinds) = (Vec::new(), BTreeMap::<String, usize>::new());
    for (seed, exchange) in exchanges.iter().enumerate() {
        *kinds.entry(format!("{} {}", exchange.api, exchange.provider)).or_default() += 1;
        let found = play(&weir, &provider, &client, exchange, u64::try_from(seed).unwrap()).await;
        wrong.extend(found.into_iter().map(|what| format!("{}: {what}", exchange.id)));
    }
    for (kind, count) in &kinds {
        println!("{kind}: {count}");
    }
    println!("passed through: {} exchanges of {} kinds", exchanges.len(), kinds.len());
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    let rows = stored(&weir.archive, exchanges.len()).await;
    for row in rows.values() {
        assert!(row["api"] == "passthrough/{provider}/{path}" && row["operation"] == "passthrough", "{row}");
    }
}

async fn open_endpoint(weir: &Weir, provider: &Provider) {
    let endpoint = json!({
        "name": "recorded", "provider": "recorded", "dialect": "openai", "base_url": format!("{}/v1", provider.url),
        "credential": "sk-recorded", "limits": { "allow_private": true, "retries_max": 0 },
    });
    let _ = weir.api(Method::POST, "/endpoints", Some(endpoint)).await.ok();
    let revision = weir.publish("recorded traffic").await;
    weir.in_force(revision).await;
}

/// Sends one exchange; what differs.
async fn play(
    weir: &Weir,
    provider: &Provider,
    client: &Client,
    exchange: &Exchange,
    seed: u64,
) -> Vec<String> {
    let wanted = exchange.response.bytes();
    let mut headers = exchange.response.headers.clone().unwrap_or_default();
    let json = exchange.response.body.is_some();
    if json || !headers.contains_key("content-type") {
        let kind = if exchange.response.sse.is_some() { "text/event-stream" } else { "application/json" };
        headers.insert("content-type".to_owned(), kind.to_owned());
    }
    let pace = if json { Pace::Whole } else { Pace::Pieces(Pieces::new(seed)) };
    let headers = headers.into_iter().collect();
    provider.answer(Reply { status: exchange.response.status, headers, body: wanted.clone(), pace });
    // Some recordings have placeholders in angle brackets, which no address may have.
    let path = exchange.request.url_path.replace('<', "%3C").replace('>', "%3E");
    let url = format!("{}/passthrough/recorded{path}", weir.gateway);
    let bearer = format!("Bearer {}", weir.key);
    let sent_type = exchange.request.headers.get("content-type").map_or("application/json", String::as_str);
    let headers = [("authorization", bearer.as_str()), ("content-type", sent_type)];
    let method: Method = exchange.request.method.parse().unwrap();
    let sent = exchange.request.bytes();
    let answer = client.send(method.clone(), &url, &headers, sent.clone()).await;
    let mut wrong = Vec::new();
    if answer.status.as_u16() != exchange.response.status || answer.body != wanted {
        wrong.push(format!(
            "the client got {} and {} bytes for {}",
            answer.status,
            answer.body.len(),
            wanted.len()
        ));
    }
    let Some(arrived) = provider.arrived().pop() else {
        return vec![format!("nothing reached the provider: {}", answer.text())];
    };
    let query = if arrived.query.is_empty() { String::new() } else { format!("?{}", arrived.query) };
    if format!("{}{query}", arrived.path) != path || arrived.method != method {
        wrong.push(format!("the provider saw {} {}{query}", arrived.method, arrived.path));
    }
    if arrived.body != sent {
        wrong.push(format!(
            "the provider saw another body ({} bytes for {})",
            arrived.body.len(),
            sent.len()
        ));
    }
    wrong
}
