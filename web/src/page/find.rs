//! What the palette finds: pages, customers, keys, models, endpoints, views.

use askama::Template;

use crate::form::Choice;
use crate::shell::Shell;

/// What was found for a few words.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/find/show.html")]
pub struct FindPage {
    /// The frame.
    pub shell: Shell,
    /// What was typed.
    pub typed: String,
    /// The workspaces to look in.
    pub workspaces: Vec<Choice>,
    /// The chosen one; empty for all.
    pub workspace: String,
    /// What was found, kind by kind.
    pub hits: Vec<Hit>,
}

/// One thing of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// What it is.
    pub kind: HitKind,
    /// What it is called.
    pub name: String,
    /// Where it is shown.
    pub href: String,
}

/// What can be found by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HitKind {
    /// A screen.
    Page,
    /// A customer.
    Customer,
    /// A key.
    Key,
    /// A model.
    Model,
    /// An endpoint.
    Endpoint,
    /// A saved view.
    View,
}

impl Hit {
    /// A thing, its name, and where it is shown.
    #[must_use]
    pub fn new(kind: HitKind, name: impl Into<String>, href: impl Into<String>) -> Self {
        Self { kind, name: name.into(), href: href.into() }
    }
}

impl HitKind {
    /// The word before the name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Page => "Page",
            Self::Customer => "Customer",
            Self::Key => "Key",
            Self::Model => "Model",
            Self::Endpoint => "Endpoint",
            Self::View => "View",
        }
    }
}
