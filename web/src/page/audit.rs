//! `/audit`: who changed what, and whether the chain of changes holds.

use askama::Template;

use crate::form::Choice;
use crate::shell::Shell;
use crate::url::AuditQuery;

/// Changes under a filter, the newest first.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/audit/list.html")]
pub struct AuditPage {
    /// The frame.
    pub shell: Shell,
    /// What was asked for.
    pub query: AuditQuery,
    /// Everybody who ever changed something, to choose from.
    pub actors: Vec<Choice>,
    /// Everything that was ever done, to choose from.
    pub actions: Vec<Choice>,
    /// The changes of this page.
    pub rows: Vec<AuditRow>,
    /// Cursor of the next page.
    pub next: Option<i64>,
    /// What checking the chain found, when it was asked for.
    pub verdict: Option<Verdict>,
    /// The moment the page was made.
    pub now_us: i64,
}

/// One change.
#[derive(Debug, Clone, Default)]
pub struct AuditRow {
    /// Its number in the chain, from 1.
    pub seq: i64,
    /// When.
    pub at_us: i64,
    /// Who, by name.
    pub actor: String,
    /// What was done (`key.create`).
    pub action: String,
    /// To what, by id.
    pub object: String,
    /// Where the object is shown, if anywhere.
    pub href: Option<String>,
    /// What it changed, member by member.
    pub differences: Vec<Difference>,
    /// Its hash, hex.
    pub hash: String,
}

/// One member that differs.
#[derive(Debug, Clone, Default)]
pub struct Difference {
    /// Its name.
    pub name: String,
    /// How it was; empty when it was not there.
    pub before: String,
    /// How it is; empty when it is gone.
    pub after: String,
}

/// What checking the chain found.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Rows that fit, from the first on.
    pub rows: u64,
    /// Where and how it is broken; `None` when it holds.
    pub broken: Option<String>,
    /// When it was checked.
    pub at_us: i64,
}
