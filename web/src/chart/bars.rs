//! The histogram above the list of requests: a bar is a link to its rows.

use super::{HEIGHT, WIDTH, height, round_up};
use crate::number;
use crate::page::requests::HistogramBar;
use crate::url::RequestsQuery;
use askama::Template;
use askama::filters::HtmlSafe;

/// Requests over time, failed ones on top.
#[derive(Debug, Clone, Template)]
#[template(path = "part/chart/bars.html")]
pub struct Bars {
    bars: Vec<Bar>,
    finding: String,
    top: String,
    first: String,
    last: String,
}

impl HtmlSafe for Bars {}

/// One bar: where it leads, what it says, and its two rectangles.
#[derive(Debug, Clone)]
struct Bar {
    href: String,
    label: String,
    ok: u64,
    failed: u64,
    x: u64,
    width: u64,
    ok_y: u64,
    ok_height: u64,
    failed_y: u64,
    failed_height: u64,
}

impl Bars {
    /// Draws the pieces of a window; each leads to the rows of `query` within it.
    #[must_use]
    pub fn requests(pieces: &[HistogramBar], query: &RequestsQuery) -> Self {
        let top = round_up(pieces.iter().map(|piece| piece.ok + piece.failed).max().unwrap_or(0));
        let count = pieces.len() as u64;
        let bars = pieces.iter().zip(0..).map(|(piece, at)| Bar::new(piece, at, count, top, query)).collect();
        let (ok, failed) = pieces.iter().fold((0, 0), |sum, piece| (sum.0 + piece.ok, sum.1 + piece.failed));
        let edge = |us: Option<i64>| us.map(|us| short(us, pieces)).unwrap_or_default();
        Self {
            bars,
            finding: format!(
                "{}, {} of them failed.",
                number::plural(&(ok + failed), "request"),
                number::count(&failed)
            ),
            top: number::tokens(&top),
            first: edge(pieces.first().map(|piece| piece.window.from_us)),
            last: edge(pieces.last().map(|piece| piece.window.to_us)),
        }
    }
}

impl Bar {
    fn new(piece: &HistogramBar, at: u64, count: u64, top: u64, query: &RequestsQuery) -> Self {
        let (from, to) = (&piece.window.from_us, &piece.window.to_us);
        let (x, next) = (at * WIDTH / count, (at + 1) * WIDTH / count);
        let (ok_height, failed_height) = (height(piece.ok, top), height(piece.failed, top));
        let ok_y = HEIGHT - ok_height;
        Self {
            href: query.within(number::iso(from), number::iso(to)).href(),
            label: number::window(from, to),
            ok: piece.ok,
            failed: piece.failed,
            x,
            width: (next - x).saturating_sub(20).max(10),
            ok_y,
            ok_height,
            failed_y: ok_y.saturating_sub(failed_height),
            failed_height,
        }
    }
}

/// The edge of the axis: the day where the window is longer than two, else the minute.
fn short(us: i64, pieces: &[HistogramBar]) -> String {
    let span = pieces.last().map_or(0, |p| p.window.to_us) - pieces.first().map_or(0, |p| p.window.from_us);
    let clock = number::clock(&us, &us);
    if span > 172_800_000_000 { number::day(&us) } else { clock.chars().take(5).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Window;

    #[test]
    fn failed_requests_stand_on_top_of_the_good_ones() {
        let piece = HistogramBar { window: Window { from_us: 0, to_us: 60_000_000 }, ok: 5, failed: 5 };
        let bars = Bars::requests(&[piece], &RequestsQuery::default());
        let bar = &bars.bars[0];
        assert_eq!((bar.ok_y, bar.ok_height), (500, 500));
        assert_eq!((bar.failed_y, bar.failed_height), (0, 500));
        assert_eq!(bars.finding, "10 requests, 5 of them failed.");
        assert!(bar.href.contains("from=1970-01-01T00%3A00%3A00.000Z"));
    }
}
