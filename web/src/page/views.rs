//! `/requests/views`: filters kept by name.

use crate::form::{Choice, Field};
use crate::shell::Shell;
use crate::url::RequestsQuery;
use askama::Template;

/// The views a reader sees, and the form that keeps another.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/views/list.html")]
pub struct ViewsPage {
    /// The frame.
    pub shell: Shell,
    /// The form for a new one; `None` when no filter was brought along.
    pub form: Option<ViewForm>,
    /// The views, by name.
    pub rows: Vec<ViewRow>,
}

/// What is typed about a view.
#[derive(Debug, Clone, Default)]
pub struct ViewForm {
    /// What it shall be called.
    pub name: Field,
    /// Where it is shared; empty for nowhere.
    pub workspace: Field,
    /// The workspaces to choose from.
    pub workspaces: Vec<Choice>,
    /// What it shows.
    pub query: RequestsQuery,
    /// What is wrong with what it shows.
    pub problem: Option<String>,
}

/// One view.
#[derive(Debug, Clone, Default)]
pub struct ViewRow {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it shows.
    pub query: RequestsQuery,
    /// The workspace it is shared in, by name.
    pub shared: Option<String>,
    /// The id of that workspace; empty for one's own.
    pub workspace: String,
    /// Whether the reader may rename and delete it.
    pub may_change: bool,
    /// The version the form was made from.
    pub tag: String,
}

impl ViewRow {
    /// Its window in words.
    #[must_use]
    pub fn window(&self) -> String {
        let named = RequestsQuery::RANGES.into_iter().find(|(value, _)| *value == self.query.range);
        match named {
            Some((_, label)) => label.to_owned(),
            None if self.query.from.is_empty() && self.query.to.is_empty() => "Last 24 hours".to_owned(),
            None => format!("{} to {}", self.query.from, self.query.to),
        }
    }
}
