//! `GET /requests/{id}/bodies/{attempt}/{part}`: one stored body, whole, as it was on the wire.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use futures_util::stream;
use weir_contract::id::WorkspaceId;

use super::show::find;
use crate::app::App;
use crate::archive::body::{Download, Part};
use crate::archive::{ArchiveError, Scope};
use crate::auth::{Allowed, ReadBodies, Right};
use crate::error::AppError;
use crate::page::answer::file;

/// `GET /requests/{id}/bodies/{attempt}/{part}`
pub(in crate::page) async fn show(
    by: Allowed<ReadBodies>,
    State(app): State<App>,
    Path((id, attempt, part)): Path<(String, u8, String)>,
) -> Result<Response, AppError> {
    let part = Part::from_name(&part).ok_or_else(|| AppError::not_found("body", &part))?;
    let scope = Scope::of(&app, &by, "body").await?;
    let request = find(&app, &scope, &id).await?;
    let last = request.last();
    by.require(Right::ReadBodies, Some(&WorkspaceId::from(last.workspace_id.as_str())))?;
    let place = (last.request_id, last.started_us);
    let download = app.archive.download_body(&scope, place, attempt, part)?;
    let name = format!("{id}-{attempt}-{}.txt", part.name());
    // Never under a type a browser would open: what is inside was written by strangers.
    Ok(file(&name, "application/octet-stream", Body::from_stream(chunks(download))))
}

fn chunks(download: Download) -> impl stream::Stream<Item = Result<bytes::Bytes, ArchiveError>> {
    stream::try_unfold(download, |mut download| async move {
        Ok(download.next().await?.map(|bytes| (bytes, download)))
    })
}
