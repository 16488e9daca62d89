//! Keys.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::id::KeyId;

use super::WithSecret;
use crate::api::json::{self, List, Paging, Place};
use crate::app::App;
use crate::auth::{Allowed, ManageKeys, ReadSetup};
use crate::error::AppError;
use crate::keys::rotation::{self, Rotation};
use crate::keys::{self, FlatKeyForm, Key, KeyForm};
use crate::precondition::Expected;
use crate::workspaces;

/// A new key, and what its owner signs customer tokens with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewSecrets {
    /// The key.
    #[serde(flatten)]
    key: Key,
    /// The HMAC key of customer tokens; it cannot be shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_secret: Option<String>,
}

/// Which keys.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Which {
    /// Those of this workspace, by id or name; left out, all in reach.
    workspace: Option<String>,
}

/// The keys in reach, newest first.
#[utoipa::path(get, path = "/api/v1/keys", tag = "keys", params(("workspace" = Option<String>, Query, description = "Those of this workspace, by id or name"), Paging),
    responses((status = 200, body = List<Key>)))]
pub(crate) async fn list(
    who: Allowed<ReadSetup>,
    State(app): State<App>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Key>>, AppError> {
    let mut found = keys::list(&app, &who).await?;
    if let Some(named) = which.workspace {
        let workspace = workspaces::resolve(&app, &named).await?;
        let workspace = workspace.ok_or_else(|| AppError::not_found("workspace", &named))?;
        found.retain(|key| key.workspace == workspace);
    }
    Ok(Json(List::page(found, &paging, |one| Place::newest(one.created_us, &one.id))?))
}

/// Makes a key; in force at once. The secret is told this once.
#[utoipa::path(post, path = "/api/v1/keys", tag = "keys", request_body = FlatKeyForm,
    responses((status = 201, body = WithSecret<NewSecrets>), (status = 422, body = crate::error::Problem)))]
pub(crate) async fn create(
    who: Allowed<ManageKeys>,
    State(app): State<App>,
    json::Json(form): json::Json<KeyForm>,
) -> Result<(StatusCode, Json<WithSecret<NewSecrets>>), AppError> {
    let keys::Created { key, secret, customer_secret } = keys::create(&app, &who, form).await?;
    let made = NewSecrets { key, customer_secret };
    Ok((StatusCode::CREATED, Json(WithSecret { made, secret })))
}

/// One key, in force or not.
#[utoipa::path(get, path = "/api/v1/keys/{id}", tag = "keys", params(("id" = String, Path)),
    responses((status = 200, body = Key), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn show(
    who: Allowed<ReadSetup>,
    State(app): State<App>,
    Path(id): Path<KeyId>,
) -> Result<Response, AppError> {
    let found = keys::find(&app, &who, &id).await?;
    found.map(tagged).ok_or_else(|| AppError::not_found("key", id.as_str()))
}

/// Changes a key; in force at once. Its workspace and its secrets stay.
#[utoipa::path(put, path = "/api/v1/keys/{id}", tag = "keys", request_body = FlatKeyForm,
    params(("id" = String, Path)),
    responses((status = 200, body = Key), (status = 409, body = crate::error::Problem),
        (status = 412, body = crate::error::Problem), (status = 422, body = crate::error::Problem)))]
pub(crate) async fn update(
    who: Allowed<ManageKeys>,
    State(app): State<App>,
    Path(id): Path<KeyId>,
    expected: Expected,
    json::Json(form): json::Json<KeyForm>,
) -> Result<Response, AppError> {
    Ok(tagged(keys::update(&app, &who, &id, form, &expected).await?))
}

/// Gives a key a new secret, told this once; the old one works until its grace ends.
#[utoipa::path(post, path = "/api/v1/keys/{id}/rotation", tag = "keys", request_body = Rotation,
    params(("id" = String, Path)),
    responses((status = 200, body = WithSecret<Key>), (status = 409, body = crate::error::Problem)))]
pub(crate) async fn rotate(
    who: Allowed<ManageKeys>,
    State(app): State<App>,
    Path(id): Path<KeyId>,
    json::Json(how): json::Json<Rotation>,
) -> Result<Json<WithSecret<Key>>, AppError> {
    let keys::Created { key, secret, .. } = rotation::rotate(&app, &who, &id, &how).await?;
    Ok(Json(WithSecret { made: key, secret }))
}

/// Ends the old secret of a rotated key now.
#[utoipa::path(post, path = "/api/v1/keys/{id}/rotation/end", tag = "keys", params(("id" = String, Path)),
    responses((status = 200, body = Key), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn end_old_secret(
    who: Allowed<ManageKeys>,
    State(app): State<App>,
    Path(id): Path<KeyId>,
) -> Result<Json<Key>, AppError> {
    Ok(Json(rotation::end_old_secret(&app, &who, &id).await?))
}

/// A key's tag leaves out when it was last used, which changes without an editor.
fn tagged(key: Key) -> Response {
    let tag = format!("\"{}\"", key.tag());
    ([(header::ETAG, tag)], Json(key)).into_response()
}

/// Revokes a key; in force at once.
#[utoipa::path(post, path = "/api/v1/keys/{id}/revocation", tag = "keys", params(("id" = String, Path)),
    responses((status = 200, body = Key), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn revoke(
    who: Allowed<ManageKeys>,
    State(app): State<App>,
    Path(id): Path<KeyId>,
) -> Result<Json<Key>, AppError> {
    Ok(Json(keys::revoke(&app, &who, &id).await?))
}
