//! Views: filters kept by name.

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;

use crate::api::json::{self, List, Paging, Place};
use crate::app::App;
use crate::auth::{Allowed, OwnAccount};
use crate::error::AppError;
use crate::precondition::{Expected, Tagged};
use crate::views::{self, FlatViewForm, View, ViewForm};

/// One's own views and those shared in workspaces in reach, by name.
#[utoipa::path(get, path = "/api/v1/views", tag = "views", params(Paging),
    responses((status = 200, body = List<View>)))]
pub(crate) async fn list(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<View>>, AppError> {
    let found = views::list(&app, &by).await?;
    Ok(Json(List::page(found, &paging, |one| Place::named(&one.name, &one.id))?))
}

/// One view.
#[utoipa::path(get, path = "/api/v1/views/{id}", tag = "views", params(("id" = String, Path)),
    responses((status = 200, body = View), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn show(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Tagged<View>, AppError> {
    Ok(Tagged(views::find(&app, &by, &id).await?))
}

/// Keeps a view.
#[utoipa::path(post, path = "/api/v1/views", tag = "views", request_body = FlatViewForm,
    responses((status = 201, body = View), (status = 422, body = crate::error::Problem)))]
pub(crate) async fn create(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    json::Json(form): json::Json<ViewForm>,
) -> Result<(StatusCode, Tagged<View>), AppError> {
    Ok((StatusCode::CREATED, Tagged(views::create(&app, &by, form).await?)))
}

/// Renames a view, shares it, or changes what it shows.
#[utoipa::path(put, path = "/api/v1/views/{id}", tag = "views", request_body = FlatViewForm, params(("id" = String, Path)),
    responses((status = 200, body = View), (status = 404, body = crate::error::Problem),
        (status = 412, body = crate::error::Problem), (status = 422, body = crate::error::Problem)))]
pub(crate) async fn update(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    Path(id): Path<String>,
    expected: Expected,
    json::Json(form): json::Json<ViewForm>,
) -> Result<Tagged<View>, AppError> {
    Ok(Tagged(views::update(&app, &by, &id, &expected, form).await?))
}

/// Deletes a view.
#[utoipa::path(delete, path = "/api/v1/views/{id}", tag = "views", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn delete(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    Path(id): Path<String>,
    expected: Expected,
) -> Result<StatusCode, AppError> {
    views::delete(&app, &by, &id, &expected).await?;
    Ok(StatusCode::NO_CONTENT)
}
