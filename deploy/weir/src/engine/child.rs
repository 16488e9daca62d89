//! One life of the child process: its start, its health, its end.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{self, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::EngineError;

/// Opening a large data folder on a busy machine takes seconds; beyond this something is wrong.
const START_WAIT: Duration = Duration::from_secs(30);
/// The child gives its requests five seconds and itself ten more.
const STOP_WAIT: Duration = Duration::from_secs(20);
const PING_WAIT: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(20);

/// What to start.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) binary: PathBuf,
    pub(super) library: Option<PathBuf>,
    pub(super) data: PathBuf,
}

/// A child that said it is ready. Dropped, it is killed and waited for.
#[derive(Debug)]
pub(super) struct Child {
    process: process::Child,
    port: u16,
}

/// The child's one line on standard output.
#[derive(Deserialize)]
struct FirstLine {
    port: Option<u16>,
    error: Option<String>,
}

/// The child's credentials file.
#[derive(Deserialize)]
pub(crate) struct Access {
    /// The one user.
    pub(crate) user: String,
    /// The user's password.
    pub(crate) password: String,
    /// Where it listens on loopback, or did at its last start.
    pub(crate) port: u16,
}

/// Reads the credentials the child keeps in the data folder.
pub(crate) fn read_access(data: &Path) -> Result<Access, EngineError> {
    let text = fs::read(data.join("clickhouse.json"))?;
    serde_json::from_slice(&text).map_err(|error| EngineError::Refused(format!("clickhouse.json: {error}")))
}

impl Child {
    /// Starts the program and waits for its first line.
    pub(super) fn start(launch: &Launch, port: u16, fallback: bool) -> Result<Self, EngineError> {
        fs::create_dir_all(&launch.data)?;
        let chatter = File::create(launch.data.join("clickhouse.stderr.log"))?;
        let mut command = Command::new(&launch.binary);
        command.arg("--data").arg(&launch.data).arg("--port").arg(port.to_string()).arg("--with-parent");
        if fallback {
            command.arg("--port-fallback");
        }
        if let Some(library) = &launch.library {
            command.env("WEIR_CHDB_LIB", library);
        }
        // A group of its own: Ctrl-C is for us, and we end the child after the parts that still write to it.
        command.process_group(0);
        let process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(chatter).spawn()?;
        let mut child = Self { process, port };
        child.port = child.first_line()?;
        Ok(child)
    }

    fn first_line(&mut self) -> Result<u16, EngineError> {
        let no_word = || EngineError::Refused("it said nothing; see clickhouse.stderr.log".to_owned());
        let output = self.process.stdout.take().ok_or_else(no_word)?;
        let (send, line) = mpsc::channel();
        thread::Builder::new().name("clickhouse-start".to_owned()).spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(output).read_line(&mut line).map(|_| line);
            let _timed_out = send.send(read);
        })?;
        let line = line.recv_timeout(START_WAIT).map_err(|_| no_word())??;
        let line: FirstLine = serde_json::from_str(&line).map_err(|_| no_word())?;
        line.port.ok_or_else(|| EngineError::Refused(line.error.unwrap_or_default()))
    }

    /// The port it answers on.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Its process id.
    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// How it ended, if it did. It is reaped by then, and the data folder is free.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().ok().flatten()
    }

    /// Whether `/ping` is answered.
    pub(super) fn answers(&self) -> bool {
        self.ping().unwrap_or(false)
    }

    fn ping(&self) -> std::io::Result<bool> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut stream = TcpStream::connect_timeout(&address, PING_WAIT)?;
        stream.set_read_timeout(Some(PING_WAIT))?;
        stream.set_write_timeout(Some(PING_WAIT))?;
        stream.write_all(b"GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        let mut reply = Vec::new();
        stream.take(4096).read_to_end(&mut reply)?;
        Ok(reply.starts_with(b"HTTP/1.1 200"))
    }

    /// Asks it to end by closing its standard input, and kills it when it does not.
    pub(super) fn stop(mut self) {
        drop(self.process.stdin.take());
        let begun = Instant::now();
        while self.ended().is_none() && begun.elapsed() < STOP_WAIT {
            thread::sleep(POLL);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _already_gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}
