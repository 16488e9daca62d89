//! Rows the archive will never take, kept in a file of their own with the reason, for a person to look into.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use weir_contract::id::BatchId;

use super::frame::{self, Kind};

/// Name of the file.
pub(super) const FILE: &str = "dead.rows";

/// Most bytes kept; beyond it rows are only logged and counted.
const BYTES_MAX: u64 = 64 << 20;

/// A refused row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DeadRow {
    pub(super) batch: BatchId,
    pub(super) table: String,
    /// When it was given up, µs UTC.
    pub(super) at_us: i64,
    /// What the archive said.
    pub(super) error: String,
    /// The record it was made from, as in the journal.
    pub(super) record: Vec<u8>,
}

/// Appends rows to the file and makes them durable.
pub(super) fn bury(dir: &Path, rows: &[DeadRow]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(dir.join(FILE))?;
    let mut room = BYTES_MAX.saturating_sub(file.metadata()?.len());
    let mut bytes = Vec::new();
    for row in rows {
        let before = bytes.len();
        frame::append(&mut bytes, 0, Kind::Dead, 0, row).map_err(io::Error::other)?;
        let Some(left) = room.checked_sub((bytes.len() - before) as u64) else {
            bytes.truncate(before);
            tracing::error!(batch = %row.batch, table = row.table, "the file of dead rows is full: a row is only counted");
            continue;
        };
        room = left;
    }
    file.write_all(&bytes)?;
    file.sync_all()
}
