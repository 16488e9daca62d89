//! `/invitation`: what an invitation gives (GET), and the account it makes (POST).

use axum::extract::{Form, Query, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use weir_web::page::sign_in::SignInProblem;
use weir_web::page::{InvitationPage, SignInPage};

use super::answer::{page, page_with};
use super::first_admin::field;
use super::frame::Frame;
use super::settings::people::words;
use super::sign_in::{self, came_in, shut};
use crate::app::App;
use crate::auth::{PASSWORD_MIN, Public, Remote};
use crate::error::AppError;
use crate::people::invitation::{self, Acceptance};
use crate::workspaces;

/// The token of the link.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Link {
    pub(super) token: String,
}

/// `GET /invitation`
pub(super) async fn show(
    _: Public,
    State(app): State<App>,
    remote: Remote,
    frame: Frame,
    Query(link): Query<Link>,
) -> Result<Response, AppError> {
    match app.throttle.opening(remote.address, view(&app, frame.clone(), link.token)).await {
        Ok(view) => page(&view),
        Err(error) => over(frame, error),
    }
}

/// `POST /invitation`
pub(super) async fn create(
    _: Public,
    State(app): State<App>,
    remote: Remote,
    frame: Frame,
    Form(sent): Form<Acceptance>,
) -> Result<Response, AppError> {
    let email = invitation::find_open(&app, &sent.token).await?.map(|(found, _)| found.email);
    let origin = remote.origin();
    let accepted = invitation::accept(&app, &sent, &origin);
    let errors = match app.throttle.opening(remote.address, accepted).await {
        Ok(token) => return came_in(&app, "/", &token, &email.unwrap_or_default()).await,
        Err(AppError::Invalid(errors)) => errors,
        Err(other) => return over(frame, other),
    };
    let view = match view(&app, frame.clone(), sent.token.clone()).await {
        Ok(view) => view,
        Err(error) => return over(frame, error),
    };
    let (name, password) = (field(&sent.name, &errors, "name"), field("", &errors, "password"));
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &InvitationPage { name, password, ..view })
}

async fn view(app: &App, frame: Frame, token: String) -> Result<InvitationPage, AppError> {
    let (found, by) = invitation::find_open(app, &token).await?.ok_or(AppError::LinkUsed)?;
    let known = workspaces::list(app).await?;
    Ok(InvitationPage {
        shell: frame.bare("Welcome to Weir"),
        token,
        by,
        email: found.email,
        roles: found.roles.iter().map(|role| words(role, &known)).collect(),
        expires_us: found.expires_us,
        password_min: PASSWORD_MIN,
        ..InvitationPage::default()
    })
}

/// The way in for whoever comes with a link that opens nothing any more, or comes with too many.
pub(super) fn over(frame: Frame, error: AppError) -> Result<Response, AppError> {
    let view = sign_in::view(frame);
    if !matches!(error, AppError::LinkUsed) {
        return shut(view, error);
    }
    let problem = Some(SignInProblem::LinkOver);
    page_with(StatusCode::GONE, &SignInPage { problem, ..view })
}
