//! What a batch adds to the books: one line per workspace, customer, key, origin, hour, period and price version.

use std::collections::BTreeMap;

use weir_contract::id::{CustomerId, KeyId, PriceVersion, WorkspaceId};
use weir_contract::money::MoneyError;
use weir_contract::record::{GapRecord, Origin, RequestRecord, SealRecord};
use weir_contract::sync::{BatchSummary, BookLine};

use super::sealer::period;

const HOUR_US: i64 = 3_600_000_000;

/// The start of the hour, µs UTC.
pub(super) fn hour_of(at_us: i64) -> i64 {
    at_us.div_euclid(HOUR_US) * HOUR_US
}

type Account = (WorkspaceId, CustomerId, KeyId, Origin, i64, PriceVersion);

/// The lines of a batch that is not sealed yet: the accounting period is known only then.
#[derive(Debug, Default)]
pub(super) struct Lines(BTreeMap<Account, BookLine>);

impl Lines {
    /// Adds a request's calls. Errs when a sum is beyond what money can hold, which sealing rules out.
    pub(super) fn add_request(&mut self, request: &RequestRecord) -> Result<(), MoneyError> {
        for (number, call) in request.calls.iter().enumerate() {
            let is_final = number + 1 == request.calls.len();
            self.add(BookLine {
                workspace: request.workspace.clone(),
                customer: request.customer.clone(),
                key: request.key.clone(),
                origin: request.origin,
                hour_us: hour_of(request.started_at_us),
                billing_period: 0,
                price_version: call.price_version.clone(),
                requests: u64::from(is_final),
                calls: 1,
                cost: call.charge.total,
                billed: call.billed,
                last_us: request.started_at_us,
            })?;
        }
        Ok(())
    }

    /// Adds what had no room.
    pub(super) fn add_gap(&mut self, gap: &GapRecord) -> Result<(), MoneyError> {
        self.add(BookLine {
            workspace: gap.workspace.clone(),
            customer: gap.customer.clone(),
            key: gap.key.clone(),
            origin: Origin::Live,
            hour_us: hour_of(gap.hour_us),
            billing_period: 0,
            price_version: PriceVersion::default(),
            requests: u64::from(gap.requests),
            calls: u64::from(gap.requests),
            cost: gap.cost,
            billed: gap.billed,
            last_us: gap.hour_us,
        })
    }

    fn add(&mut self, line: BookLine) -> Result<(), MoneyError> {
        let account = (
            line.workspace.clone(),
            line.customer.clone(),
            line.key.clone(),
            line.origin,
            line.hour_us,
            line.price_version.clone(),
        );
        let Some(sum) = self.0.get_mut(&account) else {
            self.0.insert(account, line);
            return Ok(());
        };
        sum.requests += line.requests;
        sum.calls += line.calls;
        sum.cost = sum.cost.checked_add(line.cost)?;
        sum.billed = sum.billed.checked_add(line.billed)?;
        sum.last_us = sum.last_us.max(line.last_us);
        Ok(())
    }

    /// The summary of the batch that ends with that seal.
    pub(super) fn close(self, seal: &SealRecord) -> BatchSummary {
        let in_period = |mut line: BookLine| {
            // An hour lies in one month whole, so its start tells the month of all in it.
            line.billing_period = period(line.hour_us, seal.sealed_at_us);
            line
        };
        BatchSummary {
            batch: seal.batch.clone(),
            sealed_at_us: seal.sealed_at_us,
            lines: self.0.into_values().map(in_period).collect(),
        }
    }
}

/// Sums a batch read back from disk. Errs as [`Lines::add_request`].
pub(super) fn summarise(
    seal: &SealRecord,
    requests: impl Iterator<Item = RequestRecord>,
    gaps: &[GapRecord],
) -> Result<BatchSummary, MoneyError> {
    let mut lines = Lines::default();
    for request in requests {
        lines.add_request(&request)?;
    }
    gaps.iter().try_for_each(|gap| lines.add_gap(gap))?;
    Ok(lines.close(seal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_contract::money::Money;
    use weir_contract::price::Charge;
    use weir_contract::record::CallRecord;

    fn call(nano: i64) -> CallRecord {
        let charge = Charge { total: Money::from_nano(nano), ..Charge::default() };
        CallRecord { charge, billed: Money::from_nano(nano * 2), ..CallRecord::default() }
    }

    #[test]
    fn every_nano_dollar_of_a_batch_is_in_its_lines() {
        let request = |customer: &str, at_us: i64, costs: &[i64]| RequestRecord {
            customer: customer.into(),
            started_at_us: at_us,
            calls: costs.iter().map(|nano| call(*nano)).collect(),
            ..RequestRecord::default()
        };
        let requests = [
            request("a", 5, &[1, 2]),
            request("a", 7, &[4]),
            request("b", 5, &[8]),
            request("a", HOUR_US, &[16]),
        ];
        let gap = GapRecord {
            customer: "a".into(),
            requests: 3,
            cost: Money::from_nano(32),
            billed: Money::from_nano(64),
            ..GapRecord::default()
        };
        let summary = summarise(&SealRecord::default(), requests.into_iter(), &[gap]).unwrap();
        let lines: Vec<_> = summary
            .lines
            .iter()
            .map(|l| (l.customer.as_str(), l.hour_us, l.requests, l.calls, l.cost.nano()))
            .collect();
        assert_eq!(lines, [("a", 0, 5, 6, 39), ("a", HOUR_US, 1, 1, 16), ("b", 0, 1, 1, 8)]);
        assert_eq!(summary.lines.iter().map(|line| line.billed.nano()).sum::<i64>(), 2 * 63);
        assert_eq!(summary.lines[0].last_us, 7);
    }
}
