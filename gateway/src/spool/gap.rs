//! Sums of requests that were answered but had no room on disk. Kept in memory until there is room for the sums.

use std::collections::BTreeMap;

use weir_contract::id::{CustomerId, KeyId, RequestId, WorkspaceId};
use weir_contract::record::{GapRecord, RequestRecord};
use weir_contract::usage::{Bucket, Usage, UsageSource};

use super::summary::hour_of;

/// Most sums kept; beyond it customers and models fall together under [`OTHER`], money and counts stay exact.
const SUMS_MAX: usize = 20_000;

/// Where the overflow is counted.
const OTHER: &str = "__other__";

type Account = (WorkspaceId, KeyId, CustomerId, String, String, i64);

/// The sums, and which open requests they settle.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    sums: BTreeMap<Account, GapRecord>,
    voids: Vec<RequestId>,
}

impl Gaps {
    /// Whether nothing is kept.
    pub(super) fn is_empty(&self) -> bool {
        self.sums.is_empty() && self.voids.is_empty()
    }

    /// Counts a request. With `was_open`, its hold stands in the journal and must be declared settled later.
    pub(super) fn count(&mut self, record: &RequestRecord, was_open: bool) {
        let last = record.calls.last();
        let mut usage = Usage::new(UsageSource::None);
        for call in &record.calls {
            merge(&mut usage, &call.usage);
        }
        self.merge(GapRecord {
            hour_us: hour_of(record.started_at_us),
            workspace: record.workspace.clone(),
            key: record.key.clone(),
            customer: record.customer.clone(),
            provider: last.map(|call| call.provider.clone()).unwrap_or_default(),
            model: last.map(|call| call.model.clone()).unwrap_or_default(),
            requests: 1,
            usage,
            cost: record.calls.iter().map(|call| call.charge.total).sum(),
            billed: record.calls.iter().map(|call| call.billed).sum(),
        });
        if was_open {
            self.voids.push(record.request_id);
        }
    }

    /// Adds a sum to the sums.
    pub(super) fn merge(&mut self, mut gap: GapRecord) {
        let account = |gap: &GapRecord| -> Account {
            let GapRecord { workspace, key, customer, provider, model, hour_us, .. } = gap.clone();
            (workspace, key, customer, provider, model, hour_us)
        };
        let full = self.sums.len() >= SUMS_MAX && !self.sums.contains_key(&account(&gap));
        if full {
            gap.customer = OTHER.into();
            (gap.provider, gap.model) = (OTHER.to_owned(), OTHER.to_owned());
        }
        match self.sums.get_mut(&account(&gap)) {
            // A sum that money cannot hold would be a second line; nine billion dollars an hour never come.
            Some(sum) => {
                sum.requests = sum.requests.saturating_add(gap.requests);
                sum.cost = sum.cost.saturating_add(gap.cost);
                sum.billed = sum.billed.saturating_add(gap.billed);
                merge(&mut sum.usage, &gap.usage);
            }
            None => {
                self.sums.insert(account(&gap), gap);
            }
        }
    }

    /// Puts back requests to be declared settled.
    pub(super) fn void(&mut self, requests: Vec<RequestId>) {
        self.voids.extend(requests);
    }

    /// Takes everything out, to be written.
    pub(super) fn take(&mut self) -> (Vec<GapRecord>, Vec<RequestId>) {
        (std::mem::take(&mut self.sums).into_values().collect(), std::mem::take(&mut self.voids))
    }
}

fn merge(sum: &mut Usage, more: &Usage) {
    for (bucket, units) in more.filled() {
        let bucket: Bucket = bucket;
        sum.set(bucket, sum.get(bucket) + units);
    }
    sum.mismatch |= more.mismatch;
    if more.is_known() && !sum.is_known() {
        sum.source = more.source;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_contract::money::Money;
    use weir_contract::price::Charge;
    use weir_contract::record::CallRecord;

    #[test]
    fn requests_without_room_are_summed_to_the_nano_dollar() {
        let mut gaps = Gaps::default();
        let total: i64 = (0..30_000).sum();
        for nano in 0..30_000_i64 {
            let charge = Charge { total: Money::from_nano(nano), ..Charge::default() };
            let usage = Usage::new(UsageSource::Provider).with(Bucket::Input, 2);
            let calls = vec![CallRecord { charge, usage, ..CallRecord::default() }];
            let customer = format!("c{nano}").into();
            gaps.count(&RequestRecord { customer, calls, ..RequestRecord::default() }, nano % 2 == 0);
        }
        let (sums, voids) = gaps.take();
        assert_eq!(sums.len(), SUMS_MAX + 1, "sums are bounded");
        assert_eq!(sums.iter().map(|gap| gap.cost.nano()).sum::<i64>(), total);
        assert_eq!(sums.iter().map(|gap| gap.usage.get(Bucket::Input)).sum::<u64>(), 60_000);
        assert_eq!(sums.iter().map(|gap| gap.requests).sum::<u32>(), 30_000);
        assert_eq!(voids.len(), 15_000);
        assert!(gaps.is_empty());
    }
}
