//! `/settings/people/{id}`: one person: what they are where, where they are signed in, what was done to them.

use askama::Template;

use super::PersonRow;
use crate::form::{Choice, Field, FieldError};
use crate::page::keys::TrailRow;
use crate::page::settings::{SessionRow, TokenRow};
use crate::shell::Shell;

/// One person.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/people/show.html")]
pub struct PersonPage {
    /// The frame.
    pub shell: Shell,
    /// The person.
    pub person: PersonRow,
    /// Whether the account itself is the reader's to manage.
    pub is_managed: bool,
    /// Their roles where the reader manages people.
    pub form: RolesForm,
    /// Their other roles the reader sees, in words.
    pub fixed: Vec<String>,
    /// Where they are signed in; empty as well when that is not the reader's to see.
    pub sessions: Vec<SessionRow>,
    /// API tokens in force that they made, as far as the reader manages tokens.
    pub tokens: Vec<TokenRow>,
    /// What was done to them, newest first; `None` for readers who may not read the audit trail.
    pub trail: Option<Vec<TrailRow>>,
    /// The moment the page was made.
    pub now_us: i64,
}

/// Asks before somebody is shut out; posted to the same address with `revoke_tokens`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/people/disablement.html")]
pub struct DisablementPage {
    /// The frame.
    pub shell: Shell,
    /// Whom.
    pub person_id: String,
    /// What they are called.
    pub name: String,
}

/// Roles to change; posted to the person's page.
#[derive(Debug, Clone, Default)]
pub struct RolesForm {
    /// Which version of the person it changes.
    pub tag: String,
    /// The roles there are.
    pub rows: Vec<RoleField>,
    /// How many more there are than the form shows.
    pub more: u64,
    /// Where one more role may be given; `*` is everywhere.
    pub places: Vec<Choice>,
    /// Where one more role is given.
    pub place: Field,
    /// Which role is given there.
    pub role: Field,
    /// Whether bodies may be read there.
    pub read_bodies: Field,
    /// What is wrong with a role there is.
    pub error: Option<FieldError>,
}

/// A role in one place, to be changed.
#[derive(Debug, Clone, Default)]
pub struct RoleField {
    /// The workspace's id; `*` is everywhere.
    pub place: String,
    /// What the place is called.
    pub name: String,
    /// The role; empty takes it away.
    pub role: Field,
    /// Whether bodies may be read.
    pub read_bodies: bool,
}
