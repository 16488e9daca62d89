//! Links to people: their list and pages, invitations, new passwords, members of a workspace, one's own account.

use super::{Query, SETTINGS, WORKSPACES, escaped};

/// Who may sign in.
pub const PEOPLE: &str = "/settings/people";
/// Where a new invitation is posted.
pub const INVITATIONS: &str = "/settings/invitations";
/// Where an invitation leads (GET), and where it is accepted (POST).
pub const INVITATION: &str = "/invitation";
/// Where a link for a new password leads (GET), and where it is set (POST).
pub const RESET: &str = "/reset";
/// Where one's own name is posted.
pub const OWN_NAME: &str = "/settings/name";
/// Where one's own new password is posted.
pub const OWN_PASSWORD: &str = "/settings/password";

/// The list of people, searched, from one row on.
#[must_use]
pub fn people(search: &str, after: &str) -> String {
    format!("{PEOPLE}{}", Query::new().set("search", search).set("after", after))
}

/// One person: their page (GET) and where the change of their roles is posted.
#[must_use]
pub fn person(id: &str) -> String {
    format!("{PEOPLE}/{}", escaped(id))
}

/// Where shutting somebody out is asked (GET) and done (POST).
#[must_use]
pub fn person_disablement(id: &str) -> String {
    format!("{}/disablement", person(id))
}

/// Where letting somebody in again is posted.
#[must_use]
pub fn person_disablement_end(id: &str) -> String {
    format!("{}/disablement/end", person(id))
}

/// Where a link for a new password is asked for.
#[must_use]
pub fn person_reset(id: &str) -> String {
    format!("{}/reset", person(id))
}

/// Where ending all sessions of a person is posted.
#[must_use]
pub fn person_sessions_end(id: &str) -> String {
    format!("{}/sessions/end", person(id))
}

/// Where ending one session of a person is posted.
#[must_use]
pub fn person_session_end(id: &str, session: &str) -> String {
    format!("{}/sessions/{}/end", person(id), escaped(session))
}

/// Where withdrawing an invitation is posted.
#[must_use]
pub fn invitation_withdrawal(id: &str) -> String {
    format!("{INVITATIONS}/{}/withdrawal", escaped(id))
}

/// The members of a workspace (GET), and where one is added or changed (POST).
#[must_use]
pub fn members(workspace: &str) -> String {
    format!("{WORKSPACES}/{}/members", escaped(workspace))
}

/// The members of a workspace from one row on.
#[must_use]
pub fn members_after(workspace: &str, after: &str) -> String {
    format!("{}{}", members(workspace), Query::new().set("after", after))
}

/// Where taking a member out of a workspace is posted.
#[must_use]
pub fn member_removal(workspace: &str, person: &str) -> String {
    format!("{}/{}/removal", members(workspace), escaped(person))
}

/// The list of API tokens: part of the settings.
#[must_use]
pub fn api_tokens() -> String {
    format!("{SETTINGS}#tokens")
}
