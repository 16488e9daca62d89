//! The one-time link of a fresh installation.

use axum::extract::{Form, Query, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use weir_web::form::Field;
use weir_web::page::sign_in::SignInProblem;
use weir_web::page::{FirstAdminPage, SignInPage};

use super::answer::{go, page, page_with};
use super::frame::Frame;
use super::sign_in::with_cookie;
use crate::app::App;
use crate::auth::sign_in::{FirstAdmin, create_first_admin, is_link_open};
use crate::auth::{PASSWORD_MIN, Public, Remote, session};
use crate::error::{AppError, FieldErrors};

/// The token of the link.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Link {
    token: String,
}

/// `GET /first-admin`
pub(super) async fn show(
    _: Public,
    State(app): State<App>,
    frame: Frame,
    Query(link): Query<Link>,
) -> Result<Response, AppError> {
    if !is_link_open(&app, &link.token).await? {
        return used(frame);
    }
    page(&view(frame, link.token))
}

/// `POST /first-admin`
pub(super) async fn create(
    _: Public,
    State(app): State<App>,
    remote: Remote,
    frame: Frame,
    Form(sent): Form<FirstAdmin>,
) -> Result<Response, AppError> {
    match create_first_admin(&app, &sent, &remote.origin()).await {
        Ok(token) => Ok(with_cookie(go("/"), session::set_cookie(&app, &token))),
        Err(AppError::LinkUsed) => used(frame),
        Err(AppError::Invalid(errors)) => {
            let view = FirstAdminPage {
                name: field(&sent.name, &errors, "name"),
                email: field(&sent.email, &errors, "email"),
                password: field("", &errors, "password"),
                ..view(frame, sent.token)
            };
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &view)
        }
        Err(other) => Err(other),
    }
}

fn used(frame: Frame) -> Result<Response, AppError> {
    let problem = Some(SignInProblem::LinkUsed);
    let view = SignInPage { shell: frame.bare("Sign in"), problem, ..SignInPage::default() };
    page_with(StatusCode::GONE, &view)
}

fn view(frame: Frame, token: String) -> FirstAdminPage {
    let shell = frame.bare("Create the first administrator");
    FirstAdminPage { shell, token, password_min: PASSWORD_MIN, ..FirstAdminPage::default() }
}

/// A field as it was sent, with what is wrong with it.
pub(super) fn field(value: &str, errors: &FieldErrors, name: &str) -> Field {
    Field { value: value.to_owned(), error: errors.of(name).cloned() }
}
