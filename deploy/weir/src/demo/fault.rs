//! What goes wrong on purpose: the model's name is the switch. And the one way answers leave, which a fault may spoil.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt, stream};

const SLOW_MS: u64 = 2_000;
const SLOW_MS_MAX: u64 = 120_000;

/// One way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// 429 with `Retry-After`.
    RateLimited,
    /// 500.
    Failing,
    /// The first byte comes late.
    Slow(Duration),
    /// The connection breaks in the middle of the answer.
    Cut,
    /// The stream says in the middle that it failed; without a stream, 500.
    ErrorInStream,
}

impl Fault {
    /// The fault of that name (without `demo/`): `429`, `500`, `slow`, `slow-MS`, `cut`, `error-in-stream`.
    pub(super) fn named(model: &str) -> Option<Self> {
        match model {
            "429" => Some(Self::RateLimited),
            "500" => Some(Self::Failing),
            "cut" => Some(Self::Cut),
            "error-in-stream" => Some(Self::ErrorInStream),
            "slow" => Some(Self::Slow(Duration::from_millis(SLOW_MS))),
            _ => {
                let wanted = model.strip_prefix("slow-")?.parse::<u64>().ok()?;
                Some(Self::Slow(Duration::from_millis(wanted.min(SLOW_MS_MAX))))
            }
        }
    }

    /// What is answered instead, before anything else; `stream` says whether a stream was asked for.
    pub(super) fn refusal(self, stream: bool) -> Option<Refusal> {
        match self {
            Self::RateLimited => Some(Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Rate limit reached for demo/429. Please try again in 1s.",
            )),
            Self::Failing => Some(Refusal::failed()),
            Self::ErrorInStream if !stream => Some(Refusal::failed()),
            Self::Slow(_) | Self::Cut | Self::ErrorInStream => None,
        }
    }
}

/// An answer that is not one; each format writes it in its own shape.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn failed() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "The server had an error while processing your request.")
    }

    /// The response with that body.
    pub(super) fn response(&self, body: String) -> Response {
        let mut response = response("application/json", Body::from(body));
        *response.status_mut() = self.status;
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }
}

/// Sends one JSON document.
pub(super) async fn send_json(document: String, fault: Option<Fault>) -> Response {
    wait(fault).await;
    if fault != Some(Fault::Cut) {
        return response("application/json", Body::from(document));
    }
    let mut half = Bytes::from(document);
    half.truncate(half.len() / 2);
    response("application/json", Body::from_stream(stream::iter([Ok(half), Err(broken())]).then(yielding)))
}

/// Sends the frames of a stream. `error` is the frame that says the stream failed.
pub(super) async fn send_stream(mut frames: Vec<String>, error: String, fault: Option<Fault>) -> Response {
    wait(fault).await;
    let half = (frames.len() / 2).max(1);
    match fault {
        Some(Fault::Cut) => frames.truncate(half),
        Some(Fault::ErrorInStream) => {
            frames.truncate(half);
            frames.push(error);
        }
        _ => {}
    }
    let end = (fault == Some(Fault::Cut)).then(|| Err(broken()));
    let frames = frames.into_iter().map(|frame| Ok(Bytes::from(frame))).chain(end);
    response("text/event-stream; charset=utf-8", Body::from_stream(stream::iter(frames).then(yielding)))
}

/// Gives the connection its turn after each frame, so that frames leave one by one and a break comes after the first half.
async fn yielding(frame: io::Result<Bytes>) -> io::Result<Bytes> {
    tokio::task::yield_now().await;
    frame
}

async fn wait(fault: Option<Fault>) {
    if let Some(Fault::Slow(delay)) = fault {
        tokio::time::sleep(delay).await;
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "cut on purpose by demo/cut")
}

fn response(content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}
