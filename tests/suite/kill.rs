//! `kill -9` of the gateway and of the engine under load: every answered request is in the archive exactly once.

use std::collections::BTreeMap;
use std::time::Duration;

use tempfile::TempDir;
use weir_tests::engine::{self, Archive, Engine};
use weir_tests::weir::{Gateway, Setup, Weir};
use weir_tests::{proof, rounds, wait};

use crate::load::{Load, Seen, Target};

const CLIENTS: usize = 8;

/// Every answered request is there exactly once, every admitted one has exactly one final row, and the rollup agrees.
async fn holds(archive: &Archive, seen: &Seen) {
    let sql = "SELECT toString(request_id) AS id, any(customer_id) AS customer, sum(final) AS finals, count() AS calls, uniqExact(attempt) AS attempts FROM llm_calls GROUP BY request_id";
    let patience = Duration::from_secs(60 + seen.answered.len() as u64 / 1000);
    let rows = wait::within(patience, "every answered request is in the archive", || async {
        let rows = archive.try_rows(sql).await.ok()?;
        let ids: BTreeMap<String, _> =
            rows.iter().map(|row| (row["id"].as_str().unwrap().to_owned(), row.clone())).collect();
        seen.answered.keys().all(|id| ids.contains_key(id)).then_some(ids)
    })
    .await;
    for (id, customer) in &seen.answered {
        assert_eq!(rows[id]["customer"].as_str(), Some(customer.as_str()), "request {id}");
    }
    for (id, row) in &rows {
        assert_eq!(row["finals"], 1, "request {id} must have one final row: {row}");
        assert_eq!(row["calls"], row["attempts"], "request {id} is there twice: {row}");
    }
    // A rollup is written by the same insert as its calls, a moment after them.
    wait::until("the rollup and the manifest equal the calls", || async {
        let raw = archive.try_rows("SELECT sum(cost) AS cost, count() AS calls FROM llm_calls").await.ok()?;
        let rolled = "SELECT sum(cost) AS cost, sum(calls) AS calls FROM spend_customer_1h";
        let manifest = "SELECT sum(cost) AS cost, sum(rows) AS calls FROM ingest_batches FINAL WHERE table_name = 'llm_calls'";
        let (rolled, manifest) = (archive.try_rows(rolled).await.ok()?, archive.try_rows(manifest).await.ok()?);
        (raw == rolled && raw == manifest).then_some(())
    })
    .await;
}

async fn ready(gateway: &Gateway) {
    wait::until("the gateway is ready", || async {
        let answer = gateway.client.get(&format!("{}/readyz", gateway.admin), &[]).await;
        answer.status.is_success().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_request_survives_the_death_of_the_gateway() {
    let control = Setup::default().set("demo.port", "0").up().await;
    let folder = TempDir::new().unwrap();
    let token = control.gateway_token("killed").await;
    let start = || async {
        let setup = Setup::default().archive(&control.archive).data(folder.path());
        setup.gateway(&control.dashboard, &token).await
    };
    let mut all = Seen::default();
    let mut gateway: Gateway = start().await;
    ready(&gateway).await;
    for round in 0..rounds(3, 30) {
        let target = Target { gateway: gateway.url.clone(), key: control.key.clone() };
        let load = Load::start(&target, CLIENTS, round);
        wait::until("the load runs", || async { (load.answered().await > 20 + round * 7).then_some(()) })
            .await;
        gateway.process.kill();
        let seen = load.finish().await;
        all.answered.extend(seen.answered);
        all.broken += seen.broken;
        gateway = start().await;
        ready(&gateway).await;
    }
    assert!(all.broken > 0, "the kills must have hit requests in flight");
    holds(&control.archive, &all).await;
    let lost = control.archive.number("SELECT count() FROM llm_calls WHERE outcome = 'lost'").await;
    let estimated = control
        .archive
        .number("SELECT count() FROM llm_calls WHERE outcome = 'lost' AND usage_source = 'estimated'")
        .await;
    assert!(lost > 0, "requests in flight at the kill must be shown as lost");
    assert_eq!(lost, estimated);
    proof::record(
        "gateway-killed",
        "`kill -9` of a gateway under mixed load (8 clients, plain and streamed), again and again: `make prove`.",
        &[
            ("kills", rounds(3, 30).to_string()),
            ("answered requests", all.answered.len().to_string()),
            ("of them missing or twice in the archive", "0".to_owned()),
            ("requests that failed while it was dead or dying", all.broken.to_string()),
            ("shown as lost", lost.to_string()),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_request_survives_the_death_of_the_engine() {
    let folder = TempDir::new().unwrap();
    let mut engine = Engine::start(folder.path(), 0);
    let port: u16 = engine.archive.url.rsplit(':').next().unwrap().parse().unwrap();
    let archive = Archive { database: "weir".to_owned(), ..engine.archive.clone() };
    let weir: Weir = Setup::default().archive(&archive).up().await;
    let target = Target { gateway: weir.gateway.clone(), key: weir.key.clone() };
    let load = Load::start(&target, CLIENTS, 0);
    for round in 0..rounds(3, 30) {
        let before = load.answered().await;
        engine.kill();
        wait::until("traffic goes on without the archive", || async {
            (load.answered().await > before + 10 + round).then_some(())
        })
        .await;
        engine = Engine::start(folder.path(), port);
        let rows = archive.number("SELECT count() FROM llm_calls").await;
        wait::until("the archive takes rows again", || async {
            let now = archive.try_rows("SELECT count() AS n FROM llm_calls").await.ok()?;
            (now[0]["n"].as_i64()? > rows).then_some(())
        })
        .await;
    }
    let seen = load.finish().await;
    assert_eq!(seen.broken, 0, "no request may fail because the archive is away");
    holds(&archive, &seen).await;
    proof::record(
        "engine-killed",
        "`kill -9` of the embedded ClickHouse under mixed load (8 clients), again and again: `make prove`.",
        &[
            ("kills", rounds(3, 30).to_string()),
            ("answered requests", seen.answered.len().to_string()),
            ("of them missing or twice in table, rollup or manifest", "0".to_owned()),
            ("failed requests", seen.broken.to_string()),
        ],
    );
    drop(engine);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_away_for_a_while_loses_nothing_and_stops_nobody() {
    let folder = TempDir::new().unwrap();
    let engine = Engine::start(folder.path(), 0);
    let port: u16 = engine.archive.url.rsplit(':').next().unwrap().parse().unwrap();
    let archive = Archive { database: "weir".to_owned(), ..engine.archive.clone() };
    let weir = Setup::default().archive(&archive).up().await;
    engine.kill();
    let target = Target { gateway: weir.gateway.clone(), key: weir.key.clone() };
    let load = Load::paced(&target, CLIENTS, 0, Duration::from_millis(rounds(0, 10) as u64));
    let away = Duration::from_secs(rounds(3, 120) as u64);
    let began = std::time::Instant::now();
    wait::within(away * 2 + Duration::from_secs(60), "the time without the archive", || async {
        (began.elapsed() >= away && load.answered().await > 200).then_some(())
    })
    .await;
    let seen = load.finish().await;
    assert_eq!(seen.broken, 0);
    let engine = Engine::start(folder.path(), port);
    holds(&archive, &seen).await;
    proof::record(
        "archive-away",
        "The archive is stopped under mixed load (8 clients) and comes back: `make prove`.",
        &[
            ("seconds away", away.as_secs().to_string()),
            ("requests answered meanwhile", seen.answered.len().to_string()),
            ("failed requests", seen.broken.to_string()),
            ("missing or twice afterwards", "0".to_owned()),
        ],
    );
    drop(engine);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_engine_on_the_same_folder_is_refused_in_words() {
    let folder = TempDir::new().unwrap();
    let engine = Engine::start(folder.path(), 0);
    let second = engine::command(folder.path(), 0).output().unwrap();
    assert!(!second.status.success());
    let words =
        String::from_utf8_lossy(&second.stdout).into_owned() + &String::from_utf8_lossy(&second.stderr);
    assert!(words.contains("in use") || words.contains("already"), "{words}");
    assert_eq!(engine.archive.number("SELECT 1").await, 1);
}
