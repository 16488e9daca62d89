//! The months the customers' pages speak about.

use serde::Deserialize;
use weir_web::form::Choice;
use weir_web::page::customers::Period;

use crate::archive::Window;
use crate::error::AppError;
use crate::page::requests::list::shown;

/// How many months back can be chosen from the list; any other can be written into the address.
const MONTHS: usize = 13;

/// The query string of the customers' pages.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Asked {
    pub(super) period: String,
    pub(super) search: String,
    /// How many rows to leave out.
    pub(super) after: String,
}

impl Asked {
    /// The month asked for; this one when none is.
    pub(super) fn window(&self, now_us: i64) -> Result<Window, AppError> {
        Window::period(&self.period, now_us).map_err(|error| AppError::BadRequest(error.to_string()))
    }
}

/// A month as pages show it.
pub(super) fn period(window: Window, now_us: i64) -> Period {
    Period {
        name: window.month_name(),
        label: window.month_label(),
        window: shown(window),
        open: (window.from_us..window.to_us).contains(&now_us),
    }
}

/// The months to choose from, newest first; the one shown is always among them.
pub(super) fn periods(chosen: Window, now_us: i64) -> Vec<Choice> {
    let newest = Window::month_of(now_us);
    let months = std::iter::successors(Some(newest), |month| Some(month.month_before())).take(MONTHS);
    let mut months: Vec<Window> = months.collect();
    if !months.contains(&chosen) {
        months.push(chosen);
    }
    months.into_iter().map(|month| Choice::new(month.month_name(), month.month_label())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_230_000_000_000;

    #[test]
    fn the_month_shown_can_be_chosen_again() {
        let old = Window::period("2020-02", NOW).unwrap();
        let choices = periods(old, NOW);
        assert_eq!((choices.len(), choices[0].value.as_str()), (MONTHS + 1, "2026-11"));
        assert_eq!(choices.last().map(|choice| choice.label.as_str()), Some("February 2020"));
        assert!(period(Window::month_of(NOW), NOW).open && !period(old, NOW).open);
    }
}
