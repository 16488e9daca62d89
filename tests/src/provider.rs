//! A fake provider: answers with what a test set beforehand, byte for byte, in odd pieces, and keeps what arrived.
//!
//! It never looks at the request to choose an answer: the tests want to see what the gateway made of the request.
//! [`Provider::answer`] sets the one current exchange; [`Provider::script`] sets a queue of answers, one for each request.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::client::Client;

/// The largest piece of a stream: small enough to cut lines and characters, odd so that cuts wander.
const PIECE_BYTES_MAX: u64 = 61;

/// A provider on a port of its own; it ends when dropped.
pub struct Provider {
    /// Base URL without a path.
    pub url: String,
    shared: Arc<Shared>,
    _server: AbortOnDropHandle<()>,
}

#[derive(Default)]
struct Shared {
    current: Mutex<Option<Reply>>,
    queue: Mutex<VecDeque<Reply>>,
    arrived: Mutex<Vec<Arrived>>,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Method.
    pub method: Method,
    /// Path without the query.
    pub path: String,
    /// Query, empty when there is none.
    pub query: String,
    /// Headers.
    pub headers: HeaderMap,
    /// The body's bytes.
    pub body: Bytes,
}

/// An answer to give.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status.
    pub status: u16,
    /// Headers; hop-by-hop ones and lengths are left out when sending.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Bytes,
    /// How they leave.
    pub pace: Pace,
}

/// How the bytes of a body leave.
#[derive(Clone, Debug)]
pub enum Pace {
    /// At once.
    Whole,
    /// In pieces.
    Pieces(Pieces),
}

/// A body in pieces.
#[derive(Clone, Debug)]
pub struct Pieces {
    /// Decides where the cuts are.
    pub seed: u64,
    /// So many bytes are sent alone; the rest follows when [`Pieces::go_on`] says so. 0: nothing waits.
    pub first: usize,
    /// Cancelled by the test when its client has the first part, or when a stall shall end.
    pub go_on: CancellationToken,
    /// Breaks the connection after so many bytes.
    pub cut_after: Option<usize>,
}

impl Pieces {
    /// Pieces cut by that seed, with nothing else odd about them.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, first: 0, go_on: CancellationToken::new(), cut_after: None }
    }
}

impl Reply {
    /// A JSON body at once.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { status, headers, body: body.to_string().into(), pace: Pace::Whole }
    }

    /// An event stream in pieces.
    #[must_use]
    pub fn events(text: impl Into<Bytes>, pieces: Pieces) -> Self {
        let headers = vec![("content-type".to_owned(), "text/event-stream".to_owned())];
        Self { status: 200, headers, body: text.into(), pace: Pace::Pieces(pieces) }
    }

    /// The same with a further header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Where each event of a stream ends (after its blank line), whatever line ends it uses.
#[must_use]
pub fn event_ends(stream: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut line_start = 0;
    for at in 0..stream.len() {
        if stream[at] != b'\n' {
            continue;
        }
        let line = &stream[line_start..at];
        if line.is_empty() || line == b"\r" {
            ends.push(at + 1);
        }
        line_start = at + 1;
    }
    ends
}

impl Provider {
    /// Starts one; without an answer set it answers 500 and says so.
    #[expect(clippy::disallowed_methods, reason = "the server ends with the value that holds its handle")]
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        let server = AbortOnDropHandle::new(tokio::spawn(accept(listener, shared.clone())));
        Self { url, shared, _server: server }
    }

    /// Sets the current exchange: the answer to every request from now on.
    pub fn answer(&self, reply: Reply) {
        *self.shared.current.lock().unwrap() = Some(reply);
    }

    /// Appends answers, one for each request; they come before the current exchange.
    pub fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.queue.lock().unwrap().extend(replies);
    }

    /// Takes what arrived since the last time.
    #[must_use]
    pub fn arrived(&self) -> Vec<Arrived> {
        std::mem::take(&mut *self.shared.arrived.lock().unwrap())
    }

    /// Sends a request straight to this provider.
    pub async fn ask(&self, path: &str, body: &Value) -> crate::client::Answer {
        Client::default().post_json(&format!("{}{path}", self.url), &[], body).await
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(connection(socket, shared.clone()));
    }
}

async fn connection(socket: TcpStream, shared: Arc<Shared>) {
    socket.set_nodelay(true).unwrap();
    let serve = service_fn(|request| serve(request, shared.clone()));
    // A client that hangs up is part of the game.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), serve).await;
}

type Body = UnsyncBoxBody<Bytes, io::Error>;

async fn serve(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    shared.arrived.lock().unwrap().push(Arrived {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body,
    });
    let reply = shared.queue.lock().unwrap().pop_front();
    let reply = reply.or_else(|| shared.current.lock().unwrap().clone());
    let none = || Reply::json(500, &serde_json::json!({"error": {"message": "the test set no answer"}}));
    Ok(response(reply.unwrap_or_else(none)))
}

fn response(reply: Reply) -> Response<Body> {
    const NOT_OURS: [&str; 5] =
        ["content-length", "transfer-encoding", "connection", "keep-alive", "content-encoding"];
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers.iter().filter(|(name, _)| !NOT_OURS.contains(&name.as_str())) {
        response = response.header(name, value);
    }
    let body = match reply.pace {
        Pace::Whole => http_body_util::Full::new(reply.body).map_err(|never| match never {}).boxed_unsync(),
        Pace::Pieces(pieces) => in_pieces(reply.body, pieces),
    };
    response.body(body).unwrap()
}

/// The first part alone, then, when told, the rest in pieces; between pieces the connection gets its turn to write.
fn in_pieces(body: Bytes, pieces: Pieces) -> Body {
    let end = pieces.cut_after.unwrap_or(body.len()).min(body.len());
    let mut chance = Chance(pieces.seed);
    let mut cuts = Vec::new();
    let mut at = 0;
    while at < end {
        let room = if at < pieces.first { pieces.first.min(end) - at } else { end - at };
        let piece = usize::try_from(1 + chance.next() % PIECE_BYTES_MAX).unwrap().min(room);
        cuts.push(body.slice(at..at + piece));
        at += piece;
    }
    let broken =
        pieces.cut_after.map(|_| Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut by the test")));
    let mut sent = 0;
    let frames = cuts.into_iter().map(Ok).chain(broken).map(move |piece| {
        let start = sent;
        sent += piece.as_ref().map_or(0, Bytes::len);
        (start, piece)
    });
    let (first, go_on) = (pieces.first, pieces.go_on);
    let frames = stream::iter(frames).then(move |(start, piece)| {
        let go_on = go_on.clone();
        async move {
            if first > 0 && start == first {
                go_on.cancelled().await;
            }
            tokio::task::yield_now().await;
            piece.map(Frame::data)
        }
    });
    StreamBody::new(frames).boxed_unsync()
}

/// Numbers that look like chance and follow from a seed (SplitMix64).
pub struct Chance(pub u64);

impl Chance {
    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "it never ends, so it is no iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_end_after_their_blank_line_whatever_the_line_ends() {
        assert_eq!(event_ends(b"data: a\n\n: c\n\ndata: b\r\n\r\nrest"), [9, 14, 25]);
    }

    #[tokio::test]
    async fn what_arrives_is_kept_and_what_is_set_comes_back_byte_for_byte() {
        let provider = Provider::start().await;
        let text = "data: {\"ü\": 1}\n\ndata: [DONE]\n\n".repeat(20);
        provider.script([Reply::json(429, &serde_json::json!({"slow": "down"}))]);
        provider.answer(Reply::events(text.clone(), Pieces::new(7)));
        let refused = provider.ask("/v1/chat/completions?x=1", &serde_json::json!({"a": 1})).await;
        assert_eq!(refused.status, 429);
        let answer = provider.ask("/v1/chat/completions", &serde_json::json!({})).await;
        assert_eq!((answer.text(), answer.complete), (text.clone(), true));
        let arrived = provider.arrived();
        assert_eq!((arrived[0].query.as_str(), &arrived[0].body[..]), ("x=1", &b"{\"a\":1}"[..]));
        provider.answer(Reply::events(text, Pieces { cut_after: Some(20), ..Pieces::new(7) }));
        let cut = provider.ask("/v1/chat/completions", &serde_json::json!({})).await;
        assert_eq!((cut.body.len(), cut.complete), (20, false));
    }
}
