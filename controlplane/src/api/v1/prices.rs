//! The price book.

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::json::{List, Paging, Place};
use crate::app::App;
use crate::auth::{Allowed, ReadSetup};
use crate::error::AppError;
use crate::prices::{self, PriceRow, Unrated, Which};

/// Which rows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    search: String,
    in_use: bool,
}

/// A page of the book, and what it says of all of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Book {
    /// The version, stored with every call it rated.
    version: String,
    /// When its facts were collected, `YYYY-MM-DD`.
    collected: String,
    /// The rows.
    #[serde(flatten)]
    rows: List<PriceRow>,
}

/// The price book's rows, a page at a time.
#[utoipa::path(get, path = "/api/v1/prices", tag = "prices",
    params(("search" = Option<String>, Query), ("in_use" = Option<bool>, Query), Paging),
    responses((status = 200, body = Book), (status = 400, body = crate::error::Problem)))]
pub(crate) async fn list(
    who: Allowed<ReadSetup>,
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(paging): Query<Paging>,
) -> Result<Json<Book>, AppError> {
    let which = Which { search: asked.search, in_use: asked.in_use };
    let found = prices::list(&app, &who, &which).await?;
    let skip = paging.after::<usize>()?.unwrap_or(0);
    let limit = usize::try_from(paging.limit()).unwrap_or(usize::MAX);
    let end = skip.saturating_add(limit);
    let next = (found.len() > end).then_some(end);
    let items = found.into_iter().skip(skip).take(limit).collect();
    let (version, collected) = (app.book.version.to_string(), app.book.collected.clone());
    Ok(Json(Book { version, collected, rows: List::behind(items, next.as_ref()) }))
}

/// The targets of models in reach that no row prices.
#[utoipa::path(get, path = "/api/v1/prices/unrated", tag = "prices", params(Paging),
    responses((status = 200, body = List<Unrated>)))]
pub(crate) async fn unrated(
    who: Allowed<ReadSetup>,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Unrated>>, AppError> {
    let found = prices::unrated(&app, &who).await?;
    Ok(Json(List::page(found, &paging, |one| {
        Place::named(&format!("{} {}", one.model, one.upstream_model), &one.model_id)
    })?))
}
