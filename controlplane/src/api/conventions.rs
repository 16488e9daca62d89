//! What holds for every path of the API, kept in one place: tempo, parameters somebody reads, keys for doing a thing
//! once, answers that have not changed, and problems instead of bare words.

use std::collections::HashMap;
use std::sync::OnceLock;

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};

use super::{idempotency, openapi, pace};
use crate::app::App;
use crate::error::{AppError, Told};
use crate::refusal::{Refusal, nearest};

/// How much of an answer's own words is read to make a problem of it.
const WORDS_BYTES_MAX: usize = 16 * 1024;

/// The layer around all routes; what is not the API's passes as it is.
pub(crate) async fn keep(State(app): State<App>, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let tempo = pace::take(&app, &parts);
    let seen = parts.headers.get(header::IF_NONE_MATCH).cloned().filter(|_| parts.method == Method::GET);
    let uri = parts.uri.clone();
    let route = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let checked = tempo.check().and_then(|()| check_parameters(&parts.method, route.as_deref(), &uri));
    let answer = match checked {
        Ok(()) => idempotency::once(&app, Request::from_parts(parts, body), next).await,
        Err(refusal) => AppError::from(refusal).into_response(),
    };
    let mut answer = unchanged(as_problem(answer).await, seen.as_ref());
    tempo.tell(answer.headers_mut());
    answer
}

/// Parameters of each operation, as it is described: `GET /api/v1/keys` → `workspace`, …
fn known_parameters() -> &'static HashMap<String, Vec<String>> {
    static KNOWN: OnceLock<HashMap<String, Vec<String>>> = OnceLock::new();
    KNOWN.get_or_init(openapi::query_parameters)
}

fn check_parameters(method: &Method, route: Option<&str>, uri: &Uri) -> Result<(), Refusal> {
    let Some(query) = uri.query() else { return Ok(()) };
    let known = route.and_then(|route| known_parameters().get(&format!("{method} {route}")));
    let Some(known) = known else { return Ok(()) };
    let sent = form_urlencoded::parse(query.as_bytes());
    match sent.map(|(name, _)| name).find(|name| !known.iter().any(|known| known == name)) {
        Some(name) => {
            let nearest = nearest(&name, known.iter().map(String::as_str));
            Err(Refusal::Parameter { name: name.into_owned(), nearest })
        }
        None => Ok(()),
    }
}

/// What the router or an extractor refused by itself, told like everything else.
async fn as_problem(answer: Response) -> Response {
    let status = answer.status();
    let failed = status.is_client_error() || status.is_server_error();
    if !failed || answer.extensions().get::<Told>().is_some() {
        return answer;
    }
    let (parts, body) = answer.into_parts();
    let said = to_bytes(body, WORDS_BYTES_MAX).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    let error = match status {
        StatusCode::METHOD_NOT_ALLOWED => Refusal::Method.into(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Refusal::MediaType.into(),
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge.into(),
        StatusCode::NOT_FOUND => AppError::not_found("thing", "of that name"),
        status if status.is_client_error() => AppError::BadRequest(said),
        status => AppError::internal(format!("a handler answered {status}: {said}")),
    };
    let mut problem = error.into_response();
    if let Some(allow) = parts.headers.get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}

/// An answer whose tag the asker has already: only that it is so.
fn unchanged(answer: Response, seen: Option<&HeaderValue>) -> Response {
    let tag = answer.headers().get(header::ETAG).cloned();
    let (Some(tag), Some(seen)) = (tag, seen.and_then(|seen| seen.to_str().ok())) else { return answer };
    if answer.status() != StatusCode::OK || !is_among(&tag, seen) {
        return answer;
    }
    let mut short = Response::new(Body::empty());
    *short.status_mut() = StatusCode::NOT_MODIFIED;
    *short.headers_mut() = HeaderMap::from_iter([(header::ETAG, tag)]);
    short
}

fn is_among(tag: &HeaderValue, seen: &str) -> bool {
    let mut seen = seen.split(',').map(|one| one.trim().trim_start_matches("W/"));
    seen.any(|one| one == "*" || one.as_bytes() == tag.as_bytes())
}
