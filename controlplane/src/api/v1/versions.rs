//! The history of an object: every version, who wrote it, why.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::api::json::{List, Paging, Place};
use crate::app::App;
use crate::auth::{Allowed, ReadSetup};
use crate::endpoints::is_visible;
use crate::error::AppError;
use crate::store::object::list_versions;

/// One version.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Version {
    /// Which, from 1.
    version: i64,
    /// Its name then.
    name: String,
    /// What it said; `null` when it was deleted.
    #[schema(value_type = Object)]
    body: Option<Box<RawValue>>,
    /// Who wrote it.
    author: String,
    /// Why, in their words.
    note: String,
    /// When, µs UTC.
    created_us: i64,
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
    let rows = list_versions(&mut *app.store.read().await?, &kind, &id).await?;
    let owner = rows.first().map(|row| row.workspace_id.clone()).unwrap_or_default();
    let owner = (!owner.is_empty()).then(|| owner.into());
    if rows.is_empty() || !is_visible(&who, owner.as_ref()) {
        return Err(AppError::not_found("object", &format!("{kind} {id}")));
    }
    let versions = rows.into_iter().map(|row| Version {
        version: row.version,
        name: row.name,
        body: RawValue::from_string(row.body_json).ok(),
        author: row.author,
        note: row.note,
        created_us: row.created_us,
    });
    Ok(Json(List::page(versions.collect(), &paging, |one| Place::newest(one.version, ""))?))
}
