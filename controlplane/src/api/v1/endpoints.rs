//! Endpoints: drafts until they are published. Credentials go in and never come out.

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use weir_contract::id::EndpointId;

use super::models::During;
use crate::api::json::{self, List, Paging, Place};
use crate::app::App;
use crate::auth::{Allowed, ManageProviders, ReadFigures, ReadSetup};
use crate::endpoints::listing::{SyncForm, Synced, sync};
use crate::endpoints::probe::{Tested, probe};
use crate::endpoints::{self, Endpoint, EndpointForm};
use crate::error::AppError;
use crate::observed::{self, Observed};
use crate::precondition::{Expected, Tagged};
use crate::providers::{KNOWN, Provider};

/// The providers we know, with their defaults, by name.
#[utoipa::path(get, path = "/api/v1/providers", tag = "endpoints", params(Paging),
    responses((status = 200, body = List<Provider>)))]
pub(crate) async fn providers(
    _: Allowed<ReadSetup>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Provider>>, AppError> {
    Ok(Json(List::page(KNOWN.to_vec(), &paging, |one| Place::named(one.name, ""))?))
}

/// The endpoints in reach, by name.
#[utoipa::path(get, path = "/api/v1/endpoints", tag = "endpoints", params(Paging),
    responses((status = 200, body = List<Endpoint>)))]
pub(crate) async fn list(
    who: Allowed<ReadSetup>,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Endpoint>>, AppError> {
    let found = endpoints::list(&app, &who).await?;
    Ok(Json(List::page(found, &paging, |one| Place::named(&one.name, &one.id))?))
}

/// One endpoint.
#[utoipa::path(get, path = "/api/v1/endpoints/{id}", tag = "endpoints", params(("id" = String, Path)),
    responses((status = 200, body = Endpoint), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn show(
    who: Allowed<ReadSetup>,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
) -> Result<Tagged<Endpoint>, AppError> {
    let found = endpoints::find(&app, &who, &id).await?;
    found.map(Tagged).ok_or_else(|| AppError::not_found("endpoint", id.as_str()))
}

/// Saves a new endpoint as a draft.
#[utoipa::path(post, path = "/api/v1/endpoints", tag = "endpoints", request_body = EndpointForm,
    responses((status = 201, body = Endpoint), (status = 422, body = crate::error::Problem)))]
pub(crate) async fn create(
    who: Allowed<ManageProviders>,
    State(app): State<App>,
    json::Json(form): json::Json<EndpointForm>,
) -> Result<(StatusCode, Json<Endpoint>), AppError> {
    Ok((StatusCode::CREATED, Json(endpoints::create(&app, &who, form).await?)))
}

/// Saves the next version of the draft. Another host forgets the stored credential.
#[utoipa::path(put, path = "/api/v1/endpoints/{id}", tag = "endpoints", request_body = EndpointForm,
    params(("id" = String, Path)),
    responses((status = 200, body = Endpoint), (status = 409, body = crate::error::Problem),
        (status = 412, body = crate::error::Problem)))]
pub(crate) async fn update(
    who: Allowed<ManageProviders>,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
    expected: Expected,
    json::Json(form): json::Json<EndpointForm>,
) -> Result<Tagged<Endpoint>, AppError> {
    Ok(Tagged(endpoints::update(&app, &who, &id, form, &expected).await?))
}

/// Removes the draft; refused while a model has it as a target.
#[utoipa::path(delete, path = "/api/v1/endpoints/{id}", tag = "endpoints", params(("id" = String, Path)),
    responses((status = 204), (status = 409, body = crate::error::Problem)))]
pub(crate) async fn delete(
    who: Allowed<ManageProviders>,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
    expected: Expected,
) -> Result<StatusCode, AppError> {
    endpoints::delete(&app, &who, &id, "", &expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How fast and how well each endpoint answered and what it said last when it failed, in the last 24 hours unless said
/// otherwise.
#[utoipa::path(get, path = "/api/v1/endpoints/observed", tag = "endpoints",
    params(During, Paging),
    responses((status = 200, body = List<Observed>), (status = 503, body = crate::error::Problem)))]
pub(crate) async fn observed(
    who: Allowed<ReadFigures>,
    State(app): State<App>,
    Query(during): Query<During>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Observed>>, AppError> {
    let window = during.window(app.clock.now_us())?;
    let found = observed::by_endpoint(&app, &who, window).await?;
    Ok(Json(List::page(found, &paging, |one| Place::named(&one.endpoint, ""))?))
}

/// Tests an endpoint as it is in the draft: one small call, and what the provider said to it.
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/test", tag = "endpoints", params(("id" = String, Path)),
    responses((status = 200, body = Tested), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn test(
    who: Allowed<ManageProviders>,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
) -> Result<Json<Tested>, AppError> {
    Ok(Json(probe(&app, &who, &id).await?))
}

/// Asks the provider which models it lists, and adds those that are new as drafts, named `provider/model`: all, or the
/// chosen. With `dry_run` it only says which they are. Nothing is removed and nothing is published.
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/models", tag = "endpoints", request_body = SyncForm,
    params(("id" = String, Path)),
    responses((status = 200, body = Synced), (status = 404, body = crate::error::Problem),
        (status = 422, body = crate::error::Problem)))]
pub(crate) async fn sync_models(
    who: Allowed<ManageProviders>,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
    json::Json(form): json::Json<SyncForm>,
) -> Result<Json<Synced>, AppError> {
    Ok(Json(sync(&app, &who, &id, &form).await?))
}
