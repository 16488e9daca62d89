//! `GET /requests.csv`: every call of the requests under a filter.

use axum::extract::{Query, State};
use axum::response::Response;

use super::query::Asked;
use crate::app::App;
use crate::archive::Scope;
use crate::auth::{Allowed, ReadFigures};
use crate::error::AppError;
use crate::page::sheet;

/// `GET /requests.csv`
pub(in crate::page) async fn show(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let scope = Scope::of(&app, &by, "requests.csv").await?;
    let resolved = asked.resolve(&app, &by).await?.map_err(|error| AppError::BadRequest(error.message))?;
    // Asked before the first byte is sent: an archive that is away is then still an error page.
    app.archive.ping().await?;
    let export = app.archive.export_requests(&scope, resolved.window, &resolved.by_id)?;
    Ok(sheet::calls("requests.csv", export))
}
