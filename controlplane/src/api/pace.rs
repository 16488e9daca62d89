//! How many requests a minute one token or session may send to the API: a bucket for each, told in `RateLimit-*`.

use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use weir_contract::policy::seal::sha256_hex;

use crate::app::App;
use crate::auth::{Presented, presented};
use crate::bucket::Buckets;
use crate::refusal::Refusal;

const MINUTE: Duration = Duration::from_secs(60);

/// The buckets, with their size; `None` when nothing is counted.
pub(crate) struct Pace(Option<(u32, Buckets)>);

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
        Self((per_minute > 0).then(|| (per_minute, Buckets::new(per_minute, MINUTE))))
    }

    fn take(&self, who: &str, now_us: i64) -> Tempo {
        let Some((limit, buckets)) = &self.0 else { return Tempo::Free };
        let level = buckets.take(who, now_us);
        Tempo::Counted {
            limit: *limit,
            left: level.left,
            full_in_seconds: (level.full_in_us + 999_999) / 1_000_000,
            refused_for_seconds: level.refused_for_seconds(),
        }
    }
}

/// Takes one request out of the asker's bucket. Who presents nothing is refused at the door and not counted.
pub(crate) fn take(app: &App, parts: &Parts) -> Tempo {
    match presented(&parts.headers) {
        Presented::Bearer(secret) | Presented::Session(secret) => {
            app.pace.take(&sha256_hex(secret.as_bytes()), app.clock.now_us())
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

    #[test]
    fn a_bucket_is_told_in_whole_seconds() {
        let pace = Pace::new(2);
        let told = |left, full_in_seconds, refused_for_seconds| Tempo::Counted {
            limit: 2,
            left,
            full_in_seconds,
            refused_for_seconds,
        };
        assert_eq!(pace.take("a", 1_000_000), told(1, 30, None));
        assert_eq!(pace.take("a", 1_000_000), told(0, 60, None));
        assert_eq!(pace.take("a", 1_000_001), told(0, 60, Some(30)));
    }

    #[test]
    fn a_limit_of_nothing_counts_nothing() {
        assert_eq!(Pace::new(0).take("a", 0), Tempo::Free);
    }
}
