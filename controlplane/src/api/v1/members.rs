//! Members of a workspace: the roles of people, seen from the workspace.

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use weir_contract::id::WorkspaceId;

use crate::api::json::{self, List, Paging, Place};
use crate::app::App;
use crate::auth::{Allowed, ManagePeople};
use crate::error::AppError;
use crate::people::{self, MemberForm, Person};

/// Those with a role in the workspace, and those with one everywhere, by name.
#[utoipa::path(get, path = "/api/v1/workspaces/{id}/members", tag = "members",
    params(("id" = String, Path), Paging), responses((status = 200, body = List<Person>), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn list(
    who: Allowed<ManagePeople>,
    State(app): State<App>,
    Path(id): Path<WorkspaceId>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Person>>, AppError> {
    let found = people::members(&app, &who, &id).await?;
    Ok(Json(List::page(found, &paging, |one| Place::named(&one.name, &one.id))?))
}

/// Makes somebody with an account a member, or something else. `person` is their id or the address they sign in with.
#[utoipa::path(put, path = "/api/v1/workspaces/{id}/members/{person}", tag = "members", request_body = MemberForm,
    params(("id" = String, Path), ("person" = String, Path)),
    responses((status = 200, body = Person), (status = 404, body = crate::error::Problem), (status = 422, body = crate::error::Problem)))]
pub(crate) async fn set(
    who: Allowed<ManagePeople>,
    State(app): State<App>,
    Path((id, person)): Path<(WorkspaceId, String)>,
    json::Json(form): json::Json<MemberForm>,
) -> Result<Json<Person>, AppError> {
    Ok(Json(people::set_member(&app, &who, &id, &person, form).await?))
}

/// Takes somebody's role in the workspace away; a role everywhere stays.
#[utoipa::path(delete, path = "/api/v1/workspaces/{id}/members/{person}", tag = "members",
    params(("id" = String, Path), ("person" = String, Path)),
    responses((status = 204), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn remove(
    who: Allowed<ManagePeople>,
    State(app): State<App>,
    Path((id, person)): Path<(WorkspaceId, String)>,
) -> Result<StatusCode, AppError> {
    people::remove_member(&app, &who, &id, &person).await?;
    Ok(StatusCode::NO_CONTENT)
}
