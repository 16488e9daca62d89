//! `/settings/name` and `/settings/password`: one's own account.

use axum::extract::{Form, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use weir_web::form::Field;
use weir_web::page::settings::AccountForm;
use weir_web::url;

use super::show::view;
use crate::account::{self, PasswordChange};
use crate::app::App;
use crate::auth::{Actor, Allowed, OwnAccount, PASSWORD_MIN, Remote, browser, session};
use crate::error::{AppError, FieldErrors};
use crate::page::answer::{go_saying, page_with};
use crate::page::flash::Flash;
use crate::page::frame::Frame;
use crate::page::sign_in::with_cookie;

/// What the form of the name sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Name {
    own_name: String,
}

/// What the form of the password sends.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Password {
    current: String,
    new_password: String,
}

/// `POST /settings/name`
pub(in crate::page) async fn rename(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    frame: Frame,
    headers: HeaderMap,
    Form(sent): Form<Name>,
) -> Result<Response, AppError> {
    match account::rename(&app, &by, &sent.own_name).await {
        Ok(()) => Ok(go_saying(url::SETTINGS, &Flash::ok("Your name is changed."))),
        Err(AppError::Invalid(errors)) => {
            let mut view = view(&app, &by, frame, &headers).await?;
            view.account = form(&by, Some(&sent.own_name), &errors);
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &view)
        }
        Err(other) => Err(other),
    }
}

/// `POST /settings/password`
pub(in crate::page) async fn change_password(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    remote: Remote,
    frame: Frame,
    headers: HeaderMap,
    Form(sent): Form<Password>,
) -> Result<Response, AppError> {
    let change = PasswordChange { current: sent.current, password: sent.new_password };
    match account::change_password(&app, &by, &change, remote.address, &remote.origin()).await {
        Ok(token) => {
            let said = Flash::ok("Your password is changed, and every other session is ended.");
            let response = with_cookie(go_saying(url::SETTINGS, &said), session::set_cookie(&app, &token));
            // The mark of a known browser is bound to the password: this one gets a new one.
            let mark = browser::set_cookie(&app, &by.email).await?;
            Ok(mark.into_iter().fold(response, with_cookie))
        }
        Err(AppError::Invalid(errors)) => {
            let mut view = view(&app, &by, frame, &headers).await?;
            view.account = form(&by, None, &errors);
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &view)
        }
        Err(other) => Err(other),
    }
}

/// The forms, the name as it is or as it was sent; `None` for scripts, which have no account.
pub(super) fn form(actor: &Actor, name: Option<&str>, errors: &FieldErrors) -> Option<AccountForm> {
    if actor.email.is_empty() {
        return None;
    }
    let field = |name: &str, value: &str| Field { value: value.to_owned(), error: errors.of(name).cloned() };
    Some(AccountForm {
        name: field("name", name.unwrap_or(&actor.name)),
        current: field("current", ""),
        password: field("password", ""),
        password_min: PASSWORD_MIN,
    })
}
