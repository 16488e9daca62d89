//! The real clock and the system's randomness: what the services are given outside of tests.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use ring::rand::{SecureRandom as _, SystemRandom};
use weir_contract::clock::{Clock, Randomness};

/// The machine's wall clock.
pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everyone else is told to ask")]
    fn now_us(&self) -> i64 {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX)
    }
}

/// The operating system's random number generator. Small wishes (the ids of a request) are served from a stock of each
/// thread's own, so that not every one of them is a system call; what was handed out is wiped from it.
pub(crate) struct SystemRandomness(SystemRandom);

/// Bytes in a thread's stock, and the largest wish that is served from it.
const STOCK: usize = 1024;
const SMALL: usize = 64;

thread_local! {
    /// The bytes left are those behind the number.
    static STOCKS: RefCell<(usize, [u8; STOCK])> = const { RefCell::new((STOCK, [0; STOCK])) };
}

impl SystemRandomness {
    pub(crate) fn new() -> Self {
        Self(SystemRandom::new())
    }

    fn ask_the_system(&self, bytes: &mut [u8]) {
        // Without randomness there are no secrets: a process that cannot have any must not go on.
        if self.0.fill(bytes).is_err() {
            crate::output::problem("the system gives no random numbers; stopping");
            std::process::exit(1);
        }
    }
}

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > SMALL {
            return self.ask_the_system(bytes);
        }
        STOCKS.with_borrow_mut(|(used, stock)| {
            if *used + bytes.len() > STOCK {
                self.ask_the_system(stock);
                *used = 0;
            }
            let taken = &mut stock[*used..*used + bytes.len()];
            bytes.copy_from_slice(taken);
            taken.fill(0);
            *used += bytes.len();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_random_bytes_are_handed_out_twice() {
        let random: &dyn Randomness = &SystemRandomness::new();
        let wishes: Vec<[u8; 16]> = (0..500).map(|_| random.bytes()).collect();
        let different: std::collections::HashSet<_> = wishes.iter().collect();
        assert_eq!(different.len(), wishes.len());
        assert!(!wishes.contains(&[0; 16]), "nothing wiped is handed out");
        let mut large = [0; 200];
        random.fill(&mut large);
        assert_ne!(large, [0; 200]);
    }
}
