//! `/keys`: what applications present.

pub mod form;
pub mod show;

pub use form::{KeyForm, Pick};
pub use show::{KeyPage, KeyRotationPage, KeyShownPage, TrailRow};

use crate::form::Choice;
use crate::shell::Shell;
use askama::Template;

/// The keys that match, and the form for a new one.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/keys/list.html")]
pub struct KeysPage {
    /// The frame.
    pub shell: Shell,
    /// The keys of this page, those in force first.
    pub keys: Vec<KeyRow>,
    /// What was searched for in names, endings, workspaces and customers.
    pub search: String,
    /// Which states are shown, one of `states`.
    pub state: String,
    /// The states a reader may ask for.
    pub states: Vec<Choice>,
    /// How many match, on all pages.
    pub matching: u64,
    /// How many there are.
    pub all: u64,
    /// The cursor of the next page.
    pub next: Option<String>,
    /// The form; `None` for readers who may not create keys. Posted to `/keys`.
    pub form: Option<KeyForm>,
    /// The moment the page was made.
    pub now_us: i64,
}

/// One key, without its secret.
#[derive(Debug, Clone, Default)]
pub struct KeyRow {
    /// Its id.
    pub key_id: String,
    /// What people call it.
    pub name: String,
    /// The last characters of the secret, to tell keys apart.
    pub ends_with: String,
    /// The last characters of the secret before, and when that one stops working.
    pub old_secret: Option<(String, i64)>,
    /// The workspace it belongs to, by name.
    pub workspace: String,
    /// `production`, `staging`, …; may be empty.
    pub environment: String,
    /// The customer it is bound to; `None` lets requests name theirs.
    pub customer_id: Option<String>,
    /// The models it may ask for; empty means all.
    pub models: Vec<String>,
    /// Requests a minute it may make; `None` is unlimited.
    pub requests_per_minute: Option<u64>,
    /// Requests it may have in flight; `None` is unlimited.
    pub concurrency: Option<u64>,
    /// When it was made.
    pub created_us: i64,
    /// Who made it.
    pub created_by: String,
    /// When it was last used.
    pub last_used_us: Option<i64>,
    /// When it stops working by itself.
    pub expires_us: Option<i64>,
    /// When it was revoked.
    pub revoked_us: Option<i64>,
}

impl KeyRow {
    /// Whether requests with it are taken at `now_us`.
    #[must_use]
    pub fn is_in_force(&self, now_us: &i64) -> bool {
        self.revoked_us.is_none() && self.expires_us.is_none_or(|at| at > *now_us)
    }

    /// In force, expired or revoked at `now_us`: class, word and icon.
    #[must_use]
    pub fn state(&self, now_us: &i64) -> (&'static str, &'static str, &'static str) {
        if self.revoked_us.is_some() {
            ("quiet", "revoked", "ban")
        } else if self.expires_us.is_some_and(|at| at <= *now_us) {
            ("warn", "expired", "minus")
        } else {
            ("ok", "in force", "check")
        }
    }
}
