//! The journal's files and the sealed batches in them: who has acknowledged what, and when a file may go.
//!
//! A file goes when every sink has acknowledged every batch in it, and then only after a while: an archive that loses its
//! last seconds in a power cut gets them again, and its tokens make that harmless.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::batch::BatchRef;
use super::checkpoint::Place;
use super::{SpoolConfig, segment};

/// A sink, as a bit in the set of those that have acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sink {
    /// The archive's tables.
    Archive = 1,
    /// The books.
    Books = 2,
}

const ALL_SINKS: u8 = Sink::Archive as u8 | Sink::Books as u8;

/// The files and batches of one spool.
pub(super) struct Shelf {
    dir: PathBuf,
    retain_us: i64,
    retain_bytes: u64,
    inner: Mutex<Inner>,
    undelivered: AtomicU64,
    /// Changes whenever a batch is added or acknowledged.
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    files: BTreeMap<u64, Shelved>,
    waiting: BTreeMap<Place, Waiting>,
}

struct Shelved {
    bytes: u64,
    damaged: bool,
    /// Whether nothing more is written to it.
    finished: bool,
    delivered_at_us: Option<i64>,
}

struct Waiting {
    batch: Arc<BatchRef>,
    acknowledged: u8,
}

impl Shelf {
    pub(super) fn new(config: &SpoolConfig) -> Self {
        Self {
            dir: config.dir.clone(),
            retain_us: i64::try_from(config.retain_seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX),
            retain_bytes: config.retain_bytes,
            inner: Mutex::default(),
            undelivered: AtomicU64::new(0),
            changed: watch::Sender::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Undelivered bytes on disk.
    pub(super) fn undelivered_bytes(&self) -> u64 {
        self.undelivered.load(Relaxed)
    }

    /// A file is being written to or was found.
    pub(super) fn add_file(&self, segment: u64, bytes: u64, damaged: bool, finished: bool) {
        let file = Shelved { bytes, damaged, finished, delivered_at_us: None };
        self.lock().files.insert(segment, file);
        self.undelivered.fetch_add(bytes, Relaxed);
    }

    /// The file has grown.
    pub(super) fn grow(&self, segment: u64, bytes: u64) {
        if let Some(file) = self.lock().files.get_mut(&segment) {
            file.bytes += bytes;
            self.undelivered.fetch_add(bytes, Relaxed);
        }
    }

    /// Nothing more is written to the file.
    pub(super) fn finish(&self, segment: u64, now_us: i64) {
        let mut inner = self.lock();
        if let Some(file) = inner.files.get_mut(&segment) {
            file.finished = true;
        }
        self.settle(&mut inner, segment, now_us);
        self.tidy(&mut inner, now_us, self.retain_bytes);
    }

    /// A batch is sealed and durable. `acknowledged` by those sinks in an earlier life.
    pub(super) fn add_batch(&self, batch: BatchRef, acknowledged: &[Sink]) {
        let acknowledged = acknowledged.iter().fold(0, |set, sink| set | *sink as u8);
        if acknowledged != ALL_SINKS {
            let waiting = Waiting { batch: Arc::new(batch), acknowledged };
            self.lock().waiting.insert(waiting.batch.place(), waiting);
        }
        self.changed.send_modify(|count| *count += 1);
    }

    /// Changes whenever a batch is added or acknowledged.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The next batch the sink has to deliver.
    pub(super) fn next(&self, sink: Sink, after: Option<Place>) -> Option<Arc<BatchRef>> {
        let inner = self.lock();
        let from = after.map_or(Unbounded, Excluded);
        let mut waiting = inner.waiting.range((from, Unbounded)).map(|(_, waiting)| waiting);
        waiting
            .find(|waiting| waiting.acknowledged & sink as u8 == 0)
            .map(|waiting| Arc::clone(&waiting.batch))
    }

    /// The sink has delivered the batch for good.
    pub(super) fn acknowledge(&self, sink: Sink, place: Place, now_us: i64) {
        let mut inner = self.lock();
        let Some(waiting) = inner.waiting.get_mut(&place) else { return };
        waiting.acknowledged |= sink as u8;
        if waiting.acknowledged == ALL_SINKS {
            inner.waiting.remove(&place);
            self.settle(&mut inner, place.0, now_us);
            self.tidy(&mut inner, now_us, self.retain_bytes);
        }
        drop(inner);
        self.changed.send_modify(|count| *count += 1);
    }

    /// Marks a finished file without waiting batches as delivered.
    fn settle(&self, inner: &mut Inner, segment: u64, now_us: i64) {
        let waits = inner.waiting.range((segment, 0)..=(segment, u32::MAX)).next().is_some();
        if let Some(file) = inner.files.get_mut(&segment)
            && file.finished
            && !waits
            && file.delivered_at_us.is_none()
        {
            file.delivered_at_us = Some(now_us);
            self.undelivered.fetch_sub(file.bytes, Relaxed);
        }
    }

    /// Deletes delivered files, oldest first: those kept long enough, and what exceeds `keep` bytes.
    fn tidy(&self, inner: &mut Inner, now_us: i64, keep: u64) {
        let delivered = |file: &Shelved| file.delivered_at_us.is_some() && !file.damaged;
        let mut bytes: u64 = inner.files.values().filter(|file| delivered(file)).map(|file| file.bytes).sum();
        let (dir, retain_us) = (&self.dir, self.retain_us);
        let mut blocked = false;
        inner.files.retain(|segment, file| {
            let Some(since_us) = file.delivered_at_us.filter(|_| !blocked) else {
                // A later file may hold the end of a request that began in this one: strictly oldest first.
                blocked = true;
                return true;
            };
            if file.damaged {
                return false; // stays on disk for whoever looks into it
            }
            let goes = now_us.saturating_sub(since_us) >= retain_us || bytes > keep;
            blocked |= !goes;
            if goes {
                bytes -= file.bytes;
                let path = segment::path(dir, *segment);
                if let Err(error) = std::fs::remove_file(&path) {
                    tracing::warn!(path = %path.display(), %error, "a delivered journal file could not be deleted");
                }
            }
            !goes
        });
    }

    /// Deletes delivered files that have been kept long enough.
    pub(super) fn tidy_up(&self, now_us: i64) {
        self.tidy(&mut self.lock(), now_us, self.retain_bytes);
    }

    /// Deletes every delivered file: the disk is full.
    pub(super) fn drop_delivered(&self, now_us: i64) {
        self.tidy(&mut self.lock(), now_us, 0);
    }

    /// Where the batch's file lies.
    pub(super) fn path_of(&self, batch: &BatchRef) -> PathBuf {
        let damaged = self.lock().files.get(&batch.segment).is_some_and(|file| file.damaged);
        if damaged {
            segment::damaged_path(&self.dir, batch.segment)
        } else {
            segment::path(&self.dir, batch.segment)
        }
    }

    /// Bytes of batches some sink has not acknowledged.
    pub(super) fn waiting_bytes(&self) -> u64 {
        self.lock().waiting.values().map(|waiting| waiting.batch.to - waiting.batch.from).sum()
    }

    /// How many batches the sink has before it, and when the oldest of them was sealed, µs UTC.
    pub(super) fn backlog(&self, sink: Sink) -> (u64, Option<i64>) {
        let inner = self.lock();
        let mut waiting = inner.waiting.values().filter(|waiting| waiting.acknowledged & sink as u8 == 0);
        let first = waiting.next();
        let oldest = first.map(|waiting| waiting.batch.seal.sealed_at_us);
        (u64::from(first.is_some()) + waiting.count() as u64, oldest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_contract::record::SealRecord;

    fn shelf_with(files: &[u64], config: &SpoolConfig) -> Shelf {
        let shelf = Shelf::new(config);
        for segment in files {
            std::fs::write(segment::path(&config.dir, *segment), b"x").unwrap();
            shelf.add_file(*segment, 100, false, false);
            shelf.add_batch(batch(*segment), &[]);
            shelf.finish(*segment, 0);
        }
        shelf
    }

    fn batch(segment: u64) -> BatchRef {
        let seal = SealRecord::default();
        BatchRef { segment, number: 0, from: 0, to: 0, salt: 0, seal, recovered: false }
    }

    fn left(config: &SpoolConfig) -> usize {
        segment::list(&config.dir).unwrap().len()
    }

    #[test]
    fn a_file_goes_only_after_every_sink_has_all_of_it_and_the_time_is_up() {
        let dir = tempfile::tempdir().unwrap();
        let config = SpoolConfig { dir: dir.path().to_owned(), retain_seconds: 10, ..SpoolConfig::default() };
        let shelf = shelf_with(&[1, 2], &config);
        shelf.acknowledge(Sink::Archive, (1, 0), 0);
        shelf.tidy_up(1_000_000_000);
        assert_eq!((left(&config), shelf.undelivered_bytes()), (2, 200), "the books do not have it yet");
        shelf.acknowledge(Sink::Books, (1, 0), 0);
        assert_eq!((left(&config), shelf.undelivered_bytes()), (2, 100), "delivered, kept for a replay");
        shelf.tidy_up(10_000_000);
        assert_eq!(left(&config), 1);
        assert_eq!(shelf.next(Sink::Archive, Some((1, 0))).unwrap().place(), (2, 0));
    }

    #[test]
    fn a_full_disk_takes_the_delivered_files_first() {
        let dir = tempfile::tempdir().unwrap();
        let config = SpoolConfig { dir: dir.path().to_owned(), ..SpoolConfig::default() };
        let shelf = shelf_with(&[1, 2, 3], &config);
        for segment in [1, 3] {
            shelf.acknowledge(Sink::Archive, (segment, 0), 0);
            shelf.acknowledge(Sink::Books, (segment, 0), 0);
        }
        shelf.drop_delivered(0);
        assert_eq!(
            left(&config),
            2,
            "a file behind an undelivered one stays: it may hold ends of what began there"
        );
    }
}
