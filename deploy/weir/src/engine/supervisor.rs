//! Watches the child and starts it again when it dies or falls silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::child::{Child, Launch};

/// How often death is looked for.
const TICK: Duration = Duration::from_millis(100);
/// How often health is asked for.
const PING_EVERY: Duration = Duration::from_secs(1);
/// How long it may be silent. Generous: a busy machine is no reason to throw running statements away.
const SILENCE_MAX: Duration = Duration::from_secs(30);
const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// A child that lived so long begins with the short pause again.
const SOUND_AFTER: Duration = Duration::from_secs(60);

/// The loop around the child.
pub(super) struct Supervisor {
    launch: Launch,
    child: Option<Child>,
    port: u16,
    pid: Arc<AtomicU32>,
    started: Instant,
    heard: Instant,
    asked: Instant,
    backoff: Duration,
}

impl Supervisor {
    /// Takes over a child that is ready.
    pub(super) fn new(launch: Launch, child: Child, pid: Arc<AtomicU32>) -> Self {
        let now = Instant::now();
        let port = child.port();
        let mut supervisor = Self {
            launch,
            child: None,
            port,
            pid,
            started: now,
            heard: now,
            asked: now,
            backoff: BACKOFF_MIN,
        };
        supervisor.adopt(child);
        supervisor
    }

    /// The port, the same for every life of the child.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Watches until the other end of `stopped` is dropped, then ends the child.
    pub(super) fn run(mut self, stopped: &Receiver<()>) {
        let mut pause = TICK;
        while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            pause = if self.is_sound() { TICK } else { self.restart() };
        }
        if let Some(child) = self.child.take() {
            child.stop();
        }
    }

    fn adopt(&mut self, child: Child) {
        let now = Instant::now();
        (self.started, self.heard, self.asked) = (now, now, now);
        self.pid.store(child.pid(), Ordering::Relaxed);
        self.child = Some(child);
    }

    /// Whether the child lives and has answered lately. Lets go of it otherwise, which kills and reaps it.
    fn is_sound(&mut self) -> bool {
        let Some(child) = &mut self.child else { return false };
        if let Some(status) = child.ended() {
            tracing::warn!(%status, "the embedded ClickHouse ended; starting it again");
            self.let_go();
            return false;
        }
        if self.asked.elapsed() >= PING_EVERY {
            let answers = child.answers();
            self.asked = Instant::now();
            if answers {
                self.heard = self.asked;
            }
        }
        if self.heard.elapsed() > SILENCE_MAX {
            tracing::warn!(
                silent_s = self.heard.elapsed().as_secs(),
                "the embedded ClickHouse is silent; starting it again"
            );
            self.let_go();
            return false;
        }
        true
    }

    fn let_go(&mut self) {
        self.child = None;
        if self.started.elapsed() > SOUND_AFTER {
            self.backoff = BACKOFF_MIN;
        }
    }

    /// Tries to start a new child on the same port; answers how long to wait before the next look.
    fn restart(&mut self) -> Duration {
        match Child::start(&self.launch, self.port, false) {
            Ok(child) => {
                tracing::info!(pid = child.pid(), port = self.port, "the embedded ClickHouse is back");
                self.adopt(child);
            }
            Err(error) => {
                tracing::warn!(%error, retry_ms = self.backoff.as_millis(), "the embedded ClickHouse does not start");
            }
        }
        let pause = self.backoff;
        self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
        pause
    }
}
