//! Phase six: bytes to the client as they come. A whole answer waits here only for its price; a stream is passed on chunk by
//! chunk, and its last event leaves after the record is written.
//!
//! When the client leaves a stream, its connection is free at once and the rest is read without it, for its usage.

use std::collections::VecDeque;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode};
use tokio::time::Sleep;
use weir_contract::record::Stage;
use weir_wire::Answer;

use super::answer::AnswerBody;
use super::ending::{Ending, error_event, failure, note_failure};
use super::gained::{Gained, GainedBody, WholeBody};
use super::reading::{Progress, Reading};
use super::realtime::Opened;
use super::translation::mark_losses;
use super::{Exchange, headers, kept, micros, record, settle, upload};
use crate::handles::Handles;
use crate::spool::Bodies;
use crate::upstream::Upstream;

/// How long after the end mark the provider may still close its stream, so that its connection can be used again.
const TAIL_MAX: Duration = Duration::from_millis(100);

/// What is to be passed on.
pub(crate) enum Relayed {
    /// A body that is here.
    Whole(Box<Whole>),
    /// A stream that has begun.
    Stream(Begun),
    /// A session that is open at the provider.
    Session(Box<Opened>),
}

/// A whole answer on its way.
pub(crate) struct Whole {
    status: StatusCode,
    headers: HeaderMap,
    /// What passes.
    pub(crate) body: Bytes,
    /// What it says of itself.
    pub(crate) answer: Answer,
    /// What is kept of it.
    pub(crate) bodies: Vec<Bodies>,
}

/// A stream on its way.
pub(crate) struct Begun {
    upstream: Arc<Upstream>,
    headers: HeaderMap,
    sent: Bytes,
    reading: Box<Reading>,
}

/// Begins to answer: from here on the record says what the client gets.
pub(crate) fn relay(exchange: &mut Exchange, gained: Gained) -> Relayed {
    exchange.reach(Stage::Relay);
    let Gained { upstream, status, headers: provider_headers, sent, translation, told, body } = gained;
    exchange.record.http_status = if exchange.is_gone() { 0 } else { status.as_u16() };
    let mut headers = client_headers(exchange, &upstream, &provider_headers);
    if let Some(translation) = &translation {
        let lost = if let GainedBody::Whole(whole) = &body { whole.lost.as_slice() } else { &[] };
        note_lost(exchange, lost);
        translation.mark(&mut headers, !status.is_success(), lost);
    } else if let Some(told) = &told {
        mark_losses(&mut headers, &told.losses.dropped, &told.losses.adapted);
    }
    match body {
        GainedBody::Session(on_upgrade) => {
            Relayed::Session(Box::new(Opened::new(upstream, headers, &provider_headers, on_upgrade)))
        }
        GainedBody::Stream(reading) => Relayed::Stream(Begun { upstream, headers, sent, reading }),
        GainedBody::Whole(whole) => {
            let WholeBody { body, received, answer, .. } = *whole;
            exchange.record.response_bytes = body.len() as u64;
            let mut bodies = exchange.kept.bodies(record::last_attempt(&exchange.record), exchange);
            bodies.upstream_request = changed(sent, &bodies.request);
            bodies.response = vec![body.clone()];
            bodies.upstream_response = received.map(|received| vec![received]);
            bodies.content_type = content_type(&headers);
            bodies.response_headers = headers::kept(&provider_headers);
            Relayed::Whole(Box::new(Whole { status, headers, body, answer, bodies: vec![bodies] }))
        }
    }
}

/// What of an answer the caller's dialect has no word for.
fn note_lost(exchange: &mut Exchange, lost: &[String]) {
    if !lost.is_empty() {
        exchange.explain("dropped", format!("of the answer: {}", lost.join(", ")));
    }
}

/// What passes of the provider's headers, and ours.
fn client_headers(exchange: &Exchange, upstream: &Upstream, provider: &HeaderMap) -> HeaderMap {
    let mut map = headers::to_client(provider, upstream.dialect);
    map.insert(headers::X_WEIR_REQUEST_ID, exchange.id_header.clone());
    map.insert(headers::X_REQUEST_ID, exchange.id_header.clone());
    map.insert(headers::X_WEIR_SOURCE, headers::SOURCE_PROVIDER);
    map.insert(headers::X_WEIR_PROVIDER, upstream.provider_header.clone());
    map.insert(headers::X_WEIR_CACHE, headers::CACHE_OFF);
    map.insert(headers::X_WEIR_ATTEMPTS, headers::number(exchange.record.calls.len() as u64));
    map.insert(headers::X_WEIR_OVERHEAD_US, headers::number(exchange.overhead_us()));
    let model = exchange.target.as_ref().and_then(|target| headers::value(&target.upstream_model));
    if let Some(model) = model {
        map.insert(headers::X_WEIR_MODEL, model);
    }
    if let Some(address) = upload::address_here(exchange, provider) {
        map.insert(upload::URL, address);
    }
    map
}

/// What the provider got, when it is not the very bytes the client sent.
fn changed(sent: Bytes, received: &Bytes) -> Option<Bytes> {
    let same_bytes = sent.as_ptr() == received.as_ptr() && sent.len() == received.len();
    Some(sent).filter(|sent| !same_bytes && sent != received)
}

fn content_type(map: &HeaderMap) -> String {
    map.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

impl Whole {
    /// The answer with its price; to be called once it is settled.
    pub(crate) fn take_response(&mut self, exchange: &Exchange) -> Response<AnswerBody> {
        let mut response = Response::new(AnswerBody::whole(std::mem::take(&mut self.body)));
        *response.status_mut() = self.status;
        let mut map = std::mem::take(&mut self.headers);
        if let Some(cost) = cost_of(exchange).and_then(|cost| headers::value(&cost)) {
            map.insert(headers::X_WEIR_COST_USD, cost);
        }
        *response.headers_mut() = map;
        response
    }
}

/// What the request cost in dollars; `None` when that is not known.
fn cost_of(exchange: &Exchange) -> Option<String> {
    let calls = &exchange.record.calls;
    let rated = calls.iter().all(|call| call.charge.rated);
    rated.then(|| calls.iter().map(|call| call.charge.total).sum::<weir_contract::money::Money>().usd_exact())
}

impl Begun {
    /// The response whose body is the relay.
    pub(crate) fn into_response(self, exchange: Box<Exchange>) -> Response<AnswerBody> {
        let Self { upstream, mut headers, sent, reading } = self;
        headers::mark_stream(&mut headers);
        let (now, arrived) = (Instant::now(), exchange.arrived);
        let total = Duration::from_millis(upstream.entry.total_timeout_ms.max(1));
        let total_at = exchange.deadline.unwrap_or(now + total).min(now + total);
        let idle = Duration::from_millis(upstream.entry.idle_timeout_ms.max(1));
        let mut bodies = exchange.kept.bodies(record::last_attempt(&exchange.record), &exchange);
        bodies.upstream_request = changed(sent, &bodies.request);
        bodies.content_type = content_type(&headers);
        bodies.response_headers = headers::kept(&headers);
        let live = Live {
            handles: Arc::clone(&exchange.handles),
            exchange: Some(exchange),
            upstream,
            reading,
            out: VecDeque::new(),
            bodies,
            kept_bytes: 0,
            state: State::Reading,
            timer: Box::pin(tokio::time::sleep_until((now + idle).min(total_at).into())),
            idle,
            begun: now,
            arrived,
            last: now,
            total_at,
            client_left: false,
        };
        let mut response = Response::new(AnswerBody::Stream(Relay(Some(Box::new(live)))));
        *response.headers_mut() = headers;
        response
    }
}

/// The body of a streamed answer.
pub(crate) struct Relay(Option<Box<Live>>);

struct Live {
    handles: Arc<Handles>,
    exchange: Option<Box<Exchange>>,
    upstream: Arc<Upstream>,
    reading: Box<Reading>,
    /// What may leave now.
    out: VecDeque<Bytes>,
    bodies: Bodies,
    kept_bytes: usize,
    state: State,
    timer: Pin<Box<Sleep>>,
    idle: Duration,
    begun: Instant,
    /// When the request arrived.
    arrived: Instant,
    /// When the provider last sent something.
    last: Instant,
    total_at: Instant,
    client_left: bool,
}

enum State {
    Reading,
    /// The record is being written; these bytes leave after it.
    Closing(BoxFuture<'static, ()>, Vec<Bytes>),
    Done,
}

impl Relay {
    /// The next bytes for the client.
    pub(crate) fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match &mut self.0 {
            None => Poll::Ready(None),
            Some(live) => live.poll_bytes(context),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let Some(mut live) = self.0.take() else { return };
        if matches!(live.state, State::Done) {
            return;
        }
        live.client_left = true;
        let handles = Arc::clone(&live.handles);
        let permit = handles.drain_permit();
        live.leave(permit.is_some());
        let metrics = Arc::clone(&handles.metrics);
        let drain = async move {
            metrics.drains.inc();
            while std::future::poll_fn(|context| live.poll_bytes(context)).await.is_some() {}
            metrics.drains.dec();
            drop(permit);
        };
        handles.tasks.spawn_on(drain, &handles.runtime);
    }
}

impl Live {
    /// The client is gone: read on for its usage if there is room, else end with what is known.
    fn leave(&mut self, may_drain: bool) {
        if let Some(exchange) = &self.exchange {
            exchange.gone.store(true, Ordering::Relaxed);
        }
        if !matches!(self.state, State::Reading) {
            return;
        }
        if may_drain {
            self.total_at = self.total_at.min(Instant::now() + self.handles.config.timeouts.drain());
            let deadline = self.deadline();
            self.timer.as_mut().reset(deadline.into());
        } else {
            self.close(&Ending::Undrained);
        }
    }

    fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some(bytes) = self.out.pop_front() {
                return Poll::Ready(Some(bytes));
            }
            match &mut self.state {
                State::Done => return Poll::Ready(None),
                State::Closing(closing, tail) => {
                    ready!(closing.as_mut().poll(context));
                    self.out.extend(std::mem::take(tail));
                    self.state = State::Done;
                }
                State::Reading => {
                    // What came before the first content was read while the client still waited.
                    self.pass_on();
                    if self.out.is_empty() {
                        let ending = ready!(self.poll_reading(context));
                        self.pass_on();
                        if let Some(ending) = ending {
                            self.close(&ending);
                        }
                    }
                }
            }
        }
    }

    /// Reads a chunk, or finds that there will be none.
    fn poll_reading(&mut self, context: &mut Context<'_>) -> Poll<Option<Ending>> {
        let was_marked = self.reading.is_marked();
        match self.reading.poll(context) {
            Poll::Ready(Progress::End) => return Poll::Ready(Some(Ending::Closed)),
            Poll::Ready(Progress::Broken(_)) if was_marked => return Poll::Ready(Some(Ending::Closed)),
            Poll::Ready(Progress::Broken(error)) => return Poll::Ready(Some(Ending::Broken(error))),
            Poll::Ready(Progress::Chunk) => {
                self.last = Instant::now();
                if self.reading.is_marked() && !was_marked {
                    let deadline = self.deadline();
                    self.timer.as_mut().reset(deadline.into());
                }
                return Poll::Ready(None);
            }
            Poll::Pending => {}
        }
        // The timer is only moved when it fires, so that a chunk costs nothing but a look at the clock.
        while self.timer.as_mut().poll(context).is_ready() {
            let (now, deadline) = (Instant::now(), self.deadline());
            if now >= deadline {
                return Poll::Ready(Some(self.lateness(now)));
            }
            self.timer.as_mut().reset(deadline.into());
        }
        Poll::Pending
    }

    fn deadline(&self) -> Instant {
        let wait = if self.reading.is_marked() { TAIL_MAX } else { self.idle };
        (self.last + wait).min(self.total_at)
    }

    fn lateness(&self, now: Instant) -> Ending {
        match (self.reading.is_marked(), now >= self.total_at) {
            (true, _) => Ending::Closed,
            (false, true) => Ending::TooLong,
            (false, false) => Ending::Idle,
        }
    }

    /// Moves what was read into what leaves, and keeps a handle of each piece.
    fn pass_on(&mut self) {
        let at_ms =
            u32::try_from(self.last.saturating_duration_since(self.arrived).as_millis()).unwrap_or(u32::MAX);
        let most = self.handles.config.limits.stream_bytes_kept_max;
        let mut passed = 0;
        for bytes in self.reading.take_ready() {
            passed += bytes.len() as u64;
            self.kept_bytes += bytes.len();
            if self.kept_bytes <= most {
                self.bodies.response.push(bytes.clone());
                self.bodies.stream_marks.push(at_ms);
            }
            self.out.push_back(bytes);
        }
        self.count(passed);
    }

    fn count(&mut self, bytes: u64) {
        if let Some(exchange) = self.exchange.as_mut().filter(|_| !self.client_left) {
            exchange.record.response_bytes += bytes;
        }
    }

    /// The stream is over: price it, write it, then let the end out.
    fn close(&mut self, ending: &Ending) {
        let Some(mut exchange) = self.exchange.take() else {
            self.state = State::Done;
            return;
        };
        exchange.waited_us += micros(self.begun);
        note_lost(&mut exchange, self.reading.lost());
        let mut answer = self.reading.finish();
        if let Some(tally) = self.reading.take_tally().filter(|_| matches!(ending, Ending::Closed)) {
            kept::count(&mut exchange, tally, &mut answer);
        }
        settle::settle(&mut exchange, &answer);
        let mut tail = self.reading.take_held();
        let unknowable = self.reading.is_obscure() && matches!(ending, Ending::Closed);
        let unknowable = unknowable && answer.stopped_by_error.is_none();
        let failure = failure(ending, &answer, self.idle).filter(|_| !unknowable);
        if let Some((outcome, error)) = failure {
            note_failure(&mut exchange, outcome, &error, &answer);
            // The provider's own error has passed already; ours is written where it fell silent.
            if answer.stopped_by_error.is_none() {
                let array = self.reading.passes_array();
                tail.push(error_event(&exchange, &self.upstream, outcome, &error, array));
            }
        }
        if let Some(call) = exchange.call() {
            call.attempt_us += micros(self.begun);
        }
        let commented = exchange.cost_in_stream && self.reading.is_events();
        if let Some(cost) = cost_of(&exchange).filter(|_| commented) {
            tail.push(Bytes::from(format!(": x-weir-cost-usd={cost}\n\n")));
        }
        self.bodies.upstream_response = self.reading.take_received();
        self.bodies.response.extend(tail.iter().cloned());
        if !self.client_left {
            exchange.record.response_bytes += tail.iter().map(|bytes| bytes.len() as u64).sum::<u64>();
        }
        let bodies = std::mem::take(&mut self.bodies);
        self.state = State::Closing(Box::pin(record::close(exchange, vec![bodies])), tail);
    }
}
