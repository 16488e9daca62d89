//! Coming in and leaving.

use axum::extract::{Form, Query, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use weir_web::form::Field;
use weir_web::page::SignInPage;
use weir_web::page::sign_in::SignInProblem;
use weir_web::url;

use super::answer::{go, own_path, page_with};
use super::frame::Frame;
use crate::app::App;
use crate::auth::sign_in::{SignIn, sign_in};
use crate::auth::{Public, Remote, Visitor, session};
use crate::error::AppError;

/// Where to go afterwards.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Then {
    return_to: String,
}

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    email: String,
    password: String,
    return_to: String,
}

/// `GET /sign-in`
pub(super) async fn show(
    _: Public,
    visitor: Visitor,
    frame: Frame,
    Query(then): Query<Then>,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    if visitor.0.is_some() {
        return Ok(go(own_path(&then.return_to, "/")));
    }
    // A cookie that opens nothing any more is a session that ended.
    let problem = session::cookie(&headers).map(|_| SignInProblem::SessionEnded);
    let view = SignInPage { return_to: then.return_to, problem, ..view(frame) };
    page_with(StatusCode::OK, &view)
}

/// `POST /sign-in`
pub(super) async fn create(
    _: Public,
    State(app): State<App>,
    remote: Remote,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let form = SignIn { email: sent.email.clone(), password: sent.password };
    let (problem, status) = match sign_in(&app, &form, remote.address, &remote.origin()).await {
        Ok(token) => {
            return Ok(with_cookie(go(own_path(&sent.return_to, "/")), session::set_cookie(&app, &token)));
        }
        Err(AppError::WrongCredentials) => (SignInProblem::WrongCredentials, StatusCode::UNAUTHORIZED),
        Err(AppError::Throttled { retry_after_seconds }) => {
            (SignInProblem::Throttled { retry_after_seconds }, StatusCode::TOO_MANY_REQUESTS)
        }
        Err(other) => return Err(other),
    };
    let view = SignInPage {
        email: Field::new(sent.email),
        return_to: sent.return_to,
        problem: Some(problem),
        ..view(frame)
    };
    page_with(status, &view)
}

/// `POST /sign-out`
pub(super) async fn delete(
    _: Public,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    if let Some(token) = session::cookie(&headers) {
        session::end(&app, token).await?;
    }
    Ok(with_cookie(go(url::SIGN_IN), session::clear_cookie(&app)))
}

fn view(frame: Frame) -> SignInPage {
    SignInPage { shell: frame.bare("Sign in"), ..SignInPage::default() }
}

pub(super) fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}
