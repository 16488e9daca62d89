//! Invitations: links by which people make an account.

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::json::{self, List, Paging, Place};
use crate::app::App;
use crate::auth::{Allowed, ManagePeople};
use crate::error::AppError;
use crate::people::invitation::{self, Invitation, InvitationForm};

/// A new invitation, with the link that is told this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WithLink {
    /// The invitation.
    #[serde(flatten)]
    made: Invitation,
    /// Where it is accepted; it cannot be shown again.
    link: String,
}

/// The invitations nobody has accepted yet, the newest first.
#[utoipa::path(get, path = "/api/v1/invitations", tag = "invitations", params(Paging),
    responses((status = 200, body = List<Invitation>)))]
pub(crate) async fn list(
    who: Allowed<ManagePeople>,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Invitation>>, AppError> {
    let found = invitation::list(&app, &who).await?;
    Ok(Json(List::page(found, &paging, |one| Place::newest(one.created_us, &one.id))?))
}

/// Invites somebody. Nothing is sent: hand the link on yourself. It is good once and for a week.
#[utoipa::path(post, path = "/api/v1/invitations", tag = "invitations", request_body = InvitationForm,
    responses((status = 201, body = WithLink), (status = 422, body = crate::error::Problem)))]
pub(crate) async fn create(
    who: Allowed<ManagePeople>,
    State(app): State<App>,
    json::Json(form): json::Json<InvitationForm>,
) -> Result<(StatusCode, Json<WithLink>), AppError> {
    let (made, link) = invitation::create(&app, &who, form).await?;
    Ok((StatusCode::CREATED, Json(WithLink { made, link })))
}

/// Withdraws an invitation: its link opens nothing from now on.
#[utoipa::path(delete, path = "/api/v1/invitations/{id}", tag = "invitations", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn withdraw(
    who: Allowed<ManagePeople>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<StatusCode, AppError> {
    invitation::withdraw(&app, &who, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
