//! `/invitation`: what an invitation gives (GET), and the account it makes (POST).

use axum::extract::{Form, Query, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use weir_web::page::sign_in::SignInProblem;
use weir_web::page::{InvitationPage, SignInPage};

use super::answer::{go, page, page_with};
use super::first_admin::field;
use super::frame::Frame;
use super::settings::people::words;
use super::sign_in::with_cookie;
use crate::app::App;
use crate::auth::{PASSWORD_MIN, Public, Remote, session};
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
    frame: Frame,
    Query(link): Query<Link>,
) -> Result<Response, AppError> {
    match view(&app, frame.clone(), link.token).await? {
        Some(view) => page(&view),
        None => over(frame),
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
    let errors = match invitation::accept(&app, &sent, &remote.origin()).await {
        Ok(token) => return Ok(with_cookie(go("/"), session::set_cookie(&app, &token))),
        Err(AppError::LinkUsed) => return over(frame),
        Err(AppError::Invalid(errors)) => errors,
        Err(other) => return Err(other),
    };
    let Some(view) = view(&app, frame.clone(), sent.token.clone()).await? else { return over(frame) };
    let (name, password) = (field(&sent.name, &errors, "name"), field("", &errors, "password"));
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &InvitationPage { name, password, ..view })
}

async fn view(app: &App, frame: Frame, token: String) -> Result<Option<InvitationPage>, AppError> {
    let Some((found, by)) = invitation::find_open(app, &token).await? else { return Ok(None) };
    let known = workspaces::list(app).await?;
    Ok(Some(InvitationPage {
        shell: frame.bare("Welcome to Weir"),
        token,
        by,
        email: found.email,
        roles: found.roles.iter().map(|role| words(role, &known)).collect(),
        expires_us: found.expires_us,
        password_min: PASSWORD_MIN,
        ..InvitationPage::default()
    }))
}

/// The way in for whoever comes with a link that opens nothing any more.
pub(super) fn over(frame: Frame) -> Result<Response, AppError> {
    let problem = Some(SignInProblem::LinkOver);
    let view = SignInPage { shell: frame.bare("Sign in"), problem, ..SignInPage::default() };
    page_with(StatusCode::GONE, &view)
}
