//! The counters one kind of call touches, found with one look-up: labels are made into text once a kind, not once a request.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use arc_swap::ArcSwap;
use prometheus_client::metrics::counter::Counter;
use weir_contract::record::{CacheStatus, CallRecord, Outcome, RequestRecord, Side};
use weir_contract::usage::Bucket;

use super::Histogram;

/// What tells one kind of call from another. Every part comes from the policy or from a closed list, so kinds are few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kind<'a> {
    pub(super) workspace: &'a str,
    pub(super) provider: &'a str,
    pub(super) endpoint: &'a str,
    pub(super) model: &'a str,
    pub(super) operation: &'a str,
    pub(super) call_outcome: Outcome,
    pub(super) outcome: Outcome,
    pub(super) cache: CacheStatus,
}

impl<'a> Kind<'a> {
    pub(super) fn of(record: &'a RequestRecord, call: &'a CallRecord, model: &'a str) -> Self {
        Self {
            workspace: record.workspace.as_str(),
            provider: &call.provider,
            endpoint: call.endpoint.as_str(),
            model,
            operation: &record.operation,
            call_outcome: call.outcome,
            outcome: record.outcome,
            cache: record.cache_status,
        }
    }
}

/// The counters of one kind of call.
pub(super) struct Series {
    pub(super) requests: Counter,
    pub(super) attempts: Counter,
    pub(super) cost: Counter,
    pub(super) billed: Counter,
    pub(super) unrated: Counter,
    pub(super) duration: Histogram,
    pub(super) first_chunk: Histogram,
    pub(super) input_tokens: Counter,
    pub(super) output_tokens: Counter,
    pub(super) cache_read_tokens: Counter,
    pub(super) reasoning_tokens: Counter,
}

impl Series {
    /// Counts a call of this kind.
    pub(super) fn count(&self, call: &CallRecord) {
        let nano = |amount: weir_contract::money::Money| u64::try_from(amount.nano()).unwrap_or(0);
        self.attempts.inc();
        self.cost.inc_by(nano(call.charge.total));
        self.billed.inc_by(nano(call.billed));
        if !call.charge.rated {
            self.unrated.inc();
        }
        self.duration.observe_us(call.attempt_us);
        if call.ttft_us > 0 {
            self.first_chunk.observe_us(call.ttft_us);
        }
        if call.error_side == Side::None || call.usage.is_known() {
            self.input_tokens.inc_by(call.usage.input_total());
            self.output_tokens.inc_by(call.usage.output_total());
            self.cache_read_tokens.inc_by(call.usage.get(Bucket::CacheRead));
            self.reasoning_tokens.inc_by(call.usage.get(Bucket::Reasoning));
        }
    }
}

/// All kinds met so far. Reading takes no lock; a new kind replaces the map.
#[derive(Default)]
pub(super) struct Known {
    hasher: RandomState,
    met: ArcSwap<HashMap<u64, Arc<Series>>>,
}

impl Known {
    /// The series of that kind, made when it is met first. Kinds are told apart by a keyed 64-bit hash: two of them sharing
    /// one would share a count, at odds of one in 10¹³ for a thousand kinds.
    pub(super) fn find(&self, kind: &Kind<'_>, make: impl FnOnce() -> Series) -> Arc<Series> {
        let place = self.hasher.hash_one(kind);
        if let Some(series) = self.met.load().get(&place) {
            return Arc::clone(series);
        }
        let series = Arc::new(make());
        self.met.rcu(|met| {
            let mut met = HashMap::clone(met);
            met.insert(place, Arc::clone(&series));
            met
        });
        series
    }
}
