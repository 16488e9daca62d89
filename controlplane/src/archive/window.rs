//! Which stretch of time is meant: `range=24h|7d|30d|mtd|last_month|1h`, `from`/`to`, or a month `2026-11`. Resolved once.

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, Utc};
use thiserror::Error;

const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * HOUR_US;
/// How far a gateway's clock may be ahead of ours.
const AHEAD_US: i64 = 60_000_000;
/// The longest window a page may ask for: what the archive keeps.
const LONGEST_US: i64 = 400 * DAY_US;

/// From the first microsecond to before the second, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from_us: i64,
    pub(crate) to_us: i64,
}

/// Why a window was not understood.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum RangeError {
    /// No such name.
    #[error("there is no range `{0}`: write 1h, 24h, 7d, 30d, mtd, last_month, or from= and to=")]
    Name(String),
    /// Not a moment.
    #[error("`{0}` is not a moment: write it like 2026-11-01 or 2026-11-01T09:30:00Z")]
    Moment(String),
    /// Not a month.
    #[error("`{0}` is not a month: write it like 2026-11")]
    Month(String),
    /// Ends before it begins.
    #[error("the window ends before it begins")]
    Backwards,
    /// Longer than what is kept.
    #[error("the window is longer than 400 days, which is what the archive keeps")]
    TooLong,
}

impl Window {
    /// What a query string asks for. `from`/`to` rule when either is given; nothing at all means the last 24 hours.
    pub(crate) fn resolve(range: &str, from: &str, to: &str, now_us: i64) -> Result<Self, RangeError> {
        let window = if from.is_empty() && to.is_empty() {
            Self::named(if range.is_empty() { "24h" } else { range }, now_us)?
        } else {
            let to_us = if to.is_empty() { now_us } else { moment(to)? };
            let from_us = if from.is_empty() { to_us - DAY_US } else { moment(from)? };
            Self { from_us, to_us }
        };
        if window.from_us > window.to_us {
            return Err(RangeError::Backwards);
        }
        if window.to_us - window.from_us > LONGEST_US {
            return Err(RangeError::TooLong);
        }
        Ok(window)
    }

    fn named(name: &str, now_us: i64) -> Result<Self, RangeError> {
        let last = |length: i64| Self { from_us: now_us - length, to_us: now_us };
        Ok(match name {
            "1h" => last(HOUR_US),
            "24h" => last(DAY_US),
            "7d" => last(7 * DAY_US),
            "30d" => last(30 * DAY_US),
            "mtd" => Self { from_us: Self::month_of(now_us).from_us, to_us: now_us },
            "last_month" => Self::month_of(Self::month_of(now_us).from_us - 1),
            other => return Err(RangeError::Name(other.to_owned())),
        })
    }

    /// The calendar month a moment lies in.
    pub(crate) fn month_of(at_us: i64) -> Self {
        let day = day_of(at_us);
        Self::month(day.year(), day.month()).unwrap_or(Self { from_us: at_us, to_us: at_us })
    }

    /// The month written as `2026-11`; empty means the month of `now_us`.
    pub(crate) fn period(name: &str, now_us: i64) -> Result<Self, RangeError> {
        if name.is_empty() {
            return Ok(Self::month_of(now_us));
        }
        let parts =
            name.split_once('-').and_then(|(year, month)| Some((year.parse().ok()?, month.parse().ok()?)));
        let well_formed = name.len() == 7;
        parts
            .filter(|_| well_formed)
            .and_then(|(year, month)| Self::month(year, month))
            .ok_or_else(|| RangeError::Month(name.to_owned()))
    }

    fn month(year: i32, month: u32) -> Option<Self> {
        let first = NaiveDate::from_ymd_opt(year, month, 1)?;
        let next = first.checked_add_months(Months::new(1))?;
        Some(Self { from_us: midnight(first), to_us: midnight(next) })
    }

    /// The month's name (`2026-11`), for a window made by [`Window::period`].
    pub(crate) fn month_name(self) -> String {
        day_of(self.from_us).format("%Y-%m").to_string()
    }

    /// The month as people say it: "November 2026".
    pub(crate) fn month_label(self) -> String {
        day_of(self.from_us).format("%B %Y").to_string()
    }

    /// The month before.
    pub(crate) fn month_before(self) -> Self {
        Self::month_of(self.from_us - 1)
    }

    /// The part of it that has begun by `now_us`; a gateway's clock may be a little ahead of ours.
    pub(crate) fn until(self, now_us: i64) -> Self {
        Self { to_us: self.to_us.min(now_us.saturating_add(AHEAD_US)).max(self.from_us), ..self }
    }

    /// The same window widened on both sides.
    pub(super) fn widened(self, by_us: i64) -> Self {
        Self { from_us: self.from_us.saturating_sub(by_us), to_us: self.to_us.saturating_add(by_us) }
    }

    /// The length, µs.
    pub(crate) fn length_us(self) -> i64 {
        self.to_us - self.from_us
    }
}

fn day_of(at_us: i64) -> NaiveDate {
    DateTime::<Utc>::from_timestamp_micros(at_us).unwrap_or_default().date_naive()
}

fn midnight(day: NaiveDate) -> i64 {
    day.and_time(NaiveTime::MIN).and_utc().timestamp_micros()
}

/// A moment as people write it: a day, or a day and a time; µs UTC.
pub(crate) fn moment(text: &str) -> Result<i64, RangeError> {
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Ok(midnight(day));
    }
    DateTime::parse_from_rfc3339(text)
        .map(|moment| moment.timestamp_micros())
        .map_err(|_| RangeError::Moment(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21T03:00:00Z.
    const NOW: i64 = 1_795_230_000_000_000;

    fn iso(window: Window) -> (String, String) {
        let text = |us| DateTime::<Utc>::from_timestamp_micros(us).unwrap().to_rfc3339();
        (text(window.from_us), text(window.to_us))
    }

    #[test]
    fn every_name_becomes_one_window() {
        let of = |name| Window::resolve(name, "", "", NOW).map(Window::length_us);
        assert_eq!(of("1h"), Ok(HOUR_US));
        assert_eq!(of(""), of("24h"));
        assert_eq!(of("last_month"), Ok(31 * DAY_US));
        assert_eq!(of("mtd"), Ok(20 * DAY_US + 3 * HOUR_US));
        assert_eq!(of("8d"), Err(RangeError::Name("8d".into())));
    }

    #[test]
    fn days_and_moments_are_read_in_utc() {
        let window = Window::resolve("7d", "2026-11-01", "2026-11-02T01:00:00+01:00", NOW).unwrap();
        assert_eq!(iso(window), ("2026-11-01T00:00:00+00:00".into(), "2026-11-02T00:00:00+00:00".into()));
        assert_eq!(Window::resolve("", "tomorrow", "", NOW), Err(RangeError::Moment("tomorrow".into())));
        assert_eq!(Window::resolve("", "2026-11-02", "2026-11-01", NOW), Err(RangeError::Backwards));
        assert_eq!(Window::resolve("", "2020-01-01", "2026-11-01", NOW), Err(RangeError::TooLong));
    }

    #[test]
    fn a_period_is_a_calendar_month() {
        let november = Window::period("2026-11", NOW).unwrap();
        assert_eq!(november, Window::period("", NOW).unwrap());
        assert_eq!(
            (november.month_name().as_str(), november.month_label().as_str()),
            ("2026-11", "November 2026")
        );
        assert_eq!(november.month_before().month_name(), "2026-10");
        assert_eq!(Window::period("2026-01", NOW).unwrap().month_before().month_name(), "2025-12");
        for wrong in ["2026-13", "2026-1", "November", "26-11"] {
            assert_eq!(Window::period(wrong, NOW), Err(RangeError::Month(wrong.into())));
        }
    }
}
