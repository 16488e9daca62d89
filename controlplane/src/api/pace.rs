//! How many requests a minute one token or session may send to the API: a bucket for each, told in `RateLimit-*`.
//!
//! A bucket is one number, the moment at which it will be full again: what was taken lies between now and then.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use moka::sync::Cache;
use weir_contract::policy::seal::sha256_hex;

use crate::app::App;
use crate::auth::{Presented, presented};
use crate::refusal::Refusal;

const MINUTE_US: i64 = 60 * 1_000_000;
/// Tokens and sessions remembered; a forgotten one begins with a full bucket.
const REMEMBERED: u64 = 100_000;

type Full = Arc<Mutex<i64>>;

/// The buckets.
pub(crate) struct Pace {
    per_minute: u32,
    buckets: Cache<String, Full>,
}

/// How one request stands to its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tempo {
    /// Nothing is counted for this one.
    Free,
    /// It was counted.
    Counted {
        /// Requests a minute.
        limit: u32,
        /// Requests that may follow at once.
        left: i64,
        /// Seconds until the bucket is full again.
        full_in_seconds: i64,
        /// Seconds until one more is taken, when this one was too many.
        refused_for_seconds: Option<u64>,
    },
}

impl Pace {
    /// Full buckets of that many requests; none for 0.
    pub(crate) fn new(per_minute: u32) -> Self {
        let idle = Duration::from_secs(2 * 60);
        Self { per_minute, buckets: Cache::builder().max_capacity(REMEMBERED).time_to_idle(idle).build() }
    }

    fn take(&self, who: String, now_us: i64) -> Tempo {
        let limit = self.per_minute;
        if limit == 0 {
            return Tempo::Free;
        }
        let each_us = MINUTE_US / i64::from(limit);
        let bucket = self.buckets.get_with(who, Full::default);
        let mut full_at = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let after = (*full_at).max(now_us) + each_us;
        let over_us = after - now_us - MINUTE_US;
        let refused_for_seconds =
            (over_us > 0).then(|| u64::try_from(over_us).unwrap_or(0).div_ceil(1_000_000));
        if refused_for_seconds.is_none() {
            *full_at = after;
        }
        let taken_us = (*full_at - now_us).max(0);
        Tempo::Counted {
            limit,
            left: (MINUTE_US - taken_us) / each_us,
            full_in_seconds: (taken_us + 999_999) / 1_000_000,
            refused_for_seconds,
        }
    }
}

/// Takes one request out of the asker's bucket. Who presents nothing is refused at the door and not counted.
pub(crate) fn take(app: &App, parts: &Parts) -> Tempo {
    match presented(&parts.headers) {
        Presented::Bearer(secret) | Presented::Session(secret) => {
            app.pace.take(sha256_hex(secret.as_bytes()), app.clock.now_us())
        }
        Presented::Nothing => Tempo::Free,
    }
}

impl Tempo {
    /// Fails when it was too many.
    pub(crate) fn check(self) -> Result<(), Refusal> {
        match self {
            Self::Counted { refused_for_seconds: Some(retry_after_seconds), .. } => {
                Err(Refusal::TooFast { retry_after_seconds })
            }
            _ => Ok(()),
        }
    }

    /// Says how the bucket stands.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        let Self::Counted { limit, left, full_in_seconds, .. } = self else { return };
        headers.insert(HeaderName::from_static("ratelimit-limit"), HeaderValue::from(limit));
        headers.insert(HeaderName::from_static("ratelimit-remaining"), HeaderValue::from(left));
        headers.insert(HeaderName::from_static("ratelimit-reset"), HeaderValue::from(full_in_seconds));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(tempo: Tempo) -> Option<u64> {
        let Tempo::Counted { refused_for_seconds, .. } = tempo else { panic!("{tempo:?} was not counted") };
        refused_for_seconds
    }

    #[test]
    fn an_emptied_bucket_refuses_until_time_has_filled_it() {
        let pace = Pace::new(3);
        for _ in 0..3 {
            assert_eq!(refused(pace.take("a".to_owned(), 1_000_000)), None);
        }
        assert_eq!(refused(pace.take("a".to_owned(), 1_000_000)), Some(20));
        assert_eq!(refused(pace.take("b".to_owned(), 1_000_000)), None, "others have buckets of their own");
        assert_eq!(refused(pace.take("a".to_owned(), 21_000_000)), None);
        assert_eq!(refused(pace.take("a".to_owned(), 21_000_000)), Some(20), "one was filled, not three");
    }

    #[test]
    fn a_limit_of_nothing_counts_nothing() {
        assert_eq!(Pace::new(0).take("a".to_owned(), 0), Tempo::Free);
    }
}
