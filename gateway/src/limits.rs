//! A key's own limits on this gateway: requests per minute and requests in flight. One gate per key, no lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use weir_contract::policy::KeyEntry;

const MINUTE_US: i64 = 60_000_000;

/// The live counters of one key. They survive a change of policy.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// When the requests taken so far would have arrived had they come evenly, µs (the generic cell rate algorithm).
    due_us: AtomicI64,
    in_flight: AtomicU32,
}

/// What is left of a limit on requests per minute, for the `x-ratelimit-…` headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// Requests per minute.
    pub(crate) limit: u32,
    /// How many may come at once now.
    pub(crate) remaining: u32,
    /// Until all of them may come at once again, µs.
    pub(crate) reset_us: i64,
}

/// Why the gate stays shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shut {
    /// Too many this minute.
    Rate {
        /// What is left: nothing.
        allowance: Allowance,
        /// When to come again, µs from now.
        after_us: i64,
    },
    /// Too many in flight.
    Concurrency {
        /// The limit.
        limit: u32,
    },
}

/// A place in flight, given back on drop.
#[derive(Debug)]
pub(crate) struct Pass(Arc<Gate>);

impl Drop for Pass {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    /// Lets one request in, or says why not. A request that is refused counts for nothing.
    pub(crate) fn enter(
        self: &Arc<Self>,
        key: &KeyEntry,
        now_us: i64,
    ) -> Result<(Pass, Option<Allowance>), Shut> {
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        let pass = Pass(Arc::clone(self));
        if let Some(limit) = key.concurrent_max.filter(|limit| before >= *limit) {
            return Err(Shut::Concurrency { limit });
        }
        let allowance = key.requests_per_minute.map(|limit| self.count(limit, now_us)).transpose()?;
        Ok((pass, allowance))
    }

    /// How many requests are in flight.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// What is left of a limit, without using any of it.
    pub(crate) fn look(&self, limit: u32, now_us: i64) -> Allowance {
        let due_us = self.due_us.load(Ordering::Relaxed);
        let used_us = (due_us - now_us).clamp(0, MINUTE_US);
        let remaining = match MINUTE_US.checked_div(i64::from(limit)) {
            Some(step_us) => {
                u32::try_from((MINUTE_US - used_us) / step_us.max(1)).unwrap_or(limit).min(limit)
            }
            None => 0,
        };
        Allowance { limit, remaining, reset_us: used_us }
    }

    fn count(&self, limit: u32, now_us: i64) -> Result<Allowance, Shut> {
        let Some(step_us) = MINUTE_US.checked_div(i64::from(limit)) else {
            let allowance = Allowance { limit, remaining: 0, reset_us: MINUTE_US };
            return Err(Shut::Rate { allowance, after_us: MINUTE_US });
        };
        let mut due_us = self.due_us.load(Ordering::Relaxed);
        loop {
            // A clock that was set back must not shut the key out for longer than a minute.
            let from_us = if due_us > now_us + MINUTE_US { now_us } else { due_us.max(now_us) };
            let next_us = from_us + step_us;
            let over_us = next_us - (now_us + MINUTE_US);
            if over_us > 0 {
                let allowance = Allowance { limit, remaining: 0, reset_us: from_us - now_us };
                return Err(Shut::Rate { allowance, after_us: over_us });
            }
            match self.due_us.compare_exchange_weak(due_us, next_us, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => {
                    let remaining = u32::try_from(-over_us / step_us).unwrap_or(limit);
                    return Ok(Allowance { limit, remaining, reset_us: next_us - now_us });
                }
                Err(now_due_us) => due_us = now_due_us,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(requests_per_minute: Option<u32>, concurrent_max: Option<u32>) -> KeyEntry {
        KeyEntry { requests_per_minute, concurrent_max, ..crate::sample::key_entry() }
    }

    #[test]
    fn a_minute_holds_its_number_of_requests_and_then_one_at_a_time() {
        let (gate, key) = (Arc::new(Gate::default()), key(Some(6), None));
        let now = 1_000_000_000;
        let left: Vec<u32> = (0..6).map(|_| gate.enter(&key, now).unwrap().1.unwrap().remaining).collect();
        assert_eq!(left, [5, 4, 3, 2, 1, 0]);
        let Err(Shut::Rate { after_us, .. }) = gate.enter(&key, now) else { panic!("the seventh went in") };
        assert_eq!(after_us, 10_000_000);
        assert!(gate.enter(&key, now + after_us - 1).is_err());
        assert!(gate.enter(&key, now + after_us).is_ok());
        assert!(gate.enter(&key, now + after_us).is_err());
    }

    #[test]
    fn a_place_in_flight_is_given_back() {
        let (gate, key) = (Arc::new(Gate::default()), key(None, Some(1)));
        let first = gate.enter(&key, 0).unwrap();
        assert_eq!(gate.enter(&key, 0).unwrap_err(), Shut::Concurrency { limit: 1 });
        drop(first);
        assert!(gate.enter(&key, 0).is_ok());
    }

    #[test]
    fn a_clock_set_back_shuts_nobody_out() {
        let (gate, key) = (Arc::new(Gate::default()), key(Some(1), None));
        assert!(gate.enter(&key, 10 * MINUTE_US).is_ok());
        assert!(gate.enter(&key, 0).is_ok());
    }
}
