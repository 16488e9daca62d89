//! Spend by day and model: stacked bars, six models and the rest, today hatched because it is still counting.

use super::{HEIGHT, WIDTH, height, round_up};
use crate::number;
use crate::page::Window;
use crate::page::customers::DaySpend;
use crate::url::RequestsQuery;
use askama::Template;
use askama::filters::HtmlSafe;
use std::collections::BTreeMap;
use weir_contract::money::Money;

const DAY_US: i64 = 86_400_000_000;
const SERIES_MAX: usize = 6;
const DAYS_MAX: i64 = 400;

/// Spend of a period, day by day.
#[derive(Debug, Clone, Template)]
#[template(path = "part/chart/spend.html")]
pub struct SpendChart {
    series: Vec<Series>,
    days: Vec<Day>,
    finding: String,
    top: String,
    middle: String,
}

impl HtmlSafe for SpendChart {}

/// One colour: a model, or all the rest together.
#[derive(Debug, Clone)]
struct Series {
    name: String,
    class: String,
    total: Money,
}

/// One day: its place and its pieces from the ground up.
#[derive(Debug, Clone)]
struct Day {
    name: String,
    href: String,
    x: u64,
    width: u64,
    running: bool,
    future: bool,
    total: Money,
    amounts: Vec<Money>,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
struct Piece {
    class: String,
    y: u64,
    height: u64,
}

impl SpendChart {
    /// Draws `spend` over the days of `window`; each day leads to the rows of `query` on it.
    #[must_use]
    pub fn new(spend: &[DaySpend], window: &Window, now_us: i64, query: &RequestsQuery) -> Self {
        let series = series(spend);
        let first = window.from_us.div_euclid(DAY_US);
        let end = window.to_us.saturating_sub(1).div_euclid(DAY_US).clamp(first, first + DAYS_MAX) + 1;
        let table = by_day(spend, &series);
        let greatest = table.values().map(|amounts| nano(sum(amounts))).max().unwrap_or(0);
        let top = round_up(greatest);
        let count = (end - first).unsigned_abs();
        let days: Vec<Day> = (first..end)
            .zip(0..)
            .map(|(day, at)| {
                let amounts = table.get(&day).cloned().unwrap_or_else(|| vec![Money::ZERO; series.len()]);
                Day::new(day, at * WIDTH / count, (at + 1) * WIDTH / count, amounts, now_us)
                    .drawn(&series, top, query)
            })
            .collect();
        let dollars =
            |units: u64| number::money_round(&Money::from_nano(i64::try_from(units).unwrap_or(i64::MAX)));
        Self { finding: finding(&days), top: dollars(top), middle: dollars(top / 2), series, days }
    }

    /// Every how many days the axis names one.
    fn step(&self) -> usize {
        self.days.len().div_ceil(6).max(1)
    }
}

impl Day {
    fn new(day: i64, x: u64, next: u64, amounts: Vec<Money>, now_us: i64) -> Self {
        let start = day * DAY_US;
        Self {
            name: number::day(&start),
            href: format!("{}/{}", number::iso(&start), number::iso(&(start + DAY_US))),
            x,
            width: (next - x) * 7 / 10,
            running: (start..start + DAY_US).contains(&now_us),
            future: start > now_us,
            total: sum(&amounts),
            amounts,
            pieces: Vec::new(),
        }
    }

    fn drawn(mut self, series: &[Series], top: u64, query: &RequestsQuery) -> Self {
        let mut y = HEIGHT;
        for (amount, series) in self.amounts.iter().zip(series) {
            let height = height(nano(*amount), top).min(y);
            if height > 0 {
                y -= height;
                self.pieces.push(Piece { class: series.class.clone(), y, height });
            }
        }
        let (from, to) = self.href.split_once('/').unwrap_or_default();
        self.href = query.within(from, to).href();
        self
    }
}

/// The most expensive models, then the rest together.
fn series(spend: &[DaySpend]) -> Vec<Series> {
    let mut totals: BTreeMap<&str, Money> = BTreeMap::new();
    for piece in spend {
        let total = totals.entry(&piece.model).or_default();
        *total = total.saturating_add(piece.spend);
    }
    let mut ranked: Vec<_> = totals.into_iter().collect();
    ranked.sort_by_key(|(_, total)| std::cmp::Reverse(*total));
    let rest = ranked.split_off(ranked.len().min(SERIES_MAX));
    let mut series: Vec<Series> = ranked
        .into_iter()
        .zip(1..)
        .map(|((name, total), at)| Series { name: name.to_owned(), class: format!("s{at}"), total })
        .collect();
    if !rest.is_empty() {
        let total = rest.iter().fold(Money::ZERO, |sum, (_, total)| sum.saturating_add(*total));
        series.push(Series { name: format!("{} more", rest.len()), class: "rest".into(), total });
    }
    series
}

/// For each day with traffic, one amount per series.
fn by_day(spend: &[DaySpend], series: &[Series]) -> BTreeMap<i64, Vec<Money>> {
    let mut table: BTreeMap<i64, Vec<Money>> = BTreeMap::new();
    for piece in spend {
        let amounts =
            table.entry(piece.day_us.div_euclid(DAY_US)).or_insert_with(|| vec![Money::ZERO; series.len()]);
        let at = series.iter().take(SERIES_MAX).position(|s| s.name == piece.model).unwrap_or(SERIES_MAX);
        if let Some(amount) = amounts.get_mut(at) {
            *amount = amount.saturating_add(piece.spend);
        }
    }
    table
}

fn finding(days: &[Day]) -> String {
    days.iter().filter(|day| day.total > Money::ZERO).max_by_key(|day| day.total).map_or_else(
        || "Nothing was spent.".to_owned(),
        |day| format!("The most expensive day is {} with {}.", day.name, number::money(&day.total)),
    )
}

fn sum(amounts: &[Money]) -> Money {
    amounts.iter().fold(Money::ZERO, |sum, amount| sum.saturating_add(*amount))
}

fn nano(amount: Money) -> u64 {
    u64::try_from(amount.nano()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spend(day: i64, model: &str, nano: i64) -> DaySpend {
        DaySpend { day_us: day * DAY_US, model: model.into(), spend: Money::from_nano(nano) }
    }

    #[test]
    fn the_series_of_a_chart_add_up_to_all_that_was_spent() {
        let all: Vec<DaySpend> = (0..9).map(|n| spend(n % 3, &format!("m{n}"), 100 + n)).collect();
        let window = Window { from_us: 0, to_us: 3 * DAY_US };
        let chart = SpendChart::new(&all, &window, 10 * DAY_US, &RequestsQuery::default());
        let of_series = chart.series.iter().map(|s| s.total.nano()).sum::<i64>();
        let of_days = chart.days.iter().map(|d| d.total.nano()).sum::<i64>();
        assert_eq!((of_series, of_days), (936, 936));
        assert_eq!(chart.series.len(), SERIES_MAX + 1);
        assert_eq!(chart.series[SERIES_MAX].name, "3 more");
    }

    #[test]
    fn a_day_that_has_not_come_is_a_gap_and_today_is_marked() {
        let window = Window { from_us: 0, to_us: 3 * DAY_US };
        let chart = SpendChart::new(&[spend(0, "m", 5)], &window, DAY_US + 7, &RequestsQuery::default());
        let marks: Vec<_> = chart.days.iter().map(|d| (d.running, d.future)).collect();
        assert_eq!(marks, [(false, false), (true, false), (false, true)]);
    }
}
