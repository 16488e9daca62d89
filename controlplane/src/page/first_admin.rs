//! The one-time link of a fresh installation.

use axum::extract::{Form, Query, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use weir_web::form::Field;
use weir_web::page::FirstAdminPage;

use super::answer::{page, page_with};
use super::frame::Frame;
use super::sign_in::{self, came_in, shut};
use crate::app::App;
use crate::auth::sign_in::{FirstAdmin, check_link, create_first_admin};
use crate::auth::{PASSWORD_MIN, Public, Remote};
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
    remote: Remote,
    frame: Frame,
    Query(link): Query<Link>,
) -> Result<Response, AppError> {
    match check_link(&app, remote.address, &link.token).await {
        Ok(()) => page(&view(frame, link.token)),
        Err(error) => shut(sign_in::view(frame), error),
    }
}

/// `POST /first-admin`
pub(super) async fn create(
    _: Public,
    State(app): State<App>,
    remote: Remote,
    frame: Frame,
    Form(sent): Form<FirstAdmin>,
) -> Result<Response, AppError> {
    let made = match check_link(&app, remote.address, &sent.token).await {
        Ok(()) => create_first_admin(&app, &sent, &remote.origin()).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(token) => came_in(&app, "/", &token, &sent.email).await,
        Err(AppError::Invalid(errors)) => {
            let view = FirstAdminPage {
                name: field(&sent.name, &errors, "name"),
                email: field(&sent.email, &errors, "email"),
                password: field("", &errors, "password"),
                ..view(frame, sent.token)
            };
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &view)
        }
        Err(other) => shut(sign_in::view(frame), other),
    }
}

fn view(frame: Frame, token: String) -> FirstAdminPage {
    let shell = frame.bare("Create the first administrator");
    FirstAdminPage { shell, token, password_min: PASSWORD_MIN, ..FirstAdminPage::default() }
}

/// A field as it was sent, with what is wrong with it.
pub(super) fn field(value: &str, errors: &FieldErrors, name: &str) -> Field {
    Field { value: value.to_owned(), error: errors.of(name).cloned() }
}
