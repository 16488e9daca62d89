//! One request's tries upstream on one line of time.

use super::WIDTH;
use crate::number;
use crate::page::requests::AttemptView;
use crate::part::Markup;
use askama::Template;
use askama::filters::HtmlSafe;

/// Each try as a bar from when it started to when it ended, in two shades around its first token.
#[derive(Debug, Clone, Template)]
#[template(path = "part/chart/waterfall.html")]
pub struct Waterfall {
    lanes: Vec<Lane>,
    total: String,
}

impl HtmlSafe for Waterfall {}

#[derive(Debug, Clone)]
struct Lane {
    name: String,
    pill: Markup,
    label: String,
    class: &'static str,
    x: u64,
    wait: u64,
    stream_x: u64,
    stream: u64,
}

impl Waterfall {
    /// Draws the tries of a request that took `duration_us`.
    #[must_use]
    pub fn new(attempts: &[AttemptView], duration_us: &u64) -> Self {
        let end = attempts.iter().map(|try_| try_.offset_us + try_.duration_us).max().unwrap_or(0);
        let total = end.max(*duration_us).max(1);
        let lanes = attempts.iter().map(|attempt| Lane::new(attempt, total)).collect();
        Self { lanes, total: number::duration(&total) }
    }
}

impl Lane {
    fn new(attempt: &AttemptView, total: u64) -> Self {
        let at = |us: u64| us.min(total).saturating_mul(WIDTH) / total;
        let first = attempt.first_token_us.unwrap_or(attempt.duration_us).min(attempt.duration_us);
        let (x, stream_x) = (at(attempt.offset_us), at(attempt.offset_us + first));
        Self {
            name: attempt.endpoint.clone(),
            pill: attempt.status.pill(),
            label: format!(
                "{}: started after {}, took {}",
                attempt.endpoint,
                number::duration(&attempt.offset_us),
                number::duration(&attempt.duration_us)
            ),
            class: attempt.status.class(),
            x,
            wait: (stream_x - x).max(30),
            stream_x,
            stream: at(attempt.offset_us + attempt.duration_us) - stream_x,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bar_leaves_the_drawing_even_when_times_contradict() {
        let odd = AttemptView {
            offset_us: 900,
            duration_us: 500,
            first_token_us: Some(9_000),
            ..AttemptView::default()
        };
        let chart = Waterfall::new(&[odd], &1_000);
        let lane = &chart.lanes[0];
        assert!(lane.stream_x + lane.stream <= WIDTH && lane.x <= lane.stream_x);
    }
}
