//! A sealed batch read back from its file: what every sink delivers, the same each time.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use weir_contract::record::{GapRecord, RequestRecord, SealRecord};
use weir_contract::sync::BatchSummary;

use super::bodies;
use super::checkpoint::Place;
use super::frame::{self, Kind};
use super::view::{BodyView, RequestView};

/// Where a sealed batch stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BatchRef {
    /// Number of its file.
    pub(super) segment: u64,
    /// Number of the batch in the file.
    pub(super) number: u32,
    /// Offset of its first frame.
    pub(super) from: u64,
    /// Offset behind its last frame.
    pub(super) to: u64,
    /// What the file's checksums start from.
    pub(super) salt: u32,
    /// What it must add up to.
    pub(super) seal: SealRecord,
    /// Whether an earlier life of the gateway may have sent it already.
    pub(super) recovered: bool,
}

impl BatchRef {
    /// Its place in the order of delivery.
    pub(super) fn place(&self) -> Place {
        (self.segment, self.number)
    }
}

/// A batch as it stands on disk. Its records are decoded one by one, as they are delivered: all of them at once would be
/// far larger than the batch.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) seal: SealRecord,
    bytes: Vec<u8>,
    /// Where in the bytes the payloads of its requests are.
    requests: Vec<Range<usize>>,
    /// The same of its bodies.
    bodies: Vec<Range<usize>>,
    pub(super) gaps: Vec<GapRecord>,
    /// What it adds to the books, when that is known without its records, which are not here then.
    pub(super) sum: Option<BatchSummary>,
    /// Whether the disk gave back something else than what was sealed.
    pub(super) damaged: bool,
}

impl Batch {
    /// A batch of which only the sum is wanted.
    pub(super) fn of_sum(sum: BatchSummary) -> Self {
        Self { sum: Some(sum), ..Self::default() }
    }

    /// Whether it has rows for calls.
    pub(super) fn has_calls(&self) -> bool {
        !self.requests.is_empty() || !self.gaps.is_empty()
    }

    /// Whether it has bodies, and they were read.
    pub(super) fn has_bodies(&self) -> bool {
        !self.bodies.is_empty()
    }

    /// Its requests, in order, where they stand.
    pub(super) fn requests(&self) -> impl Iterator<Item = RequestView<'_>> {
        self.payloads(&self.requests)
            .filter_map(|payload| readable(postcard::from_bytes(payload).ok(), &self.seal))
    }

    /// The same as records of their own.
    pub(super) fn records(&self) -> impl Iterator<Item = RequestRecord> {
        self.payloads(&self.requests)
            .filter_map(|payload| readable(postcard::from_bytes(payload).ok(), &self.seal))
    }

    /// Its bodies, in order, one at a time.
    pub(super) fn bodies(&self) -> BodyReader<'_> {
        BodyReader { batch: self, next: 0, raw: Vec::new() }
    }

    /// How many rows for calls its records make, gaps included.
    pub(super) fn calls(&self) -> usize {
        self.requests().map(|request| request.calls.len()).sum::<usize>() + self.gaps.len()
    }

    /// Gives its memory back, for the next one.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn payloads<'b>(&'b self, places: &'b [Range<usize>]) -> impl Iterator<Item = &'b [u8]> {
        places.iter().filter_map(|place| self.bytes.get(place.clone()))
    }
}

/// Unpacks a batch's bodies one after another, each into the memory of the one before.
pub(super) struct BodyReader<'b> {
    batch: &'b Batch,
    next: usize,
    raw: Vec<u8>,
}

impl BodyReader<'_> {
    /// The next body, or `Some(None)` for one that cannot be read, which has been told.
    pub(super) fn read(&mut self) -> Option<Option<BodyView<'_>>> {
        let place = self.batch.bodies.get(self.next)?.clone();
        self.next += 1;
        let payload = self.batch.bytes.get(place).unwrap_or_default();
        Some(readable(bodies::unpack(payload, &mut self.raw), &self.batch.seal))
    }
}

fn readable<T>(record: Option<T>, seal: &SealRecord) -> Option<T> {
    if record.is_none() {
        tracing::error!(batch = %seal.batch, "a sealed record cannot be read and is left out: keep its journal file");
    }
    record
}

/// Reads a batch into that memory. Damage costs only what it hit and is told.
pub(super) fn read(
    path: &Path,
    batch: &BatchRef,
    with_bodies: bool,
    mut bytes: Vec<u8>,
) -> io::Result<Batch> {
    let length = usize::try_from(batch.to.saturating_sub(batch.from)).map_err(io::Error::other)?;
    bytes.clear();
    bytes.resize(length, 0);
    File::open(path)?.read_exact_at(&mut bytes, batch.from)?;
    let mut read = Batch { seal: batch.seal.clone(), ..Batch::default() };
    // Sequence numbers start anywhere inside a file, so the first intact frame decides.
    let first_seq =
        (0..bytes.len()).find_map(|at| frame::read(&bytes, at, batch.salt)).map_or(0, |first| first.seq);
    let scan = frame::scan(&bytes, 0, batch.salt, first_seq);
    let mut crc = 0;
    for frame in scan.frames.iter().filter(|frame| frame.kind.makes_rows()) {
        crc = frame::chain(crc, frame.crc);
        let payload = frame.end - frame.payload.len()..frame.end;
        match frame.kind {
            Kind::Close => read.requests.push(payload),
            Kind::Gap => match frame.record() {
                Some(gap) => read.gaps.push(gap),
                None => read.damaged = true,
            },
            Kind::Body if with_bodies => read.bodies.push(payload),
            _ => {}
        }
    }
    read.damaged |= crc != batch.seal.crc || !scan.damage.is_empty() || scan.torn;
    drop(scan);
    read.bytes = bytes;
    Ok(read)
}
