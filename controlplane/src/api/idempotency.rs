//! `Idempotency-Key`: a POST sent twice is done once, and the second time gets the first answer.
//!
//! A key belongs to one actor and one path for a day. The request is kept as a hash; the answer, which may carry a
//! secret that is told only once, is kept sealed in the vault. Only answers that say what was done or why not are kept:
//! after a failure of ours the same key may be tried again.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use serde::{Deserialize, Serialize};
use weir_contract::policy::seal::sha256_hex;

use crate::app::App;
use crate::auth::identify;
use crate::error::AppError;
use crate::refusal::Refusal;
use crate::store::once::{self, OnceRow};
use crate::store::secret;

/// The header.
const KEY: &str = "idempotency-key";
/// What marks an answer that was given before.
const REPLAYED: &str = "idempotency-replayed";
const KEY_CHARS_MAX: usize = 255;
const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long a key is remembered.
pub(crate) const KEPT_US: i64 = 24 * 3600 * 1_000_000;

/// An answer as it is sealed.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// Hands the request on, or gives the answer it got the first time.
pub(super) async fn once(app: &App, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    match try_once(app, request, next).await {
        Ok(answer) => answer,
        Err(error) => error.into_response(),
    }
}

async fn try_once(app: &App, request: Request, next: Next) -> Result<Response, AppError> {
    let (parts, body) = request.into_parts();
    let actor = identify(&parts, app).await?;
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Refusal::TooLarge)?;
    let row = OnceRow {
        id: format!("once:{}", hash(&[actor.id.as_bytes(), parts.uri.path().as_bytes(), key(&parts)?])),
        request_hash: hash(&[parts.uri.query().unwrap_or_default().as_bytes(), &body]),
        created_us: app.clock.now_us(),
    };
    if let Some(answer) = begin(app, &row).await? {
        return Ok(answer);
    }
    let answer = next.run(Request::from_parts(parts, Body::from(body))).await;
    end(app, &row, answer).await
}

fn key(parts: &Parts) -> Result<&[u8], AppError> {
    let key = parts.headers.get(KEY).map(HeaderValue::as_bytes).unwrap_or_default();
    let is_plain = key.iter().all(u8::is_ascii_graphic);
    if key.is_empty() || key.len() > KEY_CHARS_MAX || !is_plain {
        let wrong = format!("`Idempotency-Key` takes 1 to {KEY_CHARS_MAX} visible ASCII characters");
        return Err(AppError::BadRequest(wrong));
    }
    Ok(key)
}

/// Each part with its length, so that no two lists of parts read alike.
fn hash(parts: &[&[u8]]) -> String {
    let mut text = Vec::new();
    for part in parts {
        text.extend_from_slice(format!("{}:", part.len()).as_bytes());
        text.extend_from_slice(part);
    }
    sha256_hex(&text)
}

/// Takes the key, or finds what became of the first request that did.
async fn begin(app: &App, row: &OnceRow) -> Result<Option<Response>, AppError> {
    let mut writing = app.store.write().await?;
    once::delete_once_before(&mut writing, row.created_us - KEPT_US).await?;
    let Some(first) = once::find_once(&mut writing, &row.id).await? else {
        once::create_once(&mut writing, row).await?;
        writing.commit().await?;
        return Ok(None);
    };
    if first.request_hash != row.request_hash {
        return Err(Refusal::KeyReused.into());
    }
    let Some(sealed) = secret::find_secret(&mut writing, &row.id).await? else {
        return Err(Refusal::KeyInUse.into());
    };
    let plain = app.vault.unseal(&sealed, &row.id)?;
    let answer: Answer = serde_json::from_slice(&plain).map_err(AppError::internal)?;
    answer.told_again().map(Some)
}

/// Keeps the answer sealed, or frees the key when nothing was decided.
async fn end(app: &App, row: &OnceRow, answer: Response) -> Result<Response, AppError> {
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, ANSWER_BYTES_MAX).await.map_err(AppError::internal)?;
    let mut writing = app.store.write().await?;
    if is_decided(parts.status) {
        let plain = serde_json::to_vec(&Answer::of(parts.status, &parts.headers, &body));
        let plain = zeroize::Zeroizing::new(plain.map_err(AppError::internal)?);
        let sealed = app.vault.seal(&row.id, &plain, &row.id, row.created_us)?;
        secret::create_secret(&mut writing, &sealed).await?;
    } else {
        once::delete_once(&mut writing, &row.id).await?;
    }
    writing.commit().await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn is_decided(status: StatusCode) -> bool {
    let later = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS];
    !status.is_server_error() && !later.contains(&status)
}

impl Answer {
    fn of(status: StatusCode, headers: &http::HeaderMap, body: &Bytes) -> Self {
        let kept = [header::CONTENT_TYPE, header::ETAG, header::LOCATION].into_iter();
        let text = |name: header::HeaderName| {
            let value = headers.get(&name)?.to_str().ok()?.to_owned();
            Some((name.as_str().to_owned(), value))
        };
        let body = String::from_utf8_lossy(body).into_owned();
        Self { status: status.as_u16(), headers: kept.filter_map(text).collect(), body }
    }

    fn told_again(self) -> Result<Response, AppError> {
        let mut response = http::Response::builder().status(self.status).header(REPLAYED, "true");
        for (name, value) in &self.headers {
            response = response.header(name, value);
        }
        let response = response.body(Body::from(self.body)).map_err(AppError::internal)?;
        Ok(response)
    }
}
