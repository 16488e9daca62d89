//! Models with their targets: drafts until they are published.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;

use crate::api::json::{self, List};
use crate::app::App;
use crate::auth::{Allowed, ManageProviders, ReadSetup};
use crate::error::AppError;
use crate::models::{self, Model, ModelForm};
use crate::precondition::Tagged;

/// The models in reach, by name.
#[utoipa::path(get, path = "/api/v1/models", tag = "models", responses((status = 200, body = List<Model>)))]
pub(crate) async fn list(
    who: Allowed<ReadSetup>,
    State(app): State<App>,
) -> Result<Json<List<Model>>, AppError> {
    Ok(Json(List::whole(models::list(&app, &who).await?)))
}

/// One model.
#[utoipa::path(get, path = "/api/v1/models/{id}", tag = "models", params(("id" = String, Path)),
    responses((status = 200, body = Model), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn show(
    who: Allowed<ReadSetup>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Tagged<Model>, AppError> {
    let found = models::find(&app, &who, &id).await?;
    found.map(Tagged).ok_or_else(|| AppError::not_found("model", &id))
}

/// Saves a new model as a draft.
#[utoipa::path(post, path = "/api/v1/models", tag = "models", request_body = ModelForm,
    responses((status = 201, body = Model), (status = 422, body = crate::error::Problem)))]
pub(crate) async fn create(
    who: Allowed<ManageProviders>,
    State(app): State<App>,
    json::Json(form): json::Json<ModelForm>,
) -> Result<(StatusCode, Json<Model>), AppError> {
    Ok((StatusCode::CREATED, Json(models::create(&app, &who, form).await?)))
}

/// Saves the next version of the draft.
#[utoipa::path(put, path = "/api/v1/models/{id}", tag = "models", request_body = ModelForm,
    params(("id" = String, Path)), responses((status = 200, body = Model), (status = 409, body = crate::error::Problem)))]
pub(crate) async fn update(
    who: Allowed<ManageProviders>,
    State(app): State<App>,
    Path(id): Path<String>,
    json::Json(form): json::Json<ModelForm>,
) -> Result<Json<Model>, AppError> {
    Ok(Json(models::update(&app, &who, &id, form).await?))
}

/// Removes the draft; its history stays.
#[utoipa::path(delete, path = "/api/v1/models/{id}", tag = "models", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn delete(
    who: Allowed<ManageProviders>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<StatusCode, AppError> {
    models::delete(&app, &who, &id, "").await?;
    Ok(StatusCode::NO_CONTENT)
}
