//! One's own account: what one is called, one's password, the sessions one has open, and ending them.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_web::form::FieldError;

use crate::app::App;
use crate::audit::{self, Change};
use crate::auth::{Actor, password, session as signed_in};
use crate::error::{AppError, FieldErrors};
use crate::objects::check_name;
use crate::people::reset::renew;
use crate::store::person::{PersonRow, find_person, update_person};
use crate::store::session::{self, SessionRow};
use crate::store::{Conn, StoreError};
use crate::token;

/// Characters of a session's id: enough to tell one's own apart, useless to whoever reads them.
const ID_CHARS: usize = 16;

/// An open session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OpenSession {
    /// The beginning of its hash.
    pub id: String,
    /// Where it came from.
    pub address: String,
    /// The browser, as it names itself.
    pub agent: String,
    /// Since when, µs UTC.
    pub created_us: i64,
    /// When it was last used, within minutes, µs UTC.
    pub last_seen_us: i64,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// The actor's open sessions, the newest first; `token` is the session's that asks.
pub async fn sessions(app: &App, actor: &Actor, token: &str) -> Result<Vec<OpenSession>, AppError> {
    sessions_of(app, &actor.id, token).await
}

/// That person's open sessions, the newest first; `token` is the session's that asks.
pub(crate) async fn sessions_of(app: &App, person: &str, token: &str) -> Result<Vec<OpenSession>, AppError> {
    let rows = session::list_sessions(&mut *app.store.read().await?, person, app.clock.now_us()).await?;
    let own = token::hash(token);
    let open = |row: SessionRow| OpenSession {
        is_this: row.token_hash == own,
        id: id_of(&row),
        address: row.address,
        agent: row.agent,
        created_us: row.created_us,
        last_seen_us: row.last_seen_us,
    };
    Ok(rows.into_iter().map(open).collect())
}

/// Ends one of the actor's sessions, or with `None` all but the one that asks. Returns how many ended.
pub async fn end_sessions(
    app: &App,
    actor: &Actor,
    token: &str,
    id: Option<&str>,
) -> Result<usize, AppError> {
    let mut writing = app.store.write().await?;
    let own = token::hash(token);
    let ends = |row: &SessionRow| match id {
        Some(id) => id_of(row) == id,
        None => row.token_hash != own,
    };
    let ended = end(&mut writing, &actor.id, &actor.id, app.clock.now_us(), ends).await?;
    writing.commit().await?;
    Ok(ended)
}

/// Ends those of a person's sessions; `actor` is whom the audit names. Returns how many ended.
pub(crate) async fn end(
    conn: &mut Conn,
    actor: &str,
    person: &str,
    now_us: i64,
    ends: impl Fn(&SessionRow) -> bool,
) -> Result<usize, StoreError> {
    let rows = session::list_sessions(conn, person, now_us).await?;
    let ending: Vec<&SessionRow> = rows.iter().filter(|row| ends(row)).collect();
    for row in &ending {
        session::delete_session(conn, &row.token_hash).await?;
        let before = audit::state(&row.address);
        let change = Change { actor, action: "session.end", object: person, before, after: String::new() };
        audit::append(conn, now_us, change).await?;
    }
    Ok(ending.len())
}

/// What a session is called in lists and addresses.
pub(crate) fn id_of(row: &SessionRow) -> String {
    row.token_hash.chars().take(ID_CHARS).collect()
}

/// Changes what the actor is called.
pub async fn rename(app: &App, actor: &Actor, name: &str) -> Result<(), AppError> {
    let mut errors = FieldErrors::default();
    check_name(&mut errors, name.trim());
    errors.check()?;
    let mut writing = app.store.write().await?;
    let before = find_own(&mut writing, actor).await?;
    let after = PersonRow { name: name.trim().to_owned(), ..before.clone() };
    update_person(&mut writing, &after).await?;
    let change = Change {
        actor: &actor.id,
        action: "person.rename",
        object: &actor.id,
        before: audit::state(&before.name),
        after: audit::state(&after.name),
    };
    audit::append(&mut writing, app.clock.now_us(), change).await?;
    Ok(writing.commit().await?)
}

/// What somebody says who changes their password.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct PasswordChange {
    /// The password they have.
    pub current: String,
    /// The one they want.
    pub password: String,
}

/// Changes the actor's password: every session ends, and a fresh one begins for the browser that asks. Guessing the
/// current one is slowed down like guessing at sign-in. Returns the session's cookie value.
pub async fn change_password(
    app: &App,
    actor: &Actor,
    form: &PasswordChange,
    address: IpAddr,
    origin: &signed_in::Origin,
) -> Result<String, AppError> {
    let mut errors = FieldErrors::default();
    password::check(&mut errors, "password", &form.password);
    errors.check()?;
    let person = find_own(&mut *app.store.read().await?, actor).await?;
    let browser = app.browsers.known(&person, &origin.mark);
    let attempt = app.throttle.password(&person.email, address, browser)?;
    if !app.passwords.is_right(&form.current, Some(&person.password_hash)).await? {
        let sentence = "This is not your password. If you forgot it, ask an administrator for a link.";
        return Err(AppError::Invalid(FieldErrors::one("current", FieldError::Other(sentence.to_owned()))));
    }
    attempt.give_back();
    let password_hash = app.passwords.hash(&form.password).await?;
    let mut writing = app.store.write().await?;
    let now = find_own(&mut writing, actor).await?;
    if now.password_hash != person.password_hash {
        return Err(AppError::Conflict(
            "your password was changed meanwhile: sign in with the new one".to_owned(),
        ));
    }
    let session = renew(&mut writing, app, now, password_hash, origin).await?;
    let change = Change {
        actor: &actor.id,
        action: "person.password",
        object: &actor.id,
        before: String::new(),
        after: String::new(),
    };
    audit::append(&mut writing, app.clock.now_us(), change).await?;
    writing.commit().await?;
    Ok(session)
}

/// The actor's account; scripts have none.
async fn find_own(conn: &mut Conn, actor: &Actor) -> Result<PersonRow, AppError> {
    find_person(conn, &actor.id).await?.ok_or_else(|| AppError::not_found("account", &actor.id))
}
