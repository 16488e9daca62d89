//! `GET /palette`: what the palette finds, as a page of its own and, for the palette, its list.

use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use weir_contract::id::WorkspaceId;
use weir_web::form::Choice;
use weir_web::page::FindPage;
use weir_web::shell::Section;

use super::answer::{go, page};
use super::frame::Frame;
use crate::app::App;
use crate::auth::{Allowed, ReadFigures, Right};
use crate::error::AppError;
use crate::finder::{Found, find};
use crate::workspaces;

/// What was typed, and where to look; empty for everywhere.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    workspace: String,
}

/// `GET /palette`
pub(super) async fn show(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let workspace = Some(WorkspaceId::from(asked.workspace.as_str())).filter(|id| !id.as_str().is_empty());
    if let Some(workspace) = &workspace {
        by.require(Right::ReadFigures, Some(workspace))?;
    }
    let hits = match find(&app, &by, &asked.q, workspace.as_ref()).await? {
        Found::Page(address) => return Ok(go(&address)),
        Found::Hits(hits) => hits,
    };
    let seen = workspaces::in_reach(&app, &by, Right::ReadFigures).await?;
    page(&FindPage {
        shell: frame.shell(&app, &by, "Find", Section::None).await?,
        workspaces: seen.into_iter().map(|one| Choice::new(one.id.as_str(), one.name)).collect(),
        workspace: asked.workspace,
        typed: asked.q,
        hits,
    })
}
