//! Brings sealed batches to one sink, in order, each as long as it takes: back-off from 0.2 s to 30 s, forever. The
//! checkpoint moves only when the sink has acknowledged all of a batch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::batch::{self, Batch, BatchRef};
use super::checkpoint::{self, Checkpoint};
use super::queue::Shared;
use super::shelf::Sink;
use super::status::add;

/// How often an unchanged complaint is repeated in the log.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);

/// How often delivered files are looked at while nothing happens.
const TIDY_EVERY: Duration = Duration::from_secs(30);

/// Most memory kept between two batches, bytes: a batch is hardly ever larger.
const SPARE_BYTES_MAX: usize = 16 << 20;

/// Times between attempts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    pub(super) first: Duration,
    pub(super) most: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(200), most: Duration::from_secs(30) }
    }
}

/// Why a batch could not be delivered. It is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) error: String,
    /// Whether the sink may have taken it all the same.
    pub(super) uncertain: bool,
}

impl Failure {
    /// The sink surely does not have it.
    pub(super) fn certain(error: String) -> Self {
        Self { error, uncertain: false }
    }

    /// The sink may have it.
    pub(super) fn uncertain(error: String) -> Self {
        Self { error, uncertain: true }
    }
}

/// What a sink may use while it delivers.
pub(super) struct Progress<'a> {
    pub(super) shared: &'a Shared,
    pub(super) checkpoint: &'a mut Checkpoint,
    /// Whether an earlier attempt may have been taken.
    pub(super) uncertain: bool,
}

impl Progress<'_> {
    /// Remembers that the table's rows are being sent in halves, before the first half is sent.
    pub(super) fn begin_halving(&mut self, sink: &str, table: &str) -> Result<(), Failure> {
        if self.is_halving(table) {
            return Ok(());
        }
        self.checkpoint.halving.push(table.to_owned());
        checkpoint::save(self.shared.shelf.dir(), sink, self.checkpoint)
            .map_err(|error| Failure::certain(format!("the checkpoint could not be written: {error}")))
    }

    /// Whether the table's rows are being sent in halves.
    pub(super) fn is_halving(&self, table: &str) -> bool {
        self.checkpoint.halving.iter().any(|name| name == table)
    }
}

/// A place batches go to. Later ones (object storage) have the same shape.
pub(super) trait Deliver {
    /// Which of the sinks it is.
    const SINK: Sink;
    /// Its name in files, logs and errors.
    const NAME: &'static str;
    /// Whether it wants bodies.
    const WITH_BODIES: bool;

    /// Delivers a batch whole. `Ok` means it is there for good.
    async fn deliver(&mut self, batch: &Batch, progress: &mut Progress<'_>) -> Result<(), Failure>;
}

/// The loop around a sink.
pub(super) struct Courier<D> {
    sink: D,
    shared: Arc<Shared>,
    backoff: Backoff,
    checkpoint: Checkpoint,
    changes: watch::Receiver<u64>,
    complained: Option<(String, Instant)>,
    /// Memory of the last batch, for the next.
    spare: Vec<u8>,
}

impl<D: Deliver> Courier<D> {
    pub(super) fn new(sink: D, shared: Arc<Shared>, backoff: Backoff, checkpoint: Checkpoint) -> Self {
        let changes = shared.shelf.changes();
        Self { sink, shared, backoff, checkpoint, changes, complained: None, spare: Vec::new() }
    }

    /// Delivers until told to stop.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let work = async {
            while let Some(batch) = self.next().await {
                self.bring(&batch).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
    }

    async fn next(&mut self) -> Option<Arc<BatchRef>> {
        loop {
            self.changes.mark_unchanged();
            if let Some(batch) = self.shared.shelf.next(D::SINK, self.checkpoint.done) {
                return Some(batch);
            }
            match tokio::time::timeout(TIDY_EVERY, self.changes.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => self.shared.shelf.tidy_up(self.shared.clock.now_us()),
            }
        }
    }

    /// Delivers one batch, however long it takes, and moves the checkpoint.
    async fn bring(&mut self, batch: &BatchRef) {
        let mut wait = self.backoff.first;
        let mut uncertain = batch.recovered;
        let mut read = None;
        let mut attempt;
        loop {
            attempt = Instant::now();
            let shared = Arc::clone(&self.shared);
            let result = match self.read(batch, &mut read) {
                Ok(Some(batch)) => {
                    let checkpoint = &mut self.checkpoint;
                    let mut progress = Progress { shared: &shared, checkpoint, uncertain };
                    self.sink.deliver(batch, &mut progress).await
                }
                Ok(None) => Ok(()),
                Err(failure) => Err(failure),
            };
            let Err(failure) = result else { break };
            uncertain |= failure.uncertain;
            add(&self.shared.counters.retries, 1);
            self.complain(batch, &failure.error);
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(self.backoff.most);
        }
        self.done(batch, attempt.elapsed());
        self.spare = read.flatten().map(Batch::into_bytes).unwrap_or_default();
        self.spare.shrink_to(SPARE_BYTES_MAX);
    }

    /// The batch's records; `None` when its file is gone and nothing can be delivered any more.
    fn read<'r>(
        &mut self,
        batch: &BatchRef,
        slot: &'r mut Option<Option<Batch>>,
    ) -> Result<Option<&'r Batch>, Failure> {
        if slot.is_none() {
            let path = self.shared.shelf.path_of(batch);
            let sum = if D::SINK == Sink::Books { self.shared.sums.take(batch.place()) } else { None };
            let memory = std::mem::take(&mut self.spare);
            let summed = sum.map(|sum| Ok(Batch::of_sum(sum)));
            let read = match summed.unwrap_or_else(|| batch::read(&path, batch, D::WITH_BODIES, memory)) {
                Ok(read) => Some(read),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => {
                    let error = format!("the journal file {} cannot be read: {error}", path.display());
                    return Err(Failure::certain(error));
                }
            };
            if read.as_ref().is_none_or(|read| read.damaged) {
                // Damage found at the start is counted there, and only one sink counts what is found later.
                add(
                    &self.shared.counters.quarantined,
                    u64::from(!batch.recovered && D::SINK == Sink::Archive),
                );
                tracing::error!(
                    batch = %batch.seal.batch, sink = D::NAME, path = %path.display(),
                    "a sealed batch is damaged or gone from the disk: what is readable is delivered"
                );
            }
            *slot = Some(read);
        }
        Ok(slot.as_ref().and_then(Option::as_ref))
    }

    fn complain(&mut self, batch: &BatchRef, error: &str) {
        self.shared.counters.set_error(D::NAME, error);
        let recent = |(text, since): &(String, Instant)| text == error && since.elapsed() < COMPLAIN_EVERY;
        if !self.complained.as_ref().is_some_and(recent) {
            let waiting = self.shared.shelf.backlog(D::SINK).0;
            tracing::warn!(
                sink = D::NAME, batch = %batch.seal.batch, waiting, error,
                "a batch could not be delivered; it stays on disk and is tried again"
            );
            self.complained = Some((error.to_owned(), Instant::now()));
        }
    }

    fn done(&mut self, batch: &BatchRef, took: Duration) {
        self.shared.counters.set_error(D::NAME, "");
        if D::SINK == Sink::Archive {
            add(&self.shared.counters.archive_batches, 1);
            add(&self.shared.counters.archive_us, u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
            add(&self.shared.counters.delivered, batch.seal.calls);
        }
        self.checkpoint = Checkpoint { done: Some(batch.place()), halving: Vec::new() };
        // Going on without it is safe: what is delivered again is not counted again.
        if let Err(error) = checkpoint::save(self.shared.shelf.dir(), D::NAME, &self.checkpoint) {
            tracing::warn!(sink = D::NAME, %error, "a checkpoint could not be written");
        }
        self.shared.shelf.acknowledge(D::SINK, batch.place(), self.shared.clock.now_us());
    }
}
