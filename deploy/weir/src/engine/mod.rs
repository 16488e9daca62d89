//! The embedded ClickHouse as a supervised child: started, watched, restarted on its port, ended with us.
//!
//! Everything runs on one plain thread of its own. It must be a thread that lives as long as the child: the child asks the
//! kernel to be ended with the thread that started it, and threads of a runtime come and go.

mod child;
mod supervisor;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

pub(crate) use child::{Access, read_access};
use child::{Child, Launch};
use supervisor::Supervisor;
use tokio::sync::oneshot;

/// Why the embedded engine could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineError {
    /// `weir-clickhouse` is not where it belongs.
    #[error(
        "{0} is missing: it belongs beside the weir program; build it, or set WEIR_CLICKHOUSE_URL to use a server"
    )]
    NoBinary(PathBuf),
    /// The system would not start it, or a file could not be read.
    #[error("the embedded ClickHouse could not be started: {0}")]
    Io(#[from] io::Error),
    /// It started and said why it cannot go on.
    #[error("the embedded ClickHouse did not start: {0}")]
    Refused(String),
}

/// A running embedded engine. Dropped without `shutdown`, it ends the child and waits for it all the same.
#[derive(Debug)]
pub(crate) struct Engine {
    url: String,
    user: String,
    password: String,
    /// Process id of the child's current life.
    pid: Arc<AtomicU32>,
    stop: Option<mpsc::Sender<()>>,
    gone: Option<oneshot::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Starts the engine on the data folder and waits until it answers. `port` 0 takes a free one; another one is taken
    /// if free, else the next free one above.
    ///
    /// # Errors
    /// When the program or its library is missing, the folder is in use or no port is free; the text says what to do.
    pub(crate) async fn start(data: &Path, port: u16) -> Result<Self, EngineError> {
        let launch = Launch { binary: find_binary()?, library: None, data: data.to_owned() };
        Self::launch(launch, port).await
    }

    async fn launch(launch: Launch, port: u16) -> Result<Self, EngineError> {
        let data = launch.data.clone();
        let pid = Arc::<AtomicU32>::default();
        let (say_started, started) = oneshot::channel();
        let (say_gone, gone) = oneshot::channel();
        let (stop, stopped) = mpsc::channel();
        let current = Arc::clone(&pid);
        let work = move || {
            match Child::start(&launch, port, true) {
                Ok(child) => {
                    let supervisor = Supervisor::new(launch, child, current);
                    let _caller_left = say_started.send(Ok(supervisor.port()));
                    supervisor.run(&stopped);
                }
                Err(error) => {
                    let _caller_left = say_started.send(Err(error));
                }
            }
            let _nobody_waits = say_gone.send(());
        };
        let thread = thread::Builder::new().name("clickhouse".to_owned()).spawn(work)?;
        let port = started.await.map_err(|_| EngineError::Refused("its thread ended".to_owned()))??;
        let access = read_access(&data)?;
        Ok(Self {
            url: format!("http://127.0.0.1:{port}"),
            user: access.user,
            password: access.password,
            pid,
            stop: Some(stop),
            gone: Some(gone),
            thread: Some(thread),
        })
    }

    /// Where it answers. Stays the same over restarts of the child.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The one user.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// The user's password. Stays the same over starts; it stands in `clickhouse.json` of the data folder.
    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    /// Ends the child: running statements may finish for some seconds, then it is killed. Waits until it is gone.
    pub(crate) async fn shutdown(mut self) {
        tracing::info!(pid = self.pid.load(Ordering::Relaxed), "stopping the embedded ClickHouse");
        drop(self.stop.take());
        if let Some(gone) = self.gone.take() {
            let _ended_anyhow = gone.await;
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

/// Beside this program; a test binary lives one folder deeper.
fn find_binary() -> Result<PathBuf, EngineError> {
    let own = std::env::current_exe()?;
    let beside = own.with_file_name("weir-clickhouse");
    let above = own.parent().and_then(Path::parent).map(|folder| folder.join("weir-clickhouse"));
    [Some(beside.clone()), above]
        .into_iter()
        .flatten()
        .find(|path| path.is_file())
        .ok_or(EngineError::NoBinary(beside))
}

#[cfg(test)]
mod tests;
