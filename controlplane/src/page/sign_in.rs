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
use crate::auth::{Public, Remote, Visitor, browser, session};
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
    let refused = match sign_in(&app, &form, remote.address, &remote.origin()).await {
        Ok(token) => {
            return came_in(&app, own_path(&sent.return_to, "/"), &token, &sent.email).await;
        }
        Err(error) => error,
    };
    let view = SignInPage { email: Field::new(sent.email), return_to: sent.return_to, ..view(frame) };
    shut(view, refused)
}

/// The door, and why it stays shut.
pub(super) fn shut(view: SignInPage, error: AppError) -> Result<Response, AppError> {
    let (status, mut retry_after) = (error.status(), None);
    let problem = match error {
        AppError::WrongCredentials => SignInProblem::WrongCredentials,
        AppError::LinkUsed => SignInProblem::LinkUsed,
        AppError::Throttled { retry_after_seconds } => {
            retry_after = Some(HeaderValue::from(retry_after_seconds));
            SignInProblem::Throttled { retry_after_seconds }
        }
        other => return Err(other),
    };
    let mut response = page_with(status, &SignInPage { problem: Some(problem), ..view })?;
    response.headers_mut().extend(retry_after.map(|value| (header::RETRY_AFTER, value)));
    Ok(response)
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

/// On to where somebody wanted to go who just came in: with their session, in a browser that is known from now on.
pub(super) async fn came_in(app: &App, to: &str, token: &str, email: &str) -> Result<Response, AppError> {
    let response = with_cookie(go(to), session::set_cookie(app, token));
    let mark = browser::set_cookie(app, email).await?;
    Ok(mark.into_iter().fold(response, with_cookie))
}

pub(super) fn view(frame: Frame) -> SignInPage {
    SignInPage { shell: frame.bare("Sign in"), ..SignInPage::default() }
}

pub(super) fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}
