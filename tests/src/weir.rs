//! A running Weir: the real binary with its own data folder, on ports it chose itself.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary;
use crate::client::{Answer, Client};
use crate::engine::{self, Archive};
use crate::wait;

/// How a Weir is started; every test changes what it needs.
pub struct Setup {
    sets: Vec<(String, String)>,
    environment: Vec<(String, String)>,
    archive: Option<Archive>,
    data: Option<PathBuf>,
}

impl Default for Setup {
    /// Everything on port 0, the archive in a database of its own in the shared engine.
    fn default() -> Self {
        let zero = ["gateway.listen", "gateway.admin_listen", "control.listen"]
            .map(|key| (key.to_owned(), "127.0.0.1:0".to_owned()));
        let mut sets = zero.to_vec();
        sets.push(("demo.port".to_owned(), "0".to_owned()));
        sets.push(("clickhouse.port".to_owned(), "0".to_owned()));
        Self { sets, environment: Vec::new(), archive: Some(engine::database()), data: None }
    }
}

impl Setup {
    /// Sets a configuration key.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.sets.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Sets a variable of its environment, which is empty otherwise.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Brings its own embedded engine, as a user's does.
    #[must_use]
    pub fn own_engine(mut self) -> Self {
        self.archive = None;
        self
    }

    /// Uses that archive.
    #[must_use]
    pub fn archive(mut self, archive: &Archive) -> Self {
        self.archive = Some(archive.clone());
        self
    }

    /// Uses that data folder and leaves it behind.
    #[must_use]
    pub fn data(mut self, data: &Path) -> Self {
        self.data = Some(data.to_path_buf());
        self
    }

    /// `weir up`.
    pub async fn up(self) -> Weir {
        let (process, ready) = self.start("up", &[]);
        let archive = process.archive.clone();
        Weir::new(process, &ready, archive)
    }

    /// `weir control`.
    pub async fn control(self) -> Weir {
        let (process, ready) = self.start("control", &[]);
        let archive = process.archive.clone();
        Weir::new(process, &ready, archive)
    }

    /// `weir gateway` connected to that control plane.
    pub async fn gateway(self, control_url: &str, token: &str) -> Gateway {
        let (process, ready) =
            self.start("gateway", &[("gateway.control.url", control_url), ("gateway.control.token", token)]);
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        Gateway { process, url: text("gateway"), admin: text("admin"), client: Client::default() }
    }

    fn start(self, command: &str, extra: &[(&str, &str)]) -> (Process, Value) {
        let folder = self.data.is_none().then(|| TempDir::new().unwrap());
        let data = self.data.unwrap_or_else(|| folder.as_ref().unwrap().path().to_path_buf());
        let mut weir = Command::new(binary::built("weir"));
        weir.arg(command).arg("--json").arg("--data").arg(&data);
        weir.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        weir.env("WEIR_CHDB_LIB", binary::engine_library()).envs(self.environment);
        if let Some(archive) = &self.archive {
            weir.env("WEIR_CLICKHOUSE_URL", &archive.url).env("WEIR_CLICKHOUSE_USER", &archive.user);
            weir.env("WEIR_CLICKHOUSE_PASSWORD", &archive.password)
                .env("WEIR_CLICKHOUSE_DATABASE", &archive.database);
        }
        for (key, value) in
            self.sets.iter().map(|(key, value)| (key.as_str(), value.as_str())).chain(extra.iter().copied())
        {
            weir.args(["--set", &format!("{key}={value}")]);
        }
        let log = data.join(format!("{command}.log"));
        std::fs::create_dir_all(&data).unwrap();
        let errors = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut child = weir.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| {
            let _ = child.kill();
            panic!(
                "weir {command} did not start: {line}\n{}",
                std::fs::read_to_string(&log).unwrap_or_default()
            )
        });
        let archive = self.archive.unwrap_or_else(|| own_archive(&data, &ready));
        (Process { child, data, _folder: folder, archive, output }, ready)
    }
}

/// A command of `weir` at the machine of an installation, with nothing of the tests' own environment.
#[must_use]
pub fn command(data: &Path, archive: &Archive) -> Command {
    let mut weir = Command::new(binary::built("weir"));
    weir.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    weir.env("WEIR_CHDB_LIB", binary::engine_library()).env("WEIR_DATA", data);
    weir.env("WEIR_CLICKHOUSE_URL", &archive.url).env("WEIR_CLICKHOUSE_USER", &archive.user);
    weir.env("WEIR_CLICKHOUSE_PASSWORD", &archive.password)
        .env("WEIR_CLICKHOUSE_DATABASE", &archive.database);
    weir
}

/// Runs a command to its end and gives what it printed; panics with its complaints when it failed.
#[must_use]
pub fn printed(command: &mut Command) -> String {
    let ended = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(ended.status.success(), "{command:?}: {}", text(&ended.stderr));
    text(&ended.stdout)
}

/// The embedded engine's address and password, as the data folder of its owner tells.
fn own_archive(data: &Path, ready: &Value) -> Archive {
    let url = ready["clickhouse"].as_str().unwrap_or_default().to_owned();
    Archive { url, database: "weir".to_owned(), ..engine::credentials(data) }
}

/// A child of the tests: ended when dropped.
pub struct Process {
    child: Child,
    /// Its data folder.
    pub data: PathBuf,
    _folder: Option<TempDir>,
    archive: Archive,
    output: BufReader<std::process::ChildStdout>,
}

impl Process {
    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, and wait until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and wait for its exit; whether it ended well.
    pub fn stop(&mut self) -> bool {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        self.child.wait().is_ok_and(|status| status.success())
    }

    /// SIGTERM, and everything it printed after its first line, until its end.
    pub fn printed(&mut self) -> String {
        let _ = self.stop();
        let mut printed = String::new();
        self.output.read_to_string(&mut printed).unwrap();
        printed
    }

    /// What it logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        let logs = ["up.log", "gateway.log", "control.log"]
            .map(|name| std::fs::read_to_string(self.data.join(name)));
        logs.into_iter().flatten().collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln!("--- the log's end ---\n{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
        self.kill();
    }
}

/// A gateway on its own.
pub struct Gateway {
    /// The process.
    pub process: Process,
    /// Base URL for clients.
    pub url: String,
    /// Base URL of health and metrics.
    pub admin: String,
    /// A client.
    pub client: Client,
}

/// A running `weir up` or `weir control`, with an administrator's means.
pub struct Weir {
    /// The process.
    pub process: Process,
    /// Dashboard and API.
    pub dashboard: String,
    /// Gateway base URL; empty for `weir control`.
    pub gateway: String,
    /// Admin base URL; empty for `weir control`.
    pub admin: String,
    /// One-time sign-in link of the first administrator.
    pub sign_in_link: String,
    /// Administrator's API token.
    pub token: String,
    /// The first gateway key.
    pub key: String,
    /// What a gateway enrols with.
    pub gateway_token: String,
    /// The archive.
    pub archive: Archive,
    /// A client.
    pub client: Client,
}

impl Weir {
    fn new(process: Process, ready: &Value, archive: Archive) -> Self {
        let text = |name: &str| ready[name].as_str().unwrap_or_default().to_owned();
        Self {
            process,
            dashboard: text("dashboard"),
            gateway: text("gateway"),
            admin: text("admin"),
            sign_in_link: text("sign_in_link"),
            token: text("api_token"),
            key: text("gateway_key"),
            gateway_token: text("gateway_token"),
            archive,
            client: Client::default(),
        }
    }

    /// Calls the JSON API as the administrator.
    pub async fn api(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let url = format!("{}/api/v1{path}", self.dashboard);
        self.client.send(method, &url, &headers, body.map(|body| body.to_string()).unwrap_or_default()).await
    }

    /// A token for one more gateway of its own.
    pub async fn gateway_token(&self, name: &str) -> String {
        let made =
            self.api(Method::POST, "/gateways/tokens", Some(json!({ "name": name }))).await.ok().json();
        made["secret"].as_str().unwrap_or_else(|| panic!("no secret in {made}")).to_owned()
    }

    /// Publishes the draft; the new revision.
    pub async fn publish(&self, note: &str) -> u64 {
        let answer = self.api(Method::POST, "/revisions", Some(json!({ "note": note }))).await.ok().json();
        answer["revision"].as_u64().unwrap_or_else(|| panic!("no revision in {answer}"))
    }

    /// Adds an endpoint at `base_url` and models on it under their own names, publishes, and waits until it is in force.
    pub async fn add_provider(
        &self,
        provider: &str,
        dialect: &str,
        base_url: &str,
        models: &[&str],
    ) -> String {
        let (endpoint, revision) = self.draft_provider(provider, dialect, base_url, models).await;
        self.in_force(revision).await;
        endpoint
    }

    /// The same without a gateway to wait for: endpoint id and revision.
    pub async fn draft_provider(
        &self,
        provider: &str,
        dialect: &str,
        base_url: &str,
        models: &[&str],
    ) -> (String, u64) {
        let endpoint = json!({
            "name": format!("{provider}-fake"), "provider": provider, "dialect": dialect, "base_url": base_url,
            "credential": "sk-recorded", "limits": { "allow_private": true },
        });
        let endpoint = self.api(Method::POST, "/endpoints", Some(endpoint)).await.ok().json();
        let id = endpoint["id"].as_str().unwrap().to_owned();
        for model in models {
            let target = json!({ "endpoint": id, "upstream_model": model });
            let _ = self
                .api(Method::POST, "/models", Some(json!({ "name": model, "targets": [target] })))
                .await
                .ok();
        }
        let revision = self.publish("fake provider").await;
        (id, revision)
    }

    /// Waits until this Weir's own gateway runs at least that revision.
    pub async fn in_force(&self, revision: u64) {
        let url = format!("{}/statusz", self.admin);
        wait::until("the revision is in force", || async {
            let status = self.client.get(&url, &[]).await.json();
            (status["policy"]["revision"].as_u64()? >= revision).then_some(())
        })
        .await;
    }

    /// POSTs to the gateway with the first key.
    pub async fn ask(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.key);
        let headers = [&[("authorization", bearer.as_str())], headers].concat();
        self.client.post_json(&format!("{}{path}", self.gateway), &headers, body).await
    }

    /// A customer as the API tells them, `path` being `ID` or `ID?period=…`; `None` until the control plane has made them.
    ///
    /// A customer is made when the books are told of a batch, which may be a moment after its rows are in the archive.
    pub async fn customer(&self, path: &str) -> Option<Value> {
        let answer = self.api(Method::GET, &format!("/customers/{path}"), None).await;
        (answer.status != http::StatusCode::NOT_FOUND).then(|| answer.ok().json())
    }

    /// Waits until the archive has that many final rows, and gives them, oldest first.
    pub async fn final_rows(&self, count: usize) -> Vec<Value> {
        let sql = "SELECT * FROM llm_calls WHERE final ORDER BY started_at, request_id";
        wait::until("the rows are in the archive", || async {
            self.archive.try_rows(sql).await.ok().filter(|rows| rows.len() >= count)
        })
        .await
    }
}
