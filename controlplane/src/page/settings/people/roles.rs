//! The form of somebody's roles: what was typed, as the service wants it, and back with what is wrong.

use weir_web::form::{Choice, Field};
use weir_web::page::people::{RoleField, RolesForm};

use super::{Sent, count, name};
use crate::auth::{Actor, Right};
use crate::error::FieldErrors;
use crate::people::{Person, RoleIn};
use crate::workspaces::Workspace;

/// Roles in the form; more are changed from the members of their workspaces.
const ROWS: usize = 30;
/// Places offered for one more role.
const PLACES: usize = 150;

impl Sent {
    /// The roles of the person with those that were sent in their place; an empty role is taken away.
    pub(super) fn read(&self, person: &Person) -> Vec<RoleIn> {
        let rows: Vec<(&str, &str)> = self.all("place").zip(self.all("role")).collect();
        let changed = |role: &RoleIn| match rows.iter().find(|(place, _)| *place == place_of(role)) {
            None => Some(role.clone()),
            Some((_, "")) => None,
            Some((place, sent)) => Some(RoleIn {
                role: (*sent).to_owned(),
                read_bodies: self.all("bodies").any(|one| one == *place),
                workspace: role.workspace.clone(),
            }),
        };
        let new = Some(self.one("new_place")).filter(|place| !place.is_empty()).map(|place| RoleIn {
            workspace: (place != "*").then(|| place.into()),
            role: self.one("new_role").to_owned(),
            read_bodies: self.one("new_bodies") == "on",
        });
        person.roles.iter().filter_map(changed).chain(new).collect()
    }
}

fn place_of(role: &RoleIn) -> &str {
    role.workspace.as_ref().map_or("*", |workspace| workspace.as_str())
}

/// Whether the actor may change that role.
pub(super) fn is_ours(actor: &Actor, role: &RoleIn) -> bool {
    actor.may_in(Right::ManagePeople, role.workspace.as_ref())
}

/// The form with those roles in it, and with what is wrong.
pub(super) fn form(
    actor: &Actor,
    person: &Person,
    known: &[Workspace],
    shown: &[RoleIn],
    errors: &FieldErrors,
) -> RolesForm {
    let ours: Vec<&RoleIn> = shown.iter().filter(|role| is_ours(actor, role)).collect();
    let row = |role: &&RoleIn| RoleField {
        place: place_of(role).to_owned(),
        name: role.workspace.as_ref().map_or_else(|| "Everywhere".to_owned(), |id| name(id, known)),
        role: Field::new(role.role.clone()),
        read_bodies: role.read_bodies,
    };
    let is_free = |place: &str| shown.iter().all(|role| place_of(role) != place);
    let may_everywhere = actor.may_in(Right::ManagePeople, None) && is_free("*");
    let everywhere = may_everywhere.then(|| Choice::new("*", "Everywhere"));
    let reach = actor.reach(Right::ManagePeople);
    let free = known.iter().filter(|one| reach.includes(&one.id) && is_free(one.id.as_str()));
    let places = free.take(PLACES).map(|one| Choice::new(one.id.to_string(), one.name.clone()));
    RolesForm {
        tag: person.tag(),
        rows: ours.iter().take(ROWS).map(row).collect(),
        more: count(ours.len().saturating_sub(ROWS)),
        places: everywhere.into_iter().chain(places).collect(),
        place: Field::default(),
        role: Field::new("viewer"),
        read_bodies: Field::default(),
        error: errors.iter().next().map(|(_, error)| error.clone()),
    }
}
