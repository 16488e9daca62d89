//! `/settings/people` and the members of workspaces: who may sign in, and what they are where.

pub(in crate::page) mod disablement;
pub(in crate::page) mod invitations;
pub(in crate::page) mod list;
pub(in crate::page) mod members;
pub(in crate::page) mod reset;
mod roles;
pub(in crate::page) mod sessions;
pub(in crate::page) mod show;

use weir_contract::id::WorkspaceId;
use weir_web::page::people::PersonRow;

use crate::auth::Actor;
use crate::page::keys::form::Pairs;
use crate::people::{Person, RoleIn};
use crate::workspaces::Workspace;

/// What a form sends, in which a name may come more than once.
#[derive(Clone, Debug, Default)]
struct Sent(Pairs);

impl Sent {
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(sent, _)| sent == name).map(|(_, value)| value.trim())
    }

    fn one<'a>(&'a self, name: &'a str) -> &'a str {
        self.all(name).next().unwrap_or_default()
    }
}

/// What somebody is, in words; `known` names the workspaces.
pub(in crate::page) fn words(role: &RoleIn, known: &[Workspace]) -> String {
    let place = match &role.workspace {
        None => "everywhere".to_owned(),
        Some(id) => format!("in {}", name(id, known)),
    };
    format!("{} {place}, {} bodies", role.role, if role.read_bodies { "with" } else { "without" })
}

fn name(id: &WorkspaceId, known: &[Workspace]) -> String {
    known.iter().find(|one| one.id == *id).map_or_else(|| id.to_string(), |one| one.name.clone())
}

fn row(person: &Person, actor: &Actor, known: &[Workspace]) -> PersonRow {
    PersonRow {
        person_id: person.id.clone(),
        name: person.name.clone(),
        email: person.email.clone(),
        roles: person.roles.iter().map(|role| words(role, known)).collect(),
        created_us: person.created_us,
        last_seen_us: person.last_seen_us,
        disabled_us: person.disabled_us,
        is_reader: person.id == actor.id,
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
