//! `/settings/sessions`: ends one session, or all but the one that asks.

use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;
use weir_web::{number, url};

use crate::account;
use crate::app::App;
use crate::auth::{Allowed, OwnAccount, session};
use crate::error::AppError;
use crate::page::answer::go_saying;
use crate::page::flash::Flash;

/// `POST /settings/sessions/{id}/end`
pub(in crate::page) async fn end(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let token = session::cookie(&headers).unwrap_or_default();
    match account::end_sessions(&app, &by, token, Some(&id)).await? {
        0 => Err(AppError::not_found("session", &id)),
        _ => Ok(go_saying(url::SETTINGS, &Flash::ok("The session is ended."))),
    }
}

/// `POST /settings/sessions/end`
pub(in crate::page) async fn end_others(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let token = session::cookie(&headers).unwrap_or_default();
    let ended = account::end_sessions(&app, &by, token, None).await?;
    let ended = number::plural(&u64::try_from(ended).unwrap_or(0), "other session");
    Ok(go_saying(url::SETTINGS, &Flash::ok(format!("{ended} ended."))))
}
