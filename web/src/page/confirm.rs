//! Asking once before something that cannot be taken back: the button names the object.

use crate::shell::{Link, Shell};
use askama::Template;

/// A question with one button; used for revoking keys and deleting endpoints and models.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/confirm/show.html")]
pub struct ConfirmPage {
    /// The frame.
    pub shell: Shell,
    /// What is about to happen, in one sentence.
    pub sentence: String,
    /// What follows from it: who is affected, what stays.
    pub consequences: Vec<String>,
    /// What the button says, naming the object: "Revoke key billing-prod".
    pub button: String,
    /// Where it is posted; take it from [`crate::url`].
    pub action: String,
    /// What the page was made from, where it matters that it is still so.
    pub tag: String,
    /// The way back.
    pub cancel: Link,
}
