//! The real clock and the system's randomness: what the services are given outside of tests.

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

/// The operating system's random number generator.
pub(crate) struct SystemRandomness(SystemRandom);

impl SystemRandomness {
    pub(crate) fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness there are no secrets: a process that cannot have any must not go on.
        if self.0.fill(bytes).is_err() {
            crate::output::problem("the system gives no random numbers; stopping");
            std::process::exit(1);
        }
    }
}
