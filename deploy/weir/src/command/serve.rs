//! What every serving command shares: logging, the runtime, the data folder, and waiting for a signal.

use std::future::Future;
use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::Failure;
use crate::config::Config;

/// Starts logging to standard error, as configured. Prompts and completions are data, never log lines.
fn start_log(config: &Config) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&config.log).map_err(|error| Failure::Usage(format!("log: {error}")))?;
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    let started = if config.log_json { builder.json().try_init() } else { builder.try_init() };
    started.map_err(Failure::run)
}

/// Makes the data folder, readable by its owner only.
fn make_data_folder(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| Failure::Run(format!("the data folder {} cannot be made: {error}", path.display())))
}

/// Runs a service on a runtime of its own until it ends.
pub(super) fn on_runtime<F>(config: &Config, service: F) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    start_log(config)?;
    make_data_folder(&config.data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::run)?;
    runtime.block_on(service)
}

/// Waits for SIGTERM or SIGINT: the request to finish what is in flight and stop. SIGHUP, with which others are told to
/// read their files again, ends nothing: certificates are looked at on every handshake.
pub(super) async fn stop_requested() -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::run)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::run)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(Failure::run)?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = hang_up.recv() => tracing::info!(
                "SIGHUP: nothing to do, changed certificates are taken up by the next connection"
            ),
        }
    }
}
