//! Sessions: a random token in a cookie, its hash in the store; ended by time, by sign-out, by an administrator.

use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};

use super::Actor;
use super::permission::{Grant, Role};
use crate::app::App;
use crate::audit::{self, Change};
use crate::error::AppError;
use crate::store::person::{RoleRow, find_person, list_roles};
use crate::store::session::{SessionRow, create_session, delete_session, find_session, update_session_seen};
use crate::store::{Conn, StoreError};
use crate::token;

/// The cookie's name.
pub const COOKIE_NAME: &str = "weir_session";

const IDLE_US: i64 = 14 * 86_400 * 1_000_000;
const LONGEST_US: i64 = 90 * 86_400 * 1_000_000;
/// Uses are noted this often, not on every request.
const NOTE_US: i64 = 5 * 60 * 1_000_000;

/// Where a session comes from, for the list of sessions.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The address.
    pub address: String,
    /// The browser.
    pub agent: String,
}

/// Begins a session; returns the cookie's value. Any session the browser had before is another's business:
/// signing in always makes a new token.
pub(crate) async fn begin(
    conn: &mut Conn,
    app: &App,
    person: &str,
    origin: &Origin,
) -> Result<String, StoreError> {
    let token = token::mint(token::SESSION, app.random.as_ref());
    let now_us = app.clock.now_us();
    let session = SessionRow {
        token_hash: token::hash(&token),
        person_id: person.to_owned(),
        created_us: now_us,
        last_seen_us: now_us,
        expires_us: now_us + IDLE_US,
        address: origin.address.clone(),
        agent: origin.agent.chars().take(200).collect(),
    };
    create_session(conn, &session).await?;
    Ok(token)
}

/// Ends the session of that cookie, if there is one.
pub async fn end(app: &App, token: &str) -> Result<(), AppError> {
    let hash = token::hash(token);
    let mut writing = app.store.write().await?;
    let Some(session) = find_session(&mut writing, &hash).await? else { return Ok(()) };
    delete_session(&mut writing, &hash).await?;
    let change = Change {
        actor: &session.person_id,
        action: "session.end",
        object: &session.person_id,
        before: audit::state(&session.address),
        after: String::new(),
    };
    audit::append(&mut writing, app.clock.now_us(), change).await?;
    Ok(writing.commit().await?)
}

/// Whose session it is, which counts as a use of it; `None` when it ended.
pub(crate) async fn identify(app: &App, token: &str) -> Result<Option<Actor>, AppError> {
    let Some((session, actor)) = find_actor(app, token).await? else { return Ok(None) };
    note_use(app, &session, app.clock.now_us()).await?;
    Ok(Some(actor))
}

/// Whose session it is now; looking does not keep it alive.
pub(super) async fn actor_of(app: &App, token: &str) -> Result<Option<Actor>, AppError> {
    Ok(find_actor(app, token).await?.map(|(_, actor)| actor))
}

async fn find_actor(app: &App, token: &str) -> Result<Option<(SessionRow, Actor)>, AppError> {
    if !token::is_well_formed(token::SESSION, token) {
        return Ok(None);
    }
    let now_us = app.clock.now_us();
    let mut reading = app.store.read().await?;
    let Some(session) = find_session(&mut reading, &token::hash(token)).await? else { return Ok(None) };
    if session.expires_us <= now_us {
        return Ok(None);
    }
    let person = find_person(&mut reading, &session.person_id).await?;
    let Some(person) = person.filter(|person| person.disabled_us.is_none()) else { return Ok(None) };
    let roles = list_roles(&mut reading, &person.id).await?;
    let grants = roles.iter().filter_map(grant).collect();
    Ok(Some((session, Actor { id: person.id, name: person.name, email: person.email, grants })))
}

async fn note_use(app: &App, session: &SessionRow, now_us: i64) -> Result<(), StoreError> {
    if now_us - session.last_seen_us < NOTE_US {
        return Ok(());
    }
    let expires_us = (now_us + IDLE_US).min(session.created_us + LONGEST_US);
    let mut writing = app.store.write().await?;
    update_session_seen(&mut writing, &session.token_hash, now_us, expires_us).await?;
    writing.commit().await
}

/// A role as it is stored; an unknown one grants nothing.
pub(crate) fn grant(row: &RoleRow) -> Option<Grant> {
    let workspace = (row.workspace_id != "*").then(|| row.workspace_id.as_str().into());
    Some(Grant { workspace, role: Role::from_name(&row.role)?, read_bodies: row.read_bodies != 0 })
}

/// The session cookie's value.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    super::cookie(headers, COOKIE_NAME)
}

/// `Set-Cookie` for a session that begins.
#[must_use]
pub fn set_cookie(app: &App, token: &str) -> HeaderValue {
    cookie_value(app, token, IDLE_US / 1_000_000)
}

/// `Set-Cookie` for a session that ended.
#[must_use]
pub fn clear_cookie(app: &App) -> HeaderValue {
    cookie_value(app, "", 0)
}

fn cookie_value(app: &App, token: &str, seconds: i64) -> HeaderValue {
    let secure = if app.is_https() { "; Secure" } else { "" };
    let text = format!("{COOKIE_NAME}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The value of that cookie.
pub(super) fn named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|pair| {
        let (found, value) = pair.trim().split_once('=')?;
        (found == name).then_some(value)
    })
}
