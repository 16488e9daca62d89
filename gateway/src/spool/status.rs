//! What the spool counts. Every bound of the spool has a counter here; nothing is left out silently.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

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
    /// Batches the archive acknowledged, and how long sending them took together, µs.
    pub archive_batches: u64,
    /// See [`SpoolStatus::archive_batches`].
    pub archive_us: u64,
    /// Sealed batches the archive has not acknowledged.
    pub archive_lag: u64,
    /// Sealed batches the books have not acknowledged.
    pub books_lag: u64,
    /// Failed attempts to deliver a batch.
    pub retries: u64,
    /// Times the disk could not confirm that data is on the medium.
    pub sync_failures: u64,
    /// What keeps the archive from taking batches; empty when nothing does.
    pub archive_error: String,
    /// What keeps the books from taking batches; empty when nothing does.
    pub books_error: String,
}

/// Most workspaces counted apart; the rest share one line, named [`OTHER`].
const WORKSPACES_MAX: usize = 10_000;

const OTHER: &str = "__other__";

/// The counters behind [`SpoolStatus`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) written: AtomicU64,
    pub(super) delivered: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) quarantined: AtomicU64,
    pub(super) dead: AtomicU64,
    pub(super) gaps: AtomicU64,
    pub(super) sealed: AtomicU64,
    pub(super) retries: AtomicU64,
    pub(super) sync_failures: AtomicU64,
    pub(super) archive_batches: AtomicU64,
    pub(super) archive_us: AtomicU64,
    shed: Mutex<BTreeMap<WorkspaceId, u64>>,
    archive_error: Mutex<String>,
    books_error: Mutex<String>,
}

impl Counters {
    /// Counts bodies left out.
    pub(super) fn shed(&self, workspace: &WorkspaceId, bodies: u64) {
        let mut shed = lock(&self.shed);
        let known = shed.len() < WORKSPACES_MAX || shed.contains_key(workspace);
        let workspace = if known { workspace.clone() } else { OTHER.into() };
        *shed.entry(workspace).or_default() += bodies;
    }

    /// Says what keeps a sink from taking batches; empty when nothing does.
    pub(super) fn set_error(&self, sink: &str, error: &str) {
        let slot = if sink == super::books::NAME { &self.books_error } else { &self.archive_error };
        let mut slot = lock(slot);
        if *slot != error {
            error.clone_into(&mut slot);
        }
    }

    /// Fills in everything counted here.
    pub(super) fn fill(&self, status: &mut SpoolStatus) {
        let shed = lock(&self.shed);
        status.shed = shed.values().sum();
        status.shed_by_workspace =
            shed.iter().map(|(workspace, bodies)| (workspace.clone(), *bodies)).collect();
        status.written = self.written.load(Relaxed);
        status.delivered = self.delivered.load(Relaxed);
        status.lost = self.lost.load(Relaxed);
        status.quarantined = self.quarantined.load(Relaxed);
        status.dead = self.dead.load(Relaxed);
        status.gaps = self.gaps.load(Relaxed);
        status.sealed = self.sealed.load(Relaxed);
        status.retries = self.retries.load(Relaxed);
        status.sync_failures = self.sync_failures.load(Relaxed);
        status.archive_batches = self.archive_batches.load(Relaxed);
        status.archive_us = self.archive_us.load(Relaxed);
        status.archive_error.clone_from(&lock(&self.archive_error));
        status.books_error.clone_from(&lock(&self.books_error));
    }
}

/// Adds to a counter.
pub(super) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Relaxed);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
