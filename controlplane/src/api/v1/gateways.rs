//! Gateways: how each one is, and the tokens that let them in.

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;

use super::WithSecret;
use crate::api::json::{self, List, Paging, Place};
use crate::app::App;
use crate::auth::{Allowed, ManageGateways, ReadSetup};
use crate::error::AppError;
use crate::gateways::{self, Gateway, GatewayToken, NewGatewayToken, retire};

/// All gateways, by name.
#[utoipa::path(get, path = "/api/v1/gateways", tag = "gateways", params(Paging),
    responses((status = 200, body = List<Gateway>)))]
pub(crate) async fn list(
    _: Allowed<ReadSetup>,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Gateway>>, AppError> {
    let found = gateways::list(&app).await?;
    Ok(Json(List::page(found, &paging, |one| Place::named(&one.id, ""))?))
}

/// One gateway.
#[utoipa::path(get, path = "/api/v1/gateways/{id}", tag = "gateways", params(("id" = String, Path)),
    responses((status = 200, body = Gateway), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn show(
    _: Allowed<ReadSetup>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Gateway>, AppError> {
    Ok(Json(gateways::find(&app, &id).await?))
}

/// Asks a gateway to take no new requests and to finish those it has, until it is taken back or started again.
#[utoipa::path(post, path = "/api/v1/gateways/{id}/drain", tag = "gateways", params(("id" = String, Path)),
    responses((status = 200, body = Gateway), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn drain(
    who: Allowed<ManageGateways>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Gateway>, AppError> {
    Ok(Json(retire::drain(&app, &who, &id).await?))
}

/// Lets a drained gateway take requests again.
#[utoipa::path(delete, path = "/api/v1/gateways/{id}/drain", tag = "gateways", params(("id" = String, Path)),
    responses((status = 200, body = Gateway), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn resume(
    who: Allowed<ManageGateways>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Gateway>, AppError> {
    Ok(Json(retire::resume(&app, &who, &id).await?))
}

/// Removes a gateway that is gone from the list and revokes its token.
#[utoipa::path(delete, path = "/api/v1/gateways/{id}", tag = "gateways", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = crate::error::Problem), (status = 409, body = crate::error::Problem)))]
pub(crate) async fn forget(
    who: Allowed<ManageGateways>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<StatusCode, AppError> {
    retire::forget(&app, &who, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All gateway tokens, newest first.
#[utoipa::path(get, path = "/api/v1/gateways/tokens", tag = "gateways", params(Paging),
    responses((status = 200, body = List<GatewayToken>)))]
pub(crate) async fn list_tokens(
    _: Allowed<ManageGateways>,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<GatewayToken>>, AppError> {
    let found = gateways::list_tokens(&app).await?;
    Ok(Json(List::page(found, &paging, |one| Place::newest(one.created_us, &one.id))?))
}

/// Makes a token for one more gateway. The secret is told this once.
#[utoipa::path(post, path = "/api/v1/gateways/tokens", tag = "gateways", request_body = NewGatewayToken,
    responses((status = 201, body = WithSecret<GatewayToken>)))]
pub(crate) async fn create_token(
    who: Allowed<ManageGateways>,
    State(app): State<App>,
    json::Json(form): json::Json<NewGatewayToken>,
) -> Result<(StatusCode, Json<WithSecret<GatewayToken>>), AppError> {
    who.require(crate::auth::Right::ManageGateways, None)?;
    let (made, secret) = gateways::create_token(&app, &who, form).await?;
    Ok((StatusCode::CREATED, Json(WithSecret { made, secret })))
}

/// Revokes a gateway's token.
#[utoipa::path(post, path = "/api/v1/gateways/tokens/{id}/revocation", tag = "gateways",
    params(("id" = String, Path)), responses((status = 204), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn revoke_token(
    who: Allowed<ManageGateways>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<StatusCode, AppError> {
    who.require(crate::auth::Right::ManageGateways, None)?;
    gateways::revoke_token(&app, &who, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
