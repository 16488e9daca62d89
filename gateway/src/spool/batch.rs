//! A sealed batch read back from its file: what every sink delivers, the same each time.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use weir_contract::record::{BodyRecord, GapRecord, RequestRecord, SealRecord};
use weir_contract::sync::BatchSummary;

use super::bodies;
use super::checkpoint::Place;
use super::frame::{self, Kind};

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

/// A batch's records.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) seal: SealRecord,
    pub(super) requests: Vec<RequestRecord>,
    pub(super) gaps: Vec<GapRecord>,
    pub(super) bodies: Vec<BodyRecord>,
    /// What it adds to the books, when that is known without its records, which are not here then.
    pub(super) sum: Option<BatchSummary>,
    /// Whether the disk gave back something else than what was sealed.
    pub(super) damaged: bool,
}

/// Reads a batch. Damage costs only what it hit and is told.
pub(super) fn read(path: &Path, batch: &BatchRef, with_bodies: bool) -> io::Result<Batch> {
    let length = usize::try_from(batch.to.saturating_sub(batch.from)).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    File::open(path)?.read_exact_at(&mut bytes, batch.from)?;
    let room = |rows: u64| usize::try_from(rows).unwrap_or(0).min(length / frame::HEADER);
    let mut read = Batch {
        seal: batch.seal.clone(),
        requests: Vec::with_capacity(room(batch.seal.calls)),
        bodies: Vec::with_capacity(if with_bodies { room(batch.seal.bodies) } else { 0 }),
        ..Batch::default()
    };
    // Sequence numbers start anywhere inside a file, so the first intact frame decides.
    let first_seq =
        (0..bytes.len()).find_map(|at| frame::read(&bytes, at, batch.salt)).map_or(0, |first| first.seq);
    let scan = frame::scan(&bytes, 0, batch.salt, first_seq);
    let mut crc = 0;
    for frame in scan.frames.iter().filter(|frame| frame.kind.makes_rows()) {
        crc = frame::chain(crc, frame.crc);
        let understood = match frame.kind {
            Kind::Close => frame.record().map(|record| read.requests.push(record)),
            Kind::Gap => frame.record().map(|record| read.gaps.push(record)),
            Kind::Body if with_bodies => {
                bodies::decode(frame.payload).map(|(record, _)| read.bodies.push(record))
            }
            _ => Some(()),
        };
        read.damaged |= understood.is_none();
    }
    read.damaged |= crc != batch.seal.crc || !scan.damage.is_empty() || scan.torn;
    Ok(read)
}
