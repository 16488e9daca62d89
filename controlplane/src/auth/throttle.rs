//! Guesses are slow, and nobody can keep somebody else out.
//!
//! An attempt is counted before it is checked, and given back when it was right: guesses sent side by side are counted like
//! guesses sent one after the other, and an attempt whose sender went away meanwhile stays counted. What is counted for what:
//!
//! | attempt | counted for | at most |
//! | --- | --- | --- |
//! | a password, from a known browser | that browser | 10, then one in 90 s |
//! | a password, from anywhere else | the account from that network | 10, then one in 90 s |
//! | | the network, whatever the account | 30, then one in 30 s |
//! | | the account, from wherever | 15, then one a minute |
//! | a one-time link | the network | 10, then one in 90 s |
//! | a token | the network | 60, then one in 15 s |
//!
//! The last line of passwords is what bounds a guesser with a thousand addresses, and what such a guesser could shut an
//! account with. Therefore a **known browser**, one in which that very person came in before (see [`super::browser`]),
//! is counted by itself only: whatever happens elsewhere, its owner comes in. Likewise a token that was right lately is
//! neither counted nor refused, so that a script with an old token does not shut out its neighbours.
//!
//! Counts live in memory: each control plane counts by itself, and forgets when it stops.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use weir_contract::clock::Clock;
use weir_contract::policy::seal::sha256_hex;

use crate::bucket::Buckets;
use crate::error::AppError;

const QUARTER: Duration = Duration::from_secs(15 * 60);
const PER_BROWSER: u32 = 10;
const PER_PAIR: u32 = 10;
const PER_NETWORK: u32 = 30;
/// With one more each minute it stays below twenty checks in any minute.
const PER_ACCOUNT: u32 = 15;
const LINKS: u32 = 10;
const TOKENS: u32 = 60;
/// Tokens remembered as right.
const RIGHT_TOKENS: u64 = 10_000;

/// Counts attempts.
pub(crate) struct Throttle {
    clock: Arc<dyn Clock>,
    browsers: Buckets,
    pairs: Buckets,
    networks: Buckets,
    accounts: Buckets,
    links: Buckets,
    tokens: Buckets,
    right_tokens: Cache<String, ()>,
}

/// An attempt that is counted, and stays so unless it is given back.
#[must_use]
pub(crate) struct Attempt<'a>(Vec<(&'a Buckets, String)>);

impl Attempt<'_> {
    /// It was right.
    pub(crate) fn give_back(self) {
        for (buckets, name) in self.0 {
            buckets.give_back(&name);
        }
    }
}

impl Throttle {
    /// Nothing counted yet.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let in_a_quarter = |size| Buckets::new(size, QUARTER);
        Self {
            clock,
            browsers: in_a_quarter(PER_BROWSER),
            pairs: in_a_quarter(PER_PAIR),
            networks: in_a_quarter(PER_NETWORK),
            accounts: in_a_quarter(PER_ACCOUNT),
            links: in_a_quarter(LINKS),
            tokens: in_a_quarter(TOKENS),
            right_tokens: Cache::builder().max_capacity(RIGHT_TOKENS).time_to_idle(QUARTER).build(),
        }
    }

    /// Counts a password for that account; `browser` is the mark of a known one. Fails when it may not be tried now.
    pub(crate) fn password(
        &self,
        email: &str,
        address: IpAddr,
        browser: Option<&str>,
    ) -> Result<Attempt<'_>, AppError> {
        let account = sha256_hex(email.as_bytes());
        let network = network(address);
        match browser {
            Some(mark) => self.count(vec![(&self.browsers, format!("{account} {mark}"))]),
            None => self.count(vec![
                (&self.pairs, format!("{account} {network}")),
                (&self.networks, network),
                (&self.accounts, account),
            ]),
        }
    }

    /// Counts a one-time link.
    pub(crate) fn link(&self, address: IpAddr) -> Result<Attempt<'_>, AppError> {
        self.count(vec![(&self.links, network(address))])
    }

    /// Opens a one-time link: one that opens nothing stays counted.
    pub(crate) async fn opening<T>(
        &self,
        address: IpAddr,
        open: impl Future<Output = Result<T, AppError>>,
    ) -> Result<T, AppError> {
        let attempt = self.link(address)?;
        let opened = open.await;
        if !matches!(opened, Err(AppError::LinkUsed)) {
            attempt.give_back();
        }
        opened
    }

    /// Looks a token up: a wrong one stays counted, one that was right lately is not counted at all.
    pub(crate) async fn token<T>(
        &self,
        address: IpAddr,
        token: &str,
        look_up: impl Future<Output = Result<T, AppError>>,
    ) -> Result<T, AppError> {
        let token = sha256_hex(token.as_bytes());
        let was_right = self.right_tokens.get(&token).is_some();
        let attempt =
            if was_right { Attempt(Vec::new()) } else { self.count(vec![(&self.tokens, network(address))])? };
        let found = look_up.await;
        match &found {
            Err(AppError::Unauthenticated) => self.right_tokens.invalidate(&token),
            Err(_) => attempt.give_back(),
            Ok(_) => {
                attempt.give_back();
                if !was_right {
                    self.right_tokens.insert(token, ());
                }
            }
        }
        found
    }

    /// Takes one out of each bucket, or out of none.
    fn count<'a>(&'a self, wanted: Vec<(&'a Buckets, String)>) -> Result<Attempt<'a>, AppError> {
        let now_us = self.clock.now_us();
        let mut attempt = Attempt(Vec::with_capacity(wanted.len()));
        for (buckets, name) in wanted {
            if let Some(retry_after_seconds) = buckets.take(&name, now_us).refused_for_seconds() {
                attempt.give_back();
                return Err(AppError::Throttled { retry_after_seconds });
            }
            attempt.0.push((buckets, name));
        }
        Ok(attempt)
    }
}

/// IPv6 addresses count by their /64: one household has 2^64 of them.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Hands;

    const ADA: &str = "ada@example.com";
    const MINUTE_US: i64 = 60_000_000;

    fn throttle() -> (Arc<Hands>, Throttle) {
        let clock = Arc::new(Hands::at(1_000_000_000));
        (Arc::clone(&clock), Throttle::new(clock))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// How many of `tries` wrong passwords would be checked.
    fn checked(throttle: &Throttle, tries: u32, email: &str, from: &str, browser: Option<&str>) -> usize {
        (0..tries).filter(|_| throttle.password(email, address(from), browser).is_ok()).count()
    }

    #[test]
    fn an_attempt_counts_before_it_is_known_to_be_wrong() {
        let (_, throttle) = throttle();
        let here = address("192.0.2.1");
        let under_way: Vec<_> = (0..50).map(|_| throttle.password(ADA, here, None)).collect();
        assert_eq!(under_way.iter().filter(|attempt| attempt.is_ok()).count(), 10);
    }

    #[test]
    fn guessing_closes_the_account_to_its_network_and_time_opens_it_again() {
        let (clock, throttle) = throttle();
        assert_eq!(checked(&throttle, 50, ADA, "192.0.2.1", None), 10);
        assert_eq!(checked(&throttle, 1, "bob@example.com", "192.0.2.1", None), 1, "others come in");
        assert_eq!(checked(&throttle, 1, ADA, "192.0.2.2", None), 1, "from elsewhere she comes in");
        let refused = throttle.password(ADA, address("192.0.2.1"), None).err().unwrap();
        assert!(matches!(refused, AppError::Throttled { retry_after_seconds: 90 }), "{refused}");
        clock.advance(90 * 1_000_000);
        assert_eq!(checked(&throttle, 5, ADA, "192.0.2.1", None), 1);
    }

    #[test]
    fn a_right_password_costs_nothing() {
        let (_, throttle) = throttle();
        for _ in 0..100 {
            throttle.password(ADA, address("192.0.2.1"), None).unwrap().give_back();
        }
        assert_eq!(checked(&throttle, 50, ADA, "192.0.2.1", None), 10);
    }

    #[test]
    fn one_network_cannot_try_everybody() {
        let (_, throttle) = throttle();
        let tried = (0..100).filter(|person| {
            throttle.password(&format!("{person}@example.com"), address("2001:db8::1"), None).is_ok()
        });
        assert_eq!(tried.count(), 30);
        assert_eq!(
            checked(&throttle, 1, "new@example.com", "2001:db8::2", None),
            0,
            "a neighbour in the same /64"
        );
        assert_eq!(checked(&throttle, 1, "new@example.com", "2001:db8:0:1::1", None), 1);
        assert_eq!(network(address("::ffff:192.0.2.1")), network(address("192.0.2.1")));
    }

    #[test]
    fn a_thousand_networks_get_no_more_than_twenty_checks_a_minute_and_the_owner_comes_in() {
        let (clock, throttle) = throttle();
        for minute in 0..10 {
            let tries = (0..1000).filter(|host: &u32| {
                clock.advance(MINUTE_US / 1000);
                let from = IpAddr::from([10, minute, (host / 250) as u8, (host % 250) as u8]);
                throttle.password(ADA, from, None).is_ok()
            });
            assert!(tries.count() <= 20);
        }
        assert_eq!(checked(&throttle, 1, ADA, "203.0.113.5", None), 0, "strangers take turns");
        assert_eq!(checked(&throttle, 1, ADA, "203.0.113.5", Some("laptop")), 1, "her own browser does not");
    }

    #[test]
    fn a_known_browser_is_no_way_to_guess_either() {
        let (_, throttle) = throttle();
        assert_eq!(checked(&throttle, 50, ADA, "192.0.2.1", Some("stolen")), 10);
        assert_eq!(checked(&throttle, 50, ADA, "192.0.2.9", Some("stolen")), 0);
        assert_eq!(checked(&throttle, 1, ADA, "192.0.2.9", Some("laptop")), 1);
    }

    async fn present(throttle: &Throttle, token: &str, found: Result<(), AppError>) -> Result<(), AppError> {
        throttle.token(address("192.0.2.1"), token, async { found }).await
    }

    #[tokio::test]
    async fn wrong_tokens_are_counted_before_they_are_looked_up_and_right_ones_are_not() {
        let (_, throttle) = throttle();
        for _ in 0..200 {
            present(&throttle, "right", Ok(())).await.unwrap();
        }
        for guess in 0..60 {
            let refused = present(&throttle, &format!("{guess}"), Err(AppError::Unauthenticated)).await;
            assert!(matches!(refused, Err(AppError::Unauthenticated)), "{guess}");
        }
        let refused = throttle.token(address("192.0.2.1"), "another", async {
            panic!("it is not even looked up");
            #[expect(unreachable_code, reason = "names the type")]
            Ok(())
        });
        assert!(matches!(refused.await, Err(AppError::Throttled { .. })));
        present(&throttle, "right", Ok(())).await.expect("a token that was right is let in");
        present(&throttle, "right", Err(AppError::Unauthenticated)).await.unwrap_err();
        let refused = present(&throttle, "right", Err(AppError::Unauthenticated)).await;
        assert!(matches!(refused, Err(AppError::Throttled { .. })), "a revoked one is like any other");
    }

    #[tokio::test]
    async fn a_failure_of_ours_is_nobodys_guess() {
        let (_, throttle) = throttle();
        for _ in 0..100 {
            let failed = present(&throttle, "a", Err(AppError::internal("away"))).await;
            assert!(matches!(failed, Err(AppError::Internal(_))));
        }
    }
}
