//! `weir-clickhouse`: the embedded ClickHouse engine behind its HTTP interface on loopback.
//!
//! | module | what it is for |
//! | --- | --- |
//! | `arguments` | the command line |
//! | `ffi` | the C interface of libchdb; the only unsafe code |
//! | `config` | the engine's own configuration: limits, durability, what it may not touch |
//! | `engine` | the running engine: connections, query ids, stopping a query |
//! | `access` | the user and password, kept in the data folder |
//! | `http` | a request from its head to its reply |
//! | `settings`, `multipart`, `intake`, `block` | what a request carries: URL, form, body, compressed blocks |
//! | `statement`, `format` | what a statement is; how its answer is put together |
//! | `run` | one statement on one thread |
//! | `exception` | failures in ClickHouse's own words |

mod access;
mod arguments;
mod block;
mod config;
mod engine;
mod exception;
mod ffi;
mod format;
mod http;
mod intake;
mod multipart;
mod run;
mod settings;
mod statement;

use std::fs;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::access::Access;
use crate::arguments::Arguments;
use crate::engine::Engine;
use crate::http::Service;

/// How long requests may go on after the end was asked for.
const STOP_WAIT: Duration = Duration::from_secs(5);
/// How long the engine may take to go down; a kill does no harm to what was acknowledged.
const STOP_ENGINE_WAIT: Duration = Duration::from_secs(10);
/// How long a predecessor that is being taken down may still hold the folder.
const LOCK_WAIT: Duration = Duration::from_secs(3);
/// How many ports above the wanted one are tried with `--port-fallback`.
const PORTS_TRIED: u16 = 100;

fn main() {
    let arguments = match Arguments::read(std::env::args_os().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            say(&mut io::stdout(), arguments::USAGE);
            return;
        }
        Err(error) => {
            say(&mut io::stderr(), &format!("{error}\n\n{}", arguments::USAGE));
            std::process::exit(2);
        }
    };
    let code = match ffi::take_stdout() {
        Ok(stdout) => run(&arguments, stdout),
        Err(error) => {
            say(&mut io::stderr(), &format!("standard output cannot be kept: {error}"));
            1
        }
    };
    // Never by returning: the library's exit handlers crash while an engine is up.
    ffi::leave(code);
}

/// Runs until asked to end. The first line on `stdout` is one JSON object: `ready`, or `error` and nothing more.
fn run(arguments: &Arguments, mut stdout: fs::File) -> i32 {
    if arguments.with_parent {
        ffi::end_with_parent();
    }
    match serve(arguments, &mut stdout) {
        Ok(()) => 0,
        Err(error) => {
            say(&mut stdout, &serde_json::json!({ "error": error }).to_string());
            say(&mut io::stderr(), &format!("weir-clickhouse: {error}"));
            1
        }
    }
}

fn serve(arguments: &Arguments, stdout: &mut fs::File) -> Result<(), String> {
    let in_data = |error: io::Error| format!("the data folder {}: {error}", arguments.data.display());
    fs::create_dir_all(&arguments.data).map_err(in_data)?;
    let data = arguments.data.canonicalize().map_err(in_data)?;
    let home = data.join("clickhouse");
    fs::create_dir_all(&home).map_err(in_data)?;
    let _lock = lock(&home)?;
    let mut access = Access::open(&data).map_err(|error| format!("{}: {error}", access::FILE))?;
    let library = find_library(&data)?;
    let listener = listen(arguments)?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let engine = Engine::start(&library, &home)?;
    access.port = address.port();
    access.save(&data).map_err(|error| format!("{} cannot be written: {error}", access::FILE))?;
    let ready = serde_json::json!({
        "ready": true,
        "url": format!("http://{address}"),
        "port": address.port(),
        "pid": std::process::id(),
        "version": engine.version(),
    });
    let service = Arc::new(Service { engine: Arc::clone(&engine), access });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(|error| error.to_string())?;
        let end = end_asked(arguments.with_parent)?;
        say(stdout, &ready.to_string());
        serve_until(listener, service, end).await
    })?;
    thread::Builder::new().name("stop".to_owned()).spawn(leave_late).map_err(|error| error.to_string())?;
    engine.stop();
    Ok(())
}

/// Ends a stop that hangs: whoever waits for this process must not wait for a statement that cannot be stopped.
fn leave_late() {
    thread::sleep(STOP_ENGINE_WAIT);
    ffi::leave(1);
}

async fn serve_until(
    listener: tokio::net::TcpListener,
    service: Arc<Service>,
    end: impl Future<Output = ()> + Send + 'static,
) -> Result<(), String> {
    let listener = listener.tap_io(|stream| {
        let _slower = stream.set_nodelay(true);
    });
    let router = Router::new().fallback(http::answer).with_state(service);
    let (ending, ended) = oneshot::channel();
    let stop = async move {
        end.await;
        let _overtime_begins = ending.send(());
    };
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop).into_future();
    let overtime = async {
        if ended.await.is_ok() {
            tokio::time::sleep(STOP_WAIT).await;
        }
    };
    tokio::select! {
        result = serving => result.map_err(|error| format!("serving ended: {error}")),
        () = overtime => Ok(()),
    }
}

/// Waits for a reason to end: a signal, or the parent's end of standard input closing.
fn end_asked(with_parent: bool) -> Result<impl Future<Output = ()>, String> {
    let (gone, parent) = oneshot::channel();
    if with_parent {
        let wait = move || {
            let mut buffer = [0; 64];
            while io::stdin().read(&mut buffer).is_ok_and(|count| count > 0) {}
            let _ending = gone.send(());
        };
        thread::Builder::new().name("parent".to_owned()).spawn(wait).map_err(|error| error.to_string())?;
    }
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            Ok(()) = parent => {}
        }
    })
}

/// Takes the folder for this process alone; the engine's own lock would refuse without a word.
fn lock(home: &Path) -> Result<fs::File, String> {
    let path = home.join("lock");
    let in_lock = |error: io::Error| format!("{}: {error}", path.display());
    let mut file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(in_lock)?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(fs::TryLockError::WouldBlock) if begun.elapsed() < LOCK_WAIT => {
                thread::sleep(Duration::from_millis(50));
            }
            Err(fs::TryLockError::WouldBlock) => {
                let mut owner = String::new();
                let _unknown = file.read_to_string(&mut owner);
                return Err(format!(
                    "another weir-clickhouse (process {}) already uses {}: stop it, or choose another --data",
                    owner.trim(),
                    home.display()
                ));
            }
            Err(fs::TryLockError::Error(error)) => return Err(in_lock(error)),
        }
    }
    file.set_len(0).and_then(|()| file.rewind()).map_err(in_lock)?;
    writeln!(file, "{}", std::process::id()).map_err(in_lock)?;
    Ok(file)
}

fn find_library(data: &Path) -> Result<std::path::PathBuf, String> {
    let places = engine::library_places(data);
    places.iter().find(|place| place.is_file()).cloned().ok_or_else(|| {
        let places: Vec<_> = places.iter().map(|place| place.display().to_string()).collect();
        format!(
            "the embedded ClickHouse engine is not installed (looked at {}): fetch it with deploy/setup/engine.sh and name \
             it in WEIR_CHDB_LIB, or set WEIR_CLICKHOUSE_URL to use a ClickHouse server",
            places.join(", ")
        )
    })
}

fn listen(arguments: &Arguments) -> Result<TcpListener, String> {
    let wanted = arguments.port;
    let last =
        if arguments.port_fallback && wanted != 0 { wanted.saturating_add(PORTS_TRIED) } else { wanted };
    let mut found = None;
    for port in wanted..=last {
        match TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))) {
            Ok(listener) => {
                listener.set_nonblocking(true).map_err(|error| error.to_string())?;
                return Ok(listener);
            }
            Err(error) => found = Some(error),
        }
    }
    let reason = found.map_or_else(String::new, |error| error.to_string());
    Err(format!("port {wanted} on 127.0.0.1 cannot be opened: {reason}; choose another --port"))
}

/// One line of output. Nobody may be listening, and that is no reason to stop.
fn say(out: &mut impl io::Write, line: &str) {
    let _nobody = writeln!(out, "{line}").and_then(|()| out.flush());
}
