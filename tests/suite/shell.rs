//! The command line as a shell and a person meet it: exit codes, completion, manual, and commands against a running Weir.

use std::process::{Command, Stdio};

use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use weir_tests::binary::built;
use weir_tests::weir::{Setup, Weir, command, printed};

/// A command that works through the API of that control plane.
fn remote(weir: &Weir, arguments: &[&str]) -> Command {
    let mut tool = Command::new(built("weir"));
    tool.env_clear().env("WEIR_API_TOKEN", &weir.token).args(arguments).args(["--control", &weir.dashboard]);
    tool
}

fn bare(arguments: &[&str]) -> std::process::Output {
    Command::new(built("weir")).env_clear().args(arguments).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn every_shell_gets_its_completion_and_every_command_its_page() {
    for shell in ["bash", "zsh", "fish"] {
        let script = bare(&["completion", shell]);
        let text = String::from_utf8_lossy(&script.stdout).into_owned();
        assert!(text.contains("master-key") && text.contains("backup"), "{shell}");
    }
    let folder = TempDir::new().unwrap();
    assert!(bare(&["man", folder.path().to_str().unwrap()]).status.success());
    for page in
        ["weir.1", "weir-backup.1", "weir-master-key-rotate.1", "weir-tail.1", "weir-people-reset-link.1"]
    {
        assert!(folder.path().join(page).is_file(), "{page}");
    }
}

#[test]
fn a_mistyped_command_is_answered_with_the_nearest_one_and_without_colour() {
    let ended = bare(&["backpu"]);
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && said.contains("backup"), "{said}");
    assert!(!said.contains('\u{1b}') && ended.stdout.is_empty());
    let ended = bare(&["keys", "list"]);
    assert_eq!(ended.status.code(), Some(64), "no token: called wrongly");
    let ended = bare(&["keys", "list", "--token", "wat_x", "--control", "http://127.0.0.1:1"]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(!String::from_utf8_lossy(&ended.stderr).contains("wat_x"), "a token is never echoed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_audit_chain_is_checked_without_the_server_and_a_forged_one_is_found() {
    let weir = Setup::default().up().await;
    let exported = weir.api(Method::GET, "/audit/export", None).await.text();
    drop(weir);
    let folder = TempDir::new().unwrap();
    let check = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let ended = bare(&["audit", "verify", path.to_str().unwrap()]);
        let said = [ended.stdout, ended.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        (ended.status.code(), said.concat())
    };
    let (code, said) = check("whole", &exported);
    assert!(code == Some(0) && said.contains("unbroken"), "{said}");
    let lines: Vec<&str> = exported.lines().collect();
    assert!(lines.len() > 4, "the first steps are on record: {exported}");
    let (code, said) = check("changed", &exported.replacen("\"action\":\"", "\"action\":\"x", 1));
    assert!(code == Some(1) && said.contains("row 1: its content was changed"), "{said}");
    let (code, said) = check("removed", &[&lines[..1], &lines[2..]].concat().join("\n"));
    assert!(code == Some(1) && said.contains("row 2: a row is missing"), "{said}");
    let (code, said) = check("cut", &lines[..lines.len() - 1].join("\n"));
    assert!(code == Some(1) && said.contains("cut off"), "{said}");
    let (code, said) = check("other", "not an export\n");
    assert!(code == Some(2) && said.contains("line 1"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_made_published_followed_and_its_requests_are_tailed() {
    let data = TempDir::new().unwrap();
    let weir = Setup::default().data(data.path()).up().await;
    let create = ["endpoints", "create", "mine", "--provider", "openai", "--credential-from", "env:PATH"];
    let id = printed(&mut remote(&weir, &create));
    assert!(id.starts_with("ep_"), "{id}");
    assert!(printed(&mut remote(&weir, &["endpoints", "list"])).contains("mine"));
    let unasked = remote(&weir, &["publish"]).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&unasked.stderr).into_owned();
    assert!(!unasked.status.success() && said.contains("endpoint mine: added"), "{said}");
    let published: Value =
        serde_json::from_str(&printed(&mut remote(&weir, &["publish", "--yes", "--note", "mine", "--json"])))
            .unwrap();
    assert_eq!(published["in_force"], true, "{published}");
    assert!(printed(&mut remote(&weir, &["gateways", "list"])).contains("connected"));
    assert!(printed(&mut remote(&weir, &["endpoints", "delete", id.trim()])).contains("deleted"));

    let hello = json!({ "model": "demo/fast", "messages": [{ "role": "user", "content": "Hello tail" }] });
    for customer in ["acme", "globex", "acme"] {
        let _ = weir.ask("/v1/chat/completions", &[("x-weir-customer", customer)], &hello).await.ok();
    }
    let _ = weir.final_rows(3).await;
    let mut tail = remote(&weir, &["tail", "customer:acme", "--since", "1h", "--json", "--bodies"]);
    let mut child = tail.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let lines: Vec<Value> = {
        use std::io::BufRead as _;
        let output = std::io::BufReader::new(child.stdout.take().unwrap());
        output.lines().take(2).map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
    };
    let stopped = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ended = child.wait().unwrap();
    assert!(stopped.success() && ended.success(), "Ctrl-C ends it well: {ended}");
    assert!(lines.iter().all(|line| line["customer"] == "acme"), "{lines:?}");
    assert!(lines[0]["request_body"].as_str().unwrap().contains("Hello tail"), "{}", lines[0]);
    assert_ne!(lines[0]["request_id"], lines[1]["request_id"]);
    assert!(lines[0]["started_us"].as_i64() <= lines[1]["started_us"].as_i64());
    let keys = weir.api(Method::GET, "/keys", None).await.ok().json();
    assert!(printed(&mut remote(&weir, &["keys", "list"])).contains(keys["data"][0]["id"].as_str().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_what_runs_and_what_does_not() {
    let data = TempDir::new().unwrap();
    let mut weir = Setup::default().data(data.path()).up().await;
    let address = |url: &str| url.trim_start_matches("http://").to_owned();
    let doctor = |weir: &Weir| {
        let mut tool = command(data.path(), &weir.archive);
        tool.env("WEIR_CONTROL_LISTEN", address(&weir.dashboard));
        tool.env("WEIR_GATEWAY_ADMIN_LISTEN", address(&weir.admin)).args(["doctor", "--json"]);
        let ended = tool.output().unwrap();
        let told: Value = serde_json::from_slice(&ended.stdout).unwrap();
        let level = |subject: &str| {
            let all = told["findings"].as_array().unwrap().clone();
            let found = all.into_iter().find(|one| one["subject"].as_str().unwrap().starts_with(subject));
            found.unwrap_or_else(|| panic!("nothing about {subject}: {told}"))["level"].clone()
        };
        let subjects =
            ["store", "master key", "archive", "clocks", "control plane", "gateway here", "journal"];
        (ended.status.code(), subjects.map(level))
    };
    let _ = weir.in_force(1).await;
    let (code, levels) = doctor(&weir);
    assert!(levels.iter().all(|level| level == "ok"), "{levels:?}");
    assert!(code == Some(0) || code == Some(1), "a small disk or an old book may warn: {code:?}");
    assert!(weir.process.stop());
    let mut tool = command(data.path(), &weir.archive);
    tool.env("WEIR_CLICKHOUSE_URL", "http://127.0.0.1:1").arg("doctor");
    let ended = tool.output().unwrap();
    let told = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{told}");
    assert!(
        told.contains("ok    store")
            && told.contains("fail  archive")
            && told.contains("warn  control plane"),
        "{told}"
    );
}
