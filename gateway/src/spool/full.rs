//! What happens to records while the journal cannot be written: closes are kept, then summed; nothing is dropped uncounted.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use weir_contract::record::RequestRecord;

use super::gap::Gaps;
use super::queue::{Item, Shared};
use super::status::add;
use super::{SpoolError, SpoolFull, WhenFull};

/// Most closes kept whole while nothing can be written; the rest is summed.
const HELD_MAX: usize = 4096;

/// Records waiting for room.
pub(super) struct Overflow {
    shared: Arc<Shared>,
    held: Vec<RequestRecord>,
    gaps: Gaps,
    /// When writing is tried again; set while it fails.
    retry_at: Option<Instant>,
}

impl Overflow {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, held: Vec::new(), gaps: Gaps::default(), retry_at: None }
    }

    /// Whether writing fails at the moment.
    pub(super) fn is_blocked(&self) -> bool {
        self.retry_at.is_some()
    }

    /// How long until writing is tried again.
    pub(super) fn wait(&self) -> Option<Duration> {
        self.retry_at.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Writing failed.
    pub(super) fn block(&mut self, error: &SpoolError, retry: Duration) {
        self.retry_at = Some(Instant::now() + retry);
        if !self.shared.full.swap(true, Relaxed) {
            let policy = match self.shared.config.when_full {
                WhenFull::Serve => "requests are served and counted in gap rows",
                WhenFull::Reject => "new requests are refused",
            };
            tracing::error!(%error, "the journal cannot be written: {policy} until there is room again");
        }
    }

    /// Writing works again.
    pub(super) fn unblock(&mut self) {
        if self.shared.full.swap(false, Relaxed) {
            tracing::info!("the journal can be written again; what waited in memory is on disk");
        }
    }

    /// Takes what waits, when it is time to try again.
    pub(super) fn take_when_due(&mut self) -> Option<Vec<Item>> {
        self.retry_at.take_if(|at| *at <= Instant::now())?;
        let held = std::mem::take(&mut self.held).into_iter();
        let mut items: Vec<_> =
            held.map(|record| Item::Close { record: Box::new(record), weight: 0, done: None }).collect();
        if !self.gaps.is_empty() {
            let (gaps, voids) = self.gaps.take();
            items.extend(gaps.into_iter().map(|gap| Item::Gap(Box::new(gap))));
            items.push(Item::Void(voids));
        }
        Some(items)
    }

    /// Keeps, sums or counts what cannot be written, and answers whoever waits as the configuration says.
    pub(super) fn refuse(&mut self, item: Item) {
        let answer = || match self.shared.config.when_full {
            WhenFull::Serve => Ok(()),
            WhenFull::Reject => Err(SpoolFull.into()),
        };
        match item {
            Item::Open { weight, done, .. } => {
                self.shared.release(weight);
                done.map(|done| done.send(answer()));
            }
            Item::Close { record, weight, done } => {
                self.shared.release(weight);
                done.map(|done| done.send(answer()));
                self.hold(*record);
            }
            Item::Body { workspace, weight, .. } => {
                self.shared.release(weight);
                self.shared.counters.shed(&workspace, 1);
            }
            Item::Gap(gap) => self.gaps.merge(*gap),
            Item::Void(requests) => self.gaps.void(requests),
            Item::Settle(_) | Item::Stop => {}
        }
    }

    fn hold(&mut self, record: RequestRecord) {
        if self.held.len() < HELD_MAX {
            return self.held.push(record);
        }
        let was_open = self.shared.opens().contains_key(&record.request_id);
        self.gaps.count(&record, was_open);
        add(&self.shared.counters.gaps, 1);
    }
}
