//! Publishing: the draft against what runs, the history, and new revisions.

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use weir_contract::id::Revision;

use crate::api::json::{self, List, Paging};
use crate::app::App;
use crate::auth::{Allowed, Publish, ReadRevisions};
use crate::error::AppError;
use crate::precondition::{Expected, Tagged};
use crate::publish::{self, DraftState, Restoration, RevisionInfo};

/// Why there is to be a new revision.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Note {
    /// Why, for the history.
    note: String,
}

/// What publishing would change, and why it could not.
#[utoipa::path(get, path = "/api/v1/draft", tag = "revisions", responses((status = 200, body = DraftState)))]
pub(crate) async fn draft(
    _: Allowed<ReadRevisions>,
    State(app): State<App>,
) -> Result<Tagged<DraftState>, AppError> {
    Ok(Tagged(publish::draft_state(&app).await?))
}

/// The history, newest first.
#[utoipa::path(get, path = "/api/v1/revisions", tag = "revisions",
    params(Paging),
    responses((status = 200, body = List<RevisionInfo>)))]
pub(crate) async fn list(
    _: Allowed<ReadRevisions>,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<RevisionInfo>>, AppError> {
    let limit = paging.limit();
    let items = publish::revisions(&app, paging.after()?, limit).await?;
    let is_full = items.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    let last = items.last().filter(|last| is_full && last.revision > 1).map(|last| last.revision);
    Ok(Json(List::behind(items, last.as_ref())))
}

/// Publishes all drafts as a new revision; with `If-Match`, only the draft that had that tag.
#[utoipa::path(post, path = "/api/v1/revisions", tag = "revisions", request_body = Note,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of `/api/v1/draft` that was looked at")),
    responses((status = 201, body = RevisionInfo), (status = 422, body = crate::error::Problem)))]
pub(crate) async fn publish(
    who: Allowed<Publish>,
    State(app): State<App>,
    expected: Expected,
    json::Json(note): json::Json<Note>,
) -> Result<(StatusCode, Json<RevisionInfo>), AppError> {
    Ok((StatusCode::CREATED, Json(publish::publish(&app, &who, &note.note, &expected).await?)))
}

/// What restoring an earlier revision would change on the gateways and in the draft.
#[utoipa::path(get, path = "/api/v1/revisions/{revision}/restoration", tag = "revisions",
    params(("revision" = u64, Path)),
    responses((status = 200, body = Restoration), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn preview(
    _: Allowed<ReadRevisions>,
    State(app): State<App>,
    Path(revision): Path<u64>,
) -> Result<Tagged<Restoration>, AppError> {
    Ok(Tagged(publish::preview(&app, Revision(revision)).await?))
}

/// Brings back the drafts of an earlier revision as a new one; with `If-Match`, only over the draft and the revision that
/// the preview with that tag was made from.
#[utoipa::path(post, path = "/api/v1/revisions/{revision}/restoration", tag = "revisions", request_body = Note,
    params(("revision" = u64, Path)), responses((status = 201, body = RevisionInfo),
        (status = 404, body = crate::error::Problem), (status = 412, body = crate::error::Problem)))]
pub(crate) async fn restore(
    who: Allowed<Publish>,
    State(app): State<App>,
    expected: Expected,
    Path(revision): Path<u64>,
    json::Json(note): json::Json<Note>,
) -> Result<(StatusCode, Json<RevisionInfo>), AppError> {
    let made = publish::restore(&app, &who, Revision(revision), &note.note, &expected).await?;
    Ok((StatusCode::CREATED, Json(made)))
}
