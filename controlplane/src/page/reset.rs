//! `/reset`: a link for a new password (GET), and setting it (POST).

use axum::extract::{Form, Query, State};
use axum::response::Response;
use http::StatusCode;
use weir_web::page::ResetPage;

use super::answer::{page, page_with};
use super::first_admin::field;
use super::frame::Frame;
use super::invitation::{Link, over};
use super::sign_in::came_in;
use crate::app::App;
use crate::auth::{PASSWORD_MIN, Public, Remote};
use crate::error::AppError;
use crate::people::reset::{self, NewPassword};

/// `GET /reset`
pub(super) async fn show(
    _: Public,
    State(app): State<App>,
    remote: Remote,
    frame: Frame,
    Query(link): Query<Link>,
) -> Result<Response, AppError> {
    match app.throttle.opening(remote.address, whose(&app, &link.token)).await {
        Ok(email) => page(&view(frame, link.token, email)),
        Err(error) => over(frame, error),
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
    let email = reset::find_open(&app, &sent.token).await?;
    let origin = remote.origin();
    let redeemed = reset::redeem(&app, &sent, &origin);
    let errors = match app.throttle.opening(remote.address, redeemed).await {
        Ok(token) => return came_in(&app, "/", &token, &email.unwrap_or_default()).await,
        Err(AppError::Invalid(errors)) => errors,
        Err(other) => return over(frame, other),
    };
    let email = match whose(&app, &sent.token).await {
        Ok(email) => email,
        Err(error) => return over(frame, error),
    };
    let password = field("", &errors, "password");
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &ResetPage { password, ..view(frame, sent.token, email) })
}

async fn whose(app: &App, token: &str) -> Result<String, AppError> {
    reset::find_open(app, token).await?.ok_or(AppError::LinkUsed)
}

fn view(frame: Frame, token: String, email: String) -> ResetPage {
    let shell = frame.bare("A new password");
    ResetPage { shell, token, email, password_min: PASSWORD_MIN, ..ResetPage::default() }
}
