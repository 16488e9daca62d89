//! How much comes. When it is a lot, the writer rests between groups and lets records gather: to wake it for each of them
//! would cost the request's thread more than the writing. When it is little, nobody waits for company.

use std::time::{Duration, Instant};

/// Counts what comes in short windows.
pub(super) struct Tempo {
    since: Instant,
    items: u64,
    brisk: bool,
}

impl Tempo {
    const WINDOW: Duration = Duration::from_millis(5);
    const BRISK_PER_SECOND: u128 = 12_000;
    const REST: Duration = Duration::from_micros(200);

    /// Nothing has come yet.
    pub(super) fn begin() -> Self {
        Self { since: Instant::now(), items: 0, brisk: false }
    }

    /// A group of so many items was written.
    pub(super) fn count(&mut self, items: usize) {
        self.items += items as u64;
        let passed = self.since.elapsed();
        if passed >= Self::WINDOW {
            let brisk = u128::from(self.items) * 1_000_000 >= Self::BRISK_PER_SECOND * passed.as_micros();
            *self = Self { brisk, ..Self::begin() };
        }
    }

    /// Lets records gather, when there are many.
    pub(super) fn rest(&self) {
        if self.brisk {
            std::thread::sleep(Self::REST);
        }
    }
}
