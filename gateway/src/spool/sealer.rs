//! Where a batch ends. Pure: the same records in the same order make the same batches.
//!
//! A batch is what stands between two seals of one file: at most [`Limits::rows`] rows and [`Limits::bytes`] bytes, and no
//! older than a second, which the writer watches.

use serde::{Deserialize, Serialize};
use weir_contract::id::{BatchId, GatewayId};
use weir_contract::money::{Money, MoneyError};
use weir_contract::record::{BodyRecord, GapRecord, RequestRecord, SealRecord, billing_period};

use super::frame;

/// How long a month stays open for late records: 72 hours, µs. Afterwards they are booked in the next open month.
const PERIOD_GRACE_US: i64 = 72 * 3_600_000_000;

/// How large a batch may become.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Rows of all tables together.
    pub(super) rows: u64,
    /// Bytes in the journal, and bytes once decompressed.
    pub(super) bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rows: 10_000, bytes: 8 << 20 }
    }
}

/// `seal` as it stands in the journal: the contract's record, and where in the file the batch began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seal {
    pub(super) record: SealRecord,
    /// Number of the batch in its file, from 0.
    pub(super) number: u32,
    /// Offset of its first frame.
    pub(super) from: u64,
}

/// What one record adds to its batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) calls: u64,
    pub(super) bodies: u64,
    pub(super) cost: Money,
    pub(super) billed: Money,
    /// Start of the request, µs UTC.
    pub(super) at_us: i64,
    /// Bytes once decompressed.
    pub(super) bytes: u64,
}

impl Facts {
    /// Of a close record. Sums of one request are bounded by the rating, which refuses what money cannot hold.
    pub(super) fn of_close(record: &RequestRecord, bytes: u64) -> Self {
        Self {
            calls: record.calls.len() as u64,
            cost: record.calls.iter().map(|call| call.charge.total).sum(),
            billed: record.calls.iter().map(|call| call.billed).sum(),
            at_us: record.started_at_us,
            bytes,
            ..Self::default()
        }
    }

    /// Of a gap record.
    pub(super) fn of_gap(record: &GapRecord, bytes: u64) -> Self {
        let GapRecord { cost, billed, hour_us, .. } = *record;
        Self { calls: 1, cost, billed, at_us: hour_us, bytes, ..Self::default() }
    }

    /// Of a body record that is `bytes` long once decompressed.
    pub(super) fn of_body(started_at_us: i64, bytes: u64) -> Self {
        Self { bodies: 1, at_us: started_at_us, bytes, ..Self::default() }
    }

    /// Of a frame read back; `None` when it makes no rows or cannot be read.
    pub(super) fn of_frame(frame: &frame::Frame<'_>) -> Option<Self> {
        let bytes = frame.payload.len() as u64;
        match frame.kind {
            frame::Kind::Close => Some(Self::of_close(&frame.record()?, bytes)),
            frame::Kind::Gap => Some(Self::of_gap(&frame.record()?, bytes)),
            frame::Kind::Body => {
                let (body, raw) = super::bodies::decode(frame.payload)?;
                let BodyRecord { started_at_us, .. } = body;
                Some(Self::of_body(started_at_us, raw))
            }
            _ => None,
        }
    }
}

/// The batch being filled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pending {
    calls: u64,
    bodies: u64,
    cost: Money,
    billed: Money,
    min_us: i64,
    max_us: i64,
    bytes: u64,
    crc: u32,
}

impl Pending {
    /// Whether it has no rows.
    pub(super) fn is_empty(&self) -> bool {
        self.calls + self.bodies == 0
    }

    /// Whether it must be sealed before this record may come in. An empty batch takes anything.
    pub(super) fn is_too_full_for(&self, facts: &Facts, limits: Limits) -> bool {
        !self.is_empty()
            && (self.calls + self.bodies + facts.calls + facts.bodies > limits.rows
                || self.bytes + facts.bytes > limits.bytes
                || self.money_with(facts).is_err())
    }

    /// Adds a record whose frame has that checksum.
    pub(super) fn add(&mut self, facts: &Facts, frame_crc: u32) {
        let first = self.is_empty();
        self.calls += facts.calls;
        self.bodies += facts.bodies;
        self.bytes += facts.bytes;
        if let Ok((cost, billed)) = self.money_with(facts) {
            (self.cost, self.billed) = (cost, billed);
        }
        self.min_us = if first { facts.at_us } else { self.min_us.min(facts.at_us) };
        self.max_us = if first { facts.at_us } else { self.max_us.max(facts.at_us) };
        self.crc = frame::chain(self.crc, frame_crc);
    }

    fn money_with(&self, facts: &Facts) -> Result<(Money, Money), MoneyError> {
        Ok((self.cost.checked_add(facts.cost)?, self.billed.checked_add(facts.billed)?))
    }

    /// The seal of the batch, and an empty one in its place.
    pub(super) fn seal(
        &mut self,
        gateway: &GatewayId,
        segment: u64,
        number: u32,
        from: u64,
        now_us: i64,
    ) -> Seal {
        let done = std::mem::take(self);
        let record = SealRecord {
            batch: batch_id(gateway, segment, number),
            gateway: gateway.clone(),
            sealed_at_us: now_us,
            calls: done.calls,
            bodies: done.bodies,
            cost: done.cost,
            billed: done.billed,
            min_us: done.min_us,
            max_us: done.max_us,
            crc: done.crc,
            billing_period: period(done.max_us, now_us),
            shard_epoch: 0,
        };
        Seal { record, number, from }
    }
}

/// `{gateway}-{segment}-{n}`.
fn batch_id(gateway: &GatewayId, segment: u64, number: u32) -> BatchId {
    BatchId::from(format!("{gateway}-{segment}-{number}"))
}

/// The accounting period of a request: its own month, or the earliest month still open when its batch was sealed.
pub(super) fn period(started_at_us: i64, sealed_at_us: i64) -> u32 {
    billing_period(started_at_us).max(billing_period(sealed_at_us - PERIOD_GRACE_US))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(facts: &[Facts], limits: Limits) -> Vec<SealRecord> {
        let (mut pending, mut seals) = (Pending::default(), Vec::new());
        let gateway = GatewayId::from("gw");
        for (seq, facts) in facts.iter().enumerate() {
            if pending.is_too_full_for(facts, limits) {
                seals.push(pending.seal(&gateway, 1, seals.len() as u32, 0, 0).record);
            }
            pending.add(facts, seq as u32);
        }
        if !pending.is_empty() {
            seals.push(pending.seal(&gateway, 1, seals.len() as u32, 0, 0).record);
        }
        seals
    }

    prop_compose! {
        fn any_facts()(calls in 0..4_u64, bodies in 0..2_u64, cost in any::<i64>(), bytes in 0..50_u64, at_us in any::<i64>()) -> Facts {
            let calls = calls.max(1 - bodies);
            Facts { calls, bodies, cost: Money::from_nano(cost), billed: Money::from_nano(cost), at_us, bytes }
        }
    }

    proptest! {
        #[test]
        fn batches_stay_within_their_limits_and_add_up_to_all_records(facts in proptest::collection::vec(any_facts(), 1..60)) {
            let limits = Limits { rows: 5, bytes: 100 };
            let seals = cut(&facts, limits);
            prop_assert!(seals.iter().all(|seal| seal.calls + seal.bodies <= 5));
            prop_assert_eq!(seals.iter().map(|seal| seal.calls).sum::<u64>(), facts.iter().map(|facts| facts.calls).sum::<u64>());
            let sealed: i128 = seals.iter().map(|seal| i128::from(seal.cost.nano())).sum();
            prop_assert_eq!(sealed, facts.iter().map(|facts| i128::from(facts.cost.nano())).sum::<i128>());
        }

        #[test]
        fn the_same_records_make_the_same_batches(facts in proptest::collection::vec(any_facts(), 1..60)) {
            let limits = Limits { rows: 5, bytes: 100 };
            prop_assert_eq!(cut(&facts, limits), cut(&facts, limits));
        }
    }

    #[test]
    fn a_late_record_is_booked_in_the_earliest_open_month() {
        let day = 86_400_000_000;
        let last_of_october = 20_758 * day - 1;
        assert_eq!(period(last_of_october, last_of_october), 202_610);
        assert_eq!(
            period(last_of_october, last_of_october + 3 * day),
            202_610,
            "the month stays open for 72 hours"
        );
        assert_eq!(period(last_of_october, last_of_october + 3 * day + 1), 202_611);
        assert_eq!(period(last_of_october, last_of_october + 64 * day), 202_612);
    }
}
