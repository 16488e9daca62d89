//! Changes of a person that act at once. Whatever is changed, somebody who may do everything everywhere stays able to
//! come in: that is looked at inside the transaction, so that two administrators cannot demote each other at once.

use serde::Deserialize;
use utoipa::ToSchema;
use weir_contract::id::WorkspaceId;
use weir_web::form::FieldError;

use super::role::{RoleIn, checked, merged, require_giving, rules_over};
use super::{Person, PersonForm, missing, roles_of, seen_by};
use crate::app::App;
use crate::audit::{self, Change};
use crate::auth::sign_in::normal_email;
use crate::auth::{Actor, Right};
use crate::error::{AppError, FieldErrors};
use crate::precondition::Expected;
use crate::store::link::delete_links_of;
use crate::store::person::{
    SeenRow, count_admins, create_role, delete_roles, find_person_by_email, find_seen_person, update_person,
};
use crate::store::session::delete_sessions_of;
use crate::store::{Conn, StoreError, Writing};
use crate::{api_tokens, workspaces};

/// What somebody is to be in a workspace.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberForm {
    /// `admin`, `member` or `viewer`.
    pub role: String,
    /// Whether bodies may be read. Admins may.
    #[serde(default)]
    pub read_bodies: bool,
}

/// How somebody is shut out.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Disabling {
    /// Whether the API tokens they made, as far as you manage them, are revoked too.
    pub revoke_tokens: bool,
}

/// Gives a person exactly these roles where the actor manages people; roles elsewhere stay.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &str,
    form: PersonForm,
    expected: &Expected,
) -> Result<Person, AppError> {
    let mut change = Changing::begin(app, actor, id).await?;
    expected.check(&change.before.as_edited())?;
    let wanted = checked(&mut change.writing, form.roles).await?;
    let after = merged(actor, &change.roles, &wanted)?;
    change.give(after).await?;
    change.finish(app, actor, "person.update").await
}

/// Makes somebody a member of the workspace, or something else in it. `who` is their id or the address they sign in with.
pub async fn set_member(
    app: &App,
    actor: &Actor,
    workspace: &WorkspaceId,
    who: &str,
    form: MemberForm,
) -> Result<Person, AppError> {
    find_workspace(app, actor, workspace).await?;
    let role = RoleIn { workspace: Some(workspace.clone()), role: form.role, read_bodies: form.read_bodies };
    let mut change = Changing::of_anybody(app, actor, who).await?;
    let role = match checked(&mut change.writing, vec![role]).await {
        Ok(checked) => checked,
        Err(AppError::Invalid(_)) => {
            return Err(AppError::Invalid(FieldErrors::one("role", FieldError::UnknownChoice)));
        }
        Err(other) => return Err(other),
    };
    require_giving(actor, &role)?;
    let elsewhere = change.roles.iter().filter(|role| role.workspace.as_ref() != Some(workspace));
    let after = elsewhere.cloned().chain(role).collect();
    change.give(after).await?;
    change.finish(app, actor, "person.update").await
}

/// Takes somebody's role in the workspace away; a role everywhere stays.
pub async fn remove_member(
    app: &App,
    actor: &Actor,
    workspace: &WorkspaceId,
    who: &str,
) -> Result<Person, AppError> {
    find_workspace(app, actor, workspace).await?;
    let mut change = Changing::of_anybody(app, actor, who).await?;
    let is_elsewhere = |role: &&RoleIn| role.workspace.as_ref() != Some(workspace);
    let after: Vec<RoleIn> = change.roles.iter().filter(is_elsewhere).cloned().collect();
    if after.len() == change.roles.len() {
        return Err(AppError::not_found("member", who));
    }
    change.give(after).await?;
    change.finish(app, actor, "person.update").await
}

async fn find_workspace(app: &App, actor: &Actor, id: &WorkspaceId) -> Result<(), AppError> {
    actor.require(Right::ManagePeople, Some(id))?;
    let found = workspaces::find(app, id).await?;
    found.map(drop).ok_or_else(|| AppError::not_found("workspace", id.as_str()))
}

/// Shuts somebody out: no sign-in, no session, no open page, no link for a new password.
pub async fn disable(app: &App, actor: &Actor, id: &str, how: Disabling) -> Result<Person, AppError> {
    let mut change = Changing::begin(app, actor, id).await?;
    change.must_be_managed(actor)?;
    if id == actor.id {
        let why = "nobody shuts themselves out: ask another administrator";
        return Err(AppError::Conflict(why.to_owned()));
    }
    if change.row.person.disabled_us.is_some() {
        return Ok(change.before);
    }
    let now_us = app.clock.now_us();
    change.row.person.disabled_us = Some(now_us);
    update_person(&mut change.writing, &change.row.person).await?;
    delete_sessions_of(&mut change.writing, id).await?;
    delete_links_of(&mut change.writing, id).await?;
    if how.revoke_tokens {
        api_tokens::revoke_made_by(&mut change.writing, actor, id, now_us).await?;
    }
    change.finish(app, actor, "person.disable").await
}

/// Lets somebody in again, with the password and the roles they had.
pub async fn enable(app: &App, actor: &Actor, id: &str) -> Result<Person, AppError> {
    let mut change = Changing::begin(app, actor, id).await?;
    change.must_be_managed(actor)?;
    if change.row.person.disabled_us.take().is_none() {
        return Ok(change.before);
    }
    update_person(&mut change.writing, &change.row.person).await?;
    change.finish(app, actor, "person.enable").await
}

/// A person within the transaction that changes them.
struct Changing {
    writing: Writing,
    row: SeenRow,
    /// All their roles, also those the actor does not see.
    roles: Vec<RoleIn>,
    /// As the actor sees them.
    before: Person,
    admins: i64,
}

impl Changing {
    /// Finds the person, for an actor who may see them.
    async fn begin(app: &App, actor: &Actor, id: &str) -> Result<Self, AppError> {
        let mut writing = app.store.write().await?;
        let row = find_seen_person(&mut writing, id).await?.ok_or_else(|| missing(id))?;
        let roles = roles_of(&mut writing, id).await?;
        let before = seen_by(actor, row.clone(), &roles).ok_or_else(|| missing(id))?;
        let admins = count_admins(&mut writing).await?;
        Ok(Self { writing, row, roles, before, admins })
    }

    /// Finds the person by id or address, also one who has no role yet where the actor manages people.
    async fn of_anybody(app: &App, actor: &Actor, who: &str) -> Result<Self, AppError> {
        let mut writing = app.store.write().await?;
        let id = find_id(&mut writing, who).await?.unwrap_or_else(|| who.to_owned());
        let row = find_seen_person(&mut writing, &id).await?.ok_or_else(|| missing(who))?;
        let roles = roles_of(&mut writing, &id).await?;
        let before = seen_by(actor, row.clone(), &roles).unwrap_or_else(|| stranger(&row));
        let admins = count_admins(&mut writing).await?;
        Ok(Self { writing, row, roles, before, admins })
    }

    fn must_be_managed(&self, actor: &Actor) -> Result<(), AppError> {
        if rules_over(actor, &self.roles) { Ok(()) } else { Err(AppError::Forbidden(Right::ManagePeople)) }
    }

    async fn give(&mut self, roles: Vec<RoleIn>) -> Result<(), AppError> {
        let id = &self.row.person.id;
        delete_roles(&mut self.writing, id).await?;
        for role in &roles {
            create_role(&mut self.writing, id, &role.write()).await?;
        }
        self.roles = roles;
        Ok(())
    }

    /// Notes the change and commits, unless nobody were left to manage the installation.
    async fn finish(mut self, app: &App, actor: &Actor, action: &str) -> Result<Person, AppError> {
        if self.admins > 0 && count_admins(&mut self.writing).await? == 0 {
            let name = &self.row.person.name;
            let why = format!("{name} is the last administrator of everything: make somebody else one first");
            return Err(AppError::Conflict(why));
        }
        let after = seen_by(actor, self.row.clone(), &self.roles).unwrap_or_else(|| stranger(&self.row));
        if after != self.before {
            let change = Change {
                actor: &actor.id,
                action,
                object: &after.id,
                before: audit::state(&self.before),
                after: audit::state(&after),
            };
            audit::append(&mut self.writing, app.clock.now_us(), change).await?;
        }
        self.writing.commit().await?;
        Ok(after)
    }
}

async fn find_id(conn: &mut Conn, who: &str) -> Result<Option<String>, StoreError> {
    Ok(find_person_by_email(conn, &normal_email(who)).await?.map(|person| person.id))
}

/// Somebody of whom the actor sees no role.
fn stranger(row: &SeenRow) -> Person {
    let SeenRow { person, last_seen_us } = row.clone();
    Person {
        id: person.id,
        email: person.email,
        name: person.name,
        roles: Vec::new(),
        is_managed: false,
        created_us: person.created_us,
        last_seen_us,
        disabled_us: person.disabled_us,
    }
}
