//! What is measured: a process on a processor of its own, and what `/proc` tells of it.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use weir_tests::binary;

use crate::{bare, control, upstream};

/// The processor of what is measured; the other one is for everything else.
const MEASURED: &str = "1";
const OTHERS: &str = "0";

/// A started process with its folder.
pub struct Subject {
    /// Its name in the table.
    pub name: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    _folder: Option<TempDir>,
    _output: Option<BufReader<std::process::ChildStdout>>,
}

/// Whether processes can be pinned: two processors and `taskset`.
pub fn pinning() -> bool {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    processors > 1 && Command::new("taskset").arg("-V").stdout(Stdio::null()).status().is_ok()
}

/// Puts this process beside what it measures. Children inherit what is asked for here: the session's weight, by which the
/// scheduler divides a busy machine, or real-time scheduling. Silently without the right to do so.
pub fn settle_in(realtime: bool) {
    let own = std::process::id().to_string();
    let quietly = |program: &str, words: &[&str]| {
        drop(
            Command::new(program).args(words).arg(&own).stdout(Stdio::null()).stderr(Stdio::null()).status(),
        );
    };
    if realtime {
        quietly("chrt", &["-a", "-r", "-p", "1"]);
    } else {
        let _ = std::fs::write("/proc/self/autogroup", "-20");
    }
    if pinning() {
        quietly("taskset", &["-acp", OTHERS]);
    }
}

/// Gives the session its ordinary place back.
pub fn settle_out() {
    let _ = std::fs::write("/proc/self/autogroup", "0");
}

fn pinned(processor: &str, program: &Path) -> Command {
    if !pinning() {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", processor]).arg(program);
    command
}

impl Subject {
    /// The provider that answers all.
    pub fn provider() -> Self {
        Self::itself("direct", OTHERS, &[upstream::COMMAND])
    }

    /// The proxy that only passes on.
    pub fn bare(provider: SocketAddr) -> Self {
        Self::itself("bare", MEASURED, &[bare::COMMAND, &provider.to_string()])
    }

    /// This program in another part, which prints its port.
    fn itself(name: &'static str, processor: &str, words: &[&str]) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut child =
            pinned(processor, &program).args(words).stdout(Stdio::piped()).spawn().expect("itself");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let mut port = String::new();
        output.read_line(&mut port).expect("its port");
        let address = SocketAddr::from(([127, 0, 0, 1], port.trim().parse().expect("a port")));
        Self { name, address, child, _folder: None, _output: Some(output) }
    }

    /// The gateway of that program alone, with that control plane and that archive.
    pub fn weir(program: Option<&Path>, control: SocketAddr, archive: SocketAddr) -> Self {
        let program = program.map_or_else(|| binary::built("weir"), Path::to_owned);
        let folder = TempDir::new().expect("a folder");
        let log = std::fs::File::create(folder.path().join("log")).expect("a log file");
        let mut child = pinned(MEASURED, &program)
            .args([
                "gateway",
                "--json",
                "--control",
                &format!("http://{control}"),
                "--token",
                "wgt_bench",
                "--data",
            ])
            .arg(folder.path())
            .args(["--set", "gateway.listen=127.0.0.1:0", "--set", "gateway.admin_listen=127.0.0.1:0"])
            .env("WEIR_CLICKHOUSE_URL", format!("http://{archive}"))
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("weir");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        output.read_line(&mut line).expect("its first line");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
            let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            panic!("weir gateway did not start: {line}\n{log}")
        });
        let address = ready["gateway"].as_str().and_then(|url| url.strip_prefix("http://")?.parse().ok());
        let address = address.unwrap_or_else(|| panic!("no address in {line}"));
        Self { name: "weir", address, child, _folder: Some(folder), _output: Some(output) }
    }

    /// nginx with one worker and no log, where it is installed.
    pub fn nginx(provider: SocketAddr) -> Option<Self> {
        let found = Command::new("nginx").arg("-v").stderr(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            return None;
        }
        let folder = TempDir::new().expect("a folder");
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("a free port");
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, nginx_configuration(address, provider)).expect("a configuration");
        let child = pinned(MEASURED, Path::new("nginx"))
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&file)
            .args(["-e", "stderr"])
            .spawn()
            .expect("nginx");
        let this = Self { name: "nginx", address, child, _folder: Some(folder), _output: None };
        let end = Instant::now() + Duration::from_secs(5);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < end, "nginx does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(this)
    }

    /// The path clients ask at, and the key they show.
    pub fn request(&self, payload: &crate::payload::Payload) -> Vec<u8> {
        match self.name {
            "weir" => payload.request(&payload.path(), control::KEY),
            _ => payload.request(&payload.provider_path(), "sk-bench"),
        }
    }

    /// CPU time used so far by it and its children.
    pub fn cpu(&self) -> Duration {
        self.processes().iter().map(|pid| cpu_of(*pid)).sum()
    }

    /// The most memory it ever had, MB.
    pub fn peak_mb(&self) -> f64 {
        let field = |pid: &u32| field(&format!("/proc/{pid}/status"), "VmHWM:");
        self.processes().iter().map(field).sum::<u64>() as f64 / 1024.0
    }

    /// Bytes it caused to be written to disk so far.
    pub fn disk_bytes(&self) -> u64 {
        self.processes().iter().map(|pid| field(&format!("/proc/{pid}/io"), "write_bytes:")).sum()
    }

    fn processes(&self) -> Vec<u32> {
        let own = self.child.id();
        let children =
            std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        std::iter::once(own).chain(children.split_whitespace().filter_map(|pid| pid.parse().ok())).collect()
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let end = Instant::now() + Duration::from_secs(5);
        while self.child.try_wait().is_ok_and(|status| status.is_none()) {
            if Instant::now() > end {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn nginx_configuration(listen: SocketAddr, provider: SocketAddr) -> String {
    format!(
        "daemon off; worker_processes 1; pid nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_max_body_size 32m; client_body_buffer_size 256k; keepalive_requests 100000000;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
  upstream provider {{ server {provider}; keepalive 128; keepalive_requests 100000000; }}
  proxy_http_version 1.1; proxy_set_header Connection \"\"; tcp_nodelay on;
  server {{
    listen {listen};
    location / {{ proxy_pass http://provider; }}
    location /sse- {{ proxy_pass http://provider; proxy_buffering off; }}
  }}
}}
"
    )
}

/// User and system time of a process: fields 14 and 15 of its `stat`, in hundredths of a second.
fn cpu_of(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks: u64 =
        after_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn field(file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
