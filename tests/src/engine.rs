//! One embedded ClickHouse for the whole test binary, one database a test; and a way to ask it things.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, mpsc};

use serde_json::Value;
use tempfile::TempDir;

use crate::binary;
use crate::client::Client;

/// A ClickHouse over HTTP, and the database of one test in it.
#[derive(Clone, Debug)]
pub struct Archive {
    /// Base URL.
    pub url: String,
    /// User.
    pub user: String,
    /// Password.
    pub password: String,
    /// Database.
    pub database: String,
}

/// A running engine of its own.
pub struct Engine {
    child: Child,
    /// How to reach it.
    pub archive: Archive,
}

impl Engine {
    /// Starts `weir-clickhouse` on a folder. It ends with this value, and with this process.
    #[must_use]
    pub fn start(data: &std::path::Path, port: u16) -> Self {
        let mut child = command(data, port).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines.map_while(Result::ok).find_map(|line| serde_json::from_str::<Value>(&line).ok());
        let said = said.expect("the engine says whether it is ready");
        assert!(said["url"].is_string(), "the engine did not start: {said}");
        let archive = Archive { url: said["url"].as_str().unwrap().to_owned(), ..credentials(data) };
        Self { child, archive }
    }

    /// SIGKILL, and wait until it is gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The engine's command line on that folder, its ready line on a pipe.
#[must_use]
pub fn command(data: &std::path::Path, port: u16) -> Command {
    let mut command = Command::new(binary::built("weir-clickhouse"));
    command.arg("--data").arg(data).args(["--port", &port.to_string(), "--with-parent"]);
    command.env("WEIR_CHDB_LIB", binary::engine_library()).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// Address, user and password of the engine on that folder, as it wrote them down.
#[must_use]
pub fn credentials(data: &std::path::Path) -> Archive {
    let text = std::fs::read_to_string(data.join("clickhouse.json")).expect("the engine's credentials");
    let secrets: Value = serde_json::from_str(&text).unwrap();
    let text = |name: &str| secrets[name].as_str().unwrap_or_default().to_owned();
    Archive {
        url: format!("http://127.0.0.1:{}", secrets["port"]),
        user: text("user"),
        password: text("password"),
        database: "default".to_owned(),
    }
}

/// A database of its own in the engine shared by all tests of this binary.
#[must_use]
pub fn database() -> Archive {
    static SHARED: OnceLock<Archive> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let shared = SHARED.get_or_init(|| {
        let (sender, receiver) = mpsc::channel();
        // A child asks to die with the *thread* that started it: this one lives as long as the tests.
        std::thread::spawn(move || {
            let folder = TempDir::new().unwrap();
            let engine = Engine::start(folder.path(), 0);
            sender.send(engine.archive.clone()).unwrap();
            loop {
                std::thread::park();
            }
        });
        receiver.recv().unwrap()
    });
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Archive { database: format!("t{}_{number}", std::process::id()), ..shared.clone() }
}

impl Archive {
    /// Asks a question; the rows come back as JSON objects.
    pub async fn rows(&self, sql: &str) -> Vec<Value> {
        self.try_rows(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The same; the error is ClickHouse's.
    pub async fn try_rows(&self, sql: &str) -> Result<Vec<Value>, String> {
        let url = format!(
            "{}/?database={}&output_format_json_quote_64bit_integers=0&output_format_json_quote_decimals=1",
            self.url, self.database
        );
        let headers =
            [("x-clickhouse-user", self.user.as_str()), ("x-clickhouse-key", self.password.as_str())];
        let body = format!("{sql} FORMAT JSONEachRow");
        let answer = Client::default().try_send(http::Method::POST, &url, &headers, body).await?;
        if !answer.status.is_success() {
            return Err(answer.text());
        }
        Ok(answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    /// Asks for one number.
    pub async fn number(&self, sql: &str) -> i64 {
        let rows = self.rows(sql).await;
        let value = rows[0].as_object().unwrap().values().next().unwrap().clone();
        value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{sql}: {value}"))
    }
}
