//! What the spool counts. Every bound of the spool has a counter here; nothing is left out silently.

use weir_contract::id::WorkspaceId;

/// How the spool is, for metrics and the health page. Counters count since the start of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpoolStatus {
    /// Undelivered bytes on disk.
    pub bytes: u64,
    /// Age of the oldest undelivered record, ms.
    pub oldest_ms: u64,
    /// Bytes waiting in memory for the disk.
    pub queue_bytes: u64,
    /// Whether the journal cannot be written at the moment.
    pub full: bool,
    /// Requests open at the moment.
    pub open: u64,
    /// Close records written.
    pub written: u64,
    /// Call rows the archive acknowledged.
    pub delivered: u64,
    /// Bodies left out under pressure.
    pub shed: u64,
    /// The same, by workspace.
    pub shed_by_workspace: Vec<(WorkspaceId, u64)>,
    /// Requests found open after a crash.
    pub lost: u64,
    /// Damaged journal files set aside.
    pub quarantined: u64,
    /// Rows the archive will never take, written to a `dead` file.
    pub dead: u64,
    /// Requests counted in gap rows instead of rows of their own.
    pub gaps: u64,
    /// Batches sealed.
    pub sealed: u64,
    /// Sealed batches the archive has not acknowledged.
    pub archive_lag: u64,
    /// Sealed batches the books have not acknowledged.
    pub books_lag: u64,
    /// Failed attempts to deliver a batch.
    pub retries: u64,
    /// What keeps the archive from taking batches; empty when nothing does.
    pub archive_error: String,
    /// What keeps the books from taking batches; empty when nothing does.
    pub books_error: String,
}
