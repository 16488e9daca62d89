//! `/stops`: what is stopped, and stopping or resuming it.

use askama::Template;

use crate::form::{Choice, Field};
use crate::shell::Shell;

/// What is stopped, and the form to stop something.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/stops/list.html")]
pub struct StopsPage {
    /// The frame.
    pub shell: Shell,
    /// What is stopped, the newest first.
    pub rows: Vec<StopRow>,
    /// The form; `None` for readers who may stop nothing.
    pub form: Option<StopForm>,
    /// The moment the page was made.
    pub now_us: i64,
}

/// One stop.
#[derive(Debug, Clone, Default)]
pub struct StopRow {
    /// Its id.
    pub stop_id: String,
    /// `customer`, `key`, `model` or `endpoint`.
    pub kind: String,
    /// What people call what is stopped.
    pub name: String,
    /// Where it is shown, if anywhere.
    pub href: Option<String>,
    /// Its workspace, by name; empty for what all share.
    pub workspace: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since_us: i64,
    /// Who stopped it, by name.
    pub by: String,
    /// Whether the reader may let it go on.
    pub may_end: bool,
}

/// The form to stop something; posted to `/stops`.
#[derive(Debug, Clone, Default)]
pub struct StopForm {
    /// What kind of thing.
    pub kind: Field,
    /// The kinds the reader may stop.
    pub kinds: Vec<Choice>,
    /// The customer's own id, or the id of the key, model or endpoint.
    pub target: Field,
    /// Of a customer: the workspace.
    pub workspace: Field,
    /// The workspaces there are.
    pub workspaces: Vec<Choice>,
    /// Why.
    pub reason: Field,
}
