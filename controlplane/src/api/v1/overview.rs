//! The overview: figures of a window against the stretch before, and what needs attention.

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use weir_contract::id::WorkspaceId;

use crate::app::App;
use crate::archive::Scope;
use crate::auth::{Allowed, ReadFigures, Right};
use crate::error::AppError;
use crate::overview::{Overview, Span, Wait, look};

/// Which window and workspace.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Which {
    range: String,
    workspace: String,
}

/// What happened in a window (`24h`, `7d`, `30d`, `mtd`, `last_month`), what it cost, and what needs attention.
#[utoipa::path(get, path = "/api/v1/overview", tag = "overview",
    params(("range" = Option<String>, Query), ("workspace" = Option<String>, Query)),
    responses((status = 200, body = Overview), (status = 400, body = crate::error::Problem)))]
pub(crate) async fn show(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    Query(which): Query<Which>,
) -> Result<Json<Overview>, AppError> {
    let span = Span::resolve(&which.range, app.clock.now_us())?;
    let mut scope = Scope::of(&app, &by, "api.overview").await?;
    if !which.workspace.is_empty() {
        by.require(Right::ReadFigures, Some(&WorkspaceId::from(which.workspace.as_str())))?;
        scope = scope.within(&which.workspace);
    }
    let (found, attention) = look(&app, &by, &scope, &span, Wait::Patience).await?;
    Ok(Json(Overview::of(&span, &found, attention)?))
}
