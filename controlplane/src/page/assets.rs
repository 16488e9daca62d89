//! Our own files, under names that change with their content: a browser keeps them for good.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Uri, header};
use weir_web::asset::{self, Asset};

use crate::auth::Public;
use crate::error::AppError;

/// `GET /assets/{*path}`
pub(super) async fn show(_: Public, uri: Uri, headers: HeaderMap) -> Result<Response, AppError> {
    let found = asset::find(uri.path());
    let found = found.ok_or_else(|| AppError::not_found("file", uri.path()))?;
    let mut response = served(found, &headers);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(asset::CACHE_CONTROL));
    Ok(response)
}

/// `GET /favicon.ico`: browsers ask for it by themselves.
pub(super) async fn favicon(_: Public, headers: HeaderMap) -> Result<Response, AppError> {
    let found = asset::find(asset::path("favicon.svg"));
    let found = found.ok_or_else(|| AppError::not_found("file", "favicon.svg"))?;
    let mut response = served(found, &headers);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    Ok(response)
}

fn served(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let takes_gzip = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(|one| one.trim().split(';').next() == Some("gzip")));
    let packed = asset.gzip.filter(|_| takes_gzip);
    let mut response = packed.unwrap_or(asset.bytes).into_response();
    let sent = response.headers_mut();
    sent.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.mime));
    sent.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if packed.is_some() {
        sent.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
