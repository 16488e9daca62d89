//! `/history/{kind}/{id}`: every version of one object, and what about it is not published.

use askama::Template;

use crate::part::Change;
use crate::shell::Shell;

/// The versions of an object.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/history/show.html")]
pub struct HistoryPage {
    /// The frame.
    pub shell: Shell,
    /// What it is: "endpoint", "model".
    pub kind: String,
    /// Its id.
    pub object_id: String,
    /// Its own page; none when it is deleted in the draft.
    pub href: Option<String>,
    /// The version that runs, and in which revision.
    pub published: Option<(i64, u64)>,
    /// The version of the draft; none when it is deleted there.
    pub draft: Option<i64>,
    /// What publishing would change about it.
    pub unpublished: Vec<Change>,
    /// Whether the reader may restore and discard.
    pub may_edit: bool,
    /// Versions, newest first.
    pub rows: Vec<VersionRow>,
    /// Cursor of the next page.
    pub next: Option<i64>,
    /// The moment the page was made.
    pub now_us: i64,
}

/// One version.
#[derive(Debug, Clone, Default)]
pub struct VersionRow {
    /// Which, from 1.
    pub version: i64,
    /// When it was saved.
    pub at_us: i64,
    /// By whom.
    pub author: String,
    /// Why, in their words.
    pub note: String,
    /// What it did to the version before: "added", "changed", "removed".
    pub change: Change,
    /// Whether gateways run it.
    pub runs: bool,
    /// Whether it is the draft.
    pub is_draft: bool,
    /// Whether restoring it would change the draft.
    pub may_restore: bool,
}
