//! What the request path shares with the spool's threads: the queue's items, its bounds, and the counters.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use weir_contract::clock::Clock;
use weir_contract::id::{RequestId, WorkspaceId};
use weir_contract::record::{GapRecord, OpenRecord, RequestRecord};
use weir_contract::sync::BatchSummary;

use super::checkpoint::Place;
use super::frame::Kind;
use super::sealer::Facts;
use super::shelf::Shelf;
use super::status::Counters;
use super::{SpoolConfig, SpoolError};

/// How a waiter learns what became of its record.
pub(super) type Done = oneshot::Sender<Result<(), SpoolError>>;

/// Something for the writer.
pub(super) enum Item {
    /// A request was admitted.
    Open { record: Box<OpenRecord>, weight: u64, done: Option<Done> },
    /// A request has ended.
    Close { record: Box<RequestRecord>, weight: u64, done: Option<Done> },
    /// Bodies, encoded.
    Body { payload: Vec<u8>, raw_bytes: u64, workspace: WorkspaceId, started_at_us: i64, weight: u64 },
    /// A sum of requests that had no room.
    Gap(Box<GapRecord>),
    /// Requests whose end is in such a sum.
    Void(Vec<RequestId>),
    /// Seal what is pending, then say so.
    Settle(oneshot::Sender<()>),
    /// Seal what is pending, then end.
    Stop,
}

impl Item {
    /// Encodes the payload and says what it adds to the batch.
    pub(super) fn encode(&self, scratch: &mut Vec<u8>) -> Option<(Kind, Option<Facts>)> {
        scratch.clear();
        match self {
            Self::Open { record, .. } => {
                postcard::to_io(&**record, scratch).ok()?;
                Some((Kind::Open, None))
            }
            Self::Close { record, .. } => {
                postcard::to_io(&**record, &mut *scratch).ok()?;
                Some((Kind::Close, Some(Facts::of_close(record, scratch.len() as u64))))
            }
            Self::Body { payload, raw_bytes, started_at_us, .. } => {
                scratch.extend_from_slice(payload);
                Some((Kind::Body, Some(Facts::of_body(*started_at_us, *raw_bytes))))
            }
            Self::Gap(record) => {
                postcard::to_io(&**record, &mut *scratch).ok()?;
                Some((Kind::Gap, Some(Facts::of_gap(record, scratch.len() as u64))))
            }
            Self::Void(requests) => {
                postcard::to_io(requests, scratch).ok()?;
                Some((Kind::Void, None))
            }
            Self::Settle(_) | Self::Stop => None,
        }
    }
}

/// Sums of the newest batches, made by the writer as it wrote them, so that the books need not read them back. Only a few:
/// books that are behind read the disk.
#[derive(Default)]
pub(super) struct NewestSums(Mutex<VecDeque<(Place, BatchSummary)>>);

impl NewestSums {
    const MOST: usize = 8;

    /// Leaves the sum of a batch.
    pub(super) fn leave(&self, place: Place, sum: BatchSummary) {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if left.len() == Self::MOST {
            left.pop_front();
        }
        left.push_back((place, sum));
    }

    /// Takes the sum of that batch, and forgets those before it.
    pub(super) fn take(&self, place: Place) -> Option<BatchSummary> {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while left.front().is_some_and(|(front, _)| *front < place) {
            left.pop_front();
        }
        left.pop_front_if(|(front, _)| *front == place).map(|(_, sum)| sum)
    }
}

/// What all parts of the spool share.
pub(super) struct Shared {
    pub(super) config: SpoolConfig,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) counters: Counters,
    pub(super) shelf: Shelf,
    pub(super) sums: NewestSums,
    /// Bytes in the queues.
    queue_bytes: AtomicU64,
    /// Whether the journal cannot be written at the moment.
    pub(super) full: AtomicBool,
    /// Requests whose `open` is on disk and whose `close` is not. Locked once per group by the writer, never by a request.
    opens: Mutex<HashMap<RequestId, Box<OpenRecord>>>,
}

/// From how full the disk share is bodies are left out, in thousandths of `bytes_max`.
const SHED_NEW_BODIES: u64 = 800;
/// From how full even bodies already waiting are left out: the rest is for rows.
const SHED_ALL_BODIES: u64 = 950;

impl Shared {
    pub(super) fn new(config: SpoolConfig, clock: Arc<dyn Clock>, shelf: Shelf) -> Self {
        Self {
            config,
            clock,
            counters: Counters::default(),
            shelf,
            sums: NewestSums::default(),
            queue_bytes: AtomicU64::new(0),
            full: AtomicBool::new(false),
            opens: Mutex::default(),
        }
    }

    /// Bytes waiting in memory.
    pub(super) fn queue_bytes(&self) -> u64 {
        self.queue_bytes.load(Relaxed)
    }

    /// Counts bytes into the queue.
    pub(super) fn acquire(&self, weight: u64) {
        self.queue_bytes.fetch_add(weight, Relaxed);
    }

    /// Counts bytes out of the queue.
    pub(super) fn release(&self, weight: u64) {
        self.queue_bytes.fetch_sub(weight, Relaxed);
    }

    /// Whether a body of that weight must be left out now.
    pub(super) fn must_shed(&self, weight: u64) -> bool {
        self.full.load(Relaxed)
            || self.queue_bytes() + weight > self.config.queue_bytes_max
            || self.fill() >= SHED_NEW_BODIES
    }

    /// Whether a body that already waits must be left out.
    pub(super) fn must_shed_waiting(&self) -> bool {
        self.fill() >= SHED_ALL_BODIES
    }

    /// Undelivered bytes on disk, in thousandths of what is allowed.
    fn fill(&self) -> u64 {
        self.shelf.undelivered_bytes().saturating_mul(1000) / self.config.bytes_max.max(1)
    }

    /// The open requests.
    pub(super) fn opens(&self) -> MutexGuard<'_, HashMap<RequestId, Box<OpenRecord>>> {
        self.opens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
