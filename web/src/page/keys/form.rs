//! What people say about a key: the form for a new one and for one that is there.

use crate::form::{Choice, Field, FieldError};
use crate::url;

/// The form of a key; field names are the struct's.
#[derive(Debug, Clone, Default)]
pub struct KeyForm {
    /// The key; `None` for a new one.
    pub key_id: Option<String>,
    /// The tag of the key as the form was filled from it.
    pub tag: String,
    /// What people will call it.
    pub name: Field,
    /// The workspace, by id; a key that is there stays where it is.
    pub workspace: Field,
    /// The workspaces there are.
    pub workspaces: Vec<Choice>,
    /// The customer it is bound to; may be empty.
    pub customer: Field,
    /// The least trusted source of a customer; empty demands none.
    pub customer_source_min: Field,
    /// Ticked when it has a secret that signs customers; can be ticked for a new key only.
    pub signs_customers: Field,
    /// Ticked when what a provider has no word for is left out.
    pub drop_unsupported: Field,
    /// Tags it is bound to, `name=value` line by line.
    pub tags: Field,
    /// Log level that tightens the workspace's; empty leaves that.
    pub log_level: Field,
    /// Model names, separated by commas; empty means all.
    pub models: Field,
    /// The endpoints there are; none picked means all.
    pub endpoints: Vec<Pick>,
    /// Why the picked endpoints were refused.
    pub endpoints_error: Option<FieldError>,
    /// The regions endpoints are in; none picked means all.
    pub regions: Vec<Pick>,
    /// Networks, separated by commas; empty means all.
    pub networks: Field,
    /// A date; empty means never.
    pub expires: Field,
    /// Requests a minute; empty means unlimited.
    pub requests_per_minute: Field,
    /// Requests in flight; empty means unlimited.
    pub concurrency: Field,
}

/// One of several that may be picked together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pick {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub label: String,
    /// Whether it is picked.
    pub is_picked: bool,
}

impl KeyForm {
    /// Where the form is posted.
    #[must_use]
    pub fn action(&self) -> String {
        self.key_id.as_deref().map_or_else(|| url::KEYS.to_owned(), url::key)
    }

    /// The sources of a customer, the most trusted first.
    #[must_use]
    pub fn sources() -> Vec<Choice> {
        vec![
            Choice::new("key", "the key itself"),
            Choice::new("signed", "a signed token"),
            Choice::new("header", "a header"),
            Choice::new("baggage", "baggage"),
            Choice::new("body", "the request's body"),
        ]
    }

    /// The levels of logging, the fullest first.
    #[must_use]
    pub fn levels() -> Vec<Choice> {
        vec![
            Choice::new("full", "everything"),
            Choice::new("meta", "figures, no bodies"),
            Choice::new("none", "cost only"),
        ]
    }

    /// Whether the folded part of the form holds something to see.
    #[must_use]
    pub fn has_more(&self) -> bool {
        let is_said = |field: &Field| !field.value.is_empty() || field.error.is_some();
        let folded = [
            &self.models,
            &self.networks,
            &self.expires,
            &self.requests_per_minute,
            &self.concurrency,
            &self.tags,
            &self.log_level,
            &self.customer_source_min,
            &self.signs_customers,
            &self.drop_unsupported,
        ];
        folded.into_iter().any(is_said)
            || self.endpoints_error.is_some()
            || self.endpoints.iter().chain(&self.regions).any(|pick| pick.is_picked)
    }
}
