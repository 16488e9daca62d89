//! The API, described for people: its groups, and the operations of one of them.

use askama::Template;

use crate::shell::Shell;

/// The description of the API.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/api/show.html")]
pub struct ApiPage {
    /// The frame.
    pub shell: Shell,
    /// The names of all groups.
    pub groups: Vec<String>,
    /// The group that is shown.
    pub group: String,
    /// Its operations.
    pub operations: Vec<Operation>,
}

/// One operation.
#[derive(Debug, Clone, Default)]
pub struct Operation {
    /// Its name, unique in the API.
    pub id: String,
    /// The method, in capitals.
    pub method: String,
    /// The path, with its holes.
    pub path: String,
    /// What it does.
    pub summary: String,
    /// What it takes besides a body.
    pub parameters: Vec<Parameter>,
    /// The schema of its body, JSON; empty when it takes none.
    pub body: String,
    /// What it answers: status and words.
    pub answers: Vec<(String, String)>,
    /// A line for a shell that tries it.
    pub example: String,
}

/// One parameter.
#[derive(Debug, Clone, Default)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it stands: `path`, `query` or `header`.
    pub place: String,
    /// Whether it must be there.
    pub required: bool,
    /// What it says.
    pub what: String,
}
