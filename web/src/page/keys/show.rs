//! `/keys/{id}`: one key, its rotation, and a secret on the one page that shows it.

use super::{KeyForm, KeyRow};
use crate::form::{Choice, Field};
use crate::page::welcome::snippets;
use crate::shell::Shell;
use crate::url;
use askama::Template;

/// One key: its state, what it may, what was done to it.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/keys/show.html")]
pub struct KeyPage {
    /// The frame.
    pub shell: Shell,
    /// The key.
    pub key: KeyRow,
    /// What it may and what it is bound to: name and value, only what is set.
    pub scope: Vec<(String, String)>,
    /// What was done to it, newest first; `None` for readers who may not read the audit trail.
    pub trail: Option<Vec<TrailRow>>,
    /// The form; `None` for readers who may not change it and for a key that is over.
    pub form: Option<KeyForm>,
    /// The moment the page was made.
    pub now_us: i64,
}

/// One thing that was done to an object.
#[derive(Debug, Clone, Default)]
pub struct TrailRow {
    /// When.
    pub at_us: i64,
    /// Who.
    pub who: String,
    /// What: `key.rotate`.
    pub action: String,
}

/// Asks how long the old secret shall go on working.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/keys/rotation.html")]
pub struct KeyRotationPage {
    /// The frame.
    pub shell: Shell,
    /// The key.
    pub key: KeyRow,
    /// Seconds of grace, one of `graces`.
    pub grace_seconds: Field,
    /// The graces there are.
    pub graces: Vec<Choice>,
}

/// A secret, shown once.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/keys/shown.html")]
pub struct KeyShownPage {
    /// The frame.
    pub shell: Shell,
    /// The key.
    pub key_id: String,
    /// What people call it.
    pub name: String,
    /// The secret, shown now and never again.
    pub secret: String,
    /// What its owner signs customer tokens with, shown now and never again.
    pub customer_secret: Option<String>,
    /// The last characters of the old secret, and when that one stops working.
    pub old_secret: Option<(String, i64)>,
    /// Base address of the gateway without `/v1`.
    pub gateway_url: String,
    /// A model the key may ask for, for the example.
    pub model: String,
}

impl KeyPage {
    /// Its requests of the last 30 days.
    #[must_use]
    pub fn requests(&self) -> String {
        url::requests_with("key", &self.key.key_id)
    }
}

impl KeyRotationPage {
    /// How long an old secret may go on working: seconds and label.
    pub const GRACES: [(&str, &str); 6] = [
        ("0", "not at all: it ends now"),
        ("3600", "1 hour"),
        ("86400", "1 day"),
        ("259200", "3 days"),
        ("604800", "7 days"),
        ("2592000", "30 days"),
    ];
}

impl KeyShownPage {
    /// A first call with the new secret.
    #[must_use]
    pub fn example(&self) -> String {
        snippets(&self.gateway_url, Some(&self.secret), &self.model, &self.model).swap_remove(0).code
    }
}
