//! Exports: files of the calls under a filter, made in the background.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::StatusCode;

use crate::api::json::{self, List, Paging, Place};
use crate::app::App;
use crate::auth::{Allowed, OwnAccount, ReadFigures};
use crate::error::AppError;
use crate::exports::{self, Export, ExportForm, NewExport};
use crate::precondition::{Expected, tagged_as};

/// One's own exports, newest first.
#[utoipa::path(get, path = "/api/v1/exports", tag = "exports", params(Paging),
    responses((status = 200, body = List<Export>)))]
pub(crate) async fn list(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Export>>, AppError> {
    let found = exports::list(&app, &by);
    Ok(Json(List::page(found, &paging, |one| Place::newest(one.head.created_us, &one.head.id))?))
}

/// Begins an export; ask for it again to see how far it is.
#[utoipa::path(post, path = "/api/v1/exports", tag = "exports", request_body = NewExport,
    responses((status = 202, body = Export), (status = 409, body = crate::error::Problem),
        (status = 422, body = crate::error::Problem)))]
pub(crate) async fn create(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    json::Json(form): json::Json<ExportForm>,
) -> Result<(StatusCode, Json<Export>), AppError> {
    Ok((StatusCode::ACCEPTED, Json(exports::create(&app, &by, form).await?)))
}

/// How far an export is.
#[utoipa::path(get, path = "/api/v1/exports/{id}", tag = "exports", params(("id" = String, Path)),
    responses((status = 200, body = Export), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn show(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let shown = exports::find(&app, &by, &id)?.shown();
    Ok(tagged_as(&shown.head, &shown))
}

/// The file of a complete export.
#[utoipa::path(get, path = "/api/v1/exports/{id}/file", tag = "exports", params(("id" = String, Path)),
    responses((status = 200, content_type = "text/csv"), (status = 404, body = crate::error::Problem),
        (status = 409, body = crate::error::Problem)))]
pub(crate) async fn file(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let opened = exports::open(&app, &by, &id).await?;
    let mut response = Response::new(Body::from_stream(opened.chunks));
    let content_type = http::HeaderValue::from_static(opened.format.content_type());
    response.headers_mut().insert(http::header::CONTENT_TYPE, content_type);
    Ok(response)
}

/// Cancels an export that is being written, or removes the file of one that is complete.
#[utoipa::path(delete, path = "/api/v1/exports/{id}", tag = "exports", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn delete(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    Path(id): Path<String>,
    expected: Expected,
) -> Result<StatusCode, AppError> {
    exports::delete(&app, &by, &id, &expected).await?;
    Ok(StatusCode::NO_CONTENT)
}
