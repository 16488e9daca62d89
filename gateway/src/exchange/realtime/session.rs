//! A session that is open: messages pass both ways as they are, each side no faster than the other takes them, and the
//! provider's are listened to. Pings are answered on each side by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use weir_contract::id::Revision;
use weir_contract::plan::plan;
use weir_contract::record::LogLevel;
use weir_wire::Answer;
use weir_wire::openai::Listener;

use super::ending::Ending;
use super::kept::Kept;
use crate::error::Refusal;
use crate::exchange::answer::AnswerBody;
use crate::exchange::{Exchange, headers, micros, record, settle};
use crate::spool::Bodies;
use crate::upstream::Upstream;

/// Longest session. OpenAI ends its own after an hour; this is for those who do not.
const SESSION_MAX: Duration = Duration::from_hours(2);

/// How long a side may take to say goodbye, and to be found gone after a message could not be sent to it.
const GOODBYE_MAX: Duration = Duration::from_secs(2);

/// Bytes read at once: two buffers a session.
const READ_BYTES: usize = 16 * 1024;

type Socket = WebSocketStream<TokioIo<Upgraded>>;
type Speaking = SplitSink<Socket, Message>;
type Hearing = SplitStream<Socket>;

/// A session a provider has agreed to.
pub(crate) struct Opened {
    pub(crate) upstream: Arc<Upstream>,
    /// The answer's headers so far.
    pub(crate) headers: HeaderMap,
    /// The subprotocol it chose.
    pub(crate) protocol: Option<HeaderValue>,
    pub(crate) provider: OnUpgrade,
}

impl Opened {
    pub(crate) fn new(
        upstream: Arc<Upstream>,
        headers: HeaderMap,
        answered: &HeaderMap,
        provider: OnUpgrade,
    ) -> Self {
        Self { upstream, headers, protocol: answered.get(SEC_WEBSOCKET_PROTOCOL).cloned(), provider }
    }
}

/// Answers the client and begins the session, which lives on its own from here.
pub(crate) fn open(mut exchange: Box<Exchange>, opened: Opened) -> Response<AnswerBody> {
    let Opened { upstream, mut headers, protocol, provider } = opened;
    let Some(knock) = exchange.knock.take() else {
        let refusal = Refusal::gateway(500, "a session was opened that nobody asked for");
        return refusal.render(exchange.dialect(), Some(&exchange.id_header));
    };
    let client = knock.answer(&mut headers, protocol.as_ref());
    let mut response = Response::new(AnswerBody::whole(Bytes::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = headers;
    let handles = Arc::clone(&exchange.handles);
    handles.sessions.spawn_on(live(exchange, upstream, client, provider), &handles.runtime);
    response
}

/// One side of a session.
struct Party {
    speaking: Speaking,
    hearing: Hearing,
}

impl Party {
    async fn enter(upgraded: Upgraded, role: Role, message_bytes_max: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(message_bytes_max))
            .max_frame_size(Some(message_bytes_max));
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), role, Some(config)).await;
        let (speaking, hearing) = socket.split();
        Self { speaking, hearing }
    }

    /// Says the last words and waits, a little, for the other's.
    async fn leave(&mut self, words: Vec<Message>) {
        let goodbye = async {
            for message in words {
                if self.speaking.send(message).await.is_err() {
                    break;
                }
            }
            // What was queued while messages were read, a close's own answer, leaves with this.
            drop(self.speaking.flush().await);
            while self.hearing.next().await.is_some_and(|message| message.is_ok()) {}
        };
        if timeout(GOODBYE_MAX, goodbye).await.is_err() {
            tracing::debug!("a side of a session did not close it in time");
        }
    }
}

/// What one side said.
struct Said {
    kept: Kept,
    bytes: u64,
    /// When it first said something.
    first: Option<Instant>,
}

impl Said {
    fn new(most: usize, exchange: &Exchange) -> Self {
        let most = if exchange.log == LogLevel::Full { most } else { 0 };
        Self { kept: Kept::new(most), bytes: 0, first: None }
    }

    fn note(&mut self, message: &Message, arrived: Instant) {
        let now = Instant::now();
        self.first.get_or_insert(now);
        let at_ms = u32::try_from(now.duration_since(arrived).as_millis()).unwrap_or(u32::MAX);
        self.bytes += message.len() as u64;
        match message {
            Message::Text(text) => self.kept.event(text.as_str(), at_ms),
            Message::Binary(bytes) => self.kept.binary(bytes.len(), at_ms),
            _ => {}
        }
    }
}

/// What both directions look at.
struct Watch<'e> {
    exchange: &'e Exchange,
    upstream: &'e Upstream,
    begun: Instant,
    /// When either side last said something, ms since it began.
    last_ms: AtomicU64,
}

impl Watch<'_> {
    /// Something passed. Whether more may, where the policy is another than when it was last looked at.
    fn pass(&self, seen: &mut Revision) -> Result<(), Ending> {
        let ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(ms, Ordering::Relaxed);
        let revision = self.exchange.handles.running.revision();
        if revision == *seen {
            return Ok(());
        }
        *seen = revision;
        may_go_on(self.exchange, self.upstream).map_err(Ending::Stopped)
    }

    /// Ends when nobody has said anything for long enough.
    async fn idle(&self) -> Ending {
        let idle = Duration::from_millis(self.upstream.entry.idle_timeout_ms.max(1));
        loop {
            let last = self.begun + Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
            if last.elapsed() >= idle {
                return Ending::Idle(idle.as_millis());
            }
            sleep_until((last + idle).into()).await;
        }
    }
}

/// Whether the policy that runs now lets the session go on: a request is over before it changes, a session is not.
fn may_go_on(exchange: &Exchange, upstream: &Upstream) -> Result<(), String> {
    let (Some(force), record) = (exchange.handles.running.now(), &exchange.record) else { return Ok(()) };
    let policy = &force.policy;
    let now_us = exchange.handles.clock.now_us();
    let key = policy.key_by_id(&record.key);
    let key = key.filter(|key| key.entry.expires_at_us.is_none_or(|at_us| at_us > now_us));
    let key = key.ok_or("the key was revoked or has expired")?;
    if let Some(reason) = policy.stops().key(&key.entry.id) {
        return Err(format!("the key is stopped: {reason}"));
    }
    if let Some(reason) = policy.stops().customer(&record.workspace, &record.customer) {
        return Err(format!("the customer is stopped: {reason}"));
    }
    let plan = plan(policy, key, &record.model_requested).map_err(|error| error.to_string())?;
    let serves = plan.targets.iter().any(|target| target.endpoint.id == upstream.entry.id);
    if serves { Ok(()) } else { Err("the endpoint serves this model no more".to_owned()) }
}

async fn live(exchange: Box<Exchange>, upstream: Arc<Upstream>, client: OnUpgrade, provider: OnUpgrade) {
    let begun = Instant::now();
    let limits = &exchange.handles.config.limits;
    let (from_client, from_provider) = (limits.request_bytes_max, limits.response_bytes_max);
    let quirks = upstream.quirks;
    let mut talk = Talk {
        listener: Listener::new(quirks),
        client: Said::new(limits.request_bytes_max, &exchange),
        provider: Said::new(limits.stream_bytes_kept_max, &exchange),
    };
    let (client, provider) = tokio::join!(client, provider);
    let (client, provider) = match (client, provider) {
        (Ok(client), Ok(provider)) => (client, provider),
        (Err(_), _) => return close(exchange, &upstream, talk, &Ending::ClientGone, begun).await,
        (_, Err(error)) => {
            let ending = Ending::ProviderBroke(error.to_string());
            return close(exchange, &upstream, talk, &ending, begun).await;
        }
    };
    let mut client = Party::enter(client, Role::Server, from_client).await;
    let mut provider = Party::enter(provider, Role::Client, from_provider).await;
    let ending = talk.pass(&exchange, &upstream, &mut client, &mut provider, begun).await;
    let last = ending.for_client(&exchange, &upstream);
    let to_provider = Vec::from_iter(ending.for_provider());
    if ending.client_left() {
        exchange.gone.fetch_or(talk.listener.is_answering(), Ordering::Relaxed);
        let drained = talk.drain(&exchange, &mut provider);
        tokio::join!(drained, client.leave(Vec::new()));
        close(exchange, &upstream, talk, &ending, begun).await;
        provider.leave(to_provider).await;
    } else {
        // The client's last byte leaves after the record is written.
        close(exchange, &upstream, talk, &ending, begun).await;
        tokio::join!(client.leave(last), provider.leave(to_provider));
    }
}

/// What was said in a session.
struct Talk {
    listener: Listener,
    client: Said,
    provider: Said,
}

impl Talk {
    /// Lets messages pass until something ends it.
    async fn pass(
        &mut self,
        exchange: &Exchange,
        upstream: &Upstream,
        client: &mut Party,
        provider: &mut Party,
        begun: Instant,
    ) -> Ending {
        let watch = Watch { exchange, upstream, begun, last_ms: AtomicU64::new(0) };
        let total_at = begun + SESSION_MAX;
        let total_at = exchange.deadline.map_or(total_at, |deadline| deadline.min(total_at));
        let up = up(&watch, &mut client.hearing, &mut provider.speaking, &mut self.client);
        let heard = (&mut self.provider, &mut self.listener);
        let down = down(&watch, &mut provider.hearing, &mut client.speaking, heard);
        tokio::select! {
            ending = up => ending,
            ending = down => ending,
            ending = watch.idle() => ending,
            () = sleep_until(total_at.into()) => Ending::TooLong,
            () = exchange.handles.hurried() => Ending::Stopping,
        }
    }

    /// The client is gone: an answer under way is heard to its end for its usage, where there is room and time.
    async fn drain(&mut self, exchange: &Exchange, provider: &mut Party) {
        let handles = &exchange.handles;
        let Some(_permit) = handles.drain_permit().filter(|_| self.listener.is_answering()) else { return };
        handles.metrics.drains.inc();
        let heard = async {
            while self.listener.is_answering() {
                let Some(Ok(message)) = provider.hearing.next().await else { break };
                if let Message::Text(text) = &message {
                    self.listener.hear(text.as_str());
                }
                self.provider.note(&message, exchange.arrived);
            }
        };
        tokio::select! {
            () = heard => {}
            () = sleep(handles.config.timeouts.drain()) => {}
            () = handles.hurried() => {}
        }
        handles.metrics.drains.dec();
    }
}

/// From the client to the provider.
async fn up(watch: &Watch<'_>, from: &mut Hearing, to: &mut Speaking, said: &mut Said) -> Ending {
    let most = watch.exchange.handles.config.limits.request_bytes_max;
    let mut seen = watch.exchange.force.policy.revision;
    loop {
        let message = match from.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Ending::of_client(Some(error), most),
            None => return Ending::of_client(None, most),
        };
        if let Err(ending) = watch.pass(&mut seen) {
            return ending;
        }
        said.note(&message, watch.exchange.arrived);
        match message {
            Message::Close(frame) => return Ending::ClientClosed(frame),
            Message::Text(_) | Message::Binary(_) => {}
            _ => continue,
        }
        if let Err(error) = to.send(message).await {
            // Its own last words may still be on their way, and say why.
            sleep(GOODBYE_MAX).await;
            return Ending::of_provider(Some(&error));
        }
    }
}

/// From the provider to the client.
async fn down(
    watch: &Watch<'_>,
    from: &mut Hearing,
    to: &mut Speaking,
    (said, listener): (&mut Said, &mut Listener),
) -> Ending {
    let mut seen = watch.exchange.force.policy.revision;
    loop {
        let message = match from.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Ending::of_provider(Some(&error)),
            None => return Ending::of_provider(None),
        };
        said.note(&message, watch.exchange.arrived);
        if let Message::Text(text) = &message {
            listener.hear(text.as_str());
        }
        if let Err(ending) = watch.pass(&mut seen) {
            return ending;
        }
        match message {
            Message::Close(frame) => return Ending::ProviderClosed(frame),
            Message::Text(_) | Message::Binary(_) => {}
            _ => continue,
        }
        if to.send(message).await.is_err() {
            sleep(GOODBYE_MAX).await;
            return Ending::ClientGone;
        }
    }
}

/// Prices and records the session.
async fn close(
    mut exchange: Box<Exchange>,
    upstream: &Upstream,
    talk: Talk,
    ending: &Ending,
    begun: Instant,
) {
    let Talk { listener, client, provider } = talk;
    exchange.waited_us += micros(begun);
    if let Some(first) = provider.first {
        let since =
            |then| u64::try_from(first.saturating_duration_since(then).as_micros()).unwrap_or(u64::MAX);
        exchange.record.ttft_us = since(exchange.arrived);
        if let Some(call) = exchange.call() {
            call.ttft_us = call.attempt_us + since(begun);
        }
    }
    if listener.transcripts() > 0 {
        let words = format!("{} transcripts of another model are not part of it", listener.transcripts());
        exchange.explain("usage", words);
    }
    let answer = listener.finish();
    settle::settle(&mut exchange, &answer);
    note(&mut exchange, ending, &answer);
    if let Some(call) = exchange.call() {
        call.attempt_us += micros(begun);
    }
    exchange.record.request_bytes = client.bytes;
    exchange.record.response_bytes = provider.bytes;
    let bodies = bodies(&exchange, upstream, client.kept, provider.kept);
    record::close(exchange, vec![bodies]).await;
}

fn note(exchange: &mut Exchange, ending: &Ending, answer: &Answer) {
    let Some(trouble) = ending.trouble(answer) else { return };
    exchange.record.outcome = trouble.outcome;
    if let Some(call) = exchange.call() {
        call.outcome = trouble.outcome;
        call.error_side = trouble.side;
        trouble.kind.clone_into(&mut call.error_type);
        call.error_message = trouble.message;
    }
}

fn bodies(exchange: &Exchange, upstream: &Upstream, client: Kept, provider: Kept) -> Bodies {
    let mut bodies = exchange.kept.bodies(record::last_attempt(&exchange.record), exchange);
    bodies.request = client.into_lines().0.concat().into();
    (bodies.response, bodies.stream_marks) = provider.into_lines();
    "application/x-ndjson".clone_into(&mut bodies.content_type);
    bodies.response_headers = vec![(headers::X_WEIR_PROVIDER.to_string(), upstream.entry.provider.clone())];
    bodies
}
