//! Stops: kill switches for customers, keys, models and endpoints.

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;

use crate::api::json::{self, List, Paging, Place};
use crate::app::App;
use crate::auth::{Allowed, ManageKeys, ReadSetup};
use crate::error::AppError;
use crate::precondition::{Expected, Tagged};
use crate::stops::{self, Stop, StopForm};

/// The stops in reach, the newest first.
#[utoipa::path(get, path = "/api/v1/stops", tag = "stops", params(Paging),
    responses((status = 200, body = List<Stop>)))]
pub(crate) async fn list(
    who: Allowed<ReadSetup>,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Stop>>, AppError> {
    let found = stops::list(&app, &who).await?;
    Ok(Json(List::page(found, &paging, |one| Place::newest(one.created_us, &one.id))?))
}

/// One stop in force.
#[utoipa::path(get, path = "/api/v1/stops/{id}", tag = "stops", params(("id" = String, Path)),
    responses((status = 200, body = Stop), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn show(
    who: Allowed<ReadSetup>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Tagged<Stop>, AppError> {
    Ok(Tagged(stops::find(&app, &who, &id).await?))
}

/// Stops something; in force at once. Models and endpoints need the right to manage providers.
#[utoipa::path(post, path = "/api/v1/stops", tag = "stops", request_body = StopForm,
    responses((status = 201, body = Stop), (status = 409, body = crate::error::Problem), (status = 422, body = crate::error::Problem)))]
pub(crate) async fn create(
    who: Allowed<ManageKeys>,
    State(app): State<App>,
    json::Json(form): json::Json<StopForm>,
) -> Result<(StatusCode, Json<Stop>), AppError> {
    Ok((StatusCode::CREATED, Json(stops::create(&app, &who, form).await?)))
}

/// Lets it go on; in force at once.
#[utoipa::path(delete, path = "/api/v1/stops/{id}", tag = "stops", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn end(
    who: Allowed<ManageKeys>,
    State(app): State<App>,
    Path(id): Path<String>,
    expected: Expected,
) -> Result<StatusCode, AppError> {
    stops::end(&app, &who, &id, &expected).await?;
    Ok(StatusCode::NO_CONTENT)
}
