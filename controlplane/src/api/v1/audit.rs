//! The audit: who changed what, and whether the chain holds.

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::header;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::json::{List, Paging};
use crate::app::App;
use crate::audit;
use crate::auth::{Allowed, ReadAudit, Right};
use crate::error::AppError;
use crate::store::audit::{AuditRow, Wanted, list_newest};

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

/// Which changes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    actor: String,
    action: String,
    object: String,
    from_us: Option<i64>,
    to_us: Option<i64>,
}

/// Changes, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit",
    params(("actor" = Option<String>, Query, description = "Who, by id"),
        ("action" = Option<String>, Query, description = "What was done, or how it begins (`key.`)"),
        ("object" = Option<String>, Query, description = "To what, by id"),
        ("from_us" = Option<i64>, Query, description = "From then on, µs UTC"),
        ("to_us" = Option<i64>, Query, description = "Before then, µs UTC"),
        Paging),
    responses((status = 200, body = List<Entry>)))]
pub(crate) async fn list(
    who: Allowed<ReadAudit>,
    State(app): State<App>,
    Query(filter): Query<Filter>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Entry>>, AppError> {
    who.require(Right::ReadAudit, None)?;
    let limit = i64::from(paging.limit());
    let before = paging.after()?.unwrap_or(i64::MAX);
    let Filter { actor, action, object, from_us, to_us } = filter;
    let wanted = Wanted { actor, action, object, from_us, to_us };
    let rows = list_newest(&mut *app.store.read().await?, &wanted, before, limit).await?;
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
    let last = rows.last().filter(|last| is_full && last.seq > 1).map(|last| last.seq);
    Ok(Json(List::behind(rows.into_iter().map(Entry::from).collect(), last.as_ref())))
}

impl From<AuditRow> for Entry {
    fn from(row: AuditRow) -> Self {
        Self {
            seq: row.seq,
            at_us: row.at_us,
            actor: row.actor,
            action: row.action,
            object: row.object,
            before: row.before_json,
            after: row.after_json,
            hash: row.hash,
        }
    }
}

/// The whole chain as JSON lines, for `weir audit verify`; its last line says where it ends.
#[utoipa::path(get, path = "/api/v1/audit/export", tag = "audit",
    responses((status = 200, body = String, content_type = "application/jsonl")))]
pub(crate) async fn export(who: Allowed<ReadAudit>, State(app): State<App>) -> Result<Response, AppError> {
    who.require(Right::ReadAudit, None)?;
    let body = Body::from_stream(audit::file::export(app));
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], body).into_response())
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
        Err(audit::ChainError::Broken(at)) => Ok(Json(Verification {
            rows: at.seq - 1,
            broken: Some(format!("at row {}: {}", at.seq, at.what)),
        })),
        Err(error) => Err(error.into()),
    }
}
