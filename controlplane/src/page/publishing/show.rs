//! `GET /publishing/{revision}`: what it changed, who runs it, what restoring it would change.

use axum::extract::{Path, State};
use axum::response::Response;
use weir_contract::id::Revision;
use weir_web::page::RevisionPage;
use weir_web::shell::Section;

use crate::app::App;
use crate::auth::{Allowed, ReadRevisions, Right};
use crate::error::AppError;
use crate::page::answer::page;
use crate::page::change::of_then;
use crate::page::frame::Frame;
use crate::page::gateways::state;
use crate::publish;

/// `GET /publishing/{revision}`
pub(in crate::page) async fn show(
    by: Allowed<ReadRevisions>,
    State(app): State<App>,
    frame: Frame,
    Path(number): Path<u64>,
) -> Result<Response, AppError> {
    let missing = || AppError::not_found("revision", &number.to_string());
    let found = state::publishes(&app, Some(number.saturating_add(1)), 1).await?;
    let row = found.into_iter().find(|row| row.revision == number).ok_or_else(missing)?;
    let newest = app.publisher.newest();
    let before = Revision(number.saturating_sub(1));
    let against_running = match number == newest.0 {
        true => Vec::new(),
        false => publish::difference(&app, newest, Revision(number)).await?,
    };
    page(&RevisionPage {
        shell: frame.shell(&app, &by, format!("Revision {number}"), Section::Publishing).await?,
        changes: of_then(&publish::difference(&app, before, Revision(number)).await?),
        against_running: of_then(&against_running),
        row,
        may_publish: by.may_in(Right::Publish, None),
        rollout: state::rollout(&app, number).await?,
    })
}
