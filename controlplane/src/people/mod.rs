//! People: who signs in, what they are where, how they come in and are shut out. Every change acts at once, also on pages
//! that are open.
//!
//! | file | what |
//! | --- | --- |
//! | [`role`] | what somebody is where; who may give it |
//! | `change` | roles, members of a workspace, shutting out and letting in again; the last administrator stays |
//! | [`invitation`] | links that make an account |
//! | [`reset`] | links that give an account a new password |
//! | [`sessions`] | where somebody is signed in, and ending that |
//! | `link` | what both have in common: single use, an end, and a maker who could still do it |
//! | [`operator`] | the same at the machine, for whoever can read the data folder |

mod change;
pub mod invitation;
mod link;
pub mod operator;
pub mod reset;
pub mod role;
pub mod sessions;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::id::WorkspaceId;

use crate::app::App;
use crate::auth::{Actor, Right};
use crate::error::AppError;
use crate::precondition::tag_of;
use crate::store::person::{SeenRow, find_seen_person, list_all_roles, list_people, list_roles};
use crate::store::{Conn, StoreError};

pub use change::{Disabling, MemberForm, disable, enable, remove_member, set_member, update};
pub use role::RoleIn;

/// A person, as whoever asks may see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Person {
    /// `person_…`
    pub id: String,
    /// The address they sign in with.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they are where: everywhere, and in the workspaces in which you manage people.
    pub roles: Vec<RoleIn>,
    /// Whether the account itself is yours to manage: all its roles are where you manage people. Only then may you shut
    /// it out, see and end its sessions, and make a link for a new password.
    pub is_managed: bool,
    /// When they were added, µs UTC.
    pub created_us: i64,
    /// When they were last here, within minutes, µs UTC.
    pub last_seen_us: Option<i64>,
    /// When they were shut out, µs UTC.
    pub disabled_us: Option<i64>,
}

/// What is to be changed about a person.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonForm {
    /// All their roles where you manage people; those elsewhere stay as they are.
    pub roles: Vec<RoleIn>,
}

impl Person {
    /// Their tag for two editors; being here does not change it.
    #[must_use]
    pub fn tag(&self) -> String {
        tag_of(&self.as_edited())
    }

    fn as_edited(&self) -> Self {
        Self { last_seen_us: None, ..self.clone() }
    }

    /// What they are in that workspace itself; `None` when nothing, or only by a role everywhere.
    #[must_use]
    pub fn role_in(&self, workspace: &WorkspaceId) -> Option<&RoleIn> {
        self.roles.iter().find(|role| role.workspace.as_ref() == Some(workspace))
    }
}

/// Everybody with a role where the actor manages people, by name.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Person>, AppError> {
    let mut reading = app.store.read().await?;
    let mut roles: HashMap<String, Vec<RoleIn>> = HashMap::new();
    for (person, row) in list_all_roles(&mut reading).await? {
        roles.entry(person).or_default().push(RoleIn::read(row));
    }
    let rows = list_people(&mut reading).await?.into_iter();
    let seen = rows.filter_map(|row| {
        let roles = roles.remove(&row.person.id).unwrap_or_default();
        seen_by(actor, row, &roles)
    });
    Ok(seen.collect())
}

/// The person of that id, if the actor may see them.
pub async fn find(app: &App, actor: &Actor, id: &str) -> Result<Person, AppError> {
    let mut reading = app.store.read().await?;
    let found = find_seen_person(&mut reading, id).await?.ok_or_else(|| missing(id))?;
    let roles = roles_of(&mut reading, id).await?;
    seen_by(actor, found, &roles).ok_or_else(|| missing(id))
}

/// The members of a workspace, by name: those with a role in it, and those with one everywhere.
pub async fn members(app: &App, actor: &Actor, workspace: &WorkspaceId) -> Result<Vec<Person>, AppError> {
    actor.require(Right::ManagePeople, Some(workspace))?;
    let is_member = |person: &Person| {
        person.role_in(workspace).is_some() || person.roles.iter().any(|role| role.workspace.is_none())
    };
    Ok(list(app, actor).await?.into_iter().filter(is_member).collect())
}

async fn roles_of(conn: &mut Conn, id: &str) -> Result<Vec<RoleIn>, StoreError> {
    Ok(list_roles(conn, id).await?.into_iter().map(RoleIn::read).collect())
}

/// The person as the actor may see them; a role everywhere holds in every workspace, so its administrators see it.
fn seen_by(actor: &Actor, row: SeenRow, roles: &[RoleIn]) -> Option<Person> {
    let is_managed = role::rules_over(actor, roles);
    let seen: Vec<RoleIn> = roles.iter().filter(|role| is_seen(actor, role)).cloned().collect();
    let SeenRow { person, last_seen_us } = row;
    (is_managed || !seen.is_empty()).then_some(Person {
        id: person.id,
        email: person.email,
        name: person.name,
        roles: seen,
        is_managed,
        created_us: person.created_us,
        last_seen_us,
        disabled_us: person.disabled_us,
    })
}

fn is_seen(actor: &Actor, role: &RoleIn) -> bool {
    match &role.workspace {
        None => actor.may(Right::ManagePeople),
        place => role::manages(actor, place.as_ref()),
    }
}

/// Fails as if there were no such person when the actor may not see them.
fn require_seen(actor: &Actor, id: &str, roles: &[RoleIn]) -> Result<(), AppError> {
    let is_seen = role::rules_over(actor, roles) || roles.iter().any(|role| is_seen(actor, role));
    if is_seen { Ok(()) } else { Err(missing(id)) }
}

fn missing(id: &str) -> AppError {
    AppError::not_found("person", id)
}
