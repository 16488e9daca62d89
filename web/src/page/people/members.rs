//! `/settings/workspaces/{id}/members`: who is what in one workspace.

use askama::Template;

use crate::form::Field;
use crate::shell::Shell;

/// The members of a workspace, and the form to add one.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/people/members.html")]
pub struct MembersPage {
    /// The frame.
    pub shell: Shell,
    /// The workspace.
    pub workspace_id: String,
    /// The members of this page, by name.
    pub members: Vec<MemberRow>,
    /// How many there are.
    pub all: u64,
    /// The cursor of the next page.
    pub next: Option<String>,
    /// The form for one more member.
    pub form: MemberForm,
    /// The moment the page was made.
    pub now_us: i64,
}

/// One member.
#[derive(Debug, Clone, Default)]
pub struct MemberRow {
    /// Their id.
    pub person_id: String,
    /// What they are called.
    pub name: String,
    /// The address they sign in with.
    pub email: String,
    /// What they are here, in words.
    pub role: String,
    /// Whether the role is one of this workspace, so that it can be taken away here.
    pub is_own: bool,
    /// When they were last here.
    pub last_seen_us: Option<i64>,
    /// When they were shut out.
    pub disabled_us: Option<i64>,
}

/// The form for one more member; posted to the list.
#[derive(Debug, Clone, Default)]
pub struct MemberForm {
    /// The address they sign in with.
    pub email: Field,
    /// What they will be.
    pub role: Field,
    /// Whether bodies may be read.
    pub read_bodies: Field,
}
