//! The outside world as our code may ask for it: time and randomness, injected so that tests own them.

/// The wall clock.
pub trait Clock: Send + Sync + 'static {
    /// Microseconds since 1970, UTC.
    fn now_us(&self) -> i64;
}

/// A source of randomness fit for secrets.
pub trait Randomness: Send + Sync + 'static {
    /// Fills the buffer with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Randomness {
    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}
