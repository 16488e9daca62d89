//! Server-rendered SVG, always with a table behind it.
//!
//! The drawing stretches to its place (`preserveAspectRatio="none"`), so it holds only rectangles and lines; words
//! stand around it as HTML and never shrink. Coordinates are whole numbers out of [`WIDTH`] and [`HEIGHT`].

mod bars;
mod spend;
mod waterfall;

pub use bars::Bars;
pub use spend::SpendChart;
pub use waterfall::Waterfall;

/// The width of every drawing, in its own units.
const WIDTH: u64 = 6_000;
/// The height of every drawing, in its own units.
const HEIGHT: u64 = 1_000;

/// The least round number that is not below `value`: one digit and zeros, so that its half is short too.
fn round_up(value: u64) -> u64 {
    let value = value.max(1);
    let power = 10_u64.pow(value.ilog10());
    value.div_ceil(power).saturating_mul(power)
}

/// `value` as a height under a scale that ends at `top`; anything but nothing is visible.
fn height(value: u64, top: u64) -> u64 {
    let scaled = u128::from(value) * u128::from(HEIGHT) / u128::from(top.max(1));
    u64::try_from(scaled).unwrap_or(HEIGHT).clamp(u64::from(value > 0) * 8, HEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_at_a_round_number_not_below_the_greatest() {
        for (value, top) in
            [(0, 1), (1, 1), (3, 3), (11, 20), (286, 300), (499, 500), (501, 600), (999, 1_000)]
        {
            assert_eq!(round_up(value), top, "for {value}");
        }
    }

    #[test]
    fn what_is_small_but_there_is_drawn() {
        assert_eq!(height(0, 1_000_000), 0);
        assert_eq!(height(1, 1_000_000), 8);
        assert_eq!(height(1_000_000, 1_000_000), HEIGHT);
    }
}
