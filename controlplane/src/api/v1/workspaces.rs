//! Workspaces.

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use weir_contract::id::WorkspaceId;

use crate::api::json::{self, List, Paging, Place};
use crate::app::App;
use crate::auth::{Allowed, ManageWorkspaces, ReadFigures, ReadSetup, Right};
use crate::books;
use crate::error::AppError;
use crate::precondition::{Expected, Tagged};
use crate::workspaces::{self, Workspace, WorkspaceForm};

/// The workspaces in reach, by name.
#[utoipa::path(get, path = "/api/v1/workspaces", tag = "workspaces", params(Paging),
    responses((status = 200, body = List<Workspace>)))]
pub(crate) async fn list(
    who: Allowed<ReadSetup>,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Workspace>>, AppError> {
    let found = workspaces::in_reach(&app, &who, Right::ReadSetup).await?;
    Ok(Json(List::page(found, &paging, |one| Place::named(&one.name, &one.id))?))
}

/// One workspace.
#[utoipa::path(get, path = "/api/v1/workspaces/{id}", tag = "workspaces", params(("id" = String, Path)),
    responses((status = 200, body = Workspace), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn show(
    who: Allowed<ReadSetup>,
    State(app): State<App>,
    Path(id): Path<WorkspaceId>,
) -> Result<Tagged<Workspace>, AppError> {
    Ok(Tagged(workspaces::show(&app, &who, &id).await?))
}

/// What the books say of a workspace in an accounting period (`YYYYMM`).
#[utoipa::path(get, path = "/api/v1/workspaces/{id}/books/{period}", tag = "workspaces",
    params(("id" = String, Path), ("period" = u32, Path, minimum = 200001, maximum = 999912)), responses((status = 200, body = books::Sums)))]
pub(crate) async fn books(
    who: Allowed<ReadFigures>,
    State(app): State<App>,
    Path((id, period)): Path<(WorkspaceId, u32)>,
) -> Result<Json<books::Sums>, AppError> {
    who.require(Right::ReadFigures, Some(&id))?;
    let is_month = (200_001..=999_912).contains(&period) && (1..=12).contains(&(period % 100));
    if !is_month {
        return Err(AppError::BadRequest(format!("`{period}` is no period: write the month as 202611")));
    }
    Ok(Json(books::sums(&app, &id, period).await?))
}

/// Makes a workspace; in force at once.
#[utoipa::path(post, path = "/api/v1/workspaces", tag = "workspaces", request_body = WorkspaceForm,
    responses((status = 201, body = Workspace), (status = 422, body = crate::error::Problem)))]
pub(crate) async fn create(
    who: Allowed<ManageWorkspaces>,
    State(app): State<App>,
    json::Json(form): json::Json<WorkspaceForm>,
) -> Result<(StatusCode, Json<Workspace>), AppError> {
    Ok((StatusCode::CREATED, Json(workspaces::create(&app, &who, form).await?)))
}

/// Changes a workspace: its names, how much of a request is kept, and for how long. In force at once.
#[utoipa::path(put, path = "/api/v1/workspaces/{id}", tag = "workspaces", request_body = WorkspaceForm,
    params(("id" = String, Path)), responses((status = 200, body = Workspace)))]
pub(crate) async fn update(
    who: Allowed<ManageWorkspaces>,
    State(app): State<App>,
    Path(id): Path<WorkspaceId>,
    expected: Expected,
    json::Json(form): json::Json<WorkspaceForm>,
) -> Result<Tagged<Workspace>, AppError> {
    Ok(Tagged(workspaces::update(&app, &who, &id, form, &expected).await?))
}
