//! Sign-in attempts, counted per account and per address: guessing gets slower, and one attacker locks nobody else out.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use std::sync::Mutex;
use weir_contract::clock::Clock;

const WINDOW_SECONDS: u64 = 15 * 60;
const WINDOW_US: i64 = 15 * 60 * 1_000_000;
/// Failures in a window before an account is closed to that address's network for the rest of it.
const PER_ACCOUNT: usize = 10;
/// Failures in a window before an address is.
const PER_ADDRESS: usize = 30;
/// Accounts and addresses remembered; beyond it the coldest are forgotten.
const REMEMBERED: u64 = 100_000;

type Failures = Arc<Mutex<Vec<i64>>>;

/// Counts failures.
pub(crate) struct Throttle {
    clock: Arc<dyn Clock>,
    failures: Cache<String, Failures>,
}

impl Throttle {
    /// Nothing counted yet.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let idle = Duration::from_secs(WINDOW_SECONDS);
        let failures = Cache::builder().max_capacity(REMEMBERED).time_to_idle(idle).build();
        Self { clock, failures }
    }

    /// Seconds until an attempt counts again; `None` when it counts now.
    pub(crate) fn closed_for(&self, email: &str, address: IpAddr) -> Option<u64> {
        let account = self.rest(&account(email), PER_ACCOUNT);
        account.max(self.rest(&of_address(address), PER_ADDRESS))
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, email: &str, address: IpAddr) {
        let now_us = self.clock.now_us();
        for name in [account(email), of_address(address)] {
            let failures = self.failures.get_with(name, Failures::default);
            let mut failures = failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            failures.retain(|at_us| now_us - at_us < WINDOW_US);
            if failures.len() < PER_ADDRESS {
                failures.push(now_us);
            }
        }
    }

    /// Forgets an account's failures once its owner came in.
    pub(crate) fn succeeded(&self, email: &str) {
        self.failures.invalidate(&account(email));
    }

    fn rest(&self, name: &str, max: usize) -> Option<u64> {
        let failures = self.failures.get(name)?;
        let failures = failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let now_us = self.clock.now_us();
        let recent: Vec<i64> = failures.iter().copied().filter(|at_us| now_us - at_us < WINDOW_US).collect();
        let deciding = recent.len().checked_sub(max).and_then(|place| recent.get(place))?;
        u64::try_from((deciding + WINDOW_US - now_us) / 1_000_000 + 1).ok()
    }
}

fn account(email: &str) -> String {
    format!("account:{email}")
}

/// IPv6 addresses count by their /64: one household has 2^64 of them.
fn of_address(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("address:{address}"),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("address:{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Hands;

    #[test]
    fn guessing_closes_the_account_and_time_opens_it_again() {
        let clock = Arc::new(Hands::at(1_000_000_000));
        let throttle = Throttle::new(clock.clone());
        let here: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..PER_ACCOUNT {
            assert_eq!(throttle.closed_for("ada@example.com", here), None);
            throttle.failed("ada@example.com", here);
        }
        assert!(throttle.closed_for("ada@example.com", here).is_some());
        assert_eq!(throttle.closed_for("bob@example.com", here), None, "others are not locked out");
        clock.advance(WINDOW_US);
        assert_eq!(throttle.closed_for("ada@example.com", here), None);
    }

    #[test]
    fn one_address_cannot_try_everybody() {
        let throttle = Throttle::new(Arc::new(Hands::at(1_000_000_000)));
        let here: IpAddr = "2001:db8::1".parse().unwrap();
        for person in 0..PER_ADDRESS {
            throttle.failed(&format!("{person}@example.com"), here);
        }
        let neighbour: IpAddr = "2001:db8::2".parse().unwrap();
        assert!(throttle.closed_for("new@example.com", neighbour).is_some());
        assert_eq!(throttle.closed_for("new@example.com", "2001:db8:1::1".parse().unwrap()), None);
    }
}
