//! `/settings/people`: who may sign in and what they are where, and the links by which people come in.

pub mod door;
pub mod members;
pub mod show;

pub use door::{InvitationPage, LinkShownPage, ResetPage};
pub use members::{MemberForm, MemberRow, MembersPage};
pub use show::{DisablementPage, PersonPage, RoleField, RolesForm};

use askama::Template;

use crate::form::{Choice, Field, FieldError};
use crate::page::keys::Pick;
use crate::shell::{Link, Shell};

/// Everybody, the open invitations, and the form for a new one.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/people/list.html")]
pub struct PeoplePage {
    /// The frame.
    pub shell: Shell,
    /// The people of this page, by name.
    pub people: Vec<PersonRow>,
    /// What was searched for in names, addresses and workspaces.
    pub search: String,
    /// How many match, on all pages.
    pub matching: u64,
    /// How many there are.
    pub all: u64,
    /// The cursor of the next page.
    pub next: Option<String>,
    /// Invitations nobody has accepted, the newest first.
    pub invitations: Vec<InvitationRow>,
    /// How many more there are than the page shows.
    pub more_invitations: u64,
    /// How many more workspaces there are than the page offers.
    pub more_workspaces: u64,
    /// The members of each workspace in which the reader manages people.
    pub workspaces: Vec<Link>,
    /// The form of an invitation.
    pub form: InvitationForm,
    /// The moment the page was made.
    pub now_us: i64,
}

/// One person.
#[derive(Debug, Clone, Default)]
pub struct PersonRow {
    /// Their id.
    pub person_id: String,
    /// What they are called.
    pub name: String,
    /// The address they sign in with.
    pub email: String,
    /// What they are where, in words.
    pub roles: Vec<String>,
    /// When they were added.
    pub created_us: i64,
    /// When they were last here.
    pub last_seen_us: Option<i64>,
    /// When they were shut out.
    pub disabled_us: Option<i64>,
    /// Whether it is the reader.
    pub is_reader: bool,
}

/// One open invitation.
#[derive(Debug, Clone, Default)]
pub struct InvitationRow {
    /// Its id.
    pub invitation_id: String,
    /// Whom it is for.
    pub email: String,
    /// What they will be where, in words.
    pub roles: Vec<String>,
    /// When it was made.
    pub created_us: i64,
    /// Who made it, by name.
    pub by: String,
    /// When it ends.
    pub expires_us: i64,
}

/// The form of an invitation; posted to `/settings/invitations`.
#[derive(Debug, Clone, Default)]
pub struct InvitationForm {
    /// The address they will sign in with.
    pub email: Field,
    /// What they will be.
    pub role: Field,
    /// Where: `*` is everywhere.
    pub places: Vec<Pick>,
    /// What is wrong with the places.
    pub places_error: Option<FieldError>,
    /// Whether bodies may be read.
    pub read_bodies: Field,
}

/// The roles there are, with what each may.
#[must_use]
pub fn roles() -> Vec<Choice> {
    [
        ("viewer", "viewer: sees figures and the set-up"),
        ("member", "member: makes keys too"),
        ("admin", "admin: everything"),
    ]
    .map(|(value, label)| Choice::new(value, label))
    .to_vec()
}

impl PersonRow {
    /// In or shut out: class, word and icon.
    #[must_use]
    pub fn state(&self) -> (&'static str, &'static str, &'static str) {
        if self.disabled_us.is_some() { ("bad", "shut out", "ban") } else { ("ok", "may sign in", "check") }
    }
}

impl InvitationRow {
    /// Whether its link opens nothing any more.
    #[must_use]
    pub fn is_over(&self, now_us: &i64) -> bool {
        self.expires_us <= *now_us
    }
}
