//! `/`: what happened, what it cost, what needs attention.

use crate::chart::SpendChart;
use crate::form::Choice;
use crate::number;
use crate::page::customers::DaySpend;
use crate::page::{Freshness, Window};
use crate::shell::{Shell, Tone};
use crate::url::{self, RequestsQuery};
use askama::Template;
use weir_contract::money::Money;

/// The overview of a window: four figures, spend by model, what needs attention.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/overview/show.html")]
pub struct OverviewPage {
    /// The frame.
    pub shell: Shell,
    /// The chosen window, as in the address.
    pub range: String,
    /// What it comes to.
    pub window: Window,
    /// What its whole hours are compared with.
    pub before: Window,
    /// How far the figures are counted.
    pub freshness: Freshness,
    /// The workspaces to choose from; fewer than two hide the choice.
    pub workspaces: Vec<Choice>,
    /// The chosen one; empty for all.
    pub workspace: String,
    /// The figures; a panel that took too long says so.
    pub figures: Vec<Figure>,
    /// Spend by day and model; `None` when that took too long.
    pub days: Option<Vec<DaySpend>>,
    /// What needs attention, the worst first.
    pub attention: Vec<Attention>,
    /// Set when the window has no request: when the last one came, if ever.
    pub quiet: Option<Option<i64>>,
}

/// One figure.
#[derive(Debug, Clone, Default)]
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// How much.
    pub value: Value,
    /// How it compares, for example "+12.4 %"; `None` when there is nothing to compare with.
    pub change: Option<String>,
    /// What else is to know.
    pub note: String,
    /// The rows that make it.
    pub href: String,
}

/// A figure's amount.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// The archive took too long.
    #[default]
    Late,
    /// There is nothing to measure.
    Unknown,
    /// A number of things.
    Count(u64),
    /// Money.
    Money(Money),
    /// A part of the whole, in parts per million.
    Share(u32),
    /// About so many microseconds.
    AboutUs(u64),
}

/// One thing that needs attention.
#[derive(Debug, Clone, Default)]
pub struct Attention {
    /// How bad it is.
    pub tone: Tone,
    /// What is the case.
    pub what: String,
    /// What it means, or what to do.
    pub detail: String,
    /// Where to look.
    pub href: String,
}

impl OverviewPage {
    /// The windows to choose from: value and label.
    pub const RANGES: [(&'static str, &'static str); 5] = [
        ("24h", "Last 24 hours"),
        ("7d", "Last 7 days"),
        ("30d", "Last 30 days"),
        ("mtd", "This month"),
        ("last_month", "Last month"),
    ];

    /// The live requests of the window, narrowed by `terms`.
    #[must_use]
    pub fn query(&self, terms: &str) -> RequestsQuery {
        let q = format!("origin:live {terms}").trim_end().to_owned();
        RequestsQuery::of(q, number::iso(&self.window.from_us), number::iso(&self.window.to_us))
    }

    /// Spend by day and model.
    #[must_use]
    pub fn chart(&self, days: &[DaySpend]) -> SpendChart {
        SpendChart::new(days, &self.window, self.freshness.now_us, &self.query(""))
    }

    /// The address of this view that waits for what was too slow.
    #[must_use]
    pub fn patient(&self) -> String {
        url::overview(&self.range, &self.workspace, true)
    }

    /// The address of the longest window.
    #[must_use]
    pub fn widened(&self) -> String {
        url::overview("30d", &self.workspace, false)
    }

    /// Whether a panel took too long.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.days.is_none() || self.figures.iter().any(|figure| matches!(figure.value, Value::Late))
    }
}
