//! What every exchange shares: one value, made at the start, never locked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use weir_contract::clock::{Clock, Randomness};
use weir_contract::id::{GatewayId, Incarnation};
use weir_contract::sync::GatewayStatus;

use crate::certificate::Certificate;
use crate::config::GatewayConfig;
use crate::owners::Owners;
use crate::policy::Running;
use crate::policy::control::ControlClient;
use crate::spool::Spool;
use crate::telemetry::Metrics;

/// The parts an exchange may ask for.
pub(crate) struct Handles {
    /// What the operator decided.
    pub(crate) config: GatewayConfig,
    /// This gateway's stable name.
    pub(crate) gateway: GatewayId,
    /// This life of it.
    pub(crate) incarnation: Incarnation,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Randomness.
    pub(crate) random: Arc<dyn Randomness>,
    /// The policy in force.
    pub(crate) running: Running,
    /// The journal.
    pub(crate) spool: Spool,
    /// The counters.
    pub(crate) metrics: Arc<Metrics>,
    /// The way to the control plane.
    pub(crate) control: ControlClient,
    /// Work that outlives its connection: draining upstream answers, closing records.
    pub(crate) tasks: TaskTracker,
    /// Sessions over WebSockets: they outlive the request that opened them.
    pub(crate) sessions: TaskTracker,
    /// Where such work runs, also when it is started while a connection is torn down.
    pub(crate) runtime: Handle,
    /// Which endpoint keeps which response, file and batch.
    pub(crate) owners: Owners,
    drains: Arc<Semaphore>,
    /// Where clients reach this gateway.
    pub(crate) address: String,
    /// Its own certificate, when it speaks TLS.
    pub(crate) certificate: Option<Arc<Certificate>>,
    /// The control plane asked for it, and may take it back.
    drained: AtomicBool,
    stopping: AtomicBool,
    hurried: CancellationToken,
}

/// What [`Handles::new`] is made of.
pub(crate) struct Parts {
    pub(crate) config: GatewayConfig,
    pub(crate) gateway: GatewayId,
    pub(crate) incarnation: Incarnation,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Randomness>,
    pub(crate) spool: Spool,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) control: ControlClient,
    pub(crate) address: String,
    pub(crate) certificate: Option<Arc<Certificate>>,
}

impl Handles {
    /// Puts the parts together. Must be called on the runtime the gateway runs on.
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        let Parts {
            config,
            gateway,
            incarnation,
            clock,
            random,
            spool,
            metrics,
            control,
            address,
            certificate,
        } = parts;
        let drains = Arc::new(Semaphore::new(config.limits.drains_max));
        Arc::new(Self {
            config,
            gateway,
            incarnation,
            clock,
            random,
            running: Running::default(),
            spool,
            metrics,
            control,
            tasks: TaskTracker::new(),
            sessions: TaskTracker::new(),
            runtime: Handle::current(),
            owners: Owners::default(),
            drains,
            address,
            certificate,
            drained: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            hurried: CancellationToken::new(),
        })
    }

    /// Whether the control plane wants new requests refused.
    pub(crate) fn set_drained(&self, drained: bool) {
        self.drained.store(drained, Ordering::Relaxed);
    }

    /// Whether the control plane wants new requests refused.
    pub(crate) fn is_drained(&self) -> bool {
        self.drained.load(Ordering::Relaxed)
    }

    /// From now on new requests are refused, for good.
    pub(crate) fn start_stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether new requests are refused: the gateway is drained or about to stop.
    pub(crate) fn is_draining(&self) -> bool {
        self.is_drained() || self.stopping.load(Ordering::Relaxed)
    }

    /// From now on no upstream answer is read for a client that left, and sessions end: there is no time.
    pub(crate) fn hurry(&self) {
        self.hurried.cancel();
    }

    /// Waits until there is no time left.
    pub(crate) async fn hurried(&self) {
        self.hurried.cancelled().await;
    }

    /// Leave to read an upstream answer for a client that left; `None` when there is no room or no time.
    pub(crate) fn drain_permit(&self) -> Option<OwnedSemaphorePermit> {
        let in_time = !self.hurried.is_cancelled();
        in_time.then(|| Arc::clone(&self.drains).try_acquire_owned().ok()).flatten()
    }

    /// Why the files of its certificate as they are now cannot be used.
    pub(crate) fn certificate_refused(&self) -> Option<String> {
        self.certificate.as_ref().and_then(|certificate| certificate.refused())
    }

    /// How the gateway is.
    pub(crate) fn status(&self) -> GatewayStatus {
        let spool = self.spool.status();
        GatewayStatus {
            revision: self.running.revision(),
            spool_bytes: spool.bytes,
            spool_oldest_ms: spool.oldest_ms,
            archive_batches: spool.archive_lag,
            books_batches: spool.books_lag,
            dead_rows: spool.dead,
            archive_error: spool.archive_error,
            books_error: spool.books_error,
            in_flight: u64::try_from(self.metrics.in_flight.get()).unwrap_or(0),
            draining: self.is_draining(),
            address: self.address.clone(),
        }
    }
}
