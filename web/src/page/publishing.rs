//! `/publishing`: what is not published yet, every revision that was, and who runs it.

use askama::Template;

use super::gateways::{GatewayRow, PublishRow};
use crate::shell::{Link, Shell};

/// The draft against what runs, and the history.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/publishing/list.html")]
pub struct PublishingPage {
    /// The frame.
    pub shell: Shell,
    /// What publishing would change, one line each.
    pub changes: Vec<String>,
    /// The objects that differ.
    pub objects: Vec<Link>,
    /// Why the draft cannot be published.
    pub problems: Vec<String>,
    /// Which draft is shown: sent with the form, so that nothing else is published.
    pub tag: String,
    /// Whether the reader may publish.
    pub may_publish: bool,
    /// Revisions, newest first.
    pub rows: Vec<PublishRow>,
    /// Cursor of the next page.
    pub next: Option<u64>,
    /// The moment the page was made.
    pub now_us: i64,
}

/// One revision.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/publishing/show.html")]
pub struct RevisionPage {
    /// The frame.
    pub shell: Shell,
    /// The revision.
    pub row: PublishRow,
    /// What it changed against the one before.
    pub changes: Vec<String>,
    /// What restoring it would change against what runs; empty for what runs.
    pub against_running: Vec<String>,
    /// The newest revision.
    pub newest: u64,
    /// Whether the reader may restore it.
    pub may_publish: bool,
    /// The gateways, newest contact first.
    pub gateways: Vec<GatewayRow>,
    /// The moment the page was made.
    pub now_us: i64,
}

impl RevisionPage {
    /// How far the revision has come, in words.
    #[must_use]
    pub fn reach(&self) -> String {
        let taken = self.gateways.iter().filter(|row| row.revision >= self.row.revision).count();
        let slowest = self
            .gateways
            .iter()
            .filter_map(|row| row.lag_us.filter(|_| row.revision == self.row.revision))
            .max();
        let after = slowest
            .map(|us| format!(", the slowest after {}", crate::number::duration(&us)))
            .unwrap_or_default();
        format!(
            "{taken} of {} on revision {} or later{after}.",
            crate::number::plural(&(self.gateways.len() as u64), "gateway"),
            self.row.revision
        )
    }
}
