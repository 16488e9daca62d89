//! `/reset`: a link for a new password (GET), and setting it (POST).

use axum::extract::{Form, Query, State};
use axum::response::Response;
use http::StatusCode;
use weir_web::page::ResetPage;

use super::answer::{go, page, page_with};
use super::first_admin::field;
use super::frame::Frame;
use super::invitation::{Link, over};
use super::sign_in::with_cookie;
use crate::app::App;
use crate::auth::{PASSWORD_MIN, Public, Remote, session};
use crate::error::AppError;
use crate::people::reset::{self, NewPassword};

/// `GET /reset`
pub(super) async fn show(
    _: Public,
    State(app): State<App>,
    frame: Frame,
    Query(link): Query<Link>,
) -> Result<Response, AppError> {
    match reset::find_open(&app, &link.token).await? {
        Some(email) => page(&view(frame, link.token, email)),
        None => over(frame),
    }
}

/// `POST /reset`
pub(super) async fn create(
    _: Public,
    State(app): State<App>,
    remote: Remote,
    frame: Frame,
    Form(sent): Form<NewPassword>,
) -> Result<Response, AppError> {
    let errors = match reset::redeem(&app, &sent, &remote.origin()).await {
        Ok(token) => return Ok(with_cookie(go("/"), session::set_cookie(&app, &token))),
        Err(AppError::LinkUsed) => return over(frame),
        Err(AppError::Invalid(errors)) => errors,
        Err(other) => return Err(other),
    };
    let Some(email) = reset::find_open(&app, &sent.token).await? else { return over(frame) };
    let password = field("", &errors, "password");
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &ResetPage { password, ..view(frame, sent.token, email) })
}

fn view(frame: Frame, token: String, email: String) -> ResetPage {
    let shell = frame.bare("A new password");
    ResetPage { shell, token, email, password_min: PASSWORD_MIN, ..ResetPage::default() }
}
