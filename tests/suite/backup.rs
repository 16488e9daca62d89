//! A lost machine: backup, wipe, restore; the same figures, the same people, the same keys. And a new master key while
//! requests go on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;
use weir_tests::engine::{Archive, database};
use weir_tests::postgres::Postgres;
use weir_tests::visitor::Visitor;
use weir_tests::wait;
use weir_tests::weir::{Setup, Weir, command, printed};

fn hello(number: usize) -> Value {
    let model = ["demo/fast", "demo/smart", "demo/reasoner"][number % 3];
    json!({ "model": model, "messages": [{ "role": "user", "content": format!("Question {number}") }] })
}

async fn ask(weir: &Weir, count: usize) {
    for number in 0..count {
        let customer = ["acme", "globex", "initech"][number % 3];
        let _ = weir.ask("/v1/chat/completions", &[("x-weir-customer", customer)], &hello(number)).await.ok();
    }
}

/// Every figure that must not change, in text: the archive's own sums, the books, the customers.
async fn figures(weir: &Weir) -> Value {
    let archive = &weir.archive;
    let calls = "SELECT customer_id, count() AS calls, toString(sum(cost)) AS cost, toString(sum(billed)) AS billed, \
                 sum(input_tokens) AS tokens FROM llm_calls GROUP BY customer_id ORDER BY customer_id";
    let rollup = "SELECT customer_id, sum(calls) AS calls, toString(sum(cost)) AS cost FROM spend_customer_1h \
                  GROUP BY customer_id ORDER BY customer_id";
    let bodies = "SELECT count() AS bodies, sum(cityHash64(toString(request), toString(response))) AS content FROM llm_bodies";
    let period = archive.rows("SELECT toString(toYYYYMM(now('UTC'))) AS period").await[0]["period"].clone();
    let get = async |path: String| weir.api(Method::GET, &path, None).await.ok().json();
    let workspaces = get("/workspaces".to_owned()).await;
    let workspace = workspaces["data"][0]["id"].as_str().unwrap().to_owned();
    json!({
        "calls": archive.rows(calls).await,
        "rollup": archive.rows(rollup).await,
        "bodies": archive.rows(bodies).await,
        "books": get(format!("/workspaces/{workspace}/books/{}", period.as_str().unwrap())).await,
        "workspaces": workspaces,
        "keys": get("/keys".to_owned()).await,
        "endpoints": get("/endpoints".to_owned()).await,
        "revisions": get("/revisions".to_owned()).await,
        "acme": weir.api(Method::GET, "/customers/acme", None).await.json()["cost_usd"],
    })
}

/// Figures once all sinks have everything: the archive, its rollup and the books say the same.
async fn settled(weir: &Weir, calls: i64) -> Value {
    wait::until("archive, rollup, bodies and books have every call", || async {
        let figures = figures(weir).await;
        let sum = |side: &str| {
            figures[side].as_array().unwrap().iter().map(|row| row["calls"].as_i64().unwrap()).sum()
        };
        let sums: [i64; 2] = ["calls", "rollup"].map(sum);
        let booked = figures["books"]["calls"].as_i64();
        let bodies = figures["bodies"][0]["bodies"].as_i64();
        (sums == [calls, calls] && booked == Some(calls) && bodies == Some(calls)).then_some(figures)
    })
    .await
}

fn backup(data: &Path, archive: &Archive, to: &Path, phrase: &Path) -> Value {
    let mut weir = command(data, archive);
    weir.arg("backup").arg(to).arg("--passphrase-file").arg(phrase).arg("--json");
    serde_json::from_str(&printed(&mut weir)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_wipe_the_restored_machine_has_the_same_figures_people_and_keys() {
    let (data, place) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut weir = Setup::default().data(data.path()).up().await;
    let _ = Visitor::first_admin(&weir.dashboard, &weir.sign_in_link).await;
    ask(&weir, 30).await;
    let before = settled(&weir, 30).await;
    let (folder, phrase) = (place.path().join("backup"), place.path().join("phrase"));
    std::fs::write(&phrase, "correct horse battery\n").unwrap();
    let taken = backup(data.path(), &weir.archive, &folder, &phrase);
    assert!(taken["rows"].as_u64() > Some(50), "{taken}");
    let (token, key) = (weir.token.clone(), weir.key.clone());
    assert!(weir.process.stop());
    drop(data);

    let (empty, postgres) = (TempDir::new().unwrap(), Postgres::start().await);
    for database_url in [None, Some(postgres.url())] {
        let data = empty.path().join(if database_url.is_some() { "postgres" } else { "sqlite" });
        let archive = database();
        let restore = || {
            let mut restore = command(&data, &archive);
            restore.arg("restore").arg(&folder).arg("--passphrase-file").arg(&phrase);
            if let Some(url) = &database_url {
                restore.env("WEIR_CONTROL_DATABASE_URL", url);
            }
            restore
        };
        assert!(printed(&mut restore()).contains("This installation is as it was"));
        let again = restore().output().unwrap();
        assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("--force"));

        let mut setup = Setup::default().archive(&archive).data(&data);
        if let Some(url) = &database_url {
            setup = setup.set("control.database_url", url);
        }
        let mut restored = setup.up().await;
        (restored.token, restored.key) = (token.clone(), key.clone());
        let after = figures(&restored).await;
        for (name, figure) in before.as_object().unwrap() {
            // The demo provider listens elsewhere on the new machine, which is an edit and a revision of its own.
            if !["endpoints", "revisions"].contains(&name.as_str()) {
                assert_eq!(&after[name], figure, "{name}");
            }
        }
        let names = |figures: &Value| -> Vec<Value> {
            figures["endpoints"]["data"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect()
        };
        assert_eq!(names(&after), names(&before));
        let _ = Visitor::sign_in(&restored.dashboard).await;
        ask(&restored, 3).await;
        let _ = settled(&restored, 33).await;
        let verified = restored.api(Method::GET, "/audit/verification", None).await.ok().json();
        assert!(verified["broken"].is_null() && verified["rows"].as_u64() > Some(5), "{verified}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_traffic_adds_up_on_both_sides() {
    let (data, place) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let weir = Arc::new(Setup::default().data(data.path()).up().await);
    ask(&weir, 3).await;
    let _ = settled(&weir, 3).await;
    let going = Arc::new(AtomicBool::new(true));
    let mut traffic = {
        let (weir, going) = (Arc::clone(&weir), Arc::clone(&going));
        JoinSet::from_iter([async move {
            while going.load(Ordering::Relaxed) {
                ask(&weir, 3).await;
            }
        }])
    };
    let phrase = place.path().join("phrase");
    std::fs::write(&phrase, "correct horse battery").unwrap();
    let folder = place.path().join("backup");
    let taken = backup(data.path(), &weir.archive, &folder, &phrase);
    going.store(false, Ordering::Relaxed);
    traffic.join_next().await.unwrap().unwrap();
    let (token, archive, fresh) = (weir.token.clone(), database(), TempDir::new().unwrap());
    drop(weir);
    let mut restore = command(fresh.path(), &archive);
    let _ = printed(restore.arg("restore").arg(&folder).arg("--passphrase-file").arg(&phrase));
    let mut restored = Setup::default().archive(&archive).data(fresh.path()).up().await;
    restored.token = token;
    let figures = figures(&restored).await;
    let sum = |side: &str| -> i64 {
        figures[side].as_array().unwrap().iter().map(|row| row["calls"].as_i64().unwrap()).sum()
    };
    assert_eq!(
        (sum("calls"), sum("rollup")),
        (figures["books"]["calls"].as_i64().unwrap(), sum("calls")),
        "{taken}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_key_changes_under_traffic_and_no_request_notices() {
    let data = TempDir::new().unwrap();
    let weir = Arc::new(Setup::default().data(data.path()).up().await);
    ask(&weir, 1).await;
    let key_file = data.path().join("control/master.key");
    let old = std::fs::read(&key_file).unwrap();
    let (going, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let mut traffic = {
        let (weir, going, asked) = (Arc::clone(&weir), Arc::clone(&going), Arc::clone(&asked));
        JoinSet::from_iter([async move {
            while going.load(Ordering::Relaxed) {
                ask(&weir, 1).await;
                asked.fetch_add(1, Ordering::Relaxed);
            }
        }])
    };
    let rotate = || {
        let mut weir = command(data.path(), &weir.archive);
        serde_json::from_str::<Value>(&printed(weir.args(["master-key", "rotate", "--json"]))).unwrap()
    };
    let first = rotate();
    let second = rotate();
    assert_eq!(first["to"], second["from"], "{first} {second}");
    assert!(second["wrapped"].as_u64() > Some(3), "{second}");
    // Making a key and an endpoint seals and publishes with whatever key is in force.
    let _ = weir.add_provider("openai", "openai", "http://127.0.0.1:1/v1", &["after-rotation"]).await;
    let before = asked.load(Ordering::Relaxed);
    wait::until("requests go on", || async { (asked.load(Ordering::Relaxed) > before + 3).then_some(()) })
        .await;
    going.store(false, Ordering::Relaxed);
    traffic.join_next().await.unwrap().unwrap();
    assert_ne!(std::fs::read(&key_file).unwrap(), old);
    assert!(!data.path().join("control/master.key.next").exists());

    let (archive, token, key) = (weir.archive.clone(), weir.token.clone(), weir.key.clone());
    drop(weir);
    let mut again = Setup::default().archive(&archive).data(data.path()).up().await;
    (again.token, again.key) = (token, key);
    ask(&again, 3).await;
    let audit = again.api(Method::GET, "/audit?limit=200", None).await.ok().json();
    let actions: Vec<&str> =
        audit["data"].as_array().unwrap().iter().filter_map(|row| row["action"].as_str()).collect();
    assert_eq!(actions.iter().filter(|action| **action == "master_key.rotate").count(), 2, "{actions:?}");
}
