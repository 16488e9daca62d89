//! The choice of colours, remembered in a cookie so that the server renders it without a flash of the other.

use axum::extract::{Form, State};
use axum::response::Response;
use http::{HeaderValue, header};
use serde::Deserialize;
use weir_web::shell::Theme;

use super::answer::{go, own_path};
use super::frame::THEME_COOKIE;
use crate::app::App;
use crate::auth::Public;

const YEAR_SECONDS: u32 = 365 * 86_400;

/// What the switch sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    theme: String,
    return_to: String,
}

/// `POST /appearance`
pub(super) async fn update(_: Public, State(app): State<App>, Form(choice): Form<Choice>) -> Response {
    let theme = Theme::parse(&choice.theme).name();
    let secure = if app.is_https() { "; Secure" } else { "" };
    let cookie = format!("{THEME_COOKIE}={theme}; Path=/; Max-Age={YEAR_SECONDS}; SameSite=Lax{secure}");
    let mut response = go(own_path(&choice.return_to, "/"));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
