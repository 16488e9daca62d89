//! Whether a change was sent from our own pages: the defence against forged forms, beside the cookie's `SameSite`.
//!
//! Browsers state where a request comes from in `Sec-Fetch-Site`, older ones in `Origin`. A change made with a cookie
//! (or a sign-in, which would make one) must state our own origin in one of them.

use http::Method;
use http::header::{HOST, ORIGIN};
use http::request::Parts;

use crate::app::App;
use crate::error::AppError;

/// Fails when a non-GET request does not come from our own pages.
pub(crate) fn check(parts: &Parts, app: &App) -> Result<(), AppError> {
    if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    if is_ours(parts, app.config.public_url.as_deref()) { Ok(()) } else { Err(AppError::ForeignOrigin) }
}

fn is_ours(parts: &Parts, public_url: Option<&str>) -> bool {
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = text(ORIGIN.as_str()) else { return false };
    let is_public = public_url.is_some_and(|url| url.trim_end_matches('/') == origin);
    let of_host = text(HOST.as_str()).is_some_and(|host| {
        origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) == Some(host)
    });
    is_public || of_host
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().method(Method::POST).uri("/keys");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn only_our_own_pages_may_send_changes() {
        let ours = |headers: &[(&str, &str)]| is_ours(&parts(headers), Some("https://weir.example"));
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(!ours(&[("sec-fetch-site", "cross-site"), ("origin", "https://weir.example")]));
        assert!(!ours(&[("sec-fetch-site", "same-site")]));
        assert!(!ours(&[("sec-fetch-site", "none")]));
        assert!(ours(&[("origin", "https://weir.example")]));
        assert!(ours(&[("origin", "http://127.0.0.1:8081"), ("host", "127.0.0.1:8081")]));
        assert!(!ours(&[("origin", "http://evil.example"), ("host", "127.0.0.1:8081")]));
        assert!(!ours(&[("origin", "null"), ("host", "127.0.0.1:8081")]));
        assert!(!ours(&[("host", "127.0.0.1:8081")]), "a browser that says nothing is not believed");
    }
}
