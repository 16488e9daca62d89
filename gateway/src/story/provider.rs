//! A provider that answers as it is told, in order, and remembers what it was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, StatusCode};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

/// What the provider shall do next.
pub(super) enum Reply {
    /// An answer in one piece.
    Json(u16, &'static str),
    /// The same with these headers.
    Headed(Vec<(&'static str, &'static str)>, &'static str),
    /// An answer in one piece, once the test says so.
    Late(oneshot::Receiver<()>, &'static str),
    /// A stream of these chunks that ends well.
    Stream(Vec<&'static str>),
    /// An answer of that type in these chunks.
    Typed(&'static str, Vec<&'static str>),
    /// The same of any bytes.
    Bytes(&'static str, Vec<Vec<u8>>),
    /// A stream that breaks after these chunks.
    Cut(Vec<&'static str>),
    /// Its agreement to a WebSocket, and nothing after that.
    Agree,
    /// A stream the test feeds; an error breaks it.
    Fed(mpsc::UnboundedReceiver<Result<&'static str, std::io::Error>>),
}

/// What it was asked.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) method: http::Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

#[derive(Clone, Default)]
struct Script {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    asked: watch::Sender<usize>,
}

/// The provider; gone when dropped.
pub(super) struct Provider {
    pub(super) address: SocketAddr,
    script: Script,
    _serving: JoinSet<()>,
}

impl Provider {
    pub(super) async fn start() -> Self {
        let script = Script::default();
        let routes = axum::Router::new().fallback(reply).with_state(script.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, script, _serving: serving }
    }

    pub(super) fn will(&self, reply: Reply) {
        self.script.replies.lock().unwrap().push_back(reply);
    }

    /// Forgets what it was told to do next.
    pub(super) fn forget(&self) {
        self.script.replies.lock().unwrap().clear();
    }

    /// Waits until it was asked so many times.
    pub(super) async fn asked(&self, times: usize) {
        self.script.asked.subscribe().wait_for(|asked| *asked >= times).await.unwrap();
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.script.seen.lock().unwrap().clone()
    }
}

async fn reply(
    State(script): State<Script>,
    method: http::Method,
    uri: http::Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let (path, query) = (uri.path().to_owned(), uri.query().unwrap_or_default().to_owned());
    let body = String::from_utf8_lossy(&body).into_owned();
    let asking = headers.clone();
    script.seen.lock().unwrap().push(Seen { method, path, query, headers, body });
    script.asked.send_modify(|asked| *asked += 1);
    let next = script.replies.lock().unwrap().pop_front();
    match next.unwrap_or(Reply::Json(500, "{}")) {
        Reply::Late(signal, body) => {
            signal.await.unwrap();
            json(200, body)
        }
        Reply::Json(status, body) => json(status, body),
        Reply::Headed(headers, body) => {
            let mut response = json(200, body);
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
        Reply::Agree => super::realtime::agreed(&asking),
        Reply::Typed(kind, chunks) => {
            let mut response = events(stream::iter(chunks).map(|chunk| Ok(Bytes::from(chunk))));
            response.headers_mut().insert("content-type", kind.parse().unwrap());
            response
        }
        Reply::Bytes(kind, chunks) => {
            let mut response = events(stream::iter(chunks).map(|chunk| Ok(Bytes::from(chunk))));
            response.headers_mut().insert("content-type", kind.parse().unwrap());
            response
        }
        Reply::Stream(chunks) => events(stream::iter(chunks).map(|chunk| Ok(Bytes::from(chunk)))),
        Reply::Cut(chunks) => {
            let broken = stream::once(async { Err(std::io::Error::other("cut")) });
            events(stream::iter(chunks).map(|chunk| Ok(Bytes::from(chunk))).chain(broken))
        }
        Reply::Fed(feed) => events(stream::unfold(feed, |mut feed| async move {
            let chunk = feed.recv().await?;
            Some((chunk.map(Bytes::from), feed))
        })),
    }
}

fn events(
    body: impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static,
) -> Response<Body> {
    let mut response = Response::new(Body::from_stream(body));
    response.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
    response
}

fn json(status: u16, body: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response.headers_mut().insert("content-type", "application/json".parse().unwrap());
    response.headers_mut().insert("x-request-id", "req_1".parse().unwrap());
    response
}
