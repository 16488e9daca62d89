//! Models with their targets: drafts until they are published.

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use serde::Deserialize;

use crate::api::json::{self, List, Paging, Place};
use crate::app::App;
use crate::archive::Window;
use crate::auth::{Allowed, ManageProviders, ReadFigures, ReadSetup};
use crate::error::AppError;
use crate::models::{self, Model, ModelForm};
use crate::observed::{self, Observed};
use crate::precondition::{Expected, Tagged};

/// The models in reach, by name.
#[utoipa::path(get, path = "/api/v1/models", tag = "models", params(Paging),
    responses((status = 200, body = List<Model>)))]
pub(crate) async fn list(
    who: Allowed<ReadSetup>,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Model>>, AppError> {
    let found = models::list(&app, &who).await?;
    Ok(Json(List::page(found, &paging, |one| Place::named(&one.name, &one.id))?))
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
    params(("id" = String, Path)),
    responses((status = 200, body = Model), (status = 409, body = crate::error::Problem),
        (status = 412, body = crate::error::Problem)))]
pub(crate) async fn update(
    who: Allowed<ManageProviders>,
    State(app): State<App>,
    Path(id): Path<String>,
    expected: Expected,
    json::Json(form): json::Json<ModelForm>,
) -> Result<Tagged<Model>, AppError> {
    Ok(Tagged(models::update(&app, &who, &id, form, &expected).await?))
}

/// Removes the draft; its history stays.
#[utoipa::path(delete, path = "/api/v1/models/{id}", tag = "models", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn delete(
    who: Allowed<ManageProviders>,
    State(app): State<App>,
    Path(id): Path<String>,
    expected: Expected,
) -> Result<StatusCode, AppError> {
    models::delete(&app, &who, &id, "", &expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// In which window.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct During {
    /// A window with a name: `1h`, `24h`, `7d`, …
    range: String,
    /// Its start, ISO 8601, where it has no name.
    from: String,
    /// Its end, ISO 8601.
    to: String,
}

impl During {
    /// The window; the last 24 hours when nothing is said.
    pub(super) fn window(&self, now_us: i64) -> Result<Window, AppError> {
        Window::resolve(&self.range, &self.from, &self.to, now_us)
            .map_err(|error| AppError::BadRequest(error.to_string()))
    }
}

/// How fast and how well each model at each endpoint answered, in the last 24 hours unless said otherwise.
#[utoipa::path(get, path = "/api/v1/models/observed", tag = "models",
    params(During, Paging),
    responses((status = 200, body = List<Observed>), (status = 503, body = crate::error::Problem)))]
pub(crate) async fn observed(
    who: Allowed<ReadFigures>,
    State(app): State<App>,
    Query(during): Query<During>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Observed>>, AppError> {
    let window = during.window(app.clock.now_us())?;
    let found = observed::by_target(&app, &who, window).await?;
    Ok(Json(List::page(found, &paging, |one| Place::named(&one.model, &one.endpoint))?))
}
