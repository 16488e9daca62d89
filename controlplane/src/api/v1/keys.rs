//! Keys.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use weir_contract::id::KeyId;

use super::WithSecret;
use crate::api::json::{self, List};
use crate::app::App;
use crate::auth::{Allowed, ManageKeys, ReadSetup};
use crate::error::AppError;
use crate::keys::{self, Key, NewKey};

/// The keys in reach, newest first.
#[utoipa::path(get, path = "/api/v1/keys", tag = "keys", responses((status = 200, body = List<Key>)))]
pub(crate) async fn list(
    who: Allowed<ReadSetup>,
    State(app): State<App>,
) -> Result<Json<List<Key>>, AppError> {
    Ok(Json(List::whole(keys::list(&app, &who).await?)))
}

/// Makes a key; in force at once. The secret is told this once.
#[utoipa::path(post, path = "/api/v1/keys", tag = "keys", request_body = NewKey,
    responses((status = 201, body = WithSecret<Key>), (status = 422, body = crate::error::Problem)))]
pub(crate) async fn create(
    who: Allowed<ManageKeys>,
    State(app): State<App>,
    json::Json(form): json::Json<NewKey>,
) -> Result<(StatusCode, Json<WithSecret<Key>>), AppError> {
    let keys::Created { key, secret } = keys::create(&app, &who, form).await?;
    Ok((StatusCode::CREATED, Json(WithSecret { made: key, secret })))
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
