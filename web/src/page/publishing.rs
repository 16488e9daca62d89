//! `/publishing`: what is not published yet, every revision that was, and who runs it.

use askama::Template;

use super::gateways::{GatewayRow, PublishRow};
use crate::part::{Change, Problem};
use crate::shell::Shell;

/// The draft against what runs, and the history.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/publishing/list.html")]
pub struct PublishingPage {
    /// The frame.
    pub shell: Shell,
    /// What publishing would change, by object.
    pub changes: Vec<Change>,
    /// Why the draft cannot be published.
    pub problems: Vec<Problem>,
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
    pub changes: Vec<Change>,
    /// What restoring it would change against what runs; empty for what runs.
    pub against_running: Vec<Change>,
    /// Whether the reader may restore it.
    pub may_publish: bool,
    /// How far it has come.
    pub rollout: Rollout,
}

/// The same, for a page that is open: replaces what it shows.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/publishing/rollout_event.html")]
pub struct RolloutEvent {
    /// How far it has come.
    pub rollout: Rollout,
}

/// How far a revision has come on each gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rollout {
    /// The revision.
    pub revision: u64,
    /// The newest revision.
    pub newest: u64,
    /// The gateways, by name.
    pub gateways: Vec<GatewayRow>,
    /// The moment this was looked at.
    pub now_us: i64,
}

impl Rollout {
    /// Whether there is a newer revision.
    #[must_use]
    pub fn is_old(&self) -> bool {
        self.revision < self.newest
    }

    /// How far the revision has come, in words.
    #[must_use]
    pub fn reach(&self) -> String {
        let taken = self.gateways.iter().filter(|row| row.revision >= self.revision).count();
        let slowest =
            self.gateways.iter().filter_map(|row| row.lag_us.filter(|_| row.revision == self.revision)).max();
        let after = slowest
            .map(|us| format!(", the slowest after {}", crate::number::duration(&us)))
            .unwrap_or_default();
        let refused = match self.gateways.iter().filter(|row| row.refuses(self.revision)).count() {
            0 => String::new(),
            1 => " One refuses it.".to_owned(),
            count => format!(" {count} refuse it."),
        };
        format!(
            "{taken} of {} on revision {} or later{after}.{refused}",
            crate::number::plural(&(self.gateways.len() as u64), "gateway"),
            self.revision
        )
    }
}
