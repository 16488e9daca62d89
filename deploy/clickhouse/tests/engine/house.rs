//! Starts the real program on the real library, and speaks to it plainly or through the official client.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as Http;
use hyper_util::rt::TokioExecutor;

/// A running engine with its own data folder. Ends with the test process at the latest.
pub(crate) struct House {
    pub(crate) child: Child,
    pub(crate) address: Address,
    pub(crate) data: PathBuf,
}

/// Where an engine answers, and to whom.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) url: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: String,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) code: Option<u32>,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).trim_end().to_owned()
    }

    pub(crate) fn ok(self) -> String {
        assert_eq!(self.status, 200, "{}", self.text());
        self.text()
    }
}

/// The engine library, or one clear failure.
pub(crate) fn library() -> PathBuf {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/engine/libchdb.so");
    let library = std::env::var_os("WEIR_CHDB_LIB").map_or(fetched, PathBuf::from);
    assert!(
        library.is_file(),
        "the engine library is missing at {}: run deploy/setup/engine.sh, or set WEIR_CHDB_LIB",
        library.display()
    );
    library
}

/// The program with its library.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir-clickhouse"));
    command.env("WEIR_CHDB_LIB", library()).stderr(Stdio::null());
    command
}

impl House {
    /// Starts on `data`, on `port` or any.
    pub(crate) fn start(data: &Path, port: u16) -> Self {
        let mut command = program();
        command.args(["--with-parent", "--port", &port.to_string(), "--data"]).arg(data);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = start(command);
        let first = first_line(&mut child);
        let port =
            u16::try_from(first["port"].as_u64().unwrap_or_else(|| panic!("not started: {first}"))).unwrap();
        let access: serde_json::Value =
            serde_json::from_slice(&std::fs::read(data.join("clickhouse.json")).unwrap()).unwrap();
        let text = |name: &str| access[name].as_str().unwrap().to_owned();
        let address = Address {
            url: format!("http://127.0.0.1:{port}"),
            port,
            user: text("user"),
            password: text("password"),
        };
        Self { child, address, data: data.to_owned() }
    }

    /// Ends it as a power cut would, waits, and starts it again on its port.
    pub(crate) fn kill_and_start(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        *self = Self::start(&self.data, self.address.port);
    }

    /// Anonymous memory of the engine in MiB.
    pub(crate) fn memory_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Starts `command` on a thread that outlives every test: the kernel ends the engine with the thread that started it.
fn start(command: Command) -> Child {
    type Order = (Command, mpsc::Sender<std::io::Result<Child>>);
    static NURSERY: OnceLock<Mutex<mpsc::Sender<Order>>> = OnceLock::new();
    let nursery = NURSERY.get_or_init(|| {
        let (send, orders) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, reply) in orders {
                reply.send(command.spawn()).unwrap();
            }
        });
        Mutex::new(send)
    });
    let (reply, child) = mpsc::channel();
    nursery.lock().unwrap().send((command, reply)).unwrap();
    child.recv().unwrap().unwrap()
}

/// The child's one line.
pub(crate) fn first_line(child: &mut Child) -> serde_json::Value {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|_| panic!("its first line is no JSON: {line:?}"))
}

impl Address {
    /// Sends `body` with the given URL parameters.
    pub(crate) async fn send(&self, parameters: &str, body: impl Into<Bytes>) -> Reply {
        let request = Request::post(format!("{}/?{parameters}", self.url))
            .header("X-ClickHouse-User", &self.user)
            .header("X-ClickHouse-Key", &self.password)
            .body(Full::new(body.into()))
            .unwrap();
        self.send_request(request).await
    }

    /// Sends any request.
    pub(crate) async fn send_request(&self, request: Request<Full<Bytes>>) -> Reply {
        self.try_send(request).await.unwrap()
    }

    /// Sends any request to an engine that may be dying.
    pub(crate) async fn try_send(&self, request: Request<Full<Bytes>>) -> Result<Reply, String> {
        let http = Http::builder(TokioExecutor::new()).build_http();
        let response = http.request(request).await.map_err(|error| error.to_string())?;
        let code = response.headers().get("X-ClickHouse-Exception-Code");
        let code = code.map(|value| value.to_str().unwrap().parse().unwrap());
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok(Reply { status, code, body })
    }

    /// Runs a statement that must succeed.
    pub(crate) async fn run(&self, sql: impl Into<Bytes>) -> String {
        self.send("", sql).await.ok()
    }

    /// The official client.
    pub(crate) fn client(&self) -> clickhouse::Client {
        clickhouse::Client::default()
            .with_url(&self.url)
            .with_user(&self.user)
            .with_password(&self.password)
            .with_compression(clickhouse::Compression::None)
    }

    /// An empty database of this test's own.
    pub(crate) async fn database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.run(format!("CREATE DATABASE {name}")).await;
        name
    }
}

/// The engine that all tests share which do not end theirs.
pub(crate) fn shared() -> Address {
    static SHARED: OnceLock<(House, tempfile::TempDir)> = OnceLock::new();
    let (house, _data) = SHARED.get_or_init(|| {
        let data = tempfile::tempdir().unwrap();
        (House::start(data.path(), 0), data)
    });
    house.address.clone()
}

/// Asks again until it holds; the bound only keeps a broken promise from hanging.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited in vain: {what}");
        tokio::task::yield_now().await;
    }
}

/// Whether the long forms are asked for.
pub(crate) fn proving() -> bool {
    std::env::var_os("WEIR_PROVE").is_some_and(|value| value == "1")
}
