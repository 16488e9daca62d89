//! Asking once before an earlier state comes back, with all that would change: a revision, a version, what runs.

use askama::Template;

use crate::part::Change;
use crate::shell::{Link, Shell};

/// The question, what follows, and the form that carries the tag of what was seen.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/restore/show.html")]
pub struct RestorePage {
    /// The frame.
    pub shell: Shell,
    /// What is about to happen, in one sentence.
    pub sentence: String,
    /// What changes, by where it changes.
    pub groups: Vec<ChangeGroup>,
    /// What else to know.
    pub consequences: Vec<String>,
    /// What the button says, naming the object.
    pub button: String,
    /// Where it is posted.
    pub action: String,
    /// The way back.
    pub cancel: Link,
    /// Which state is shown: nothing is done to another one.
    pub tag: String,
    /// Whether a note can be given.
    pub takes_note: bool,
}

/// Changes in one place.
#[derive(Debug, Clone, Default)]
pub struct ChangeGroup {
    /// Where: "On the gateways".
    pub title: String,
    /// The changes.
    pub changes: Vec<Change>,
    /// What to say when there are none.
    pub nothing: String,
}
