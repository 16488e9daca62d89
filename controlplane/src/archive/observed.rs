//! How fast and how well endpoints answer: histograms of the five-minute rollup, by endpoint and model there. Live
//! traffic only. The last error is read from the calls themselves, in the provider's own words.

use std::collections::BTreeMap;

use clickhouse::Row;
use serde::Deserialize;

use super::scope::{Scope, Statement, Table};
use super::window::Window;
use super::{Archive, ArchiveError};

/// Buckets of the rollup's histograms to one doubling.
const BUCKETS_PER_OCTAVE: f64 = 16.0;

/// What one model at one endpoint did in a window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Row, Deserialize)]
pub(crate) struct Seen {
    pub(crate) endpoint_id: String,
    /// What the model is called there.
    pub(crate) model: String,
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    /// Whole requests, µs by bucket.
    duration: Vec<(i16, u64)>,
    /// To the first content, µs by bucket.
    ttft: Vec<(i16, u64)>,
}

/// The newest failure at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Row, Deserialize)]
pub(crate) struct LastError {
    pub(crate) endpoint_id: String,
    pub(crate) at_us: i64,
    /// 0 when no answer came.
    pub(crate) http_status: u16,
    /// In the provider's words.
    pub(crate) message: String,
}

impl Seen {
    /// The time within which `percent` of all requests ended, µs; `None` when there were none.
    pub(crate) fn total_us(&self, percent: u64) -> Option<u64> {
        quantile(&self.duration, percent)
    }

    /// The same to the first content.
    pub(crate) fn first_us(&self, percent: u64) -> Option<u64> {
        quantile(&self.ttft, percent)
    }

    /// Adds what another one did.
    pub(crate) fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.duration = merged(&self.duration, &other.duration);
        self.ttft = merged(&self.ttft, &other.ttft);
    }
}

fn merged(one: &[(i16, u64)], other: &[(i16, u64)]) -> Vec<(i16, u64)> {
    let mut sums: BTreeMap<i16, u64> = BTreeMap::new();
    for (bucket, count) in one.iter().chain(other) {
        *sums.entry(*bucket).or_default() += count;
    }
    sums.into_iter().collect()
}

/// The middle of the bucket in which the `percent`th of a hundred lies.
fn quantile(histogram: &[(i16, u64)], percent: u64) -> Option<u64> {
    let all: u64 = histogram.iter().map(|(_, count)| count).sum();
    let rank = (all * percent).div_ceil(100).max(1);
    let mut ordered = histogram.to_vec();
    ordered.sort_unstable();
    let mut below = 0;
    for (bucket, count) in ordered {
        below += count;
        if below >= rank {
            let middle = ((f64::from(bucket) + 0.5) / BUCKETS_PER_OCTAVE).exp2();
            return format!("{middle:.0}").parse().ok();
        }
    }
    None
}

impl Archive {
    /// By endpoint and model there.
    pub(crate) async fn list_seen(&self, scope: &Scope, window: Window) -> Result<Vec<Seen>, ArchiveError> {
        self.rows(seen(scope, window)).await
    }

    /// The newest failure of each endpoint that had one.
    pub(crate) async fn list_last_errors(
        &self,
        scope: &Scope,
        window: Window,
    ) -> Result<Vec<LastError>, ArchiveError> {
        self.rows(last_errors(scope, window)).await
    }
}

fn seen(scope: &Scope, window: Window) -> Statement {
    let columns = "endpoint_id, model, sum(n) AS requests, sum(errors) AS errors, \
        sumMap(duration) AS duration, sumMap(ttft) AS ttft";
    scope
        .read(columns, Table::Latency)
        .during(Table::Latency, window)
        .and("origin = 'live' AND endpoint_id != ''")
        .then("GROUP BY endpoint_id, model ORDER BY endpoint_id, model LIMIT 10000")
}

fn last_errors(scope: &Scope, window: Window) -> Statement {
    let columns = "endpoint_id, toUnixTimestamp64Micro(max(started_at)) AS at_us, \
        argMax(http_status, started_at) AS http_status, argMax(error_message, started_at) AS message";
    scope
        .read(columns, Table::Calls)
        .during(Table::Calls, window)
        .and("endpoint_id != '' AND (error_side = 'provider' OR outcome IN ('upstream_error', 'timeout'))")
        .then("GROUP BY endpoint_id ORDER BY endpoint_id LIMIT 10000")
}

#[cfg(test)]
mod tests {
    use super::super::scope::promise;
    use super::*;

    #[test]
    fn every_question_keeps_to_its_workspaces() {
        let window = Window { from_us: 1, to_us: 2 };
        for ask in [seen, last_errors] {
            promise::keeps_to_its_workspaces(&ask(&promise::scope(), window));
        }
    }

    #[test]
    fn a_quantile_lies_within_its_bucket() {
        // 1 s lies in bucket 318: 2^(318/16) to 2^(319/16) µs.
        let histogram = vec![(330, 1), (318, 98), (100, 1)];
        let middle = quantile(&histogram, 50).unwrap();
        assert!((960_000..1_005_000).contains(&middle), "{middle}");
        assert!(quantile(&histogram, 100).unwrap() > 1_600_000);
        assert_eq!(quantile(&[], 50), None);
    }

    #[test]
    fn two_histograms_add_up() {
        let mut one = Seen { requests: 1, duration: vec![(1, 1), (2, 1)], ..Seen::default() };
        one.add(&Seen { requests: 2, errors: 1, duration: vec![(2, 2)], ..Seen::default() });
        assert_eq!((one.requests, one.errors, one.duration), (3, 1, vec![(1, 1), (2, 3)]));
    }
}
