//! Numbers that look random and come out the same for a seed: sample traffic can be told again.

/// A small generator (splitmix64): every seed gives another sequence, all of them well mixed.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`; 0 when there is nothing below it.
    pub(crate) const fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.next() % end }
    }

    /// True `thousandths` times in a thousand.
    pub(crate) const fn is(&mut self, thousandths: u64) -> bool {
        self.below(1000) < thousandths
    }

    /// Around `middle`: mostly near it, now and then several times as much.
    pub(crate) const fn around(&mut self, middle: u64) -> u64 {
        let usual = middle / 3 + self.below(middle + 1);
        if self.is(60) { usual * (2 + self.below(5)) } else { usual }
    }

    /// One of them, each as likely as its weight says.
    pub(crate) fn of<'a, T>(&mut self, all: &'a [T], weight: impl Fn(&T) -> u64) -> Option<&'a T> {
        let mut place = self.below(all.iter().map(&weight).sum());
        for one in all {
            match place.checked_sub(weight(one)) {
                Some(rest) => place = rest,
                None => return Some(one),
            }
        }
        all.last()
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            let some = self.next().to_le_bytes();
            for (byte, value) in chunk.iter_mut().zip(some) {
                *byte = value;
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_and_weights_are_kept() {
        let numbers = |seed| -> Vec<u64> {
            let mut chance = Chance::new(seed);
            (0..5).map(|_| chance.next()).collect()
        };
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
        let mut chance = Chance::new(7);
        let weights = [("often", 90), ("seldom", 10), ("never", 0)];
        let mut count = |name: &str| {
            (0..1000).filter(|_| chance.of(&weights, |one| one.1).is_some_and(|one| one.0 == name)).count()
        };
        assert!((850..950).contains(&count("often")));
        assert_eq!(count("never"), 0);
    }
}
