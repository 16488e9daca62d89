//! What somebody is, and where. Nobody gives more than they have, and nobody rules over an account that reaches further.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::id::WorkspaceId;
use weir_web::form::FieldError;

use crate::auth::{Actor, Grant, Right, Role};
use crate::error::{AppError, FieldErrors};
use crate::store::person::RoleRow;
use crate::store::workspace::find_workspace;
use crate::store::{Conn, StoreError};

/// Where a role holds that holds everywhere, as it is stored.
const EVERYWHERE: &str = "*";
/// Roles one person may have.
const ROLES_MAX: usize = 1_000;

/// What somebody is in one workspace or in all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleIn {
    /// The workspace, by id; left out or `null`, everywhere.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub workspace: Option<WorkspaceId>,
    /// `admin`, `member` or `viewer`.
    pub role: String,
    /// Whether bodies may be read: a right of its own. Admins have it.
    #[serde(default)]
    pub read_bodies: bool,
}

impl RoleIn {
    /// The role in force; an unknown one grants nothing.
    #[must_use]
    pub fn grant(&self) -> Option<Grant> {
        let role = Role::from_name(&self.role)?;
        Some(Grant { workspace: self.workspace.clone(), role, read_bodies: self.read_bodies })
    }

    /// Admins read bodies, whether it was said or not.
    fn normal(mut self) -> Self {
        self.read_bodies |= self.role == Role::Admin.name();
        self
    }

    pub(super) fn read(row: RoleRow) -> Self {
        let workspace = (row.workspace_id != EVERYWHERE).then(|| row.workspace_id.into());
        Self { workspace, role: row.role, read_bodies: row.read_bodies != 0 }.normal()
    }

    pub(super) fn write(&self) -> RoleRow {
        RoleRow {
            workspace_id: self.workspace.as_ref().map_or(EVERYWHERE, WorkspaceId::as_str).to_owned(),
            role: self.role.clone(),
            read_bodies: i64::from(self.read_bodies),
        }
    }
}

/// Whether the actor manages people there (`None`: everywhere).
pub(super) fn manages(actor: &Actor, workspace: Option<&WorkspaceId>) -> bool {
    actor.may_in(Right::ManagePeople, workspace)
}

/// Whether the actor may do to the account itself what reaches all its roles: shut it out, end its sessions, give it a
/// new password. Else an administrator of one workspace could take over one of all.
pub(super) fn rules_over(actor: &Actor, roles: &[RoleIn]) -> bool {
    match roles {
        [] => manages(actor, None),
        roles => roles.iter().all(|role| manages(actor, role.workspace.as_ref())),
    }
}

/// Whether the actor may give that role: they manage people there and have every right that it carries.
fn may_give(actor: &Actor, role: &RoleIn) -> bool {
    let place = role.workspace.as_ref();
    let Some(grant) = role.grant() else { return false };
    let mut carried = Right::ALL.into_iter().filter(|right| grant.carries(*right));
    manages(actor, place) && carried.all(|right| actor.may_in(right, place))
}

/// Fails unless the actor may give every one of these.
pub(super) fn require_giving(actor: &Actor, roles: &[RoleIn]) -> Result<(), AppError> {
    if roles.iter().all(|role| may_give(actor, role)) {
        Ok(())
    } else {
        Err(AppError::Forbidden(Right::ManagePeople))
    }
}

/// The roles as they are kept, if there are such roles and workspaces, one for each place.
pub(super) async fn checked(conn: &mut Conn, roles: Vec<RoleIn>) -> Result<Vec<RoleIn>, AppError> {
    let mut errors = FieldErrors::default();
    if roles.len() > ROLES_MAX {
        errors.add("roles", FieldError::Other(format!("Give at most {ROLES_MAX} roles.")));
    }
    for (place, role) in roles.iter().take(ROLES_MAX).enumerate() {
        if Role::from_name(&role.role).is_none() {
            errors.add(format!("roles/{place}/role"), FieldError::UnknownChoice);
        }
        if roles.iter().take(place).any(|earlier| earlier.workspace == role.workspace) {
            let sentence = "There is a role for this place already: give one for each.";
            errors.add(format!("roles/{place}/workspace"), FieldError::Other(sentence.to_owned()));
        } else if !is_there(conn, role.workspace.as_ref()).await? {
            errors.add(format!("roles/{place}/workspace"), FieldError::UnknownChoice);
        }
    }
    errors.check()?;
    Ok(roles.into_iter().map(RoleIn::normal).collect())
}

async fn is_there(conn: &mut Conn, workspace: Option<&WorkspaceId>) -> Result<bool, StoreError> {
    match workspace {
        None => Ok(true),
        Some(id) => Ok(find_workspace(conn, id.as_str()).await?.is_some()),
    }
}

/// What somebody with the roles `before` has once the actor wants them to have `wanted`: roles where the actor does
/// not manage people stay, whatever is wanted.
pub(super) fn merged(actor: &Actor, before: &[RoleIn], wanted: &[RoleIn]) -> Result<Vec<RoleIn>, AppError> {
    let is_new = |role: &&RoleIn| !before.contains(role);
    let new: Vec<RoleIn> = wanted.iter().filter(is_new).cloned().collect();
    require_giving(actor, &new)?;
    let is_ours = |role: &&RoleIn| manages(actor, role.workspace.as_ref());
    let kept = before.iter().filter(|role| !is_ours(role)).cloned();
    let mut after: Vec<RoleIn> = kept.chain(wanted.iter().filter(is_ours).cloned()).collect();
    after.sort_by(|one, other| one.workspace.cmp(&other.workspace));
    Ok(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(workspace: &str, name: &str) -> RoleIn {
        let workspace = (workspace != "*").then(|| workspace.into());
        RoleIn { workspace, role: name.to_owned(), read_bodies: false }.normal()
    }

    fn actor(roles: &[RoleIn]) -> Actor {
        Actor {
            id: "person_1".to_owned(),
            name: String::new(),
            email: String::new(),
            grants: roles.iter().filter_map(RoleIn::grant).collect(),
        }
    }

    #[test]
    fn nobody_gives_more_than_they_have() {
        let of_one = actor(&[role("ws_1", "admin"), role("ws_2", "member")]);
        let giving = |role: RoleIn| require_giving(&of_one, &[role]).is_ok();
        assert!(giving(role("ws_1", "admin")) && giving(role("ws_1", "viewer")));
        assert!(!giving(role("*", "viewer")), "not what holds everywhere");
        assert!(!giving(role("ws_2", "viewer")), "a member gives nothing away");
        assert!(!giving(role("ws_3", "viewer")), "nor does a stranger");
        assert!(!giving(role("ws_1", "owner")), "an unknown role is none to give");
    }

    #[test]
    fn an_account_that_reaches_further_is_not_ruled() {
        let of_one = actor(&[role("ws_1", "admin")]);
        assert!(rules_over(&of_one, &[role("ws_1", "admin")]));
        assert!(!rules_over(&of_one, &[role("ws_1", "viewer"), role("ws_2", "viewer")]));
        assert!(!rules_over(&of_one, &[role("*", "viewer")]));
        assert!(!rules_over(&of_one, &[]), "somebody without a role is the installation's");
        assert!(rules_over(&actor(&[role("*", "admin")]), &[]));
    }

    #[test]
    fn roles_elsewhere_stay_whatever_is_wanted_here() {
        let of_one = actor(&[role("ws_1", "admin")]);
        let before = [role("*", "viewer"), role("ws_1", "member"), role("ws_2", "admin")];
        let after = merged(&of_one, &before, &[]).unwrap();
        assert_eq!(after, [role("*", "viewer"), role("ws_2", "admin")]);
        let after = merged(&of_one, &before, &[role("ws_1", "viewer"), role("*", "viewer")]).unwrap();
        assert_eq!(after, [role("*", "viewer"), role("ws_1", "viewer"), role("ws_2", "admin")]);
        assert!(merged(&of_one, &before, &[role("*", "member")]).is_err());
    }
}
