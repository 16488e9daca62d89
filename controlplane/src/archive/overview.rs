//! What a window comes to, how slow it was and what fails, for live traffic: from the rollups, so that a year is as quick
//! as a day.

use std::collections::BTreeMap;

use clickhouse::Row;
use serde::Deserialize;
use weir_contract::money::Money;

use super::customers::MEASURES;
use super::scope::{Scope, Statement, Table};
use super::spend::DaySpend;
use super::window::Window;
use super::{Archive, ArchiveError};

/// Buckets of a latency histogram in one octave.
const BUCKETS_PER_OCTAVE: f64 = 16.0;

/// What a stretch is called in an answer: what is compared with, the whole hours, the hour that runs, and the hours
/// between last month's stretch and this month's, which belong to neither.
const BEFORE: u8 = 0;
const WHOLE: u8 = 1;
const REST: u8 = 2;
const BETWEEN: u8 = 3;

/// Consecutive stretches of whole hours: each ends where the next begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretches {
    /// What is compared with.
    pub(crate) before: Window,
    /// The whole hours of the window.
    pub(crate) whole: Window,
    /// The window itself, which may end within an hour.
    pub(crate) window: Window,
}

/// The sums of one stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Requests.
    pub(crate) requests: u64,
    /// Those that failed.
    pub(crate) errors: u64,
    /// Calls without a known price: missing from the money.
    pub(crate) unrated: u64,
    /// All input tokens.
    pub(crate) tokens_in: u64,
    /// All output tokens.
    pub(crate) tokens_out: u64,
    /// Nano-dollars.
    cost: i128,
}

/// The sums of all three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Of the window.
    pub(crate) window: Totals,
    /// Of its whole hours.
    pub(crate) whole: Totals,
    /// Of what it is compared with.
    pub(crate) before: Totals,
}

/// What was spent: in all three stretches, and in the window by day and model, oldest day first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    /// The sums.
    pub(crate) sums: Sums,
    /// The same of the window, by day and model.
    pub(crate) days: Vec<DaySpend>,
}

/// One model on one day of one stretch.
#[derive(Clone, Debug, Row, Deserialize)]
struct Cell {
    part: u8,
    day_us: i64,
    model: String,
    requests: u64,
    errors: u64,
    unrated: u64,
    tokens_in: u64,
    tokens_out: u64,
    cost: i128,
    #[expect(dead_code, reason = "the overview shows what the providers charge; the measures are one list")]
    billed: i128,
    #[expect(dead_code, reason = "as above")]
    saved: i128,
}

/// The slowest twentieth began there, µs; `None` without requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Latency {
    /// In the window.
    pub(crate) window: Option<u64>,
    /// In its whole hours.
    pub(crate) whole: Option<u64>,
    /// In what it is compared with.
    pub(crate) before: Option<u64>,
}

/// How requests to one provider ended, lately and in the day before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Row, Deserialize)]
pub(crate) struct Endings {
    /// Who ran them; empty when nobody did.
    pub(crate) provider: String,
    /// How they ended.
    pub(crate) outcome: String,
    /// Requests of the last hour and the one that runs.
    pub(crate) lately: u64,
    /// Requests of the day before those.
    pub(crate) earlier: u64,
}

#[derive(Row, Deserialize)]
struct Histogram {
    part: u8,
    buckets: Vec<i16>,
    counts: Vec<u64>,
}

impl Totals {
    /// What the providers charge.
    pub(crate) fn cost(&self) -> Money {
        super::money(self.cost)
    }

    /// The failed part, in parts per million; `None` without requests.
    pub(crate) fn errors_ppm(&self) -> Option<u32> {
        let ppm = self.errors.saturating_mul(1_000_000).checked_div(self.requests)?;
        Some(u32::try_from(ppm).unwrap_or(u32::MAX))
    }

    fn add(&mut self, cell: &Cell) {
        self.requests += cell.requests;
        self.errors += cell.errors;
        self.unrated += cell.unrated;
        self.tokens_in += cell.tokens_in;
        self.tokens_out += cell.tokens_out;
        self.cost += cell.cost;
    }
}

impl Spent {
    fn of(cells: &[Cell]) -> Self {
        let mut sums = Sums::default();
        let mut days: BTreeMap<(i64, &str), i128> = BTreeMap::new();
        for cell in cells {
            match cell.part {
                BEFORE => sums.before.add(cell),
                WHOLE => {
                    sums.whole.add(cell);
                    sums.window.add(cell);
                }
                REST => sums.window.add(cell),
                _ => {}
            }
            if matches!(cell.part, WHOLE | REST) {
                *days.entry((cell.day_us, &cell.model)).or_default() += cell.cost;
            }
        }
        let day =
            |((day_us, model), cost): ((i64, &str), i128)| DaySpend { day_us, model: model.to_owned(), cost };
        Self { sums, days: days.into_iter().map(day).collect() }
    }
}

impl Archive {
    /// What was spent in a window and in what it is compared with.
    pub(crate) async fn spend_of_stretches(
        &self,
        scope: &Scope,
        of: Stretches,
    ) -> Result<Spent, ArchiveError> {
        let cells: Vec<Cell> = self.rows(spent(scope, of)).await?;
        Ok(Spent::of(&cells))
    }

    /// The 95th percentile of the durations of the same stretches.
    pub(crate) async fn latency_of_stretches(
        &self,
        scope: &Scope,
        of: Stretches,
    ) -> Result<Latency, ArchiveError> {
        let rows: Vec<Histogram> = self.rows(durations(scope, of)).await?;
        let of_parts = |parts: &[u8]| {
            let parts = rows.iter().filter(|row| parts.contains(&row.part));
            percentile_95(parts.flat_map(|row| row.buckets.iter().copied().zip(row.counts.iter().copied())))
        };
        Ok(Latency {
            window: of_parts(&[WHOLE, REST]),
            whole: of_parts(&[WHOLE]),
            before: of_parts(&[BEFORE]),
        })
    }

    /// How requests ended by provider, since the hour before the running one and in the day before that.
    pub(crate) async fn list_endings(
        &self,
        scope: &Scope,
        now_us: i64,
    ) -> Result<Vec<Endings>, ArchiveError> {
        self.rows(endings(scope, now_us)).await
    }
}

/// Which stretch a row's time lies in. The numbers are ours, so they may stand in the text.
fn part(of: Stretches) -> String {
    let second = |us: i64| us.div_euclid(1_000_000);
    let (whole, rest) = (second(of.whole.from_us), second(of.whole.to_us));
    let gap = second(of.before.to_us);
    format!(
        "multiIf(toUnixTimestamp(t) < {gap}, toUInt8({BEFORE}), toUnixTimestamp(t) < {whole}, toUInt8({BETWEEN}), \
         toUnixTimestamp(t) < {rest}, toUInt8({WHOLE}), toUInt8({REST})) AS part"
    )
}

fn live(scope: &Scope, columns: &str, table: Table, window: Window) -> Statement {
    scope.read(columns, table).during(table, window).and("origin = 'live'")
}

fn all(of: Stretches) -> Window {
    Window { from_us: of.before.from_us, to_us: of.window.to_us }
}

fn spent(scope: &Scope, of: Stretches) -> Statement {
    let columns = format!(
        "{}, toInt64(toUnixTimestamp(toStartOfDay(t))) * 1000000 AS day_us, model, {MEASURES}",
        part(of)
    );
    live(scope, &columns, Table::SpendModel, all(of)).then("GROUP BY part, day_us, model")
}

fn durations(scope: &Scope, of: Stretches) -> Statement {
    let columns =
        format!("{}, mapKeys(sumMap(duration)) AS buckets, mapValues(sumMap(duration)) AS counts", part(of));
    live(scope, &columns, Table::Latency, all(of)).then("GROUP BY part")
}

fn endings(scope: &Scope, now_us: i64) -> Statement {
    const HOUR_US: i64 = 3_600_000_000;
    let hour_us = now_us - now_us.rem_euclid(HOUR_US);
    let lately = (hour_us - HOUR_US).div_euclid(1_000_000);
    let window = Window { from_us: hour_us - 25 * HOUR_US, to_us: hour_us + HOUR_US };
    let columns = format!(
        "provider, outcome, sumIf(requests, toUnixTimestamp(t) >= {lately}) AS lately, \
         sumIf(requests, toUnixTimestamp(t) < {lately}) AS earlier"
    );
    live(scope, &columns, Table::SpendPolicy, window)
        .then("GROUP BY provider, outcome ORDER BY provider, outcome LIMIT 1000")
}

/// The middle of the bucket in which the 95th percentile lies, µs.
fn percentile_95(counted: impl Iterator<Item = (i16, u64)>) -> Option<u64> {
    let mut buckets: BTreeMap<i16, u64> = BTreeMap::new();
    for (bucket, count) in counted {
        *buckets.entry(bucket).or_default() += count;
    }
    let all: u64 = buckets.values().sum();
    let wanted = all.saturating_mul(95).div_ceil(100);
    let mut seen = 0;
    for (bucket, count) in buckets {
        seen += count;
        if seen >= wanted && seen > 0 {
            return Some(middle_us(bucket));
        }
    }
    None
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bucket bounds are positive and far below 2^53; a histogram's value is an estimate anyway"
)]
fn middle_us(bucket: i16) -> u64 {
    ((f64::from(bucket) + 0.5) / BUCKETS_PER_OCTAVE).exp2().round() as u64
}

#[cfg(test)]
mod tests {
    use super::super::scope::promise;
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn stretches() -> Stretches {
        Stretches {
            before: Window { from_us: 0, to_us: HOUR },
            whole: Window { from_us: HOUR, to_us: 2 * HOUR },
            window: Window { from_us: HOUR, to_us: 2 * HOUR + 7 },
        }
    }

    #[test]
    fn every_question_keeps_to_its_workspaces_and_to_live_traffic() {
        let scope = promise::scope();
        for statement in
            [spent(&scope, stretches()), durations(&scope, stretches()), endings(&scope, 100 * HOUR)]
        {
            promise::keeps_to_its_workspaces(&statement);
            assert!(statement.sql().contains("origin = 'live'"), "{}", statement.sql());
        }
    }

    #[test]
    fn the_hour_that_runs_is_in_the_window_but_in_nothing_that_is_compared() {
        let cell = |part, model: &str, cost| Cell {
            part,
            day_us: 0,
            model: model.into(),
            requests: 1,
            errors: 0,
            unrated: 0,
            tokens_in: 0,
            tokens_out: 0,
            cost,
            billed: cost,
            saved: 0,
        };
        let cells =
            [cell(BEFORE, "a", 1), cell(BETWEEN, "a", 10), cell(WHOLE, "a", 100), cell(REST, "a", 1_000)];
        let Spent { sums, days } = Spent::of(&cells);
        assert_eq!((sums.before.cost, sums.whole.cost, sums.window.cost), (1, 100, 1_100));
        assert_eq!(days, [DaySpend { day_us: 0, model: "a".into(), cost: 1_100 }]);
    }

    #[test]
    fn the_percentile_is_within_a_bucket_of_the_truth() {
        let counted = (0..100_u64).map(|n| (if n < 94 { 160 } else { 320 }, 1));
        let found = percentile_95(counted).unwrap();
        assert!((1 << 20..(1 << 20) * 105 / 100).contains(&found), "{found}");
        assert_eq!(percentile_95(std::iter::empty()), None);
    }

    #[test]
    fn a_share_of_nothing_is_unknown() {
        assert_eq!(Totals::default().errors_ppm(), None);
        assert_eq!(Totals { requests: 4, errors: 1, ..Totals::default() }.errors_ppm(), Some(250_000));
    }
}
