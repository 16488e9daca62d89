//! The versions of an object: every one, who wrote it, why; an earlier one restored, an unpublished change discarded.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::json::{self, List, Paging, Place};
use crate::app::App;
use crate::auth::{Allowed, ManageProviders, ReadSetup};
use crate::error::AppError;
use crate::precondition::{Expected, Tagged};
use crate::publish::ObjectRef;
use crate::versions::{self, Standing, Version};

/// Why an earlier version is to come back.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Why {
    /// Why, for the history.
    note: String,
}

/// How an object's draft stands against what runs.
#[utoipa::path(get, path = "/api/v1/objects/{kind}/{id}", tag = "objects",
    params(("kind" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = Standing), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn show(
    who: Allowed<ReadSetup>,
    State(app): State<App>,
    Path((kind, id)): Path<(String, String)>,
) -> Result<Tagged<Standing>, AppError> {
    Ok(Tagged(versions::standing(&app, &who, &kind, &id).await?))
}

/// The versions of an object, newest first.
#[utoipa::path(get, path = "/api/v1/objects/{kind}/{id}/versions", tag = "objects",
    params(("kind" = String, Path), ("id" = String, Path), Paging), responses((status = 200, body = List<Version>)))]
pub(crate) async fn list(
    who: Allowed<ReadSetup>,
    State(app): State<App>,
    Path((kind, id)): Path<(String, String)>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Version>>, AppError> {
    let versions = versions::list(&app, &who, &kind, &id).await?;
    Ok(Json(List::page(versions, &paging, |one| Place::newest(one.version, ""))?))
}

/// Writes an earlier version again as the next one of the draft; with `If-Match`, only over the object that had that tag.
#[utoipa::path(post, path = "/api/v1/objects/{kind}/{id}/versions/{version}/restoration", tag = "objects",
    request_body = Why, params(("kind" = String, Path), ("id" = String, Path), ("version" = i64, Path)),
    responses((status = 200, body = Standing), (status = 404, body = crate::error::Problem),
        (status = 409, body = crate::error::Problem), (status = 412, body = crate::error::Problem)))]
pub(crate) async fn restore(
    who: Allowed<ManageProviders>,
    State(app): State<App>,
    expected: Expected,
    Path((kind, id, version)): Path<(String, String, i64)>,
    json::Json(why): json::Json<Why>,
) -> Result<Tagged<Standing>, AppError> {
    let wanted = ObjectRef { kind, id, version };
    Ok(Tagged(versions::restore(&app, &who, &wanted, &why.note, &expected).await?))
}

/// Brings an object's draft back to what runs; with `If-Match`, only the object that had that tag.
#[utoipa::path(post, path = "/api/v1/objects/{kind}/{id}/discard", tag = "objects",
    params(("kind" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = Standing), (status = 404, body = crate::error::Problem),
        (status = 409, body = crate::error::Problem), (status = 412, body = crate::error::Problem)))]
pub(crate) async fn discard(
    who: Allowed<ManageProviders>,
    State(app): State<App>,
    expected: Expected,
    Path((kind, id)): Path<(String, String)>,
) -> Result<Tagged<Standing>, AppError> {
    Ok(Tagged(versions::discard(&app, &who, &kind, &id, &expected).await?))
}
