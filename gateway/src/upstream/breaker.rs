//! Whether an endpoint is worth calling, and how often it may be asked again. Atomics only: no lock on the request path.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

/// Failures in a row after which an endpoint is left alone for a while.
const FAILURES_MAX: u32 = 5;

/// How long it is left alone before one request may try it again, µs.
const REST_US: i64 = 10_000_000;

/// Opens after [`FAILURES_MAX`] failures in a row; after [`REST_US`] one request tries the endpoint.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: AtomicU32,
    next_try_us: AtomicI64,
}

impl Breaker {
    /// Whether the endpoint may be called now. When it was resting, the caller who gets `true` is the one that tries.
    pub(crate) fn admits(&self, now_us: i64) -> bool {
        if self.failures.load(Ordering::Relaxed) < FAILURES_MAX {
            return true;
        }
        let due_us = self.next_try_us.load(Ordering::Relaxed);
        let next_us = now_us + REST_US;
        let set_back = due_us > next_us;
        (now_us >= due_us || set_back)
            && self
                .next_try_us
                .compare_exchange(due_us, next_us, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// The endpoint answered.
    pub(crate) fn succeeded(&self) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// The endpoint failed.
    pub(crate) fn failed(&self, now_us: i64) {
        let before = self.failures.fetch_add(1, Ordering::Relaxed);
        if before + 1 >= FAILURES_MAX {
            self.failures.store(FAILURES_MAX, Ordering::Relaxed);
            self.next_try_us.store(now_us + REST_US, Ordering::Relaxed);
        }
    }
}

/// What one retry costs, in parts of a request.
const RETRY_COST: i64 = 5;

/// Retries that may come at once after a calm time.
const RETRIES_AT_ONCE: i64 = 20;

/// Retries may make up a fifth of the traffic, so that they never become the load that keeps an endpoint down.
#[derive(Debug)]
pub(crate) struct RetryBudget(AtomicI64);

impl Default for RetryBudget {
    fn default() -> Self {
        Self(AtomicI64::new(RETRIES_AT_ONCE * RETRY_COST))
    }
}

impl RetryBudget {
    /// A first try was sent.
    pub(crate) fn earn(&self) {
        if self.0.load(Ordering::Relaxed) < RETRIES_AT_ONCE * RETRY_COST {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a retry may be sent; takes it.
    pub(crate) fn spend(&self) -> bool {
        let take = |left: i64| (left >= RETRY_COST).then(|| left - RETRY_COST);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_in_a_row_rest_an_endpoint_until_one_try_succeeds() {
        let breaker = Breaker::default();
        (0..4).for_each(|_| breaker.failed(0));
        assert!(breaker.admits(0));
        breaker.failed(0);
        assert!(!breaker.admits(1));
        assert!(breaker.admits(REST_US), "one request tries");
        assert!(!breaker.admits(REST_US + 1), "and only one");
        breaker.succeeded();
        assert!(breaker.admits(REST_US + 2));
    }

    #[test]
    fn retries_are_a_fifth_of_the_traffic() {
        let budget = RetryBudget::default();
        assert_eq!((0..100).filter(|_| budget.spend()).count(), 20);
        (0..50).for_each(|_| budget.earn());
        assert_eq!((0..100).filter(|_| budget.spend()).count(), 10);
    }
}
