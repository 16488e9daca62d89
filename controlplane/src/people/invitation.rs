//! Invitations: a link, good once and for a week, by which somebody makes an account with the roles chosen for them.
//! Nothing is sent: whoever invites hands the link on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::id::prefixed;
use weir_web::form::FieldError;

use super::link::{self, Meant, Purpose};
use super::role::{RoleIn, checked, require_giving, rules_over};
use crate::app::App;
use crate::audit::{self, Change};
use crate::auth::sign_in::{is_email, normal_email};
use crate::auth::{Actor, password, session};
use crate::error::{AppError, FieldErrors};
use crate::objects::check_name;
use crate::store::link::{LinkRow, delete_person_link, find_person_link, list_person_links};
use crate::store::person::{PersonRow, create_person, create_role, find_person_by_email};
use crate::store::{Conn, StoreError};

/// An invitation that nobody has accepted yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Invitation {
    /// `link_…`
    pub id: String,
    /// Whom it is for: the address they will sign in with.
    pub email: String,
    /// What they will be where.
    pub roles: Vec<RoleIn>,
    /// When it was made, µs UTC.
    pub created_us: i64,
    /// Who made it.
    pub created_by: String,
    /// When it ends, µs UTC: a week after it was made.
    pub expires_us: i64,
}

/// Who is invited, as what.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationForm {
    /// The address they will sign in with.
    pub email: String,
    /// What they will be where; at least one, and nothing you do not have yourself.
    pub roles: Vec<RoleIn>,
}

/// What somebody says who accepts.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Acceptance {
    /// The link's token.
    pub token: String,
    /// What they want to be called.
    pub name: String,
    /// The password they choose.
    pub password: String,
}

/// The open invitations that the actor could have made, the newest first.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Invitation>, AppError> {
    let rows = list_person_links(&mut *app.store.read().await?, Purpose::Invitation.name()).await?;
    let all: Result<Vec<Invitation>, StoreError> = rows.into_iter().map(read).collect();
    Ok(all?.into_iter().filter(|invitation| rules_over(actor, &invitation.roles)).collect())
}

/// Invites somebody; the link is told this once.
pub async fn create(
    app: &App,
    actor: &Actor,
    form: InvitationForm,
) -> Result<(Invitation, String), AppError> {
    let email = normal_email(&form.email);
    let mut writing = app.store.write().await?;
    check_email(&mut writing, &email, app.clock.now_us()).await?;
    if form.roles.is_empty() {
        return Err(AppError::Invalid(FieldErrors::one("roles", FieldError::Required)));
    }
    let roles = checked(&mut writing, form.roles).await?;
    require_giving(actor, &roles)?;
    let meant = Meant { email: &email, person_id: "", roles_json: audit::state(&roles) };
    let (row, link) = link::make(app, &mut writing, actor, Purpose::Invitation, meant).await?;
    let made = read(row)?;
    let change = Change {
        actor: &actor.id,
        action: "invitation.create",
        object: &made.id,
        before: String::new(),
        after: audit::state(&made),
    };
    audit::append(&mut writing, made.created_us, change).await?;
    writing.commit().await?;
    Ok((made, link))
}

async fn check_email(conn: &mut Conn, email: &str, now_us: i64) -> Result<(), AppError> {
    let refused = |error| Err(AppError::Invalid(FieldErrors::one("email", error)));
    if !is_email(email) {
        return refused(FieldError::NotAnEmail);
    }
    if find_person_by_email(conn, email).await?.is_some() {
        let sentence = "Somebody with this address has an account: give them a role instead.";
        return refused(FieldError::Other(sentence.to_owned()));
    }
    let waiting = list_person_links(conn, Purpose::Invitation.name()).await?;
    if waiting.iter().any(|link| link.email == email && link.expires_us > now_us) {
        let sentence = "An invitation for this address is open: withdraw it first.";
        return refused(FieldError::Other(sentence.to_owned()));
    }
    Ok(())
}

/// Takes an invitation back: its link opens nothing from now on.
pub async fn withdraw(app: &App, actor: &Actor, id: &str) -> Result<Invitation, AppError> {
    let missing = || AppError::not_found("invitation", id);
    let mut writing = app.store.write().await?;
    let found = find_person_link(&mut writing, id).await?;
    let found = found.filter(|link| link.purpose == Purpose::Invitation.name()).ok_or_else(missing)?;
    let gone = read(found)?;
    if !rules_over(actor, &gone.roles) {
        return Err(missing());
    }
    delete_person_link(&mut writing, id).await?;
    let change = Change {
        actor: &actor.id,
        action: "invitation.withdraw",
        object: id,
        before: audit::state(&gone),
        after: String::new(),
    };
    audit::append(&mut writing, app.clock.now_us(), change).await?;
    writing.commit().await?;
    Ok(gone)
}

/// The invitation a link leads to, and who invites; `None` when it does not open any more.
pub async fn find_open(app: &App, token: &str) -> Result<Option<(Invitation, String)>, AppError> {
    open(app, &mut *app.store.read().await?, token).await
}

/// Opens only while its maker could still make it: nobody gives away what they lost.
async fn open(app: &App, conn: &mut Conn, token: &str) -> Result<Option<(Invitation, String)>, AppError> {
    let Some((row, maker)) = link::open(app, conn, Purpose::Invitation, token).await? else {
        return Ok(None);
    };
    let invitation = read(row)?;
    let may = require_giving(&maker, &invitation.roles).is_ok();
    Ok(may.then_some((invitation, maker.name)))
}

/// Makes the account and signs its owner in; returns the session's cookie value.
pub async fn accept(app: &App, form: &Acceptance, origin: &session::Origin) -> Result<String, AppError> {
    let mut errors = FieldErrors::default();
    check_name(&mut errors, form.name.trim());
    password::check(&mut errors, "password", &form.password);
    // Strangers make nobody hash passwords.
    find_open(app, &form.token).await?.ok_or(AppError::LinkUsed)?;
    errors.check()?;
    let password_hash = app.passwords.hash(&form.password).await?;
    let mut writing = app.store.write().await?;
    let (invitation, _) = open(app, &mut writing, &form.token).await?.ok_or(AppError::LinkUsed)?;
    delete_person_link(&mut writing, &invitation.id).await?;
    let person = PersonRow {
        id: prefixed("person", app.random.bytes()),
        email: invitation.email.clone(),
        name: form.name.trim().to_owned(),
        password_hash,
        created_us: app.clock.now_us(),
        disabled_us: None,
    };
    create_person(&mut writing, &person).await?;
    for role in &invitation.roles {
        create_role(&mut writing, &person.id, &role.write()).await?;
    }
    note(&mut writing, &person, &invitation).await?;
    let session = session::begin(&mut writing, app, &person.id, origin).await?;
    writing.commit().await?;
    Ok(session)
}

/// Two rows: the invitation is gone, the person is there.
async fn note(conn: &mut Conn, person: &PersonRow, invitation: &Invitation) -> Result<(), StoreError> {
    let accepted = Change {
        actor: &person.id,
        action: "invitation.accept",
        object: &invitation.id,
        before: audit::state(invitation),
        after: String::new(),
    };
    audit::append(conn, person.created_us, accepted).await?;
    let PersonRow { id, email, name, .. } = person;
    let state = serde_json::json!({ "id": id, "email": email, "name": name, "roles": invitation.roles,
        "invited_by": invitation.created_by });
    let made = Change {
        actor: id,
        action: "person.create",
        object: id,
        before: String::new(),
        after: state.to_string(),
    };
    audit::append(conn, person.created_us, made).await
}

fn read(row: LinkRow) -> Result<Invitation, StoreError> {
    let roles = serde_json::from_str(&row.roles_json).map_err(|error| StoreError::Damaged {
        table: "person_link",
        id: row.id.clone(),
        reason: error.to_string(),
    })?;
    let LinkRow { id, email, created_us, created_by, expires_us, .. } = row;
    Ok(Invitation { id, email, roles, created_us, created_by, expires_us })
}
