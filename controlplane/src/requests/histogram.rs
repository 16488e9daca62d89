//! The bars above the list: round lengths, beginning where people expect them, counted as cheaply as the question allows.

use weir_contract::filter::Filter;
use weir_web::page::Window as Shown;
use weir_web::page::requests::HistogramBar;

use crate::app::App;
use crate::archive::histogram::{Bar, Pieces};
use crate::archive::{ArchiveError, Scope, Window};

/// Bars, about: with its table, a bar is ten elements of a page that may have 1,500.
const BARS: i64 = 24;
const MINUTE_US: i64 = 60_000_000;
const HOUR_US: i64 = 60 * MINUTE_US;
/// Lengths a bar may have, minutes.
const LENGTHS: [i64; 14] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080];

/// The bars of a window under a filter, oldest first, empty ones included.
pub(crate) async fn bars(
    app: &App,
    scope: &Scope,
    window: Window,
    filter: &Filter,
) -> Result<Vec<HistogramBar>, ArchiveError> {
    let pieces = pieces(window);
    let by_row = |end: Window| app.archive.histogram(scope, end, filter, pieces);
    let hours = whole_hours(window).filter(|_| pieces.length_us >= HOUR_US);
    let rolled =
        hours.and_then(|hours| Some((hours, app.archive.histogram_of_hours(scope, hours, filter, pieces)?)));
    let counted = match rolled {
        // A rollup knows the whole hours; only the broken ones at both ends are counted by row.
        Some((hours, inner)) => {
            let first = by_row(Window { from_us: window.from_us, to_us: hours.from_us });
            let last = by_row(Window { from_us: hours.to_us, to_us: window.to_us });
            let (inner, first, last) = tokio::try_join!(inner, first, last)?;
            [inner, first, last].concat()
        }
        None => by_row(window).await?,
    };
    Ok(shape(window, pieces, &counted))
}

/// Pieces of a round length, on a grid of their own length.
fn pieces(window: Window) -> Pieces {
    let lengths = LENGTHS.map(|minutes| minutes * MINUTE_US).into_iter();
    let length_us = lengths.into_iter().find(|length| window.length_us() / length <= BARS);
    let length_us = length_us.unwrap_or(LENGTHS[13] * MINUTE_US);
    Pieces { from_us: window.from_us - window.from_us.rem_euclid(length_us), length_us }
}

/// The whole hours within a window, when there are any.
fn whole_hours(window: Window) -> Option<Window> {
    let from_us = window.from_us + (-window.from_us).rem_euclid(HOUR_US);
    let to_us = window.to_us - window.to_us.rem_euclid(HOUR_US);
    (from_us < to_us).then_some(Window { from_us, to_us })
}

fn shape(window: Window, pieces: Pieces, counted: &[Bar]) -> Vec<HistogramBar> {
    let Pieces { from_us, length_us } = pieces;
    let count = (window.to_us - from_us + length_us - 1) / length_us;
    let bar = |piece: i64| {
        let start_us = from_us + piece * length_us;
        let of_piece = || counted.iter().filter(|bar| bar.piece == piece);
        HistogramBar {
            window: Shown {
                from_us: start_us.max(window.from_us),
                to_us: (start_us + length_us).min(window.to_us),
            },
            ok: of_piece().map(|bar| bar.ok).sum(),
            failed: of_piece().map(|bar| bar.failed).sum(),
        }
    };
    (0..count).map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21T03:07:00Z.
    const NOW: i64 = 1_795_230_420_000_000;

    #[test]
    fn the_bars_cover_the_window_without_a_gap_and_hold_every_count() {
        for hours in [1, 24, 24 * 7, 24 * 31, 24 * 400] {
            let window = Window { from_us: NOW - hours * HOUR_US, to_us: NOW };
            let pieces = pieces(window);
            let counted = [Bar { piece: 0, ok: 2, failed: 1 }, Bar { piece: 0, ok: 1, failed: 0 }];
            let shown = shape(window, pieces, &counted);
            assert!(shown.len() <= 60, "{hours} h: {} bars", shown.len());
            assert!(shown.windows(2).all(|pair| pair[0].window.to_us == pair[1].window.from_us));
            assert_eq!(shown.first().map(|bar| bar.window.from_us), Some(window.from_us));
            assert_eq!(shown.last().map(|bar| bar.window.to_us), Some(window.to_us));
            assert_eq!(shown.iter().map(|bar| bar.ok + bar.failed).sum::<u64>(), 4);
        }
    }

    #[test]
    fn the_rollup_is_asked_for_whole_hours_only() {
        let window = Window { from_us: NOW - 3 * HOUR_US, to_us: NOW };
        let hours = whole_hours(window).unwrap();
        assert_eq!(
            (hours.from_us - window.from_us, window.to_us - hours.to_us),
            (53 * MINUTE_US, 7 * MINUTE_US)
        );
        assert_eq!(whole_hours(Window { from_us: NOW, to_us: NOW + MINUTE_US }), None);
        let month = Window::month_of(NOW);
        assert_eq!(whole_hours(month), Some(month));
    }
}
