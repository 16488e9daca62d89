//! Recorded provider traffic through the real gateway: bytes pass, usage is stored bucket by bucket, and cost is right to
//! the nano-dollar by an arithmetic that is not the product's.
//!
//! | module | holds |
//! | --- | --- |
//! | `lane` | one endpoint, its fake provider, and what is sent through it |
//! | `body` | what the provider must see of a client's body, and the client of a provider's stream |
//! | `way` | which path and which model, in each format |
//! | `oracle`, `media` | read usage and work out cost, written without a look at the product |
//! | `passthrough` | everything else, below the providers' own paths |

mod body;
mod lane;
mod media;
mod oracle;
mod passthrough;
mod way;

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use weir_tests::engine::Archive;
use weir_tests::recording::{self, Exchange};
use weir_tests::wait;
use weir_tests::weir::{Setup, Weir};

use lane::{Lane, Passed};
use oracle::Book;

const STORY: &str = "recorded traffic";
/// Fewer than this is not the recorded traffic we promise to carry.
const EXCHANGES_MIN: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn recorded_exchanges_pass_byte_equal_and_are_stored_and_costed_as_recorded() {
    let wanted = |exchange: &Exchange| {
        way::has_route(exchange) && way::model_of(exchange).is_some() && !way::is_refused(exchange)
    };
    let Some(exchanges) = recording::exchanges_where(STORY, wanted) else { return };
    assert!(exchanges.len() >= EXCHANGES_MIN, "only {} exchanges", exchanges.len());
    let weir = Setup::default().up().await;
    let lanes = open_lanes(&weir, exchanges).await;
    let key = weir.key.clone();
    let mut running = tokio::task::JoinSet::new();
    for lane in lanes {
        let (gateway, key) = (weir.gateway.clone(), key.clone());
        running.spawn(async move { lane.run(&gateway, &key).await });
    }
    let passed: Vec<Passed> = running.join_all().await.into_iter().flatten().collect();
    let early: Vec<&String> = passed.iter().flat_map(|passed| &passed.wrong).collect();
    assert!(early.len() < 60, "much differs on the wire: {early:#?}");
    let rows = stored(&weir.archive, passed.len()).await;
    let book = Book::built_in();
    let (mut tally, mut wrong) = (Tally::default(), Vec::new());
    for passed in &passed {
        tally.count(passed);
        wrong.extend(passed.wrong.iter().cloned());
        match rows.get(&passed.request_id) {
            Some(row) => wrong.extend(passed.compare(row, &book, &mut tally)),
            None => wrong.push(format!("{}: no row of {}", passed.exchange.id, passed.request_id)),
        }
    }
    println!("{tally}");
    assert!(
        wrong.is_empty(),
        "{} of {} differ:\n{}",
        wrong.len(),
        passed.len(),
        wrong[..wrong.len().min(60)].join("\n")
    );
    assert!(tally.rated > EXCHANGES_MIN && tally.asked_for_usage > 0, "the story tells too little: {tally}");
}

/// One endpoint and one fake provider for every provider and format, with all models of its recordings.
async fn open_lanes(weir: &Weir, exchanges: Vec<Exchange>) -> Vec<Lane> {
    let mut groups: BTreeMap<(String, String), Vec<Exchange>> = BTreeMap::new();
    for exchange in exchanges {
        // What names no model goes by the one name its provider has for that.
        let api = if way::names_model(&exchange) { &exchange.api } else { "openai.unnamed" };
        groups.entry((exchange.provider.clone(), api.to_owned())).or_default().push(exchange);
    }
    let mut lanes = Vec::new();
    for ((provider, api), exchanges) in groups {
        lanes.push(Lane::open(weir, &provider, &api, exchanges).await);
    }
    let revision = weir.publish("recorded traffic").await;
    weir.in_force(revision).await;
    lanes
}

/// The one final row of every request, by request.
async fn stored(archive: &Archive, count: usize) -> HashMap<String, Value> {
    let sql = "SELECT * FROM llm_calls WHERE final";
    let rows = wait::until("every request has its row", || async {
        let there = archive.try_rows("SELECT count() AS rows FROM llm_calls WHERE final").await.ok()?;
        if there[0]["rows"].as_u64()? < u64::try_from(count).unwrap() {
            return None;
        }
        archive.try_rows(sql).await.ok()
    })
    .await;
    assert_eq!(rows.len(), count, "one final row a request");
    rows.into_iter().map(|row| (row["request_id"].as_str().unwrap().to_owned(), row)).collect()
}

/// What the story can say about itself.
#[derive(Default)]
struct Tally {
    kinds: BTreeMap<String, usize>,
    requests: usize,
    streams: usize,
    asked_for_usage: usize,
    errors: usize,
    with_usage: usize,
    rated: usize,
    nano: i128,
}

impl Tally {
    fn count(&mut self, passed: &Passed) {
        self.requests += 1;
        let kind = format!("{} {}", passed.exchange.api, passed.exchange.provider);
        *self.kinds.entry(kind).or_default() += 1;
        self.streams += usize::from(passed.exchange.response.sse.is_some());
        self.asked_for_usage += usize::from(passed.injected);
        self.errors += usize::from(passed.exchange.response.status >= 400);
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kinds, requests, streams, asked_for_usage, errors, with_usage, rated, nano } = self;
        for (kind, count) in kinds {
            writeln!(f, "{kind}: {count}")?;
        }
        write!(
            f,
            "recorded traffic: {requests} requests, {streams} of them streams in odd pieces, {asked_for_usage} with usage asked for \
                   by the gateway, {errors} errors; {with_usage} with usage, {rated} rated at {nano} nano-dollars together"
        )
    }
}
