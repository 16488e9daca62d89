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
//! | `start`, `queue` | the threads, and what the request path shares with them |
//! | `writer`, `tempo`, `full`, `bodies`, `flusher` | the threads: rows and how they gather, what to do without room, bodies, `fdatasync` |
//! | `recover` | what the last life of the gateway left behind |
//! | `batch`, `view`, `shelf`, `checkpoint` | sealed batches waiting, their records where they stand, files and their release, how far each sink is |
//! | `courier`, `archive`, `rows`, `dead`, `books` | delivery: retry forever, the archive's tables, rows it refuses, the books |
//! | `status`, [`bench`] | counters; how fast it is |

mod archive;
mod batch;
pub mod bench;
mod bodies;
mod books;
mod checkpoint;
pub mod config;
mod courier;
mod dead;
mod disk;
mod flusher;
mod frame;
mod full;
mod gap;
mod queue;
mod recover;
mod rows;
mod sealer;
mod segment;
mod shelf;
mod start;
mod status;
mod summary;
mod tempo;
#[cfg(test)]
mod tests;
mod view;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use thiserror::Error;
use tokio::sync::oneshot;
use weir_contract::clock::Clock;
use weir_contract::id::{GatewayId, Incarnation, KeyId};
use weir_contract::money::Money;
use weir_contract::record::{BodyRecord, BodyState, CallRecord, OpenRecord, RequestRecord};
use weir_contract::sync::{BatchSummary, OpenHold};

use bodies::Work;
use courier::Backoff;
use disk::LocalDisk;
use queue::Item;
use shelf::Sink;
use start::{Parts, Threads};
use writer::Pace;

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
    #[error(
        "the spool folder {0} is in use by another running gateway: give each gateway a folder of its own"
    )]
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

impl SpoolError {
    fn disk(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Disk { action, path: path.display().to_string(), source }
    }

    fn writing(path: &Path, source: std::io::Error) -> Self {
        Self::disk("write", path, source)
    }
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

/// The spool's handle; cheap to clone. Without [`Spool::shutdown`] the threads end with the last handle, and what is not
/// delivered by then is delivered by the next start.
#[derive(Clone)]
pub struct Spool {
    threads: Arc<Threads>,
}

impl Spool {
    /// Recovers what the last life left and starts the spool's threads.
    pub fn start(
        config: SpoolConfig,
        archive: ArchiveConfig,
        gateway: GatewayId,
        incarnation: Incarnation,
        clock: Arc<dyn Clock>,
        books: Arc<dyn Books>,
        extract: Extract,
    ) -> Result<Self, SpoolError> {
        let parts = Parts {
            config,
            archive,
            gateway,
            incarnation,
            clock,
            books,
            extract,
            disk: Arc::new(LocalDisk),
            pace: Pace::default(),
            backoff: Backoff::default(),
        };
        Ok(Self { threads: Arc::new(start::start(parts)?) })
    }

    /// Whether a request may be admitted: refuses only under `when_full = "reject"` while the journal cannot be written.
    pub fn admission(&self) -> Result<(), SpoolFull> {
        let shared = &self.threads.shared;
        let full = shared.full.load(Relaxed) || shared.queue_bytes() > shared.config.queue_bytes_max;
        if full && shared.config.when_full == WhenFull::Reject { Err(SpoolFull) } else { Ok(()) }
    }

    /// Writes the hold of an admitted request; returns once it is written. Nothing is dispatched before.
    ///
    /// Errs with [`SpoolError::Full`] under `when_full = "reject"` and with [`SpoolError::Stopped`] after a shutdown.
    pub async fn open(&self, record: OpenRecord) -> Result<(), SpoolError> {
        let (done, written) = oneshot::channel();
        let weight = OPEN_WEIGHT;
        self.threads.send(Item::Open { record: Box::new(record), weight, done: Some(done) }, weight)?;
        written.await.map_err(|_| SpoolError::Stopped)?
    }

    /// Writes the end of a request; returns once it is written. The answer's last byte leaves after this.
    ///
    /// The record is safe from the first poll on: dropping the future does not take it back. Under pressure bodies are left
    /// out and the record says so. Errs as [`Spool::open`]; the record is then still kept, in memory, until there is room.
    pub async fn close(&self, closing: Closing) -> Result<(), SpoolError> {
        self.submit(closing)?.await.map_err(|_| SpoolError::Stopped)?
    }

    /// The same without waiting: for an exchange that is being dropped and has nobody left to answer.
    pub fn close_detached(&self, closing: Closing) -> Result<(), SpoolError> {
        self.submit(closing).map(drop)
    }

    fn submit(&self, closing: Closing) -> Result<oneshot::Receiver<Result<(), SpoolError>>, SpoolError> {
        let Closing { mut record, bodies } = closing;
        let shared = &self.threads.shared;
        if record.calls.is_empty() {
            // Every request has one final row.
            let (started_at_us, outcome) = (record.started_at_us, record.outcome);
            record.calls.push(CallRecord { started_at_us, outcome, ..CallRecord::default() });
        }
        let weights: Vec<u64> = bodies.iter().map(bodies::weight).collect();
        let shed = !bodies.is_empty() && shared.must_shed(weights.iter().sum());
        if shed {
            record.body_state = BodyState::Shed;
            shared.counters.shed(&record.workspace, bodies.len() as u64);
        } else {
            for (bodies, weight) in bodies.into_iter().zip(weights) {
                self.threads.send_body(Work::new(&record, bodies, weight), weight)?;
            }
        }
        let (done, written) = oneshot::channel();
        let weight = close_weight(&record);
        self.threads.send(Item::Close { record, weight, done: Some(done) }, weight)?;
        Ok(written)
    }

    /// Holds of requests in flight.
    #[must_use]
    pub fn holds(&self) -> Vec<OpenHold> {
        let hold = |open: &OpenRecord| OpenHold {
            request_id: open.request_id,
            amount: open.hold,
            budgets: open.budgets.clone(),
            since_us: open.started_at_us,
        };
        self.threads.shared.opens().values().map(|open| hold(open)).collect()
    }

    /// What is held for requests of that key.
    #[must_use]
    pub fn held_by(&self, key: &KeyId) -> Money {
        let opens = self.threads.shared.opens();
        let of_key = opens.values().filter(|open| open.key == *key).map(|open| open.hold);
        of_key.fold(Money::ZERO, |sum, hold| sum.checked_add(hold).unwrap_or(sum))
    }

    /// How the spool is.
    #[must_use]
    pub fn status(&self) -> SpoolStatus {
        let shared = &self.threads.shared;
        let (archive_lag, archive_oldest) = shared.shelf.backlog(Sink::Archive);
        let (books_lag, books_oldest) = shared.shelf.backlog(Sink::Books);
        let oldest_us = archive_oldest.into_iter().chain(books_oldest).min();
        let age_us = oldest_us.map_or(0, |oldest_us| shared.clock.now_us().saturating_sub(oldest_us));
        let mut status = SpoolStatus {
            bytes: shared.shelf.waiting_bytes(),
            oldest_ms: u64::try_from(age_us / 1000).unwrap_or(0),
            queue_bytes: shared.queue_bytes(),
            full: shared.full.load(Relaxed),
            open: shared.opens().len() as u64,
            archive_lag,
            books_lag,
            ..SpoolStatus::default()
        };
        shared.counters.fill(&mut status);
        status
    }

    /// Seals what is left, delivers as much as the deadline allows, and stops. What is left stays on disk.
    pub async fn shutdown(&self, deadline: Duration) {
        self.threads.shutdown(deadline).await;
    }
}

/// What an open record counts in the queue, bytes.
const OPEN_WEIGHT: u64 = 512;

/// What a close record counts in the queue, bytes: roughly what it takes in memory.
fn close_weight(record: &RequestRecord) -> u64 {
    let text = record.params.len() + record.prompt_preview.len() + record.response_preview.len();
    (size_of::<RequestRecord>() + record.calls.len() * (size_of::<CallRecord>() + 512) + text) as u64
}
