//! What handlers answer with: a page, a redirect, a file.

use axum::body::Body;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderValue, StatusCode, header};
use weir_web::Template;

use super::flash::Flash;
use crate::error::AppError;

/// A page.
pub(super) fn page(view: &impl Template) -> Result<Response, AppError> {
    page_with(StatusCode::OK, view)
}

/// A page under another status.
pub(super) fn page_with(status: StatusCode, view: &impl Template) -> Result<Response, AppError> {
    let html = weir_web::render(view).map_err(AppError::internal)?;
    let mut response = (status, html).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    Ok(response)
}

/// On to another page, by GET.
pub(super) fn go(to: &str) -> Response {
    Redirect::to(to).into_response()
}

/// On to another page, which says once what was done.
pub(super) fn go_saying(to: &str, flash: &Flash) -> Response {
    let mut response = go(to);
    response.headers_mut().append(header::SET_COOKIE, flash.set_cookie());
    response
}

/// A file to keep.
pub(super) fn file(name: &str, content_type: &'static str, body: Body) -> Response {
    let safe: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{safe}\""));
    headers.insert(
        header::CONTENT_DISPOSITION,
        disposition.unwrap_or_else(|_| HeaderValue::from_static("attachment")),
    );
    response
}

/// Where to go back to: a path of ours, or `otherwise`. Nothing that a browser could take for another site.
pub(super) fn own_path<'a>(path: &'a str, otherwise: &'a str) -> &'a str {
    let is_ours = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.chars().any(char::is_control);
    if is_ours { path } else { otherwise }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        assert_eq!(own_path("/requests?q=a", "/"), "/requests?q=a");
        for elsewhere in
            ["https://evil.example", "//evil.example", "/\\evil.example", "", "/a\r\nb", "javascript:x"]
        {
            assert_eq!(own_path(elsewhere, "/requests"), "/requests", "{elsewhere}");
        }
    }

    #[test]
    fn a_files_name_cannot_break_its_header() {
        let response = file("a\"b\r\n/../c.csv", "text/csv", Body::empty());
        assert_eq!(
            response.headers()[header::CONTENT_DISPOSITION],
            "attachment; filename=\"a_b___.._c.csv\""
        );
    }
}
