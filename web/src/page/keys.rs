//! `/keys`: what applications present.

use crate::form::{Choice, Field};
use crate::page::welcome::snippets;
use crate::shell::Shell;
use askama::Template;

/// All keys, and the form for a new one.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/keys/list.html")]
pub struct KeysPage {
    /// The frame.
    pub shell: Shell,
    /// The keys, those in force first.
    pub keys: Vec<KeyRow>,
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

/// The form for a new key; field names are the struct's.
#[derive(Debug, Clone, Default)]
pub struct KeyForm {
    /// What people will call it.
    pub name: Field,
    /// The workspace, by id.
    pub workspace: Field,
    /// The workspaces there are.
    pub workspaces: Vec<Choice>,
    /// The customer it is bound to; may be empty.
    pub customer: Field,
    /// Model names, separated by commas; empty means all.
    pub models: Field,
    /// A date; empty means never.
    pub expires: Field,
    /// Requests a minute; empty means unlimited.
    pub requests_per_minute: Field,
    /// Requests in flight; empty means unlimited.
    pub concurrency: Field,
}

/// A new key, shown once.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/keys/shown.html")]
pub struct KeyShownPage {
    /// The frame.
    pub shell: Shell,
    /// What people call it.
    pub name: String,
    /// The secret, shown now and never again.
    pub secret: String,
    /// Base address of the gateway without `/v1`.
    pub gateway_url: String,
    /// A model the key may ask for, for the example.
    pub model: String,
}

impl KeyForm {
    /// Whether the folded part of the form holds something to see.
    #[must_use]
    pub fn has_more(&self) -> bool {
        [&self.models, &self.expires, &self.requests_per_minute, &self.concurrency]
            .iter()
            .any(|field| !field.value.is_empty() || field.error.is_some())
    }
}

impl KeyShownPage {
    /// A first call with the new key.
    #[must_use]
    pub fn example(&self) -> String {
        snippets(&self.gateway_url, Some(&self.secret), &self.model, &self.model).swap_remove(0).code
    }
}
