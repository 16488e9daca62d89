//! Money: an integer count of nano-dollars (10⁻⁹ USD), checked arithmetic, and the one place that rounds.
//!
//! The database shows the same integer as `Decimal(18,9)`; nothing between here and there is a float.

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Nano-dollars in one dollar.
pub const NANO_PER_USD: i64 = 1_000_000_000;

/// An amount in nano-dollars; range ±9.2 billion dollars. Serialised as that integer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(i64);

/// Why a number could not become money.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MoneyError {
    /// Beyond ±9.2 billion dollars.
    #[error("the amount is larger than Weir can hold (9.2 billion dollars)")]
    Overflow,
    /// Not a plain decimal number.
    #[error("`{0}` is not an amount: write digits with an optional decimal point, like 12.50")]
    NotANumber(String),
    /// More than nine decimals.
    #[error("`{0}` has more than nine decimals: Weir counts in nano-dollars")]
    TooFine(String),
}

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From nano-dollars.
    #[must_use]
    pub const fn from_nano(nano: i64) -> Self {
        Self(nano)
    }

    /// The count of nano-dollars.
    #[must_use]
    pub const fn nano(self) -> i64 {
        self.0
    }

    /// The sum, or [`MoneyError::Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_add(other.0).map(Self).ok_or(MoneyError::Overflow)
    }

    /// The difference, or [`MoneyError::Overflow`].
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_sub(other.0).map(Self).ok_or(MoneyError::Overflow)
    }

    /// The sum, held at the largest amount instead of wrapping: for displays, never for books.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Reads a decimal number of dollars, like `12.5` or `-0.000000001`.
    pub fn parse_usd(text: &str) -> Result<Self, MoneyError> {
        let not_a_number = || MoneyError::NotANumber(text.to_owned());
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(not_a_number());
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 9 {
            return Err(MoneyError::TooFine(text.to_owned()));
        }
        let nano: i128 = format!("{whole}{fraction:0<9}").parse().map_err(|_| MoneyError::Overflow)?;
        let signed = if negative { -nano } else { nano };
        i64::try_from(signed).map(Self).map_err(|_| MoneyError::Overflow)
    }

    /// Exact dollars with nine decimals, like `0.000123450`: what CSV files and the API carry.
    #[must_use]
    pub fn usd_exact(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nano = self.0.unsigned_abs();
        let unit = NANO_PER_USD.unsigned_abs();
        format!("{sign}{}.{:09}", nano / unit, nano % unit)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.usd_exact())
    }
}

/// Sums for displays; the books use [`Money::checked_add`].
impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::saturating_add)
    }
}

/// `numerator / denominator`, rounded half to even. `denominator` must be positive.
///
/// The only rounding in Weir. Half-even is unbiased: over many lines the errors cancel.
#[must_use]
pub fn div_round_half_even(numerator: i128, denominator: i128) -> i128 {
    let floor = numerator.div_euclid(denominator);
    let twice_rest = numerator.rem_euclid(denominator) * 2;
    let up = match twice_rest.cmp(&denominator) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => floor.rem_euclid(2) == 1,
    };
    floor + i128::from(up)
}

/// `numerator / denominator`, rounded up: what holds use. `denominator` must be positive.
#[must_use]
pub fn div_ceil(numerator: i128, denominator: i128) -> i128 {
    -(-numerator).div_euclid(denominator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        let cases = [5, 15, 25, -5, -15];
        assert_eq!(cases.map(|tenths| div_round_half_even(tenths, 10)), [0, 2, 2, 0, -2]);
    }

    #[test]
    fn dollars_are_read_exactly_or_refused() {
        assert_eq!(Money::parse_usd("12.5"), Ok(Money(12_500_000_000)));
        assert_eq!(Money::parse_usd("-0.000000001"), Ok(Money(-1)));
        assert_eq!(Money::parse_usd("0.0000000010"), Ok(Money(1)));
        assert!(matches!(Money::parse_usd("0.0000000001"), Err(MoneyError::TooFine(_))));
        assert!(matches!(Money::parse_usd("1e3"), Err(MoneyError::NotANumber(_))));
        assert!(matches!(Money::parse_usd("9999999999999"), Err(MoneyError::Overflow)));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(nano in any::<i64>()) {
            prop_assert_eq!(Money::parse_usd(&Money(nano).usd_exact()), Ok(Money(nano)));
        }

        #[test]
        fn rounding_is_never_off_by_more_than_half(n in -1_000_000_i128..1_000_000, d in 1_i128..5_000) {
            let rounded = div_round_half_even(n, d);
            prop_assert!(((rounded * d - n) * 2).abs() <= d);
            prop_assert!(div_ceil(n, d) * d >= n && (div_ceil(n, d) - 1) * d < n);
        }
    }
}
