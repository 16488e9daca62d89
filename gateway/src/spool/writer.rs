//! The writer thread: takes everything that is queued whenever it is idle, writes it with one `write(2)`, and wakes those
//! who wait for it. It alone decides where files and batches end, so the journal has one order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use weir_contract::id::{GatewayId, Incarnation};

use super::batch::BatchRef;
use super::disk::{Disk, Journal};
use super::flusher::Note;
use super::frame::{self, Kind};
use super::full::Overflow;
use super::queue::{Item, Shared};
use super::sealer::{Limits, Pending, Seal};
use super::segment::{self, Header};
use super::status::add;
use super::summary::Lines;
use super::tempo::Tempo;
use super::{Durability, SpoolError};

/// Space kept free at the end of a file for the seal.
const SEAL_RESERVE: u64 = 1024;

/// How much room there must be before requests are admitted again.
const PROBE_BYTES: u64 = 4096;

/// Bytes after which a group is written although more is queued.
const GROUP_BYTES: usize = 1 << 20;
/// The same, by count.
const GROUP_ITEMS: usize = 4096;

/// The times and sizes the writer works with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) limits: Limits,
    /// Oldest a batch may become before it is sealed.
    pub(super) seal_age: Duration,
    /// How often writing is tried again while it fails.
    pub(super) retry: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { limits: Limits::default(), seal_age: Duration::from_secs(1), retry: Duration::from_secs(1) }
    }
}

/// The file being written.
pub(super) struct Active {
    pub(super) segment: u64,
    pub(super) journal: Arc<dyn Journal>,
    /// Where the next group goes.
    pub(super) at: u64,
    pub(super) size: u64,
    pub(super) salt: u32,
}

/// Where the journal stands: what a failed write goes back to.
#[derive(Clone, Default)]
pub(super) struct Mark {
    pub(super) pending: Pending,
    pub(super) pending_since: Option<Instant>,
    /// Offset of the first frame of the batch being filled.
    pub(super) batch_from: u64,
    /// Number of that batch in its file.
    pub(super) number: u32,
    /// Sequence number of the next frame.
    pub(super) seq: u64,
}

/// A group on its way to the disk.
#[derive(Default)]
struct Group {
    bytes: Vec<u8>,
    items: Vec<Item>,
    /// Seals in it, each with the offset behind it, and how many of the items stand before it.
    seals: Vec<(Seal, u64, usize)>,
}

/// The writer.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) flusher: Sender<Note>,
    pub(super) dirty: Arc<AtomicBool>,
    pub(super) gateway: GatewayId,
    pub(super) incarnation: Incarnation,
    pub(super) pace: Pace,
    pub(super) active: Option<Active>,
    /// Number of the newest file there ever was.
    pub(super) last_segment: u64,
    pub(super) mark: Mark,
    overflow: Overflow,
    state: Mark,
    group: Group,
    scratch: Vec<u8>,
    tempo: Tempo,
    /// What the batch being filled adds to the books; `None` when a part of it was written by an earlier life.
    lines: Option<Lines>,
}

/// Everything a writer starts from.
pub(super) struct Beginning {
    pub(super) active: Option<Active>,
    pub(super) last_segment: u64,
    pub(super) mark: Mark,
}

impl Writer {
    pub(super) fn new(
        shared: Arc<Shared>,
        disk: Arc<dyn Disk>,
        flusher: Sender<Note>,
        dirty: Arc<AtomicBool>,
        owner: (GatewayId, Incarnation),
        pace: Pace,
        beginning: Beginning,
    ) -> Self {
        let Beginning { active, last_segment, mark } = beginning;
        let overflow = Overflow::new(Arc::clone(&shared));
        let state = mark.clone();
        let (gateway, incarnation) = owner;
        let (group, scratch) = (Group::default(), Vec::new());
        let lines = mark.pending.is_empty().then(Lines::default);
        Self {
            shared,
            disk,
            flusher,
            dirty,
            gateway,
            incarnation,
            pace,
            active,
            last_segment,
            mark,
            overflow,
            state,
            group,
            scratch,
            tempo: Tempo::begin(),
            lines,
        }
    }

    /// Runs until told to stop or until all senders are gone. `first` goes in before anything queued.
    pub(super) fn run(mut self, first: Vec<Item>, queue: &Receiver<Item>) {
        first.into_iter().for_each(|item| self.put(item));
        self.seal();
        self.flush();
        let mut running = true;
        while running {
            let item = match self.next_wake() {
                Some(wait) => queue.recv_timeout(wait),
                None => queue.recv().map_err(RecvTimeoutError::from),
            };
            running = match item {
                Ok(item) => self.take(item) && self.take_all(queue),
                Err(end) => matches!(end, RecvTimeoutError::Timeout),
            };
            let age = self.state.pending_since.map(|since| since.elapsed());
            if !self.overflow.is_blocked() && age.is_some_and(|age| age >= self.pace.seal_age) {
                self.seal();
            }
            self.flush();
            self.retry();
            self.tempo.rest();
        }
        self.seal();
        self.flush();
        self.finish_file();
    }

    /// How long there is nothing to do unless something is queued.
    fn next_wake(&self) -> Option<Duration> {
        let seal = self.state.pending_since.map(|since| self.pace.seal_age.saturating_sub(since.elapsed()));
        let retry = self.overflow.wait();
        // A blocked journal cannot be sealed either: only the retry counts then.
        retry.or(seal)
    }

    fn take_all(&mut self, queue: &Receiver<Item>) -> bool {
        for _ in 0..GROUP_ITEMS {
            if self.group.bytes.len() >= GROUP_BYTES {
                break;
            }
            let Ok(item) = queue.try_recv() else { break };
            if !self.take(item) {
                return false;
            }
        }
        true
    }

    /// Handles one item; `false` ends the writer.
    fn take(&mut self, item: Item) -> bool {
        match item {
            Item::Stop => return false,
            Item::Settle(done) => {
                self.seal();
                self.flush();
                drop(self.flusher.send(Note::Reached(done)));
            }
            item => self.put(item),
        }
        true
    }

    /// Puts a record into the group, or into the overflow when it cannot be written.
    fn put(&mut self, item: Item) {
        let shed = matches!(item, Item::Body { .. }) && self.shared.must_shed_waiting();
        if shed || self.overflow.is_blocked() {
            return self.overflow.refuse(item);
        }
        let Some((kind, facts)) = item.encode(&mut self.scratch) else {
            tracing::error!("a record could not be encoded for the journal; it is counted in a gap row");
            return self.overflow.refuse(item);
        };
        if facts.as_ref().is_some_and(|facts| self.state.pending.is_too_full_for(facts, self.pace.limits)) {
            self.seal();
        }
        let Some(salt) = self.room_for((frame::HEADER + self.scratch.len()) as u64) else {
            return self.overflow.refuse(item);
        };
        let crc = frame::append_payload(&mut self.group.bytes, salt, kind, self.state.seq, &self.scratch);
        self.state.seq += 1;
        if let Some(facts) = facts {
            self.state.pending.add(&facts, crc);
            self.state.pending_since.get_or_insert_with(Instant::now);
        }
        self.group.items.push(item);
    }

    /// Makes sure the file has room for a frame and its seal, beginning a new file if needed. Returns the file's salt.
    fn room_for(&mut self, bytes: u64) -> Option<u32> {
        let needed = bytes + SEAL_RESERVE;
        let used = self.group.bytes.len() as u64;
        if let Some(active) = &self.active {
            if active.at + used + needed <= active.size {
                return Some(active.salt);
            }
            self.seal();
            if !self.flush() {
                return None;
            }
            self.finish_file();
        }
        match self.begin_file(needed) {
            Ok(salt) => Some(salt),
            Err(error) => {
                self.overflow.block(&error, self.pace.retry);
                None
            }
        }
    }

    /// Ends the batch, if it has rows.
    fn seal(&mut self) {
        let Some(active) = self.active.as_ref().filter(|_| !self.state.pending.is_empty()) else { return };
        let now_us = self.shared.clock.now_us();
        let Mark { number, batch_from, .. } = self.state;
        let seal = self.state.pending.seal(&self.gateway, active.segment, number, batch_from, now_us);
        let (salt, seq) = (active.salt, self.state.seq);
        if frame::append(&mut self.group.bytes, salt, Kind::Seal, seq, &seal).is_err() {
            return tracing::error!("a seal could not be encoded for the journal");
        }
        self.state.seq += 1;
        self.state.number += 1;
        self.state.pending_since = None;
        self.state.batch_from = active.at + self.group.bytes.len() as u64;
        self.group.seals.push((seal, self.state.batch_from, self.group.items.len()));
    }

    /// Writes the group and wakes those who wait for it. `false` when the disk refused: everything in the group is in the
    /// overflow then, and the journal stands where it stood.
    fn flush(&mut self) -> bool {
        let Some(active) = self.active.as_mut().filter(|_| !self.group.bytes.is_empty()) else { return true };
        let group = std::mem::take(&mut self.group);
        let strict = self.shared.config.durability == Durability::Strict;
        let written = active.journal.write_at(&group.bytes, active.at);
        let written = if strict { written.and_then(|()| active.journal.sync()) } else { written };
        if let Err(error) = written {
            self.state = self.mark.clone();
            self.overflow.block(&SpoolError::writing(self.shared.shelf.dir(), error), self.pace.retry);
            group.items.into_iter().for_each(|item| self.overflow.refuse(item));
            return false;
        }
        active.at += group.bytes.len() as u64;
        self.shared.shelf.grow(active.segment, group.bytes.len() as u64);
        self.mark = self.state.clone();
        self.commit(group);
        true
    }

    /// Adds the written group to the sums for the books.
    fn sum_up(&mut self, segment: u64, group: &Group) {
        let mut seals = group.seals.iter().peekable();
        for (number, item) in group.items.iter().enumerate() {
            while let Some((seal, ..)) = seals.next_if(|(.., before)| *before <= number) {
                self.end_sum(segment, seal);
            }
            let added = match (item, &mut self.lines) {
                (Item::Close { record, .. }, Some(lines)) => lines.add_request(record),
                (Item::Gap(record), Some(lines)) => lines.add_gap(record),
                _ => Ok(()),
            };
            if added.is_err() {
                self.lines = None;
            }
        }
        seals.for_each(|(seal, ..)| self.end_sum(segment, seal));
    }

    fn end_sum(&mut self, segment: u64, seal: &Seal) {
        if let Some(lines) = self.lines.replace(Lines::default()) {
            self.shared.sums.leave((segment, seal.number), lines.close(&seal.record));
        }
    }

    /// The group is written: tells everyone.
    fn commit(&mut self, mut group: Group) {
        let Some(segment) = self.active.as_ref().map(|active| active.segment) else { return };
        self.sum_up(segment, &group);
        let Some(active) = &self.active else { return };
        self.tempo.count(group.items.len());
        if !self.dirty.swap(true, Ordering::SeqCst) {
            drop(self.flusher.send(Note::Dirty(Arc::clone(&active.journal))));
        }
        let mut opens = self.shared.opens();
        for item in group.items.drain(..) {
            match item {
                Item::Open { record, weight, done } => {
                    opens.insert(record.request_id, record);
                    self.shared.release(weight);
                    done.map(|done| done.send(Ok(())));
                }
                Item::Close { record, weight, done } => {
                    opens.remove(&record.request_id);
                    self.shared.release(weight);
                    add(&self.shared.counters.written, 1);
                    done.map(|done| done.send(Ok(())));
                }
                Item::Body { weight, .. } => self.shared.release(weight),
                Item::Void(requests) => requests.iter().for_each(|request| drop(opens.remove(request))),
                Item::Gap(_) | Item::Settle(_) | Item::Stop => {}
            }
        }
        drop(opens);
        for (seal, to, _) in group.seals.drain(..) {
            add(&self.shared.counters.sealed, 1);
            let Seal { record, number, from } = seal;
            let (segment, salt) = (active.segment, active.salt);
            let batch = BatchRef { segment, number, from, to, salt, seal: record, recovered: false };
            drop(self.flusher.send(Note::Sealed(Arc::clone(&active.journal), Box::new(batch))));
        }
        // The buffer is kept: a group a second later is about as large.
        group.bytes.clear();
        self.group.bytes = group.bytes;
    }

    fn finish_file(&mut self) {
        if let Some(active) = self.active.take() {
            if let Err(error) = active.journal.trim(active.at) {
                tracing::warn!(%error, "the unused end of a journal file could not be given back");
            }
            drop(self.flusher.send(Note::Finished(active.journal, active.segment)));
        }
    }

    /// Begins a file: its header, then every request still open, so that older files may go.
    fn begin_file(&mut self, needed: u64) -> Result<u32, SpoolError> {
        let shared = Arc::clone(&self.shared);
        let now_us = shared.clock.now_us();
        let (gateway, incarnation) = (self.gateway.clone(), self.incarnation.clone());
        let header = Header::after(self.last_segment, gateway, incarnation, self.state.seq, now_us);
        let mut bytes = header.encode().map_err(|error| unencodable(&error))?;
        let mut seq = self.state.seq;
        for record in shared.opens().values() {
            frame::append(&mut bytes, header.salt, Kind::Open, seq, record)
                .map_err(|error| unencodable(&error))?;
            seq += 1;
        }
        let at = bytes.len() as u64;
        let size = shared.config.segment_bytes.max(at + needed);
        let path = segment::path(shared.shelf.dir(), header.segment);
        let failed = |source| SpoolError::writing(&path, source);
        if shared.shelf.undelivered_bytes() + size > shared.config.bytes_max {
            return Err(SpoolError::writing(&path, std::io::ErrorKind::QuotaExceeded.into()));
        }
        let journal = self.disk.create(&path, size).or_else(|_| {
            shared.shelf.drop_delivered(now_us);
            self.disk.create(&path, size).map_err(failed)
        })?;
        if let Err(error) = journal.write_at(&bytes, 0) {
            drop(std::fs::remove_file(&path));
            return Err(failed(error));
        }
        shared.shelf.add_file(header.segment, at, false, false);
        self.last_segment = header.segment;
        self.dirty.store(false, Ordering::SeqCst); // what was raised for the file before does not speak for this one
        self.active = Some(Active { segment: header.segment, journal, at, size, salt: header.salt });
        self.state = Mark { batch_from: at, seq, ..Mark::default() };
        self.mark = self.state.clone();
        Ok(header.salt)
    }

    /// Tries to write what is in the overflow, when it is time.
    fn retry(&mut self) {
        let Some(items) = self.overflow.take_when_due() else { return };
        // Room for an ordinary record, and an empty one written, show that writing works again when nothing else waits.
        if self.room_for(PROBE_BYTES).is_some() {
            self.put(Item::Void(Vec::new()));
        }
        items.into_iter().for_each(|item| self.put(item));
        if self.flush() && !self.overflow.is_blocked() {
            self.overflow.unblock();
        }
    }
}

fn unencodable(error: &postcard::Error) -> SpoolError {
    SpoolError::Config(format!("a journal header could not be encoded: {error}"))
}
