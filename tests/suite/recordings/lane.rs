//! One endpoint of Weir, the fake provider behind it, and the recorded exchanges sent through, one after another.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use weir_tests::client::Client;
use weir_tests::provider::{Arrived, Pace, Pieces, Provider, Reply};
use weir_tests::recording::Exchange;
use weir_tests::weir::Weir;

use super::{Tally, body, oracle, way};
use oracle::Book;

/// A gateway that has not passed on the first part within this time waits for the whole stream.
const PATIENCE: Duration = Duration::from_secs(30);

/// A provider in one format.
pub(super) struct Lane {
    name: String,
    provider: Provider,
    exchanges: Vec<Exchange>,
}

/// How one exchange is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Play {
    /// As recorded; streams in pieces, the first content alone.
    AsRecorded,
    /// The stream cut elsewhere, nothing waits.
    CutElsewhere,
    /// The client does not ask for the usage the recording has.
    NotAsking,
}

/// What came of one request.
pub(super) struct Passed {
    pub(super) exchange: std::sync::Arc<Exchange>,
    pub(super) request_id: String,
    sent_bytes: u64,
    /// Whether the gateway had to ask for usage.
    pub(super) injected: bool,
    /// What differed on the wire.
    pub(super) wrong: Vec<String>,
}

impl Lane {
    /// Adds endpoint and models to the draft.
    pub(super) async fn open(weir: &Weir, name: &str, api: &str, exchanges: Vec<Exchange>) -> Self {
        let provider = Provider::start().await;
        let dialect = way::dialect_of(api);
        let version = if dialect == "gemini" { "v1beta" } else { "v1" };
        let mut endpoint = json!({
            "name": format!("{name} {api}"), "provider": name, "dialect": dialect,
            "base_url": format!("{}/{version}", provider.url), "credential": "sk-recorded", "limits": { "allow_private": true },
        });
        if ["azure", "bedrock", "vertex"].contains(&name) {
            // How such a host signs is not what is played here.
            endpoint["auth"] = "bearer".into();
        }
        let endpoint = weir.api(Method::POST, "/endpoints", Some(endpoint)).await.ok().json();
        let named = |exchange: &Exchange| {
            let model = way::model_of(exchange)?;
            Some((asked_of(exchange, name, &model), model))
        };
        let models: std::collections::BTreeMap<String, String> = exchanges.iter().filter_map(named).collect();
        for (asked, model) in models {
            let target = json!({ "endpoint": endpoint["id"], "upstream_model": model });
            let model = json!({ "name": asked, "targets": [target] });
            let _ = weir.api(Method::POST, "/models", Some(model)).await.ok();
        }
        Self { name: name.to_owned(), provider, exchanges }
    }

    /// Sends everything.
    pub(super) async fn run(self, gateway: &str, key: &str) -> Vec<Passed> {
        let client = Client::default();
        let mut all = Vec::new();
        let Self { name, provider, exchanges } = self;
        for (number, exchange) in exchanges.into_iter().enumerate() {
            let exchange = std::sync::Arc::new(exchange);
            let (_, asks) = body::wishes(body::text_of(&exchange).as_bytes());
            let streams = exchange.response.sse.is_some();
            let plays = [
                (Play::AsRecorded, true),
                (Play::CutElsewhere, streams),
                (Play::NotAsking, streams && asks && way::must_be_asked(&exchange.api)),
            ];
            for (play, _) in plays.into_iter().filter(|(_, wanted)| *wanted) {
                let request = Request { name: &name, gateway, key, client: &client, provider: &provider };
                all.push(request.play(&exchange, play, u64::try_from(number).unwrap()).await);
            }
        }
        all
    }
}

/// All that one request needs.
struct Request<'a> {
    name: &'a str,
    gateway: &'a str,
    key: &'a str,
    client: &'a Client,
    provider: &'a Provider,
}

impl Request<'_> {
    async fn play(&self, exchange: &std::sync::Arc<Exchange>, play: Play, seed: u64) -> Passed {
        let recorded = exchange.request.bytes();
        let client_text = match play {
            Play::NotAsking => body::not_asking(body::text_of(exchange)).into_bytes(),
            _ => recorded,
        };
        let (streams, asks) = body::wishes(&client_text);
        let injected = streams && !asks && way::must_be_asked(&exchange.api);
        let answer = exchange.response.bytes();
        let streamed = exchange.response.sse.is_some();
        let strips = injected && streamed;
        let wanted: Bytes = if strips { body::without_usage_event(&answer).into() } else { answer.clone() };
        let mut pieces = Pieces::new(seed.wrapping_mul(3).wrapping_add(play as u64));
        if play == Play::AsRecorded && wanted == answer {
            pieces.first = body::first_part(&answer);
        }
        self.set_answer(exchange, answer, &pieces);
        let model = way::model_of(exchange).unwrap();
        let asked = asked_of(exchange, self.name, &model);
        let sent = way::with_model(exchange, &client_text, &asked);
        let sent_bytes = u64::try_from(sent.len()).unwrap();
        let got = self.send(exchange, sent, &way::path(exchange, &asked), &pieces).await;
        let mut wrong = self.compare(exchange, &got, &wanted, &client_text, injected);
        let place = format!("{} ({play:?}, {})", exchange.id, got.request_id);
        wrong.iter_mut().for_each(|what| *what = format!("{place}: {what}"));
        Passed { exchange: exchange.clone(), request_id: got.request_id, sent_bytes, injected, wrong }
    }

    fn set_answer(&self, exchange: &Exchange, body: Bytes, pieces: &Pieces) {
        let mut headers = exchange.response.headers.clone().unwrap_or_default();
        headers.insert("content-type".to_owned(), content_type(exchange));
        let headers = headers.into_iter().collect();
        let streamed = exchange.response.sse.is_some();
        let pace = if streamed { Pace::Pieces(pieces.clone()) } else { Pace::Whole };
        self.provider.answer(Reply { status: exchange.response.status, headers, body, pace });
    }

    async fn send(&self, exchange: &Exchange, text: Vec<u8>, path: &str, pieces: &Pieces) -> Got {
        let bearer = format!("Bearer {}", self.key);
        let sent_type =
            exchange.request.headers.get("content-type").filter(|it| it.starts_with("multipart/"));
        let sent_type = sent_type.map_or("application/json", String::as_str);
        let key = match way::dialect_of(&exchange.api) {
            "gemini" => ("x-goog-api-key", self.key),
            _ => ("authorization", bearer.as_str()),
        };
        let mut headers = vec![key, ("content-type", sent_type)];
        let recorded = exchange.request.headers.iter().filter(|(name, _)| name.starts_with("anthropic-"));
        headers.extend(recorded.map(|(name, value)| (name.as_str(), value.as_str())));
        let url = format!("{}{path}", self.gateway);
        let opened = self.client.open(Method::POST, &url, &headers, text);
        let opened = tokio::time::timeout(PATIENCE, opened).await;
        let response = opened.unwrap_or_else(|_| panic!("{}: no answer begins", exchange.id)).unwrap();
        let (head, mut body) = response.into_parts();
        let mut received = Vec::new();
        let complete = loop {
            if pieces.first > 0 && received.len() >= pieces.first {
                pieces.go_on.cancel();
            }
            let frame = tokio::time::timeout(PATIENCE, body.frame()).await;
            match frame.unwrap_or_else(|_| {
                panic!(
                    "{}: held back after {} bytes of the first {}",
                    exchange.id,
                    received.len(),
                    pieces.first
                )
            }) {
                Some(Ok(frame)) => received.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data)),
                Some(Err(_)) => break false,
                None => break true,
            }
        };
        let header =
            |name: &str| head.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        Got {
            status: head.status.as_u16(),
            content_type: header("content-type"),
            request_id: header("x-weir-request-id"),
            received,
            complete,
            arrived: self.provider.arrived(),
        }
    }

    fn compare(
        &self,
        exchange: &Exchange,
        got: &Got,
        wanted: &[u8],
        upstream: &[u8],
        injected: bool,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut check = |holds: bool, what: String| {
            if !holds {
                wrong.push(what);
            }
        };
        check(
            got.status == exchange.response.status,
            format!("status {}: {}", got.status, String::from_utf8_lossy(&got.received)),
        );
        check(got.complete, "the answer broke off".to_owned());
        let place = got.received.iter().zip(wanted).take_while(|(left, right)| left == right).count();
        check(
            got.received == wanted,
            format!(
                "the client got another body from byte {place} on ({} for {})",
                got.received.len(),
                wanted.len()
            ),
        );
        check(content_type(exchange) == got.content_type, format!("content-type {}", got.content_type));
        let Some(arrived) = got.arrived.last() else {
            return vec!["nothing reached the provider".to_owned()];
        };
        let model = way::model_of(exchange).unwrap();
        let query = if arrived.query.is_empty() { String::new() } else { format!("?{}", arrived.query) };
        let seen = format!("{}{query}", arrived.path);
        let mut wanted_at = way::path(exchange, &model);
        if exchange.provider == "vertex" {
            // There the models of one publisher stand below its name.
            wanted_at = wanted_at.replacen("/models/", "/publishers/google/models/", 1);
        }
        check(seen == wanted_at, format!("the provider saw {seen}"));
        check(!self.leaks_key(arrived), "the gateway key reached the provider".to_owned());
        for (name, value) in
            exchange.request.headers.iter().filter(|(name, _)| name.starts_with("anthropic-"))
        {
            let there = arrived.headers.get(name).is_some_and(|there| there == value.as_str());
            check(there, format!("{name} did not reach the provider"));
        }
        wrong.extend(body::wrong_upstream(upstream, &arrived.body, injected));
        wrong
    }

    fn leaks_key(&self, arrived: &Arrived) -> bool {
        let in_headers = arrived
            .headers
            .values()
            .any(|value| String::from_utf8_lossy(value.as_bytes()).contains(self.key));
        in_headers || String::from_utf8_lossy(&arrived.body).contains(self.key)
    }
}

/// What our model is called that a lane serves under that name. One provider may be several lanes.
fn name_of(api: &str, provider: &str, model: &str) -> String {
    match api {
        "openai.chat_completions" | "anthropic.messages" => format!("{provider}/{model}"),
        _ => format!("{api}/{provider}/{model}"),
    }
}

/// What a client asks for: the model itself where the body has no place for another name.
fn asked_of(exchange: &Exchange, provider: &str, model: &str) -> String {
    if way::names_model(exchange) { name_of(&exchange.api, provider, model) } else { model.to_owned() }
}

/// What the provider calls its answer. Some recordings name JSON above an event stream, or nothing: their recorder's doing.
fn content_type(exchange: &Exchange) -> String {
    let recorded = exchange.response.headers.as_ref().and_then(|headers| headers.get("content-type"));
    let streamed = exchange.response.sse.is_some();
    let usual = if streamed { "text/event-stream" } else { "application/json" };
    let believed = recorded.filter(|recorded| !streamed || recorded.starts_with("text/event-stream"));
    believed.cloned().unwrap_or_else(|| usual.to_owned())
}

/// What the client and the provider saw.
struct Got {
    status: u16,
    content_type: String,
    request_id: String,
    received: Vec<u8>,
    complete: bool,
    arrived: Vec<Arrived>,
}

impl Passed {
    /// What the stored row says otherwise than the recording.
    pub(super) fn compare(&self, row: &Value, book: &Book, tally: &mut Tally) -> Vec<String> {
        let provider = &self.exchange.provider;
        let usage = oracle::usage_of(&self.exchange, self.sent_bytes);
        let model = way::model_of(&self.exchange).unwrap();
        let mut wrong = Vec::new();
        let mut same = |what: &str, stored: &Value, wanted: &Value| {
            if stored != wanted {
                wrong.push(format!(
                    "{} ({}): {what} is {stored}, not {wanted}",
                    self.exchange.id, self.request_id
                ));
            }
        };
        same("model_requested", &row["model_requested"], &json!(asked_of(&self.exchange, provider, &model)));
        same(
            "model",
            &row["model"],
            &json!(oracle::served_model(&self.exchange).unwrap_or_else(|| model.clone())),
        );
        same("http_status", &row["http_status"], &json!(self.exchange.response.status));
        same(
            "usage_source",
            &row["usage_source"],
            &json!(usage.as_ref().map_or("none", |usage| usage.source)),
        );
        for bucket in oracle::TOKEN_BUCKETS {
            let wanted = usage.as_ref().map_or(0, |usage| usage.units(bucket));
            same(bucket, &row[format!("{bucket}_tokens")], &json!(wanted));
        }
        for bucket in oracle::OTHER_BUCKETS {
            let wanted = usage.as_ref().map_or(0, |usage| usage.units(bucket));
            same(bucket, &json!(row["other_units"][bucket].as_u64().unwrap_or(0)), &json!(wanted));
        }
        if let Some(usage) = usage.as_ref().filter(|usage| !usage.raw.is_null()) {
            let raw: Value =
                serde_json::from_str(row["usage_raw"].as_str().unwrap_or("")).unwrap_or_default();
            same("usage_raw", &raw, &usage.raw);
        }
        let at = row["started_at"].as_str().unwrap();
        let charge =
            book.charge(provider, &model, usage.as_ref(), at, row["service_tier"].as_str().unwrap_or(""));
        same("cost", &json!(oracle::nano_of(&row["cost"])), &json!(charge.nano));
        let lines: i64 = row["line_amounts"].as_array().into_iter().flatten().map(oracle::nano_of).sum();
        same("sum of the lines", &json!(lines), &json!(charge.nano));
        if usage.as_ref().is_some_and(|usage| usage.source == "counted" && usage.is_nothing()) {
            same("rated", &row["rated"], &json!(true));
        } else if usage.is_some() {
            same("rated", &row["rated"], &json!(charge.rated));
        }
        tally.with_usage += usize::from(usage.is_some());
        tally.rated += usize::from(charge.rated);
        tally.nano += i128::from(charge.nano);
        wrong
    }
}
