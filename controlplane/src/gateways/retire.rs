//! Taking a gateway out of service: drained, taken back, forgotten when it is gone.

use super::{Gateway, read};
use crate::app::App;
use crate::audit::{self, Change};
use crate::auth::{Actor, Right};
use crate::bootstrap::OURSELVES;
use crate::error::AppError;
use crate::store::gateway;

/// Asks a gateway to take no new requests and to finish those it has. It holds until [`resume`], or until the gateway
/// starts again.
///
/// # Errors
/// [`AppError::NotFound`] when no gateway of that name ever connected.
pub async fn drain(app: &App, actor: &Actor, id: &str) -> Result<Gateway, AppError> {
    set(app, actor, id, Some(app.clock.now_us()), "gateway.drain").await
}

/// Lets a drained gateway take requests again.
///
/// # Errors
/// [`AppError::NotFound`] when no gateway of that name ever connected.
pub async fn resume(app: &App, actor: &Actor, id: &str) -> Result<Gateway, AppError> {
    set(app, actor, id, None, "gateway.resume").await
}

async fn set(
    app: &App,
    actor: &Actor,
    id: &str,
    drain_us: Option<i64>,
    action: &str,
) -> Result<Gateway, AppError> {
    actor.require(Right::ManageGateways, None)?;
    let now_us = app.clock.now_us();
    let mut writing = app.store.write().await?;
    let found = gateway::find_gateway(&mut writing, id).await?;
    let before = read(found.ok_or_else(|| AppError::not_found("gateway", id))?, now_us);
    if before.drain_us.is_some() == drain_us.is_some() {
        return Ok(before);
    }
    gateway::update_drain(&mut writing, id, drain_us).await?;
    let after = Gateway { drain_us, ..before.clone() };
    let (was, is) = (audit::state(&before), audit::state(&after));
    let change = Change { actor: &actor.id, action, object: id, before: was, after: is };
    audit::append(&mut writing, now_us, change).await?;
    writing.commit().await?;
    app.drains.ring(id);
    app.gateways_spoke();
    Ok(after)
}

/// Removes a gateway that is gone from the list and revokes its token, but for that of this program's own gateway.
///
/// # Errors
/// [`AppError::Conflict`] while it speaks, [`AppError::NotFound`] when no gateway of that name ever connected.
pub async fn forget(app: &App, actor: &Actor, id: &str) -> Result<(), AppError> {
    actor.require(Right::ManageGateways, None)?;
    let now_us = app.clock.now_us();
    let mut writing = app.store.write().await?;
    let found = gateway::find_gateway(&mut writing, id).await?;
    let gone = read(found.ok_or_else(|| AppError::not_found("gateway", id))?, now_us);
    if gone.connected {
        return Err(AppError::Conflict(format!(
            "gateway `{id}` still speaks: drain it, stop it, then forget it"
        )));
    }
    gateway::delete_gateway(&mut writing, id).await?;
    gateway::update_tokens_gone(&mut writing, id, now_us, OURSELVES).await?;
    let change = Change {
        actor: &actor.id,
        action: "gateway.forget",
        object: id,
        before: audit::state(&gone),
        after: String::new(),
    };
    audit::append(&mut writing, now_us, change).await?;
    writing.commit().await?;
    app.gateways_spoke();
    Ok(())
}

/// Whether the gateway is to take no new requests.
pub(crate) async fn is_drained(app: &App, id: &str) -> Result<bool, AppError> {
    let found = gateway::find_gateway(&mut *app.store.read().await?, id).await?;
    Ok(found.is_some_and(|row| row.drain_us.is_some()))
}
