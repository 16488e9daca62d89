//! The audit: who changed what, and whether the chain holds.

use axum::Json;
use axum::extract::{Query, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::json::{List, Paging};
use crate::app::App;
use crate::audit;
use crate::auth::{Allowed, ReadAudit, Right};
use crate::error::AppError;
use crate::store::audit::list_rows;

/// One change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Entry {
    /// Its number, from 1, without a gap.
    seq: i64,
    /// When, µs UTC.
    at_us: i64,
    /// Who: `person_…`, `token_…` or `weir`.
    actor: String,
    /// What was done.
    action: String,
    /// To what.
    object: String,
    /// How it was, JSON text; empty when it was not there.
    before: String,
    /// How it is, JSON text; empty when it is gone.
    after: String,
    /// Hash of this row and the chain before it, hex.
    hash: String,
}

/// What checking the chain found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Verification {
    /// How many rows were checked.
    rows: i64,
    /// Where the chain is broken, in words; `null` when it holds.
    broken: Option<String>,
}

/// Changes, oldest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit",
    params(("cursor" = Option<String>, Query), ("limit" = Option<u32>, Query)),
    responses((status = 200, body = List<Entry>)))]
pub(crate) async fn list(
    who: Allowed<ReadAudit>,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Entry>>, AppError> {
    who.require(Right::ReadAudit, None)?;
    let limit = i64::from(paging.limit());
    let after = paging.number()?.and_then(|after| i64::try_from(after).ok()).unwrap_or(0);
    let rows = list_rows(&mut *app.store.read().await?, after, limit).await?;
    let is_full = i64::try_from(rows.len()).unwrap_or(0) == limit;
    let next = rows.last().filter(|_| is_full).map(|last| last.seq.to_string());
    let entries = rows.into_iter().map(|row| Entry {
        seq: row.seq,
        at_us: row.at_us,
        actor: row.actor,
        action: row.action,
        object: row.object,
        before: row.before_json,
        after: row.after_json,
        hash: row.hash,
    });
    Ok(Json(List { items: entries.collect(), next }))
}

/// Checks the whole chain.
#[utoipa::path(get, path = "/api/v1/audit/verification", tag = "audit",
    responses((status = 200, body = Verification)))]
pub(crate) async fn verify(
    who: Allowed<ReadAudit>,
    State(app): State<App>,
) -> Result<Json<Verification>, AppError> {
    who.require(Right::ReadAudit, None)?;
    match audit::verify(&mut *app.store.read().await?).await {
        Ok(rows) => Ok(Json(Verification { rows, broken: None })),
        Err(audit::ChainError::Broken { seq, what }) => {
            Ok(Json(Verification { rows: seq - 1, broken: Some(format!("at row {seq}: {what}")) }))
        }
        Err(error) => Err(error.into()),
    }
}
