//! Buckets: how many of something may happen in a while, for each of many names.
//!
//! A bucket is one number, the moment at which it will be full again: what was taken lies between now and then. It fills
//! evenly, so that nobody has to wait for the end of a window.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;

/// Names remembered in one set; beyond it those asked for least are forgotten, and begin with a full bucket.
const REMEMBERED: u64 = 100_000;

type FullAt = Arc<Mutex<i64>>;

/// A set of buckets of one size, one for each name.
pub(crate) struct Buckets {
    size: i64,
    each_us: i64,
    full_at: Cache<String, FullAt>,
}

/// How a bucket stands after somebody asked for one out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    /// How many may follow at once.
    pub(crate) left: i64,
    /// Until it is full again, µs.
    pub(crate) full_in_us: i64,
    /// Until there is one more, µs, when there was none and nothing was taken.
    pub(crate) refused_for_us: Option<i64>,
}

impl Level {
    /// Seconds until there is one more, rounded up, when there was none.
    pub(crate) fn refused_for_seconds(self) -> Option<u64> {
        self.refused_for_us.map(|wait_us| u64::try_from(wait_us).unwrap_or(0).div_ceil(1_000_000))
    }
}

impl Buckets {
    /// Full buckets of `size` (at least one), each filled from empty in that time.
    pub(crate) fn new(size: u32, fills_in: Duration) -> Self {
        let size = i64::from(size.max(1));
        let fills_in_us = i64::try_from(fills_in.as_micros()).unwrap_or(i64::MAX);
        let full_at = Cache::builder().max_capacity(REMEMBERED).time_to_idle(fills_in * 2).build();
        Self { size, each_us: (fills_in_us / size).max(1), full_at }
    }

    /// Takes one out of that bucket, if there is one.
    pub(crate) fn take(&self, name: &str, now_us: i64) -> Level {
        let whole_us = self.each_us * self.size;
        let bucket = self.full_at.get_with_by_ref(name, FullAt::default);
        let mut full_at = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let after = (*full_at).max(now_us) + self.each_us;
        let over_us = after - now_us - whole_us;
        if over_us <= 0 {
            *full_at = after;
        }
        let full_in_us = (*full_at - now_us).max(0);
        Level {
            left: (whole_us - full_in_us) / self.each_us,
            full_in_us,
            refused_for_us: (over_us > 0).then_some(over_us),
        }
    }

    /// Puts one back that was taken.
    pub(crate) fn give_back(&self, name: &str) {
        if let Some(bucket) = self.full_at.get(name) {
            *bucket.lock().unwrap_or_else(PoisonError::into_inner) -= self.each_us;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emptied_bucket_refuses_until_time_has_filled_it() {
        let buckets = Buckets::new(3, Duration::from_secs(60));
        let refused = |name: &str, now_us: i64| buckets.take(name, now_us).refused_for_us;
        for _ in 0..3 {
            assert_eq!(refused("a", 1_000_000), None);
        }
        assert_eq!(refused("a", 1_000_000), Some(20_000_000));
        assert_eq!(refused("b", 1_000_000), None, "others have buckets of their own");
        assert_eq!(refused("a", 21_000_000), None);
        assert_eq!(refused("a", 21_000_000), Some(20_000_000), "one was filled, not three");
    }

    #[test]
    fn what_was_given_back_can_be_taken_again() {
        let buckets = Buckets::new(1, Duration::from_secs(60));
        assert_eq!(buckets.take("a", 5).refused_for_us, None);
        buckets.give_back("a");
        assert_eq!(buckets.take("a", 5), Level { left: 0, full_in_us: 60_000_000, refused_for_us: None });
        buckets.give_back("never seen");
    }
}
