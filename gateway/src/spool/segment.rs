//! A journal file: `WEIRSPL` and the format, the header twice, then frames.
//!
//! Numbers of files come from the clock and only ever rise, so that a batch id is never used again, not even after
//! someone emptied the folder: the archive would silently drop a second batch under an old token.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use weir_contract::id::{GatewayId, Incarnation};
use weir_contract::record::FORMAT;

use super::SpoolError;
use super::frame::{self, Kind, Scan};

const MAGIC: [u8; 7] = *b"WEIRSPL";

/// Ending of a file in good order.
const GOOD: &str = "wal";
/// Ending of a file set aside because of damage in its middle.
const DAMAGED: &str = "damaged";

/// Within how many bytes a copy of the header must begin.
pub(super) const HEADER_SEARCH: usize = 4096;

/// What a file says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    /// Number of the file.
    pub(super) segment: u64,
    /// Who writes it.
    pub(super) gateway: GatewayId,
    /// In which life.
    pub(super) incarnation: Incarnation,
    /// Sequence number of its first frame.
    pub(super) first_seq: u64,
    /// When it was made, µs UTC.
    pub(super) created_at_us: i64,
    /// What its checksums start from.
    pub(super) salt: u32,
}

impl Header {
    /// The header of the file that follows `last`.
    pub(super) fn after(
        last: u64,
        gateway: GatewayId,
        incarnation: Incarnation,
        seq: u64,
        now_us: i64,
    ) -> Self {
        let segment = u64::try_from(now_us / 1000).unwrap_or(0).max(last + 1);
        let salt = crc32c::crc32c(incarnation.as_str().as_bytes());
        let salt = crc32c::crc32c_append(salt, &segment.to_le_bytes());
        Self { segment, gateway, incarnation, first_seq: seq, created_at_us: now_us, salt }
    }

    /// The first bytes of the file. Twice, because without its salt a file cannot be read.
    pub(super) fn encode(&self) -> Result<Vec<u8>, postcard::Error> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(FORMAT);
        frame::append(&mut bytes, 0, Kind::Header, 0, self)?;
        frame::append(&mut bytes, 0, Kind::Header, 0, self)?;
        Ok(bytes)
    }
}

/// Name of a file in good order.
pub(super) fn path(dir: &Path, segment: u64) -> PathBuf {
    dir.join(format!("{segment:016}.{GOOD}"))
}

/// Name of the same file once it is set aside.
pub(super) fn damaged_path(dir: &Path, segment: u64) -> PathBuf {
    dir.join(format!("{segment:016}.{DAMAGED}"))
}

/// Every journal file of the folder, oldest first; `true` marks those set aside.
pub(super) fn list(dir: &Path) -> Result<Vec<(u64, PathBuf, bool)>, SpoolError> {
    let failed = |source| SpoolError::disk("list", dir, source);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let number = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        if let Some(number) = number
            && (ending == GOOD || ending == DAMAGED)
        {
            let damaged = ending == DAMAGED;
            found.push((number, path, damaged));
        }
    }
    found.sort();
    Ok(found)
}

/// What stands in a file.
pub(super) struct Contents<'a> {
    /// Its header; `None` when both copies are damaged or it was never finished.
    pub(super) header: Option<Header>,
    /// Where frames begin.
    pub(super) start: usize,
    /// Its frames, header frames left out.
    pub(super) scan: Scan<'a>,
}

/// Reads a file's bytes. Errors only for another format.
pub(super) fn read<'a>(bytes: &'a [u8], path: &Path) -> Result<Contents<'a>, SpoolError> {
    let empty = Contents { header: None, start: 0, scan: Scan::default() };
    let Some(format) = bytes.get(MAGIC.len()).filter(|_| bytes.starts_with(&MAGIC)).copied() else {
        return Ok(empty);
    };
    if format != FORMAT {
        return Err(SpoolError::Format { path: path.display().to_string(), found: format, expected: FORMAT });
    }
    let candidates = MAGIC.len() + 1..bytes.len().min(HEADER_SEARCH);
    let mut headers = candidates.filter_map(|at| frame::read(bytes, at, 0));
    let Some(header) = headers.find(|frame| frame.kind == Kind::Header) else {
        return Ok(empty);
    };
    let Some(record) = header.record::<Header>() else { return Ok(empty) };
    // Both copies are equally long, so where frames begin follows from either.
    let start = MAGIC.len() + 1 + 2 * (header.end - header.at);
    let scan = frame::scan(bytes, start, record.salt, record.first_seq);
    Ok(Contents { header: Some(record), start, scan })
}

/// Reads a whole file.
pub(super) fn load(path: &Path) -> Result<Vec<u8>, SpoolError> {
    std::fs::read(path).map_err(|source| SpoolError::disk("read", path, source))
}
