//! `/`: to the requests, or to the first steps while there are none.

use axum::extract::State;
use axum::response::Response;
use weir_web::url;

use super::answer::go;
use crate::app::App;
use crate::archive::Scope;
use crate::auth::{Allowed, ReadFigures};
use crate::error::AppError;

/// `GET /`
pub(super) async fn show(by: Allowed<ReadFigures>, State(app): State<App>) -> Result<Response, AppError> {
    let scope = Scope::of(&app, &by, "home").await?;
    // An archive that is away says nothing about traffic: the requests' page tells it better than a welcome would.
    let is_new = matches!(app.archive.newest_request(&scope).await, Ok(None));
    Ok(go(if is_new { url::WELCOME } else { url::REQUESTS }))
}
