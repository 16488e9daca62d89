//! `/settings/people/{id}/sessions`: ends one session of somebody, or all of them.

use axum::extract::{Path, State};
use axum::response::Response;
use weir_web::{number, url};

use crate::app::App;
use crate::auth::{Allowed, ManagePeople};
use crate::error::AppError;
use crate::page::answer::go_saying;
use crate::page::flash::Flash;
use crate::people::sessions;

/// `POST /settings/people/{id}/sessions/end`
pub(in crate::page) async fn end_all(
    by: Allowed<ManagePeople>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let ended = sessions::end_sessions(&app, &by, &id, None).await?;
    let ended = number::plural(&super::count(ended), "session");
    Ok(go_saying(&url::person(&id), &Flash::ok(format!("{ended} ended."))))
}

/// `POST /settings/people/{id}/sessions/{session}/end`
pub(in crate::page) async fn end(
    by: Allowed<ManagePeople>,
    State(app): State<App>,
    Path((id, session)): Path<(String, String)>,
) -> Result<Response, AppError> {
    sessions::end_sessions(&app, &by, &id, Some(&session)).await?;
    Ok(go_saying(&url::person(&id), &Flash::ok("The session is ended.")))
}
