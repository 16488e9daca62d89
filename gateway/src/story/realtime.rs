//! Sessions over WebSockets: passed as they come, refused like any request, summed and priced at their end, however it comes.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::{HeaderMap, Response, StatusCode};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_util::task::TaskTracker;
use weir_contract::money::Money;
use weir_contract::policy::Content;
use weir_contract::policy::snapshot::TargetEntry;

use super::policy::snapshot;
use super::provider::Reply;
use super::{Answered, PATIENCE_MS, Story, read};
use crate::sample;

const PATH: &str = "/v1/realtime?model=gpt";
const KEY: [(&str, &str); 1] = [("authorization", "Bearer wk_sample")];
/// What asks for a WebSocket, with the key of the standard's own example and its answer.
pub(super) const ASKING: [(&str, &str); 4] = [
    ("connection", "keep-alive, Upgrade"),
    ("upgrade", "WebSocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];
const CLIENT_ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const ASK: &str = r#"{"type":"response.create" , "event_id":"é"}"#;
const BEGUN: &str = r#"{"type":"response.created","response":{"id":"resp_1"}}"#;
const DONE: &str = r#"{"type":"response.done","response":{"id":"resp_1","status":"completed","usage":{"total_tokens":12,"input_tokens":10,"output_tokens":2}}}"#;
const ERROR: &str = r#"{"type":"error","error":{"type":"server_error","message":"broke"}}"#;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A provider of sessions: each that is asked for is handed to the test.
struct Line {
    url: String,
    sessions: Mutex<mpsc::UnboundedReceiver<Asked>>,
    _serving: JoinSet<()>,
}

/// A session as the provider sees it.
struct Asked {
    uri: String,
    headers: HeaderMap,
    socket: Socket,
}

impl Line {
    async fn start() -> Self {
        let (opened, sessions) = mpsc::unbounded_channel();
        let routes = axum::Router::new().fallback(agree).with_state((opened, TaskTracker::new()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, sessions: sessions.into(), _serving: serving }
    }

    async fn session(&self) -> Asked {
        self.sessions.lock().await.recv().await.unwrap()
    }
}

async fn agree(
    State((opened, tasks)): State<(mpsc::UnboundedSender<Asked>, TaskTracker)>,
    mut request: Request,
) -> Response<Body> {
    let on_upgrade = hyper::upgrade::on(&mut request);
    let (uri, headers) = (request.uri().to_string(), request.headers().clone());
    let mut response = agreed(&headers);
    if let Some(list) = headers.get(SEC_WEBSOCKET_PROTOCOL) {
        let first = list.to_str().unwrap().split(',').next().unwrap();
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, first.parse().unwrap());
    }
    tasks.spawn(async move {
        let io = TokioIo::new(on_upgrade.await.unwrap());
        let socket = WebSocketStream::from_raw_socket(io, Role::Server, None).await;
        opened.send(Asked { uri, headers, socket }).ok();
    });
    response
}

/// The answer to a key.
fn accepted(key: &str) -> String {
    use base64::Engine as _;
    let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let hash = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(hash)
}

/// The answer that agrees.
pub(super) fn agreed(headers: &HeaderMap) -> Response<Body> {
    let accept = accepted(headers["sec-websocket-key"].to_str().unwrap());
    let response = Response::builder().status(101).header(CONNECTION, "Upgrade").header(UPGRADE, "websocket");
    response.header(SEC_WEBSOCKET_ACCEPT, accept).body(Body::empty()).unwrap()
}

/// A gateway whose model `gpt` is served by a line.
async fn begin_with(change: impl FnOnce(&mut Content), patience_ms: u64) -> (Story, Line) {
    let line = Line::start().await;
    let url = line.url.clone();
    let story = Story::begin_patient(
        |content| {
            content.endpoints[0] = sample::endpoint("ep_1", "openai", &url);
            change(content);
        },
        patience_ms,
    );
    (story.await, line)
}

async fn begin() -> (Story, Line) {
    begin_with(|_| (), PATIENCE_MS).await
}

impl Story {
    /// Asks for a session.
    async fn call(&self, path: &str, headers: &[(&str, &str)]) -> Result<(HeaderMap, Socket), Answered> {
        let mut request = http::Request::get(format!("http://{}{path}", self.gateway.address));
        for (name, value) in ASKING.iter().chain(headers) {
            request = request.header(*name, *value);
        }
        let response =
            self.client.request(request.body(http_body_util::Full::default()).unwrap()).await.unwrap();
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(read(response).await);
        }
        let headers = response.headers().clone();
        assert_eq!(headers[SEC_WEBSOCKET_ACCEPT], CLIENT_ACCEPT);
        let io = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
        Ok((headers, WebSocketStream::from_raw_socket(io, Role::Client, None).await))
    }

    /// Both ends of a session that is open.
    async fn talk(&self, line: &Line, headers: &[(&str, &str)]) -> (Socket, Asked) {
        let headers: Vec<(&str, &str)> = KEY.iter().chain(headers).copied().collect();
        let (_, client) = self.call(PATH, &headers).await.map_err(|refused| refused.body).unwrap();
        (client, line.session().await)
    }

    /// Waits until a request has ended that way.
    async fn ended(&self, outcome: &str) {
        let label = format!("outcome=\"{outcome}\"");
        let counted = async || {
            let metrics = self.get(self.gateway.admin_address, "/metrics", &[]).await;
            let mut lines = metrics.body.lines();
            lines.any(|line| line.starts_with("weir_requests_total") && line.contains(&label))
        };
        let wait = async { while !counted().await {} };
        tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap();
    }
}

async fn say(socket: &mut Socket, text: &str) {
    socket.send(Message::text(text)).await.unwrap();
}

async fn hear(socket: &mut Socket) -> String {
    socket.next().await.unwrap().unwrap().into_text().unwrap().to_string()
}

/// The close, and what came before it.
async fn last_words(socket: &mut Socket) -> (Option<CloseFrame>, Vec<String>) {
    let mut said = Vec::new();
    loop {
        match socket.next().await {
            Some(Ok(Message::Close(frame))) => return (frame, said),
            Some(Ok(Message::Text(text))) => said.push(text.to_string()),
            Some(Ok(_)) => {}
            end => panic!("no close came: {end:?}"),
        }
    }
}

fn bye(code: CloseCode, reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame { code, reason: reason.into() }))
}

#[tokio::test]
async fn a_session_passes_both_ways_as_it_is_and_the_sum_of_its_answers_is_charged() {
    let (story, line) = begin().await;
    let headers = [KEY[0], ("openai-beta", "realtime=v1"), ("x-weir-customer", "acme"), ("cookie", "a=b")];
    let (answer, mut client) = story.call(&format!("{PATH}&key=wk_sample"), &headers).await.ok().unwrap();
    assert_eq!(answer["x-weir-provider"], "openai");
    assert_eq!(answer["x-weir-model"], "gpt-upstream");
    assert!(!answer["x-weir-request-id"].is_empty());
    let mut asked = line.session().await;
    assert_eq!(asked.uri, "/v1/realtime?model=gpt-upstream");
    assert_eq!(asked.headers["authorization"], "Bearer sk-provider");
    assert_eq!(asked.headers["openai-beta"], "realtime=v1");
    assert!(!asked.headers.contains_key("cookie") && !asked.headers.contains_key("x-weir-customer"));
    say(&mut client, ASK).await;
    assert_eq!(hear(&mut asked.socket).await, ASK);
    let sound: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    client.send(Message::binary(sound.clone())).await.unwrap();
    assert_eq!(asked.socket.next().await.unwrap().unwrap(), Message::binary(sound.clone()));
    for event in [BEGUN, DONE, " {\"type\":\"unknown\" , \"n\":1.0}", BEGUN, DONE] {
        say(&mut asked.socket, event).await;
        assert_eq!(hear(&mut client).await, event);
    }
    asked.socket.send(Message::binary(sound.clone())).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::binary(sound));
    client.send(bye(CloseCode::Library(4001), "enough")).await.unwrap();
    let (heard, _) = last_words(&mut asked.socket).await;
    assert_eq!(heard.unwrap().to_string(), "enough (4001)");
    drop((client, asked));
    story.ended("ok").await;
    let lines = story.books().await;
    assert_eq!((lines.len(), lines[0].requests, lines[0].customer.as_str()), (1, 1, "acme"));
    assert_eq!(lines[0].cost, Money::from_nano(60_000));
}

#[tokio::test]
async fn a_ping_is_answered_and_a_providers_close_reaches_the_client_after_the_record() {
    let (story, line) = begin().await;
    let (mut client, mut asked) = story.talk(&line, &[]).await;
    client.send(Message::Ping("p".into())).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::Pong("p".into()));
    say(&mut asked.socket, DONE).await;
    asked.socket.send(bye(CloseCode::Normal, "session expired")).await.unwrap();
    let (frame, said) = last_words(&mut client).await;
    assert_eq!(
        (frame.unwrap().to_string().as_str(), said),
        ("session expired (1000)", vec![DONE.to_owned()])
    );
    let metrics = story.get(story.gateway.admin_address, "/metrics", &[]).await.body;
    assert!(metrics.contains("outcome=\"ok\""), "{metrics}");
    assert_eq!(story.books().await[0].cost, Money::from_nano(30_000));
}

#[tokio::test]
async fn a_browsers_key_among_the_subprotocols_opens_a_session_and_goes_no_further() {
    let (story, line) = begin().await;
    let list = "realtime, openai-insecure-api-key.wk_sample, openai-beta.realtime-v1";
    let opened = story.call(PATH, &[("sec-websocket-protocol", list)]).await;
    let (answer, _client) = opened.map_err(|refused| refused.body).unwrap();
    assert_eq!(answer[SEC_WEBSOCKET_PROTOCOL], "realtime");
    let asked = line.session().await;
    assert_eq!(asked.headers[SEC_WEBSOCKET_PROTOCOL], "realtime, openai-beta.realtime-v1");
    assert!(!format!("{:?} {}", asked.headers, asked.uri).contains("wk_sample"));
}

#[tokio::test]
async fn what_cannot_be_opened_is_refused_before_the_upgrade_in_the_callers_format() {
    let story = Story::begin_with(|content| content.endpoints[0].retries_max = 0).await;
    let refused = async |path: &str, headers: &[(&str, &str)]| {
        let refused = story.call(path, headers).await.err().unwrap();
        let body: serde_json::Value = serde_json::from_str(&refused.body).unwrap();
        (refused.status.as_u16(), body["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let wrong = [("authorization", "Bearer wk_wrong")];
    assert_eq!(refused(PATH, &wrong).await, (401, "invalid_api_key".to_owned()));
    assert_eq!(refused(PATH, &[]).await, (401, "invalid_api_key".to_owned()));
    let unknown = "/v1/realtime?model=nobody";
    assert_eq!(refused(unknown, &KEY).await, (404, "model_not_found".to_owned()));
    assert_eq!(refused("/v1/realtime", &KEY).await, (400, "missing_model".to_owned()));
    assert_eq!(refused("/v1/realtime?model=claude", &KEY).await, (400, "wrong_api".to_owned()));
    assert_eq!(story.provider.seen().len(), 0);
    let plain = story.ask(http::Method::GET, PATH, &[], "").await;
    assert_eq!((plain.status.as_u16(), plain.header("upgrade")), (426, "websocket"));
    assert!(plain.body.contains("upgrade_required"), "{}", plain.body);
    let words =
        r#"{"error":{"message":"no such deployment","type":"invalid_request_error","code":"x_missing"}}"#;
    story.provider.will(Reply::Json(404, words));
    let last = story.call(PATH, &KEY).await.err().unwrap();
    assert_eq!((last.status.as_u16(), last.body.as_str()), (404, words));
    assert_eq!(last.header("x-weir-source"), "provider");
    story.provider.will(Reply::Json(200, "{}"));
    assert_eq!(refused(PATH, &KEY).await, (502, "upstream_error".to_owned()));
    assert_eq!(story.books().await.iter().map(|line| line.requests).sum::<u64>(), 6);
}

#[tokio::test]
async fn the_next_target_is_asked_while_no_provider_has_agreed() {
    let (story, line) = begin_with(
        |content| {
            content.endpoints.push(sample::endpoint("ep_0", "openai", "http://127.0.0.1:1/v1"));
            let first = TargetEntry { endpoint: "ep_0".into(), upstream_model: "away".to_owned() };
            content.models[0].targets.insert(0, first);
        },
        PATIENCE_MS,
    )
    .await;
    let (answer, _client) =
        story.call("/openai/realtime?deployment=gpt&api-version=1", &KEY).await.ok().unwrap();
    assert_ne!(answer["x-weir-attempts"], "1");
    assert_eq!(line.session().await.uri, "/v1/realtime?model=gpt-upstream");
}

#[tokio::test]
async fn an_answer_under_way_is_heard_to_its_end_when_the_client_leaves() {
    let (story, line) = begin().await;
    let (mut client, mut asked) = story.talk(&line, &[]).await;
    say(&mut asked.socket, BEGUN).await;
    assert_eq!(hear(&mut client).await, BEGUN);
    drop(client);
    say(&mut asked.socket, DONE).await;
    let (frame, _) = last_words(&mut asked.socket).await;
    assert_eq!(frame.unwrap().code, CloseCode::Away);
    story.ended("cancelled").await;
    assert_eq!(story.books().await[0].cost, Money::from_nano(30_000));
}

#[tokio::test]
async fn a_provider_that_breaks_off_is_told_to_the_client() {
    let (story, line) = begin().await;
    let (mut client, asked) = story.talk(&line, &[]).await;
    drop(asked);
    let (frame, said) = last_words(&mut client).await;
    assert_eq!(frame.unwrap().code, CloseCode::Error);
    assert!(
        said[0].starts_with(r#"{"type":"error","error":{"#) && said[0].contains("upstream_error"),
        "{said:?}"
    );
    story.ended("upstream_error").await;
}

#[tokio::test]
async fn an_error_after_which_nothing_was_answered_is_how_a_session_ended() {
    let (story, line) = begin().await;
    let (mut client, mut asked) = story.talk(&line, &[]).await;
    say(&mut asked.socket, ERROR).await;
    assert_eq!(hear(&mut client).await, ERROR);
    client.close(None).await.unwrap();
    assert!(last_words(&mut asked.socket).await.0.is_none());
    story.ended("upstream_error").await;
}

#[tokio::test]
async fn a_session_is_a_request_in_flight_until_it_ends() {
    let (story, line) = begin_with(|content| content.keys[0].concurrent_max = Some(1), PATIENCE_MS).await;
    let (mut client, mut asked) = story.talk(&line, &[]).await;
    let refused = story.call(PATH, &KEY).await.err().unwrap();
    assert_eq!(refused.status.as_u16(), 429);
    asked.socket.send(bye(CloseCode::Normal, "")).await.unwrap();
    assert!(last_words(&mut client).await.0.is_some());
    assert!(story.call(PATH, &KEY).await.is_ok());
}

#[tokio::test]
async fn a_session_is_closed_as_going_away_when_the_gateway_stops() {
    let (story, line) = begin_with(|_| (), 10).await;
    let (mut client, mut asked) = story.talk(&line, &[]).await;
    let (lines, (at_client, _), (at_provider, _)) =
        tokio::join!(story.books(), last_words(&mut client), last_words(&mut asked.socket));
    let at_client = at_client.unwrap();
    assert_eq!((at_client.code, at_provider.unwrap().code), (CloseCode::Away, CloseCode::Away));
    assert!(at_client.reason.starts_with("this gateway stops"), "{at_client}");
    assert_eq!(lines[0].requests, 1);
}

#[tokio::test]
async fn a_session_ends_with_the_next_message_once_its_key_is_revoked() {
    let (story, line) = begin().await;
    let (mut client, mut asked) = story.talk(&line, &[]).await;
    let mut next = story.content.clone();
    story.control.push(snapshot(sample::revised(2, &next)));
    story.control.acknowledged(weir_contract::id::Revision(2)).await;
    say(&mut client, ASK).await;
    assert_eq!(hear(&mut asked.socket).await, ASK);
    next.keys.clear();
    story.control.push(snapshot(sample::revised(3, &next)));
    story.control.acknowledged(weir_contract::id::Revision(3)).await;
    say(&mut client, ASK).await;
    let (frame, _) = last_words(&mut client).await;
    assert_eq!(frame.unwrap().to_string(), "the key was revoked or has expired (1008)");
    let (_, said) = last_words(&mut asked.socket).await;
    assert!(said.is_empty());
}

#[tokio::test]
async fn a_message_beyond_the_bound_ends_the_session() {
    let (story, line) = begin().await;
    let (client, _asked) = story.talk(&line, &[]).await;
    let large = Message::text("x".repeat(20 * 1024 * 1024 + 1));
    let (sent, (frame, _)) = {
        let (mut speaking, mut hearing) = client.split();
        let hear = async {
            loop {
                match hearing.next().await {
                    Some(Ok(Message::Close(frame))) => return (frame, ()),
                    Some(Ok(_)) => {}
                    end => panic!("no close came: {end:?}"),
                }
            }
        };
        tokio::join!(speaking.send(large), hear)
    };
    drop(sent);
    assert_eq!(frame.unwrap().code, CloseCode::Size);
    story.ended("client_error").await;
}
