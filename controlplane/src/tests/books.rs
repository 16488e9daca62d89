//! The books: a batch posted twice counts once; customers are there on first sight, within the bound.

use weir_contract::money::Money;
use weir_contract::sync::{BatchSummary, BookLine};

use crate::books::{post, sums};
use crate::store::{customer, ledger};
use crate::testing::{House, NOW_US};

fn line(customer: &str, nano: i64) -> BookLine {
    BookLine {
        workspace: "ws_1".into(),
        customer: customer.into(),
        key: "key_1".into(),
        billing_period: 202_611,
        requests: 1,
        calls: 1,
        cost: Money::from_nano(nano),
        billed: Money::from_nano(nano),
        last_us: NOW_US,
        ..BookLine::default()
    }
}

fn batch(id: &str, lines: Vec<BookLine>) -> BatchSummary {
    BatchSummary { batch: id.into(), sealed_at_us: NOW_US, lines }
}

#[tokio::test]
async fn a_batch_posted_twice_counts_once() {
    let house = House::new().await;
    let mut watcher = house.app.watch_batches();
    let first = batch("gw-1-1", vec![line("acme", 10), line("", 5)]);
    post(&house.app, "gw", &first).await.unwrap();
    assert!(watcher.has_changed().unwrap());
    watcher.mark_unchanged();
    post(&house.app, "gw", &first).await.unwrap();
    assert!(!watcher.has_changed().unwrap());
    let sums = sums(&house.app, &"ws_1".into(), 202_611).await.unwrap();
    assert_eq!((sums.batches, sums.requests, sums.cost_nano), (1, 2, 15));
}

#[tokio::test]
async fn a_batch_that_says_something_else_under_the_same_id_is_refused() {
    let house = House::new().await;
    post(&house.app, "gw", &batch("gw-1-1", vec![line("acme", 10)])).await.unwrap();
    let refused = post(&house.app, "gw", &batch("gw-1-1", vec![line("acme", 11)])).await.unwrap_err();
    assert!(refused.to_string().contains("its id was used twice"), "{refused}");
}

#[tokio::test]
async fn sums_that_cannot_be_held_are_refused_and_nothing_is_entered() {
    let house = House::new().await;
    let huge = batch("gw-1-1", vec![line("a", i64::MAX), line("b", 1)]);
    post(&house.app, "gw", &huge).await.unwrap_err();
    let mut reading = house.app.store.read().await.unwrap();
    assert!(ledger::find_batch(&mut reading, "gw-1-1").await.unwrap().is_none());
}

#[tokio::test]
async fn customers_are_there_on_first_sight_and_bounded_per_key() {
    let house = House::with(|config| config.new_customers_per_key_and_day = 2).await;
    let lines = ["a", "b", "c", "", "a"].map(|customer| BookLine {
        hour_us: NOW_US,
        last_us: NOW_US + i64::from(customer.is_empty()),
        ..line(customer, 1)
    });
    post(&house.app, "gw", &batch("gw-1-1", lines.to_vec())).await.unwrap();
    let mut reading = house.app.store.read().await.unwrap();
    let seen = customer::list_customers(&mut reading, "ws_1", "", 10).await.unwrap();
    assert_eq!(seen.iter().map(|customer| customer.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    drop(reading);
    let later = BookLine { last_us: NOW_US + 9, ..line("a", 1) };
    post(&house.app, "gw", &batch("gw-1-2", vec![later])).await.unwrap();
    let mut reading = house.app.store.read().await.unwrap();
    let known = customer::list_customers(&mut reading, "ws_1", "", 1).await.unwrap().remove(0);
    assert_eq!((known.first_seen_us, known.last_seen_us), (NOW_US, NOW_US + 9));
}
