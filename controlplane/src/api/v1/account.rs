//! One's own account: who one is, and the sessions one has open. A token has none.

use axum::Json;
use axum::extract::{Path, Query, State};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::account::{self, OpenSession};
use crate::api::json::{List, Paging, Place};
use crate::api::schema;
use crate::app::App;
use crate::auth::{Allowed, Grant, OwnAccount, session};
use crate::error::AppError;

/// Whoever asks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Account {
    /// `person_…` or `token_…`: what the audit names.
    id: String,
    /// What they are called.
    name: String,
    /// The address a person signs in with; empty for a token.
    email: String,
    /// What they may do, and where.
    roles: Vec<RoleItem>,
}

/// A role and where it holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoleItem {
    /// The workspace; `null` is everywhere.
    workspace: Option<String>,
    #[schema(schema_with = schema::role)]
    role: &'static str,
    /// Whether bodies may be read with it.
    read_bodies: bool,
}

/// How many sessions ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ended {
    /// How many.
    ended: usize,
}

/// Whoever asks, and what they may do.
#[utoipa::path(get, path = "/api/v1/account", tag = "account", responses((status = 200, body = Account)))]
pub(crate) async fn show(who: Allowed<OwnAccount>) -> Json<Account> {
    let roles = who.grants.iter().map(RoleItem::from).collect();
    Json(Account { id: who.id.clone(), name: who.name.clone(), email: who.email.clone(), roles })
}

/// One's own open sessions, newest first.
#[utoipa::path(get, path = "/api/v1/account/sessions", tag = "account", operation_id = "sessions", params(Paging),
    responses((status = 200, body = List<OpenSession>)))]
pub(crate) async fn sessions(
    who: Allowed<OwnAccount>,
    State(app): State<App>,
    headers: HeaderMap,
    Query(paging): Query<Paging>,
) -> Result<Json<List<OpenSession>>, AppError> {
    let found = account::sessions(&app, &who, session::cookie(&headers).unwrap_or_default()).await?;
    Ok(Json(List::page(found, &paging, |one| Place::newest(one.created_us, &one.id))?))
}

/// Ends one of one's own sessions; acts at once.
#[utoipa::path(post, path = "/api/v1/account/sessions/{id}/end", tag = "account", operation_id = "end_session",
    params(("id" = String, Path)), responses((status = 204), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn end_session(
    who: Allowed<OwnAccount>,
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<StatusCode, AppError> {
    let token = session::cookie(&headers).unwrap_or_default();
    match account::end_sessions(&app, &who, token, Some(&id)).await? {
        0 => Err(AppError::not_found("session", &id)),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

/// Ends all of one's own sessions but the one that asks; acts at once.
#[utoipa::path(post, path = "/api/v1/account/sessions/end", tag = "account", operation_id = "end_other_sessions",
    responses((status = 200, body = Ended)))]
pub(crate) async fn end_other_sessions(
    who: Allowed<OwnAccount>,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<Ended>, AppError> {
    let token = session::cookie(&headers).unwrap_or_default();
    Ok(Json(Ended { ended: account::end_sessions(&app, &who, token, None).await? }))
}

impl From<&Grant> for RoleItem {
    fn from(grant: &Grant) -> Self {
        Self {
            workspace: grant.workspace.as_ref().map(ToString::to_string),
            role: grant.role.name(),
            read_bodies: grant.read_bodies,
        }
    }
}
