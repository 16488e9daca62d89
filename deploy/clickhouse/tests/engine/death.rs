//! What survives when the engine, its parent or its folder goes.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use http::Request;
use http_body_util::Full;
use tokio::task::JoinSet;

use crate::house::{Address, House, first_line, program, proving, until};

const ROWS: u64 = 400;

async fn make_tables(address: &Address) {
    address.run("CREATE TABLE default.log (writer UInt8, batch UInt64, n UInt64) ENGINE = MergeTree ORDER BY batch SETTINGS non_replicated_deduplication_window = 10000").await;
    address.run("CREATE TABLE default.sums (writer UInt8, c SimpleAggregateFunction(sum, UInt64), n SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY writer SETTINGS non_replicated_deduplication_window = 10000").await;
    address.run("CREATE MATERIALIZED VIEW default.sums_mv TO default.sums AS SELECT writer, count() AS c, sum(n) AS n FROM default.log GROUP BY writer").await;
}

/// Sends one batch under its token until it is acknowledged.
async fn deliver(address: &Address, writer: u8, batch: u64) {
    let rows: String = (0..ROWS).map(|n| format!("{writer}\t{batch}\t{n}\n")).collect();
    let settings = "async_insert=0&insert_deduplicate=1&deduplicate_blocks_in_dependent_materialized_views=1";
    let url = format!(
        "{}/?query=INSERT+INTO+default.log+FORMAT+TSV&insert_deduplication_token={writer}-{batch}&{settings}",
        address.url
    );
    loop {
        let request = Request::post(&url)
            .header("X-ClickHouse-Key", &address.password)
            .body(Full::from(rows.clone()))
            .unwrap();
        match address.try_send(request).await {
            Ok(reply) if reply.status == 200 => return,
            _ => tokio::task::yield_now().await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_retried_over_kills_are_in_table_and_rollup_exactly_once() {
    let data = tempfile::tempdir().unwrap();
    let mut house = House::start(data.path(), 0);
    make_tables(&house.address).await;
    let stop = Arc::new(AtomicBool::new(false));
    let delivered = Arc::new(AtomicU64::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..3_u8 {
        let (address, stop, delivered) = (house.address.clone(), Arc::clone(&stop), Arc::clone(&delivered));
        writers.spawn(async move {
            let mut batch = 0;
            while !stop.load(Ordering::Relaxed) {
                deliver(&address, writer, batch).await;
                delivered.fetch_add(1, Ordering::Relaxed);
                batch += 1;
            }
        });
    }
    for round in 1..=if proving() { 10 } else { 2 } {
        let before = delivered.load(Ordering::Relaxed);
        until("batches flow", async || delivered.load(Ordering::Relaxed) >= before + 6).await;
        house = tokio::task::spawn_blocking(move || {
            house.kill_and_start();
            house
        })
        .await
        .unwrap();
        assert!(round < 100);
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let batches = delivered.load(Ordering::Relaxed);
    let sum = batches * (ROWS * (ROWS - 1) / 2);
    let address = &house.address;
    let log = address.run("SELECT count(), sum(n), uniqExact(writer, batch, n) FROM default.log").await;
    assert_eq!(log, format!("{0}\t{sum}\t{0}", batches * ROWS), "the table");
    let sums = address.run("SELECT sum(c), sum(n) FROM default.sums").await;
    assert_eq!(sums, format!("{}\t{sum}", batches * ROWS), "the rollup");
}

#[test]
fn a_second_start_on_a_folder_in_use_is_refused_and_says_by_whom() {
    let data = tempfile::tempdir().unwrap();
    let house = House::start(data.path(), 0);
    let mut second = program()
        .arg("--data")
        .arg(data.path())
        .args(["--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let error = first_line(&mut second)["error"].as_str().unwrap().to_owned();
    assert!(error.contains(&house.child.id().to_string()) && error.contains("--data"), "{error}");
    assert!(!second.wait().unwrap().success());
}

#[test]
fn without_a_library_the_start_ends_with_what_to_do() {
    let data = tempfile::tempdir().unwrap();
    let mut child = program()
        .env("WEIR_CHDB_LIB", "/nowhere/libchdb.so")
        .arg("--data")
        .arg(data.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let error = first_line(&mut child)["error"].as_str().unwrap().to_owned();
    assert!(
        ["/nowhere/libchdb.so", "engine.sh", "WEIR_CLICKHOUSE_URL"].iter().all(|part| error.contains(part)),
        "{error}"
    );
    assert!(!child.wait().unwrap().success());
}

#[test]
fn a_taken_port_is_refused_or_passed_over_as_asked() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let data = tempfile::tempdir().unwrap();
    let start = |fallback: &[&str]| {
        let mut command = program();
        command
            .arg("--with-parent")
            .args(["--port", &port.to_string()])
            .args(fallback)
            .arg("--data")
            .arg(data.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    };
    let mut refused = start(&[]);
    assert!(first_line(&mut refused)["error"].as_str().unwrap().contains("--port"));
    refused.wait().unwrap();
    let mut passed = start(&["--port-fallback"]);
    assert!(first_line(&mut passed)["port"].as_u64().unwrap() > u64::from(port));
    drop(passed.stdin.take());
    assert!(passed.wait().unwrap().success(), "closing its standard input ends it cleanly");
}

fn is_gone(pid: u64) -> bool {
    // A dead process nobody collects stays listed, in state Z.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_none_or(|rest| rest.trim().is_empty() || rest.trim().starts_with('Z'))
}

#[tokio::test]
async fn an_engine_never_outlives_its_parent() {
    let data = tempfile::tempdir().unwrap();
    let engine = program();
    let mut parent = Command::new("sh")
        .args(["-c", "\"$0\" --with-parent --port 0 --data \"$1\"; true"])
        .arg(engine.get_program())
        .arg(data.path())
        .env("WEIR_CHDB_LIB", crate::house::library())
        .stderr(Stdio::null())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = first_line(&mut parent)["pid"].as_u64().unwrap();
    assert!(!is_gone(pid));
    // Its standard input stays open in this test: only the parent's death can tell it.
    parent.kill().unwrap();
    parent.wait().unwrap();
    until("the orphan ends", async || is_gone(pid)).await;
    assert!(Path::new(data.path()).join("clickhouse.json").exists());
}

#[tokio::test]
async fn many_queries_leave_no_memory_behind() {
    let data = tempfile::tempdir().unwrap();
    let house = House::start(data.path(), 0);
    assert!(house.memory_mib() < 150, "idle: {} MiB", house.memory_mib());
    let rounds = if proving() { 20_000 } else { 600 };
    let client = house.address.client();
    let ask = async |rounds| {
        for round in 0..rounds {
            let answer =
                client.query("SELECT {n:UInt32}, 'x'").param("n", round).fetch_one::<(u32, String)>().await;
            assert_eq!(answer.unwrap().0, round);
        }
    };
    ask(rounds / 3).await;
    let warm = house.memory_mib();
    ask(rounds).await;
    let after = house.memory_mib();
    assert!(after < warm + 40, "grew from {warm} to {after} MiB");
}
