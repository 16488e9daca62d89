//! Sessions: a random token in a cookie, its hash in the store; ended by time, by sign-out, by an administrator.

use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};

use super::Actor;
use super::permission::{Grant, Role};
use crate::app::App;
use crate::audit::{self, Change};
use crate::error::AppError;
use crate::store::person::{PersonRow, RoleRow, find_person, list_roles};
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
    /// The mark of a known browser, as it was sent; empty for none.
    pub mark: String,
    /// The session the browser had until now, as it was sent; empty for none.
    pub earlier: String,
}

/// Begins a session; returns the cookie's value, which is always a new one. The session that the browser had until now,
/// whosever it was, ends: what was known before somebody came in opens nothing afterwards.
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
    end_earlier(conn, person, &origin.earlier, now_us).await?;
    create_session(conn, &session).await?;
    Ok(token)
}

/// Ends the session of that cookie, which gives way to one of `by`.
async fn end_earlier(conn: &mut Conn, by: &str, token: &str, now_us: i64) -> Result<(), StoreError> {
    let Some(earlier) = find_session(conn, &token::hash(token)).await? else { return Ok(()) };
    delete_session(conn, &earlier.token_hash).await?;
    let change = Change {
        actor: by,
        action: "session.end",
        object: &earlier.person_id,
        before: audit::state(&earlier.address),
        after: String::new(),
    };
    audit::append(conn, now_us, change).await
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
pub(crate) async fn actor_of(app: &App, token: &str) -> Result<Option<Actor>, AppError> {
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
    let Some(actor) = person(&mut reading, &session.person_id).await? else { return Ok(None) };
    Ok(Some((session, actor)))
}

/// The person of that id with what they may do now; `None` when there is none or they are shut out.
pub(crate) async fn person(conn: &mut Conn, id: &str) -> Result<Option<Actor>, StoreError> {
    let person = find_person(conn, id).await?.filter(|person| person.disabled_us.is_none());
    let Some(PersonRow { id, name, email, .. }) = person else { return Ok(None) };
    let grants = list_roles(conn, &id).await?.iter().filter_map(grant).collect();
    Ok(Some(Actor { id, name, email, grants }))
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

/// A person's role as it is stored; an unknown one grants nothing. Administrators read bodies without being told so.
pub(crate) fn grant(row: &RoleRow) -> Option<Grant> {
    let workspace = (row.workspace_id != "*").then(|| row.workspace_id.as_str().into());
    let role = Role::from_name(&row.role)?;
    Some(Grant { workspace, role, read_bodies: row.read_bodies != 0 || role == Role::Admin })
}

/// The session cookie's value.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    super::cookie(headers, COOKIE_NAME)
}

/// `Set-Cookie` for a session that begins.
#[must_use]
pub fn set_cookie(app: &App, token: &str) -> HeaderValue {
    cookie_value(app, COOKIE_NAME, token, IDLE_US / 1_000_000)
}

/// `Set-Cookie` for a session that ended.
#[must_use]
pub fn clear_cookie(app: &App) -> HeaderValue {
    cookie_value(app, COOKIE_NAME, "", 0)
}

/// `Set-Cookie` for what only we read, kept that long.
pub(super) fn cookie_value(app: &App, name: &str, value: &str, seconds: i64) -> HeaderValue {
    let secure = if app.is_https() { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
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
