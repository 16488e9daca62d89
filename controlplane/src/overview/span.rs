//! Which hours an overview speaks of, and which it compares them with.

use crate::archive::Window;
use crate::archive::overview::Stretches;
use crate::error::AppError;

const HOUR_US: i64 = 3_600_000_000;

/// A named window with what it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// `24h`, `7d`, `30d`, `mtd` or `last_month`.
    pub(crate) range: String,
    /// What it comes to.
    pub(crate) stretches: Stretches,
}

impl Span {
    /// The names, the first being what an address without one means.
    pub(crate) const NAMES: [&'static str; 5] = ["7d", "24h", "30d", "mtd", "last_month"];

    /// The window of that name. It begins with a whole hour; the hour that runs is in the figures, but never compared.
    pub(crate) fn resolve(range: &str, now_us: i64) -> Result<Self, AppError> {
        let range = if range.is_empty() { Self::NAMES[0] } else { range };
        if !Self::NAMES.contains(&range) {
            return Err(AppError::BadRequest(format!(
                "there is no range `{range}` here: write 24h, 7d, 30d, mtd or last_month"
            )));
        }
        let asked = Window::resolve(range, "", "", now_us)
            .map_err(|error| AppError::BadRequest(error.to_string()))?;
        let hour = |us: i64| us - us.rem_euclid(HOUR_US);
        let window = Window { from_us: hour(asked.from_us), to_us: asked.to_us };
        let whole = Window { from_us: window.from_us, to_us: hour(window.to_us) };
        let is_month = matches!(range, "mtd" | "last_month");
        let before_from_us =
            if is_month { window.month_before().from_us } else { window.from_us - whole.length_us() };
        let before = Window {
            from_us: before_from_us,
            // A month may be longer than the one before.
            to_us: (before_from_us + whole.length_us()).min(window.from_us),
        };
        let before = if range == "last_month" { window.month_before() } else { before };
        Ok(Self { range: range.to_owned(), stretches: Stretches { before, whole, window } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21T03:07:00Z.
    const NOW: i64 = 1_795_230_420_000_000;

    #[test]
    fn as_many_whole_hours_are_compared_as_went_before() {
        for range in ["24h", "7d", "30d"] {
            let Stretches { before, whole, window } = Span::resolve(range, NOW).unwrap().stretches;
            assert_eq!(before.length_us(), whole.length_us(), "{range}");
            assert_eq!((before.to_us, whole.from_us), (window.from_us, window.from_us));
            assert_eq!((window.to_us, whole.to_us), (NOW, NOW - 7 * 60_000_000));
        }
    }

    #[test]
    fn a_month_is_compared_with_the_same_hours_of_the_month_before() {
        let Stretches { before, whole, .. } = Span::resolve("mtd", NOW).unwrap().stretches;
        assert_eq!(before.month_name(), "2026-10");
        assert_eq!(before.length_us(), whole.length_us());
        let Stretches { before, whole, .. } = Span::resolve("last_month", NOW).unwrap().stretches;
        assert_eq!((before.month_name().as_str(), whole.month_name().as_str()), ("2026-09", "2026-10"));
    }

    #[test]
    fn an_unknown_range_is_refused() {
        assert!(Span::resolve("8d", NOW).is_err());
        assert_eq!(Span::resolve("", NOW).unwrap().range, "7d");
    }
}
