//! API tokens.

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;

use super::WithSecret;
use crate::api::json::{self, List, Paging, Place};
use crate::api_tokens::{self, ApiToken, NewApiToken};
use crate::app::App;
use crate::auth::{Allowed, ManageTokens};
use crate::error::AppError;

/// The tokens in reach, newest first.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", params(Paging),
    responses((status = 200, body = List<ApiToken>)))]
pub(crate) async fn list(
    who: Allowed<ManageTokens>,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<ApiToken>>, AppError> {
    let found = api_tokens::list(&app, &who).await?;
    Ok(Json(List::page(found, &paging, |one| Place::newest(one.created_us, &one.id))?))
}

/// Makes a token. The secret is told this once.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = NewApiToken,
    responses((status = 201, body = WithSecret<ApiToken>), (status = 422, body = crate::error::Problem)))]
pub(crate) async fn create(
    who: Allowed<ManageTokens>,
    State(app): State<App>,
    json::Json(form): json::Json<NewApiToken>,
) -> Result<(StatusCode, Json<WithSecret<ApiToken>>), AppError> {
    let (made, secret) = api_tokens::create(&app, &who, form).await?;
    Ok((StatusCode::CREATED, Json(WithSecret { made, secret })))
}

/// Revokes a token; acts at once.
#[utoipa::path(post, path = "/api/v1/tokens/{id}/revocation", tag = "tokens", params(("id" = String, Path)),
    responses((status = 200, body = ApiToken), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn revoke(
    who: Allowed<ManageTokens>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<ApiToken>, AppError> {
    Ok(Json(api_tokens::revoke(&app, &who, &id).await?))
}
