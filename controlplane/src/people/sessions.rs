//! Where somebody is signed in, and ending that: for whoever manages their account.

use super::role::rules_over;
use super::{missing, require_seen, roles_of};
use crate::account::{self, OpenSession};
use crate::app::App;
use crate::auth::{Actor, Right};
use crate::error::AppError;
use crate::store::Conn;
use crate::store::person::find_person;

/// The open sessions of a person whose account the actor manages, the newest first; `token` is the session's that asks.
pub async fn sessions(app: &App, actor: &Actor, id: &str, token: &str) -> Result<Vec<OpenSession>, AppError> {
    must_be_managed(&mut *app.store.read().await?, actor, id).await?;
    account::sessions_of(app, id, token).await
}

/// Ends one of the person's sessions, or with `None` all of them; open pages close too. Returns how many ended.
pub async fn end_sessions(
    app: &App,
    actor: &Actor,
    id: &str,
    session: Option<&str>,
) -> Result<usize, AppError> {
    let mut writing = app.store.write().await?;
    must_be_managed(&mut writing, actor, id).await?;
    let now_us = app.clock.now_us();
    let ends = |row: &_| session.is_none_or(|session| account::id_of(row) == session);
    let ended = account::end(&mut writing, &actor.id, id, now_us, ends).await?;
    if let Some(session) = session.filter(|_| ended == 0) {
        return Err(AppError::not_found("session", session));
    }
    writing.commit().await?;
    Ok(ended)
}

/// Fails unless the actor sees the person and manages the account with all its roles.
pub(super) async fn must_be_managed(conn: &mut Conn, actor: &Actor, id: &str) -> Result<(), AppError> {
    find_person(conn, id).await?.ok_or_else(|| missing(id))?;
    let roles = roles_of(conn, id).await?;
    require_seen(actor, id, &roles)?;
    if rules_over(actor, &roles) { Ok(()) } else { Err(AppError::Forbidden(Right::ManagePeople)) }
}
