//! A new password by link, good once and for a day: made by an administrator of the account, handed on by them. Whoever
//! uses it ends every session there was.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::link::{self, Meant, Purpose};
use super::missing;
use super::sessions::must_be_managed;
use crate::app::App;
use crate::audit::{self, Change};
use crate::auth::{Actor, password, session};
use crate::error::{AppError, FieldErrors};
use crate::store::link::delete_links_of;
use crate::store::person::{PersonRow, find_person, update_person};
use crate::store::session::delete_sessions_of;
use crate::store::{Conn, StoreError};

/// A link for a new password, told this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResetLink {
    /// Whose password it resets.
    pub person: String,
    /// The address they sign in with.
    pub email: String,
    /// The link; it cannot be shown again. A link made before opens nothing any more.
    pub link: String,
    /// When it ends, µs UTC: a day after it was made.
    pub expires_us: i64,
}

/// What somebody says who uses a link.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewPassword {
    /// The link's token.
    pub token: String,
    /// The password they choose.
    pub password: String,
}

/// Makes a link for that person, the only one that opens.
pub async fn create(app: &App, actor: &Actor, id: &str) -> Result<ResetLink, AppError> {
    let mut writing = app.store.write().await?;
    let person = find_person(&mut writing, id).await?.ok_or_else(|| missing(id))?;
    must_be_managed(&mut writing, actor, id).await?;
    if person.disabled_us.is_some() {
        return Err(AppError::Conflict(format!("{} is shut out: let them in first", person.name)));
    }
    delete_links_of(&mut writing, id).await?;
    let meant = Meant { email: &person.email, person_id: id, roles_json: String::new() };
    let (row, link) = link::make(app, &mut writing, actor, Purpose::Reset, meant).await?;
    let made = serde_json::json!({ "link": row.id, "expires_us": row.expires_us });
    note(&mut writing, &actor.id, "person.reset_link", id, row.created_us, made.to_string()).await?;
    writing.commit().await?;
    Ok(ResetLink { person: person.id, email: person.email, link, expires_us: row.expires_us })
}

/// The address of the account that a link opens; `None` when it does not open any more.
pub async fn find_open(app: &App, token: &str) -> Result<Option<String>, AppError> {
    let found = open(app, &mut *app.store.read().await?, token).await?;
    Ok(found.map(|(person, _)| person.email))
}

/// Opens only while its maker manages the account and its owner may come in; with the id of the link.
async fn open(app: &App, conn: &mut Conn, token: &str) -> Result<Option<(PersonRow, String)>, AppError> {
    let Some((row, maker)) = link::open(app, conn, Purpose::Reset, token).await? else { return Ok(None) };
    let person = find_person(conn, &row.person_id).await?.filter(|person| person.disabled_us.is_none());
    let Some(person) = person else { return Ok(None) };
    let may = link::is_ruled(conn, &maker, &person.id).await?;
    Ok(may.then_some((person, row.id)))
}

/// Sets the password, ends every session and signs the owner in; returns the new session's cookie value.
pub async fn redeem(app: &App, form: &NewPassword, origin: &session::Origin) -> Result<String, AppError> {
    // Strangers make nobody hash passwords.
    find_open(app, &form.token).await?.ok_or(AppError::LinkUsed)?;
    let mut errors = FieldErrors::default();
    password::check(&mut errors, "password", &form.password);
    errors.check()?;
    let password_hash = app.passwords.hash(&form.password).await?;
    let mut writing = app.store.write().await?;
    let (person, link) = open(app, &mut writing, &form.token).await?.ok_or(AppError::LinkUsed)?;
    let session = renew(&mut writing, app, person.clone(), password_hash, origin).await?;
    let by = serde_json::json!({ "link": link });
    let now_us = app.clock.now_us();
    note(&mut writing, &person.id, "person.reset", &person.id, now_us, by.to_string()).await?;
    writing.commit().await?;
    Ok(session)
}

/// A new password ends what the old one began: sessions and open links. A fresh session begins.
pub(crate) async fn renew(
    conn: &mut Conn,
    app: &App,
    person: PersonRow,
    password_hash: String,
    origin: &session::Origin,
) -> Result<String, StoreError> {
    delete_links_of(conn, &person.id).await?;
    delete_sessions_of(conn, &person.id).await?;
    let person = PersonRow { password_hash, ..person };
    update_person(conn, &person).await?;
    session::begin(conn, app, &person.id, origin).await
}

async fn note(
    conn: &mut Conn,
    actor: &str,
    action: &str,
    object: &str,
    now_us: i64,
    after: String,
) -> Result<(), StoreError> {
    let change = Change { actor, action, object, before: String::new(), after };
    audit::append(conn, now_us, change).await
}
