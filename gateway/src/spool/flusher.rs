//! The thread that makes written data durable without making writers wait: `fdatasync` at most every 100 ms, and before
//! a sealed batch is offered for delivery.
//!
//! Why before delivery: after a power cut the tail of a file may be shorter than it was. If a batch had been sent before
//! its seal was durable, the next life could seal other records under the same token, and the archive would drop them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::batch::BatchRef;
use super::disk::Journal;
use super::queue::Shared;
use super::status::add;

/// How long relaxed data may stay in the system's memory only.
const SYNC_EVERY: Duration = Duration::from_millis(100);

/// What the flusher is told.
pub(super) enum Note {
    /// There is unsynced data in the file.
    Dirty(Arc<dyn Journal>),
    /// A seal was written to the file.
    Sealed(Arc<dyn Journal>, Box<BatchRef>),
    /// Nothing more is written to that file. Told here and not to the shelf at once: a file whose last batch is not yet on
    /// the shelf would look delivered.
    Finished(Arc<dyn Journal>, u64),
    /// Everything before this was handled.
    Reached(oneshot::Sender<()>),
}

/// Runs until the writer is gone. `dirty` is raised by the writer together with a note and lowered here before a sync.
pub(super) fn run(notes: &Receiver<Note>, dirty: &AtomicBool, shared: &Arc<Shared>) {
    let mut waiting: Option<Arc<dyn Journal>> = None;
    let mut synced = Instant::now();
    loop {
        let note = if waiting.is_some() {
            notes.recv_timeout(SYNC_EVERY.saturating_sub(synced.elapsed()))
        } else {
            notes.recv().map_err(RecvTimeoutError::from)
        };
        match note {
            Ok(Note::Dirty(journal)) => waiting = Some(journal),
            Ok(Note::Sealed(journal, batch)) => {
                dirty.store(false, Ordering::SeqCst);
                waiting = None;
                sync(journal.as_ref(), shared);
                synced = Instant::now();
                shared.shelf.add_batch(*batch, &[]);
            }
            Ok(Note::Finished(journal, segment)) => {
                sync(journal.as_ref(), shared);
                shared.shelf.finish(segment, shared.clock.now_us());
            }
            Ok(Note::Reached(done)) => drop(done.send(())),
            Err(end) => {
                dirty.store(false, Ordering::SeqCst);
                if let Some(journal) = waiting.take() {
                    sync(journal.as_ref(), shared);
                    synced = Instant::now();
                }
                if matches!(end, RecvTimeoutError::Disconnected) {
                    return;
                }
            }
        }
    }
}

/// A failed sync is told and counted, not waited for: what is written can still be read and delivered, and that is the
/// best that can be done for it.
fn sync(journal: &dyn Journal, shared: &Shared) {
    if let Err(error) = journal.sync() {
        add(&shared.counters.sync_failures, 1);
        tracing::error!(%error, "the disk could not confirm that the journal is on the medium");
    }
}
