//! How requests fall into days and hours: offices that wake up, lunch, quiet nights and weekends, a slow growth.

use super::chance::Chance;

const HOUR_US: i64 = 3_600_000_000;

/// Weight of each hour of a working day, UTC.
const HOURS: [u64; 24] =
    [6, 5, 4, 4, 5, 8, 18, 42, 78, 96, 100, 94, 70, 82, 98, 96, 90, 74, 48, 34, 26, 18, 12, 8];
/// Weight of each day of the week, Monday first.
const DAYS: [u64; 7] = [96, 100, 98, 97, 88, 30, 26];

/// The moments (µs UTC) of `count` requests over the hours before `until_us`, earliest first.
pub(crate) fn moments(chance: &mut Chance, until_us: i64, days: u32, count: u64) -> Vec<i64> {
    let hours = i64::from(days) * 24;
    let first_us = until_us - hours * HOUR_US;
    let weights: Vec<u64> = (0..hours).map(|hour| weight(first_us + hour * HOUR_US, hour, hours)).collect();
    let total: u64 = weights.iter().sum::<u64>().max(1);
    let (mut moments, mut owed, mut begun) = (Vec::new(), 0_u64, first_us);
    for weight in weights {
        // What does not divide evenly is carried on to the next hour: the sum is exact.
        owed += weight * count;
        for _ in 0..owed / total {
            moments.push(begun + i64::try_from(chance.below(3_600_000_000)).unwrap_or(0));
        }
        owed %= total;
        begun += HOUR_US;
    }
    moments.sort_unstable();
    moments
}

fn weight(at_us: i64, hour: i64, hours: i64) -> u64 {
    let place = |value: i64, of: i64| usize::try_from(value.rem_euclid(of)).unwrap_or(0);
    let of_day = HOURS.get(place(at_us.div_euclid(HOUR_US), 24)).copied().unwrap_or(1);
    // 1970 began on a Thursday.
    let of_week = DAYS.get(place(at_us.div_euclid(24 * HOUR_US) + 3, 7)).copied().unwrap_or(1);
    let growth = u64::try_from(100 + hour * 40 / hours.max(1)).unwrap_or(100);
    of_day * of_week * growth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_has_a_moment_and_nights_and_weekends_are_quiet() {
        // Two whole weeks that end on a Monday at midnight.
        let until_us = 1_795_392_000_000_000;
        let moments = moments(&mut Chance::new(1), until_us, 14, 10_000);
        assert!((9_999..=10_000).contains(&moments.len()), "{}", moments.len());
        assert!(moments.is_sorted() && moments.iter().all(|moment| *moment < until_us));
        let weekend = |at: &&i64| (at.div_euclid(24 * HOUR_US) + 3).rem_euclid(7) >= 5;
        let night = |at: &&i64| at.div_euclid(HOUR_US).rem_euclid(24) < 5;
        assert!(moments.iter().filter(weekend).count() < 1500);
        assert!(moments.iter().filter(night).count() < 500);
    }
}
