//! Everything that leaves Weir or rests in it, as bytes to be searched.

use std::collections::{BTreeSet, VecDeque};
use std::path::Path;

use http::Method;
use serde_json::{Value, json};
use weir_tests::client::Answer;
use weir_tests::visitor::unescaped;
use weir_tests::wait;
use weir_tests::weir::{Weir, command};

use super::House;

/// Most pages of the dashboard that are read.
const PAGES_MAX: usize = 250;

/// A place and what is there.
pub(super) struct Sink {
    pub(super) place: String,
    pub(super) bytes: Vec<u8>,
}

impl Sink {
    pub(super) fn new(place: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { place: place.into(), bytes: bytes.into() }
    }
}

/// What clients and strangers got: heads and bodies.
pub(super) fn of_answers(answers: &[Answer]) -> Vec<Sink> {
    let told = |(number, answer): (usize, &Answer)| {
        let head = format!("{:?}", answer.headers);
        Sink::new(format!("answer {number} ({})", answer.status), head + &answer.text())
    };
    answers.iter().enumerate().map(told).collect()
}

/// Every table and view of the archive, whole.
pub(super) async fn of_archive(weir: &Weir) -> Vec<Sink> {
    let status = format!("{}/statusz", weir.admin);
    wait::until("everything that was journalled is in the archive", || async {
        let spool = weir.client.get(&status, &[]).await.json()["spool"].clone();
        (spool["written"] == spool["delivered"] && spool["archive_lag_batches"] == 0).then_some(())
    })
    .await;
    let tables = weir.archive.rows("SELECT name FROM system.tables WHERE database = currentDatabase()").await;
    let mut sinks = Vec::new();
    for table in tables {
        let table = table["name"].as_str().unwrap();
        if table.starts_with(".inner") {
            continue;
        }
        let rows = weir.archive.rows(&format!("SELECT * FROM `{table}`")).await;
        sinks.push(Sink::new(format!("table {table}"), json!(rows).to_string()));
    }
    assert!(sinks.iter().any(|sink| sink.place == "table llm_bodies" && sink.bytes.len() > 1_000));
    sinks
}

/// Every page that can be reached from the first one, one of each kind of query.
pub(super) async fn of_dashboard(house: &House) -> Vec<Sink> {
    let mut waiting = VecDeque::from(["/".to_owned(), "/nothing-here".to_owned(), "/palette?q=a".to_owned()]);
    let mut known = BTreeSet::new();
    let mut sinks = Vec::new();
    while let Some(path) = waiting.pop_front().filter(|_| sinks.len() < PAGES_MAX) {
        let answer = house.ada.get(&path).await;
        let text = answer.text();
        sinks.push(Sink::new(format!("page {path}"), format!("{:?}{text}", answer.headers)));
        for link in text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let link = unescaped(link);
            let kind = link.split_once('?').map_or(link.clone(), |(path, query)| {
                let tab = query.split('&').find(|pair| pair.starts_with("tab=")).unwrap_or_default();
                format!("{path}?{tab}")
            });
            if link.starts_with('/') && !link.contains('#') && known.insert(kind) {
                waiting.push_back(link);
            }
        }
    }
    assert!(sinks.len() > 60, "only {} pages were found", sinks.len());
    sinks
}

/// Every GET of the API's own description, with the ids its lists give.
pub(super) async fn of_api(house: &House) -> Vec<Sink> {
    let url = format!("{}/api/openapi.json", house.weir.dashboard);
    let description = house.weir.client.get(&url, &[]).await.ok();
    let document = description.json();
    let mut sinks = vec![Sink::new("API description", description.text())];
    let paths = document["paths"].as_object().unwrap();
    for (path, _) in paths.iter().filter(|(_, methods)| methods.get("get").is_some()) {
        for path in filled(house, path.trim_start_matches("/api/v1")).await {
            let answer = house.weir.api(Method::GET, &path, None).await;
            sinks.push(Sink::new(format!("API {path}"), format!("{:?}{}", answer.headers, answer.text())));
        }
    }
    assert!(sinks.len() > 40, "only {} answers of the API", sinks.len());
    sinks
}

/// A path once for each id that the list above its hole gives.
async fn filled(house: &House, path: &str) -> Vec<String> {
    let Some((list, rest)) = path.split_once("/{") else { return vec![path.to_owned()] };
    let rest = rest.split_once('}').map_or("", |(_, rest)| rest);
    if rest.contains('{') {
        return Vec::new();
    }
    let all: Value = house.weir.api(Method::GET, list, None).await.json();
    let items = all["data"].as_array().cloned().unwrap_or_default();
    let ids = items.iter().filter_map(|item| item["id"].as_str().or_else(|| item["name"].as_str()));
    ids.take(40).map(|id| format!("{list}/{id}{rest}")).collect()
}

/// What people take away: requests with their bodies, the audit log.
pub(super) async fn of_exports(house: &House) -> Vec<Sink> {
    let mut sinks = Vec::new();
    for format in ["csv", "jsonl"] {
        let form = json!({"format": format, "bodies": format == "jsonl"});
        let made = house.made("/exports", form).await;
        let path = format!("/exports/{}", made["id"].as_str().unwrap());
        wait::until("the export has ended", || async {
            let shown = house.weir.api(Method::GET, &path, None).await.json();
            (shown["state"] == "done").then_some(())
        })
        .await;
        let file = house.weir.api(Method::GET, &format!("{path}/file"), None).await.ok();
        sinks.push(Sink::new(format!("export {format}"), file.body.to_vec()));
    }
    let audit = house.weir.api(Method::GET, "/audit/export", None).await.ok();
    sinks.push(Sink::new("audit export", audit.body.to_vec()));
    sinks
}

/// Metrics, health, and what the command line tells at the machine.
pub(super) async fn of_operations(house: &House) -> Vec<Sink> {
    let mut sinks = Vec::new();
    for path in ["/metrics", "/statusz", "/livez", "/readyz", "/startupz", "/healthz", "/nowhere"] {
        for base in [&house.weir.admin, &house.weir.gateway, &house.weir.dashboard] {
            let answer = house.weir.client.get(&format!("{base}{path}"), &[]).await;
            sinks.push(Sink::new(
                format!("{path} of {base}"),
                format!("{:?}{}", answer.headers, answer.text()),
            ));
        }
    }
    for arguments in [&["doctor", "--json"][..], &["people", "list"]] {
        let mut tool = command(house.data.path(), &house.weir.archive);
        let ended = tool.args(arguments).output().unwrap();
        sinks.push(Sink::new(format!("weir {}", arguments.join(" ")), [ended.stdout, ended.stderr].concat()));
    }
    sinks
}

/// Every file below the data folder, but for the one that holds the master key.
pub(super) fn of_files(folder: &Path) -> Vec<Sink> {
    let mut sinks = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sinks.extend(of_files(&path));
        } else if let Ok(bytes) = std::fs::read(&path) {
            sinks.push(Sink::new(format!("file {}", path.display()), bytes));
        }
    }
    sinks
}
