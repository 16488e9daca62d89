//! The first minutes of a new user: the line that is printed works as printed, and what it caused is on the page.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use weir_tests::client::Client;
use weir_tests::engine::{self, Archive};
use weir_tests::visitor::{Visitor, between, unescaped};
use weir_tests::weir::{Setup, printed};
use weir_tests::{binary, proof, wait};

/// How soon a request must be on the page.
const SOON: Duration = Duration::from_secs(2);

/// `weir up` as a person starts it, with its own engine, and what it printed.
struct Started {
    child: Child,
    lines: Vec<String>,
}

impl Started {
    fn on(data: &Path) -> Self {
        let mut weir = Command::new(binary::built("weir"));
        weir.arg("up").arg("--data").arg(data);
        for (key, value) in [
            ("gateway.listen", "127.0.0.1:0"),
            ("gateway.admin_listen", "127.0.0.1:0"),
            ("control.listen", "127.0.0.1:0"),
            ("demo.port", "0"),
            ("clickhouse.port", "0"),
        ] {
            weir.args(["--set", &format!("{key}={value}")]);
        }
        weir.env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("WEIR_CHDB_LIB", binary::engine_library());
        let log = std::fs::File::create(data.join("up.log")).unwrap();
        let mut child = weir.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            lines.push(line);
            if lines.last().is_some_and(|line| line.contains("API token")) {
                return Self { child, lines };
            }
        }
        let _ = child.wait();
        panic!("weir up ended: {lines:?}\n{}", std::fs::read_to_string(data.join("up.log")).unwrap());
    }

    /// The word behind `before` in the output.
    fn word_after(&self, before: &str) -> String {
        let found = self
            .lines
            .iter()
            .find_map(|line| line.split_once(before))
            .unwrap_or_else(|| panic!("no “{before}” in {:?}", self.lines));
        found.1.split([' ', ',']).next().unwrap().to_owned()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_line_answers_and_its_request_is_on_the_page_at_once() {
    let data = TempDir::new().unwrap();
    let begun = Instant::now();
    let started = Started::on(data.path());
    let until_printed = begun.elapsed();
    let curl = started.lines.iter().find(|line| line.trim_start().starts_with("curl ")).expect("a curl line");
    let answer = shell(curl, "sh", &["-c"], &[]);
    assert!(answer.contains("\"content\""), "{answer}");

    let dashboard = started.word_after("Dashboard ");
    let visitor = Visitor::first_admin(&dashboard, &started.word_after("Sign in once with ")).await;
    let page = wait::within(SOON, "the request is on the page", || async {
        let page = visitor.page("/requests?q=customer:acme").await;
        between(&page, "data-row href=\"/requests/", "/requests/", "\"")
            .map(|id| id.split('?').next().unwrap().to_owned())
    })
    .await;
    let seen = begun.elapsed();
    let messages = wait::within(SOON, "both bodies are on the page", || async {
        let page = unescaped(&visitor.page(&format!("/requests/{page}")).await);
        (page.contains("Hello") && page.contains("demo model behind this gateway")).then_some(page)
    })
    .await;
    for wanted in ["acme", "demo/fast", "$0.000"] {
        assert!(messages.contains(wanted), "no {wanted} on the request's page");
    }
    let cost = unescaped(&visitor.page(&format!("/requests/{page}?tab=cost")).await);
    assert!(cost.contains("$0.15"), "the unit price of the demo model: {cost}");
    let raw = unescaped(&visitor.page(&format!("/requests/{page}?tab=raw")).await);
    assert!(raw.contains("\"role\":\"user\"") && raw.contains("chat.completion"), "{raw}");
    let told = by_api(&dashboard, &started.word_after("/api/v1): ")).await;
    assert_eq!((told["request_id"].as_str(), told["customer"].as_str()), (Some(page.as_str()), Some("acme")));
    assert!(told["tokens_out"].as_u64() > Some(0) && told["cost_usd"].is_string(), "{told}");
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    proof::record(
        "first-run",
        "A new user with a stopwatch, from `weir up` on an empty folder: the printed line is pasted, the administrator signs in, the request is on the page.",
        &[
            ("until the line is printed", seconds(until_printed)),
            ("until the first request is on its page", seconds(seen)),
        ],
    );
    wait::until("the customer is on the list", || async {
        visitor.page("/customers").await.contains("/customers/acme").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_at_the_machine_reach_the_engine_that_runs_there() {
    let data = TempDir::new().unwrap();
    let started = Started::on(data.path());
    let weir = |arguments: &[&str]| {
        let mut weir = Command::new(binary::built("weir"));
        weir.env_clear().env("WEIR_CHDB_LIB", binary::engine_library()).env("WEIR_DATA", data.path());
        weir.args(arguments).arg("--json").stdin(Stdio::null());
        weir
    };
    let written = printed(&mut weir(&["demo", "traffic", "--days", "2", "--requests", "40"]));
    assert!(written.contains("requests"), "{written}");
    let archive = Archive { database: "weir".to_owned(), ..engine::credentials(data.path()) };
    assert!(archive.number("SELECT count() FROM llm_calls WHERE environment = 'sample'").await >= 39);
    // Its ports are others than the configuration's, so the examination has something to say; not of the archive.
    let findings = weir(&["doctor"]).output().unwrap();
    let findings: serde_json::Value = serde_json::from_slice(&findings.stdout).unwrap();
    let all = findings["findings"].as_array().unwrap();
    let of_archive = all.iter().find(|finding| finding["subject"] == "archive").unwrap();
    assert_eq!(of_archive["level"], "ok", "{of_archive}");
    drop(started);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_snippet_of_the_first_page_runs_as_shown_and_is_one_request() {
    let weir = Setup::default().up().await;
    let visitor = Visitor::first_admin(&weir.dashboard, &weir.sign_in_link).await;
    let page = visitor.page("/welcome").await;
    let runs: [(&str, &str, &[&str]); 4] = [
        ("curl", "sh", &["-c"]),
        ("python", "python", &["-c"]),
        ("node", "node", &["--input-type=module", "-e"]),
        ("anthropic", "python", &["-c"]),
    ];
    for (number, (id, program, arguments)) in runs.into_iter().enumerate() {
        let code = between(&page, &format!("id=\"snippet_{id}\""), ">", "</pre>")
            .unwrap_or_else(|| panic!("no snippet for {id}"));
        let printed = shell(&unescaped(code), program, arguments, &[("WEIR_KEY", &weir.key)]);
        assert!(printed.contains("demo model"), "{id}: {printed}\n{code}");
        let rows = weir.final_rows(number + 1).await;
        assert_eq!(rows.len(), number + 1, "{id} is one request");
        assert_eq!(
            (&rows[number]["customer_id"], &rows[number]["http_status"]),
            (&"acme".into(), &200.into()),
            "{id}"
        );
    }
}

/// The newest request of acme, as the API tells it.
async fn by_api(dashboard: &str, token: &str) -> serde_json::Value {
    let bearer = format!("Bearer {token}");
    let url = format!("{dashboard}/api/v1/requests?q=customer:acme");
    let list = Client::default().get(&url, &[("authorization", &bearer)]).await.ok().json();
    list["data"][0].clone()
}

/// Runs code by a program, in the tests' folder, where the SDKs are.
fn shell(code: &str, program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let python = binary::root().join(".tools/venv/bin/python");
    let python = std::env::var_os("WEIR_TEST_PYTHON").unwrap_or_else(|| python.into_os_string());
    let mut command = if program == "python" { Command::new(python) } else { Command::new(program) };
    command
        .args(arguments)
        .arg(code)
        .current_dir(binary::root().join("tests"))
        .envs(environment.iter().copied());
    let ended = command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(ended.status.success(), "{program}: {}\n{code}", text(&ended.stderr));
    text(&ended.stdout)
}
