//! How money, counts, durations, shares and times read. One formatter each, so that a figure looks the same everywhere.

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use weir_contract::money::Money;

const NANO: u64 = 1_000_000_000;

/// Money: from one dollar two decimals, below four significant digits; never "$0.00" for a non-zero amount.
#[must_use]
pub fn money(amount: &Money) -> String {
    let nano = amount.nano().unsigned_abs();
    let sign = if amount.nano() < 0 { "−" } else { "" };
    if nano >= NANO {
        let cents = (nano + 5_000_000) / 10_000_000;
        return format!("{sign}${}.{:02}", grouped(cents / 100), cents % 100);
    }
    let step = 10_u64.pow(nano.checked_ilog10().unwrap_or(0).saturating_sub(3));
    let rounded = (nano + step / 2) / step * step;
    if rounded >= NANO {
        return format!("{sign}$1.00");
    }
    let digits = format!("{rounded:09}");
    let kept = digits.trim_end_matches('0').len().max(2);
    format!("{sign}$0.{}", &digits[..kept])
}

/// Money for an axis or a legend: whole dollars from ten, as [`money`] below.
#[must_use]
pub fn money_round(amount: &Money) -> String {
    let nano = amount.nano().unsigned_abs();
    if amount.nano() > 0 && nano >= 10 * NANO {
        return format!("${}", grouped((nano + NANO / 2) / NANO));
    }
    money(amount)
}

/// A count with separators.
#[must_use]
pub fn count(value: &u64) -> String {
    grouped(*value)
}

/// A count with its noun: "1 request", "2 requests".
#[must_use]
pub fn plural(value: &u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(*value), if *value == 1 { "" } else { "s" })
}

/// A count of people: "1 person", "2 people".
#[must_use]
pub fn people(value: &u64) -> String {
    format!("{} {}", grouped(*value), if *value == 1 { "person" } else { "people" })
}

/// Tokens: 6,297 below 100 k, then 128 k, 7.31 M.
#[must_use]
pub fn tokens(value: &u64) -> String {
    let scaled = |unit: u64, name: &str| {
        let (whole, hundredths) = (value / unit, value % unit * 100 / unit);
        match whole {
            0..10 => format!("{whole}.{hundredths:02} {name}"),
            10..100 => format!("{whole}.{} {name}", hundredths / 10),
            _ => format!("{whole} {name}"),
        }
    };
    match *value {
        0..100_000 => grouped(*value),
        100_000..1_000_000 => format!("{} k", value / 1_000),
        1_000_000..1_000_000_000 => scaled(1_000_000, "M"),
        _ => scaled(1_000_000_000, "B"),
    }
}

/// A duration in microseconds: 840 µs, 907 ms, 4.04 s, 2 m 11 s, 3 h 05 m.
#[must_use]
pub fn duration(us: &u64) -> String {
    let ms = us / 1_000;
    match *us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{ms} ms"),
        1_000_000..10_000_000 => format!("{}.{:02} s", ms / 1_000, ms % 1_000 / 10),
        10_000_000..60_000_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000_000..3_600_000_000 => format!("{} m {:02} s", ms / 60_000, ms / 1_000 % 60),
        3_600_000_000..172_800_000_000 => format!("{} h {:02} m", ms / 3_600_000, ms / 60_000 % 60),
        _ => format!("{} d", ms / 86_400_000),
    }
}

/// A part of a whole, in parts per million: 0.42 %, 12.4 %, 100 %.
#[must_use]
pub fn share(ppm: &u32) -> String {
    match *ppm {
        0 => "0 %".to_owned(),
        1..100 => "< 0.01 %".to_owned(),
        100..100_000 => format!("{}.{:02} %", ppm / 10_000, ppm / 100 % 100),
        100_000..1_000_000 => format!("{}.{} %", ppm / 10_000, ppm / 1_000 % 10),
        _ => "100 %".to_owned(),
    }
}

/// How much `now` is above or below `before`: "+12.4 %", "−3.0 %", "no change"; `None` when there was nothing before.
#[must_use]
pub fn change(now: i128, before: i128) -> Option<String> {
    if before <= 0 {
        return None;
    }
    let permille = (now - before).saturating_mul(1_000) / before;
    let (sign, size) = (if permille < 0 { "−" } else { "+" }, permille.unsigned_abs());
    Some(match size {
        0 => "no change".to_owned(),
        1..10_000 => format!("{sign}{}.{} %", size / 10, size % 10),
        _ => format!("{sign}{} %", grouped(u64::try_from(size / 10).unwrap_or(u64::MAX))),
    })
}

/// A size: 812 B, 64 KB, 20.1 MB.
#[must_use]
pub fn bytes(size: &u64) -> String {
    match *size {
        0..1_000 => format!("{size} B"),
        1_000..1_000_000 => format!("{} KB", size / 1_000),
        1_000_000..1_000_000_000 => format!("{}.{} MB", size / 1_000_000, size / 100_000 % 10),
        _ => format!("{}.{} GB", size / 1_000_000_000, size / 100_000_000 % 10),
    }
}

/// A moment in ISO 8601 with milliseconds: 2026-11-21T00:59:41.207Z.
#[must_use]
pub fn iso(us: &i64) -> String {
    moment(*us).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A moment in a list: 00:59:41.207 today, with its date on other days.
#[must_use]
pub fn clock(us: &i64, now_us: &i64) -> String {
    let (at, now) = (moment(*us), moment(*now_us));
    let time = at.format("%H:%M:%S%.3f");
    if at.date_naive() == now.date_naive() { time.to_string() } else { format!("{} {time}", day(us)) }
}

/// A moment in a sentence: 21 Nov 2026, 00:59:41 UTC.
#[must_use]
pub fn instant(us: &i64) -> String {
    moment(*us).format("%-d %b %Y, %H:%M:%S UTC").to_string()
}

/// A day: 21 Nov.
#[must_use]
pub fn day(us: &i64) -> String {
    moment(*us).format("%-d %b").to_string()
}

/// A date in ISO 8601: 2026-11-21.
#[must_use]
pub fn date(us: &i64) -> String {
    moment(*us).format("%Y-%m-%d").to_string()
}

/// How long before `now_us`: "just now", "38 s ago", "3 days ago".
#[must_use]
pub fn ago(us: &i64, now_us: &i64) -> String {
    let seconds = now_us.saturating_sub(*us) / 1_000_000;
    let say = |n: i64, noun: &str| format!("{n} {noun}{} ago", if n == 1 { "" } else { "s" });
    match seconds {
        ..=1 => "just now".to_owned(),
        2..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => say(seconds / 3_600, "hour"),
        _ => say(seconds / 86_400, "day"),
    }
}

/// A stretch of time as a page prints it: whole days by their dates, anything else to the minute.
#[must_use]
pub fn window(from_us: &i64, to_us: &i64) -> String {
    const DAY_US: i64 = 86_400_000_000;
    let (from, to) = (moment(*from_us), moment(*to_us));
    if from_us.rem_euclid(DAY_US) == 0 && to_us.rem_euclid(DAY_US) == 0 {
        let last = moment(to_us - DAY_US);
        let start = if from.year() == last.year() { from.format("%-d %b") } else { from.format("%-d %b %Y") };
        return format!("{start} – {}, UTC", last.format("%-d %b %Y"));
    }
    format!("{} – {} UTC", from.format("%-d %b %Y, %H:%M"), to.format("%-d %b %Y, %H:%M"))
}

fn moment(us: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(us).unwrap_or_default()
}

fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_its_sign_and_nothing_is_no_hundred_percent() {
        assert_eq!(change(1_124, 1_000).as_deref(), Some("+12.4 %"));
        assert_eq!(change(970, 1_000).as_deref(), Some("−3.0 %"));
        assert_eq!(change(1_000, 1_000).as_deref(), Some("no change"));
        assert_eq!(change(50, 1).as_deref(), Some("+4,900 %"));
        assert_eq!(change(5, 0), None);
    }

    /// 2026-11-21 00:59:41.207 UTC.
    const AT: i64 = 1_795_222_781_207_000;

    #[test]
    fn money_shows_cents_from_a_dollar_and_four_digits_below() {
        let shown = |nano| money(&Money::from_nano(nano));
        assert_eq!(shown(0), "$0.00");
        assert_eq!(shown(1), "$0.000000001");
        assert_eq!(shown(400), "$0.0000004");
        assert_eq!(shown(18_000), "$0.000018");
        assert_eq!(shown(23_051_400), "$0.02305");
        assert_eq!(shown(500_000_000), "$0.50");
        assert_eq!(shown(999_990_000), "$1.00");
        assert_eq!(shown(1_005_000_000), "$1.01");
        assert_eq!(shown(18_204_170_000_000), "$18,204.17");
        assert_eq!(shown(-23_051_400), "−$0.02305");
    }

    #[test]
    fn no_amount_but_nothing_reads_as_nothing() {
        for nano in (1..2_000_000_000_i64).step_by(999_983).chain(1..1_000) {
            let shown = money(&Money::from_nano(nano));
            assert!(shown.bytes().any(|b| (b'1'..=b'9').contains(&b)), "{nano} nano-dollars read {shown}");
        }
    }

    #[test]
    fn tokens_shorten_from_a_hundred_thousand() {
        assert_eq!(tokens(&6_297), "6,297");
        assert_eq!(tokens(&128_400), "128 k");
        assert_eq!(tokens(&7_312_000), "7.31 M");
        assert_eq!(tokens(&73_120_000), "73.1 M");
    }

    #[test]
    fn durations_take_the_unit_that_reads_best() {
        for (us, text) in [
            (840, "840 µs"),
            (907_000, "907 ms"),
            (4_040_000, "4.04 s"),
            (12_490_000, "12.4 s"),
            (131_000_000, "2 m 11 s"),
            (11_100_000_000, "3 h 05 m"),
        ] {
            assert_eq!(duration(&us), text);
        }
    }

    #[test]
    fn shares_keep_what_is_small_visible() {
        for (ppm, text) in
            [(0, "0 %"), (3, "< 0.01 %"), (4_200, "0.42 %"), (124_300, "12.4 %"), (1_000_000, "100 %")]
        {
            assert_eq!(share(&ppm), text);
        }
    }

    #[test]
    fn a_row_of_another_day_shows_its_date() {
        assert_eq!(clock(&AT, &AT), "00:59:41.207");
        assert_eq!(clock(&(AT - 86_400_000_000), &AT), "20 Nov 00:59:41.207");
        assert_eq!(iso(&AT), "2026-11-21T00:59:41.207Z");
        assert_eq!(instant(&AT), "21 Nov 2026, 00:59:41 UTC");
    }

    #[test]
    fn a_window_of_whole_days_names_its_last_day() {
        let start = AT - AT.rem_euclid(86_400_000_000);
        assert_eq!(window(&start, &(start + 86_400_000_000)), "21 Nov – 21 Nov 2026, UTC");
        assert_eq!(window(&start, &AT), "21 Nov 2026, 00:00 – 21 Nov 2026, 00:59 UTC");
    }

    #[test]
    fn ago_names_one_unit() {
        assert_eq!(ago(&(AT - 38_000_000), &AT), "38 s ago");
        assert_eq!(ago(&(AT - 3 * 86_400_000_000), &AT), "3 days ago");
        assert_eq!(ago(&(AT + 5), &AT), "just now");
    }
}
