//! Putting the spool together and taking it apart: lock the folder, recover, start the threads, end them in order.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use weir_contract::clock::Clock;
use weir_contract::id::{GatewayId, Incarnation};

use super::archive::Archive;
use super::bodies::{self, Job, Work};
use super::books::BooksSink;
use super::courier::{Backoff, Courier};
use super::disk::Disk;
use super::queue::{Item, Shared};
use super::recover::{self, Recovered, Tail};
use super::shelf::{Shelf, Sink};
use super::status::add;
use super::writer::{Active, Beginning, Pace, Writer};
use super::{ArchiveConfig, Books, Extract, SpoolConfig, SpoolError, archive, books, checkpoint, flusher};

/// Everything a spool is made of.
pub(super) struct Parts {
    pub(super) config: SpoolConfig,
    pub(super) archive: ArchiveConfig,
    pub(super) gateway: GatewayId,
    pub(super) incarnation: Incarnation,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) books: Arc<dyn Books>,
    pub(super) extract: Extract,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) pace: Pace,
    pub(super) backoff: Backoff,
}

/// The running spool behind its handles.
pub(super) struct Threads {
    pub(super) shared: Arc<Shared>,
    writer: Sender<Item>,
    bodies: Sender<Job>,
    /// Ends delivery.
    stop: CancellationToken,
    /// Whether there is an archive to deliver to.
    has_archive: bool,
    handles: Mutex<Vec<JoinHandle<()>>>,
}

/// Starts a spool.
pub(super) fn start(parts: Parts) -> Result<Threads, SpoolError> {
    parts.config.check()?;
    let dir = parts.config.dir.clone();
    std::fs::create_dir_all(&dir).map_err(|source| SpoolError::disk("create", &dir, source))?;
    let lock = lock(&dir)?;
    let archive_done = checkpoint::load(&dir, archive::NAME);
    let books_done = checkpoint::load(&dir, books::NAME);
    let done = [(Sink::Archive, archive_done.done), (Sink::Books, books_done.done)];
    let mut recovered = recover::recover(&dir, &done)?;
    let shelf = Shelf::new(&parts.config);
    let shared = Arc::new(Shared::new(parts.config, Arc::clone(&parts.clock), shelf));
    let active = reopen(&shared, parts.disk.as_ref(), recovered.tail.take())?;
    let first = shelve(&shared, &mut recovered, active.as_ref().map(|(active, _)| active.segment));

    let (writer_queue, writer_items) = channel();
    let (bodies_queue, bodies_jobs) = channel();
    let (flusher_queue, flusher_notes) = channel();
    let dirty = Arc::new(AtomicBool::new(false));
    let (active, mark) = active.map_or_else(Default::default, |(active, mark)| (Some(active), mark));
    let mark = super::writer::Mark { seq: recovered.seq, ..mark };
    let writer = Writer::new(
        Arc::clone(&shared),
        parts.disk,
        flusher_queue,
        Arc::clone(&dirty),
        (parts.gateway, parts.incarnation),
        parts.pace,
        Beginning { active, last_segment: recovered.last_segment, mark },
    );
    let stop = CancellationToken::new();
    let has_archive = !parts.archive.url.is_empty();
    let archive = has_archive.then(|| Archive::new(&parts.archive)).transpose()?;
    let archive = archive.map(|sink| Courier::new(sink, Arc::clone(&shared), parts.backoff, archive_done));
    let books = Courier::new(BooksSink::new(parts.books), Arc::clone(&shared), parts.backoff, books_done);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| SpoolError::disk("start delivery from", &dir, source))?;

    let mut handles = Vec::new();
    let mut spawn = |name: &str, work: Box<dyn FnOnce() + Send>| -> Result<(), SpoolError> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
        handles.push(thread.map_err(|source| SpoolError::disk("start a thread for", &dir, source))?);
        Ok(())
    };
    let of = Arc::clone(&shared);
    spawn("spool-flusher", Box::new(move || flusher::run(&flusher_notes, &dirty, &of)))?;
    spawn("spool-writer", Box::new(move || writer.run(first, &writer_items)))?;
    let (of, to, extract) = (Arc::clone(&shared), writer_queue.clone(), parts.extract);
    spawn("spool-bodies", Box::new(move || bodies::run(&bodies_jobs, &to, &extract, &of)))?;
    let until = stop.clone();
    spawn(
        "spool-courier",
        Box::new(move || {
            let _locked = lock; // held until delivery, the last thread to end, has ended
            runtime.block_on(async move {
                let archive = async {
                    if let Some(archive) = archive {
                        archive.run(until.clone()).await;
                    }
                };
                futures_util::future::join(archive, books.run(until.clone())).await;
            });
        }),
    )?;
    let handles = Mutex::new(handles);
    Ok(Threads { shared, writer: writer_queue, bodies: bodies_queue, stop, has_archive, handles })
}

/// One gateway per folder.
fn lock(dir: &Path) -> Result<File, SpoolError> {
    let path = dir.join("lock");
    let file = File::create(&path).map_err(|source| SpoolError::disk("create", &path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(SpoolError::Locked(dir.display().to_string())),
        Err(std::fs::TryLockError::Error(source)) => Err(SpoolError::disk("lock", &path, source)),
    }
}

/// Opens the newest file again, behind its last whole frame.
fn reopen(
    shared: &Shared,
    disk: &dyn Disk,
    tail: Option<Tail>,
) -> Result<Option<(Active, super::writer::Mark)>, SpoolError> {
    let Some(Tail { segment, at, salt, mark }) = tail else { return Ok(None) };
    let path = super::segment::path(shared.shelf.dir(), segment);
    let size = shared.config.segment_bytes.max(at);
    let opened = disk.reopen(&path, at, size).or_else(|_| {
        // Without space to reserve it can still be read, and what it holds delivered.
        disk.reopen(&path, at, at)
    });
    let journal = opened.map_err(|source| SpoolError::disk("open", &path, source))?;
    Ok(Some((Active { segment, journal, at, size, salt }, mark)))
}

/// Puts what was found on the shelf; returns the ends of requests that never had one.
fn shelve(shared: &Shared, recovered: &mut Recovered, active: Option<u64>) -> Vec<Item> {
    let now_us = shared.clock.now_us();
    for (segment, bytes, damaged) in &recovered.files {
        shared.shelf.add_file(*segment, *bytes, *damaged, false);
    }
    for (batch, sinks) in recovered.batches.drain(..) {
        shared.shelf.add_batch(batch, &sinks);
    }
    for (segment, ..) in recovered.files.iter().filter(|(segment, ..)| Some(*segment) != active) {
        shared.shelf.finish(*segment, now_us);
    }
    add(&shared.counters.quarantined, recovered.quarantined);
    add(&shared.counters.lost, recovered.lost.len() as u64);
    let mut opens = shared.opens();
    let close = |open: weir_contract::record::OpenRecord| {
        opens.insert(open.request_id, Box::new(open.clone()));
        Item::Close { record: Box::new(recover::lost(open)), weight: 0, done: None }
    };
    recovered.lost.drain(..).map(close).collect()
}

impl Threads {
    /// Hands something to the writer.
    pub(super) fn send(&self, item: Item, weight: u64) -> Result<(), SpoolError> {
        self.shared.acquire(weight);
        self.writer.send(item).map_err(|_| {
            self.shared.release(weight);
            SpoolError::Stopped
        })
    }

    /// Hands bodies to the body thread.
    pub(super) fn send_body(&self, work: Work, weight: u64) -> Result<(), SpoolError> {
        self.shared.acquire(weight);
        self.bodies.send(Job::Body(Box::new(work))).map_err(|_| {
            self.shared.release(weight);
            SpoolError::Stopped
        })
    }

    /// See [`super::Spool::shutdown`].
    pub(super) async fn shutdown(&self, deadline: Duration) {
        let (done, settled) = oneshot::channel();
        let told = self.bodies.send(Job::Pass(Item::Settle(done))).is_ok();
        let delivered = async {
            if told {
                drop(settled.await);
            }
            self.delivered().await;
        };
        if tokio::time::timeout(deadline, delivered).await.is_err() {
            let left = self.shared.shelf.backlog(Sink::Archive).0;
            tracing::warn!(
                left,
                "not everything could be delivered in time; it is on disk and the next start delivers it"
            );
        }
        self.stop.cancel();
        drop(self.bodies.send(Job::Pass(Item::Stop)));
        let handles = std::mem::take(&mut *self.handles.lock().unwrap_or_else(PoisonError::into_inner));
        let joined =
            tokio::task::spawn_blocking(move || handles.into_iter().for_each(|handle| drop(handle.join())));
        drop(joined.await);
    }

    /// Returns when every sink there is has everything that is sealed.
    pub(super) async fn delivered(&self) {
        let mut changes = self.shared.shelf.changes();
        loop {
            changes.mark_unchanged();
            let archive = if self.has_archive { self.shared.shelf.backlog(Sink::Archive).0 } else { 0 };
            if archive + self.shared.shelf.backlog(Sink::Books).0 == 0 || changes.changed().await.is_err() {
                return;
            }
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
