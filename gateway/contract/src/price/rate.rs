//! The one rating function: usage × price = money. Holds, settlement, simulation, re-rating and statements all call it.

use serde::{Deserialize, Serialize};

use super::{Conditions, Price};
use crate::money::{Money, MoneyError, div_ceil, div_round_half_even};
use crate::usage::{Bucket, Usage};

/// Prices are per this many units.
pub const UNITS_PER_PRICE: i128 = 1_000_000;

/// One line of a charge: so many units at such a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What was counted.
    pub bucket: Bucket,
    /// How many.
    pub units: u64,
    /// Nano-dollars per million units; `None` when no rate is known: the line has no amount and the charge is unrated.
    pub rate: Option<i64>,
    /// `round_half_even(units × rate / 10⁶)`; rounded here, once, and nowhere else.
    pub amount: Money,
}

/// What a call costs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The lines; their amounts sum to `total`, always.
    pub lines: Vec<Line>,
    /// The sum of the lines.
    pub total: Money,
    /// Whether every unit had a rate. `false` is counted and shown, and the total is then only what is known.
    pub rated: bool,
}

/// Rates the usage. Buckets without units make no line. Usage that is not known is unrated, not free.
///
/// Errors only when the amount is beyond [`Money`]'s range.
pub fn rate(
    usage: &Usage,
    price: Option<&Price>,
    at_us: i64,
    service_tier: &str,
) -> Result<Charge, MoneyError> {
    let conditions = Conditions { at_us, input_total: usage.input_total(), service_tier };
    let rates = price.map(|price| price.rates_under(&conditions));
    let fee = rates.as_ref().and_then(|rates| rates.stated(Bucket::Request)).filter(|rate| *rate > 0);
    let fee =
        fee.filter(|_| usage.is_known() && usage.get(Bucket::Request) == 0).map(|_| (Bucket::Request, 1));
    let mut charge = Charge { rated: usage.is_known() && rates.is_some(), ..Charge::default() };
    for (bucket, units) in usage.filled().chain(fee) {
        let rate = rates.as_ref().and_then(|rates| rates.billed(bucket));
        let amount = rate.map_or(Ok(Money::ZERO), |rate| amount_of(units, rate))?;
        charge.rated &= rate.is_some();
        charge.total = charge.total.checked_add(amount)?;
        charge.lines.push(Line { bucket, units, rate, amount });
    }
    Ok(charge)
}

fn amount_of(units: u64, rate: i64) -> Result<Money, MoneyError> {
    let nano = div_round_half_even(i128::from(units) * i128::from(rate), UNITS_PER_PRICE);
    i64::try_from(nano).map(Money::from_nano).map_err(|_| MoneyError::Overflow)
}

/// The most a call can cost: every input token at the dearest input rate of any tier, window or service tier,
/// every output token at the dearest output rate, the fee per request, all rounded up, and one nano-dollar for each line
/// a settlement can have (so that rounding up there never exceeds the hold). `None` when a needed rate is unknown.
#[must_use]
pub fn upper_bound(price: &Price, input_tokens: u64, output_tokens: u64) -> Option<Money> {
    let dearest = |wanted: fn(Bucket) -> bool| {
        price
            .all_rates()
            .flat_map(super::Rates::iter)
            .filter(|(bucket, _)| wanted(*bucket))
            .map(|(_, rate)| rate)
            .max()
    };
    let input = if input_tokens > 0 { dearest(Bucket::is_input)? } else { 0 };
    let output = if output_tokens > 0 { dearest(Bucket::is_output)? } else { 0 };
    let fee = dearest(|bucket| bucket == Bucket::Request).unwrap_or(0);
    let numerator = i128::from(input_tokens) * i128::from(input)
        + i128::from(output_tokens) * i128::from(output)
        + i128::from(fee);
    let lines = i128::try_from(Bucket::ALL.len()).unwrap_or(i128::MAX);
    let nano = div_ceil(numerator, UNITS_PER_PRICE).checked_add(lines)?;
    i64::try_from(nano).ok().map(Money::from_nano)
}

/// The most that use can cost, whatever its units: every bucket at its dearest rate of any tier, window or service tier.
/// Buckets without a rate count nothing, for providers price one thing or another (pictures or their tokens); `None` when
/// none has one.
#[must_use]
pub fn upper_bound_of(price: &Price, most: &Usage) -> Option<Money> {
    let dearest = |bucket: Bucket| price.all_rates().filter_map(|rates| rates.billed(bucket)).max();
    let fee = (most.get(Bucket::Request) == 0).then_some((Bucket::Request, 1));
    let mut numerator: i128 = 0;
    let mut any = false;
    for (bucket, units) in most.filled().chain(fee) {
        if let Some(rate) = dearest(bucket) {
            any = true;
            numerator += i128::from(units) * i128::from(rate);
        }
    }
    let lines = i128::try_from(Bucket::ALL.len()).unwrap_or(i128::MAX);
    let nano = div_ceil(numerator, UNITS_PER_PRICE).checked_add(lines)?;
    i64::try_from(nano).ok().filter(|_| any).map(Money::from_nano)
}

#[cfg(test)]
mod tests {
    use super::super::{Rates, Tier, Window};
    use super::*;
    use crate::usage::UsageSource;
    use proptest::prelude::*;

    fn usd_per_million(usd: &str) -> i64 {
        Money::parse_usd(usd).unwrap().nano()
    }

    fn price() -> Price {
        let rates = |input: &str, output: &str| {
            Rates::from_iter([
                (Bucket::Input, usd_per_million(input)),
                (Bucket::CacheRead, usd_per_million("0.125")),
                (Bucket::Output, usd_per_million(output)),
            ])
        };
        Price {
            version: "test".into(),
            rates: rates("1.25", "10"),
            tiers: vec![Tier { above_input_tokens: 200_000, rates: rates("2.5", "15") }],
            service_tiers: [("flex".to_owned(), rates("0.625", "5"))].into(),
            windows: vec![Window { from_minute: 1380, to_minute: 60, rates: rates("1", "8") }],
        }
    }

    fn used(input: u64, cached: u64, output: u64, reasoning: u64) -> Usage {
        Usage::new(UsageSource::Provider)
            .with(Bucket::Input, input)
            .with(Bucket::CacheRead, cached)
            .with(Bucket::Output, output)
            .with(Bucket::Reasoning, reasoning)
    }

    const NOON: i64 = 12 * 3_600_000_000;

    #[test]
    fn a_charge_is_the_sum_of_its_lines_and_reasoning_costs_what_output_costs() {
        let charge = rate(&used(1000, 500, 10, 90), Some(&price()), NOON, "").unwrap();
        assert_eq!(
            charge.lines.iter().map(|line| line.amount.nano()).collect::<Vec<_>>(),
            [1_250_000, 62_500, 100_000, 900_000]
        );
        assert_eq!((charge.total.nano(), charge.rated), (2_312_500, true));
    }

    #[test]
    fn large_input_service_tier_and_time_of_day_change_the_rates_of_the_whole_call() {
        let output_rate = |input, at, service| {
            let charge = rate(&used(input, 0, 1, 0), Some(&price()), at, service).unwrap();
            charge.lines.last().unwrap().rate.unwrap() / 1_000_000_000
        };
        assert_eq!(output_rate(200_000, NOON, ""), 10);
        assert_eq!(output_rate(200_001, NOON, ""), 15);
        assert_eq!(output_rate(1, NOON, "flex"), 5);
        assert_eq!(output_rate(1, 0, ""), 8);
        assert_eq!(output_rate(1, 3_600_000_000, ""), 10);
    }

    #[test]
    fn what_is_not_known_is_unrated_and_never_free() {
        assert!(!rate(&Usage::default(), Some(&price()), NOON, "").unwrap().rated);
        assert!(!rate(&used(1, 0, 1, 0), None, NOON, "").unwrap().rated);
        let searched = used(1, 0, 1, 0).with(Bucket::WebSearch, 1);
        let charge = rate(&searched, Some(&price()), NOON, "").unwrap();
        assert_eq!((charge.rated, charge.lines.last().unwrap().rate), (false, None));
    }

    #[test]
    fn use_in_other_units_is_bounded_by_what_has_a_price() {
        let price =
            Price { rates: Rates::from_iter([(Bucket::Image, 40_000_000_000_000)]), ..Price::default() };
        let most = Usage::new(UsageSource::Estimated).with(Bucket::Image, 2).with(Bucket::ImageOutput, 9);
        let hold = upper_bound_of(&price, &most).unwrap();
        let made = Usage::new(UsageSource::Counted).with(Bucket::Image, 2);
        assert!(hold >= rate(&made, Some(&price), NOON, "").unwrap().total);
        assert_eq!(upper_bound_of(&price, &used(1, 0, 0, 0)), None);
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_total_and_a_hold_covers_them(
            input in 0_u64..400_000, cached in 0_u64..400_000, output in 0_u64..100_000, reasoning in 0_u64..100_000,
            minute in 0_i64..1440, flex in any::<bool>(),
        ) {
            let usage = used(input, cached, output, reasoning);
            let charge = rate(&usage, Some(&price()), minute * 60_000_000, if flex { "flex" } else { "" }).unwrap();
            prop_assert_eq!(charge.lines.iter().map(|line| line.amount).sum::<Money>(), charge.total);
            let hold = upper_bound(&price(), usage.input_total(), usage.output_total()).unwrap();
            prop_assert!(charge.total <= hold);
        }
    }
}
