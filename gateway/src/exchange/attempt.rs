//! One attempt at one target: send, wait, and read as much of the answer as must be known before the client gets any.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use tokio::time::timeout_at;
use weir_contract::id::SpanId;
use weir_contract::policy::Target;
use weir_contract::price::Charge;
use weir_contract::record::CallRecord;
use weir_wire::{
    Answer, Api, Dialect, FaultKind, Quirks, Route, StreamReader, UpstreamFault, Work, read_answer_of,
    read_error,
};

use super::dispatch::Asked;
use super::gained::{Failure, Gained, GainedBody, outcome_of};
use super::reading::{Framing, Progress, Reading};
use super::{Exchange, headers, micros, settle};
use crate::upstream::Upstream;

/// Most bytes a stream may send before its first content; beyond it passes as it is.
const GATE_BYTES_MAX: usize = 1024 * 1024;

/// Makes the attempt and completes its [`CallRecord`], but for what only the end of a stream tells.
pub(crate) async fn attempt(
    exchange: &mut Exchange,
    asked: &Asked<'_>,
    (target_no, try_no): (u8, u8),
    target: &Arc<Target>,
    upstream: &Arc<Upstream>,
) -> Result<Gained, Failure> {
    let call = begin(exchange, (target_no, try_no), target);
    exchange.record.calls.push(call);
    let begun = Instant::now();
    let limits = Limits::of(exchange, upstream, begun);
    let work = asked.route.api.work();
    let sent = match work {
        Work::Pass | Work::Stored => asked.body.clone(),
        _ => weir_wire::forward(asked.peek, asked.body, &target.upstream_model, true),
    };
    let headers = headers::to_provider(&asked.head.headers, upstream.dialect, work);
    let outcome = talk(exchange, asked, upstream, &limits, headers, sent).await;
    exchange.waited_us += micros(begun);
    if let Err(failure) = &outcome {
        note_failure(exchange, failure);
    }
    if let Some(call) = exchange.call() {
        call.attempt_us = micros(begun);
    }
    outcome
}

fn begin(exchange: &Exchange, (target_no, try_no): (u8, u8), target: &Target) -> CallRecord {
    CallRecord {
        target_no,
        try_no,
        span_id: SpanId(exchange.handles.random.bytes()),
        started_at_us: exchange.handles.clock.now_us(),
        endpoint: target.endpoint.id.clone(),
        provider: target.endpoint.provider.clone(),
        region: target.endpoint.region.clone(),
        model: target.upstream_model.clone(),
        ..CallRecord::default()
    }
}

/// How long this attempt may take.
struct Limits {
    first_byte_max: Duration,
    end: Instant,
    answer_bytes_max: usize,
}

impl Limits {
    fn of(exchange: &Exchange, upstream: &Upstream, begun: Instant) -> Self {
        let total = begun + Duration::from_millis(upstream.entry.total_timeout_ms.max(1));
        let end = exchange.deadline.map_or(total, |deadline| deadline.min(total));
        let first_byte = Duration::from_millis(upstream.entry.first_byte_timeout_ms.max(1));
        let first_byte_max = first_byte.min(end.saturating_duration_since(begun));
        Self { first_byte_max, end, answer_bytes_max: exchange.handles.config.limits.response_bytes_max }
    }
}

async fn talk(
    exchange: &mut Exchange,
    asked: &Asked<'_>,
    upstream: &Arc<Upstream>,
    limits: &Limits,
    headers: HeaderMap,
    sent: Bytes,
) -> Result<Gained, Failure> {
    let begun = Instant::now();
    let fault = |fault| Failure { fault, gained: None };
    let query = headers::query_to_provider(asked.head.uri.query(), asked.route.api.work());
    let model = exchange.target.as_ref().map_or("", |target| target.upstream_model.as_str());
    let uri = upstream.address(asked.route, model, query.as_deref()).map_err(fault)?;
    let (method, now_us) = (asked.head.method.clone(), exchange.handles.clock.now_us());
    let response = upstream.send((method, uri), headers, sent.clone(), limits.first_byte_max, now_us).await;
    let response = response.map_err(fault)?;
    if let Some(call) = exchange.call() {
        call.http_status = response.status().as_u16();
        let id = headers::provider_request_id(response.headers()).and_then(|id| id.to_str().ok());
        call.provider_request_id = id.unwrap_or_default().chars().take(200).collect();
    }
    let reads = reads(asked.route, &asked.head.method, upstream.dialect);
    let framing = framing(reads, response.headers()).filter(|_| response.status().is_success());
    if let Some(framing) = framing {
        let strip_usage = upstream.dialect == Dialect::OpenAi && !asked.peek.include_usage;
        let spoken = upstream.dialect.spoken_on(reads);
        let reader =
            StreamReader::of_work(spoken, reads.work(), Quirks::of_provider(&upstream.entry.provider));
        let lenient = asked.route.api.work() == Work::Pass;
        let opening = Opening { upstream, limits, begun, sent, framing, reader, strip_usage, lenient };
        return open_stream(exchange, response, opening).await;
    }
    collect(exchange, upstream, limits, begun, response, sent, reads).await
}

/// The route in whose shape the answer comes: below a provider's own path, the one we know by the same name.
fn reads(route: &Route<'_>, method: &http::Method, dialect: Dialect) -> Api {
    if route.api.work() != Work::Pass {
        return if dialect.serves(route.api) { route.api } else { dialect.chat_api() };
    }
    let known = Route::of(method.as_str(), route.rest).map(|route| route.api);
    known.filter(|api| dialect.serves(*api)).unwrap_or(Api::Passthrough)
}

/// How an answer is cut into events; `None` where it comes in one piece.
fn framing(reads: Api, headers: &HeaderMap) -> Option<Framing> {
    let content_type = headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
    let is = |start: &[u8]| content_type.get(..start.len()).is_some_and(|it| it.eq_ignore_ascii_case(start));
    if is(b"text/event-stream") && is_plain(headers) {
        let roomy = reads.dialect() != Dialect::OpenAi || reads.work() != Work::Generate;
        return Some(Framing::events(roomy));
    }
    let json = is(b"application/json");
    if json && reads == Api::StreamGenerateContent && is_plain(headers) {
        return Some(Framing::array());
    }
    let read_whole = json || is(b"text/") || content_type.is_empty() || reads.work().is_free();
    (matches!(reads.work(), Work::Speak | Work::Pass) && !read_whole).then_some(Framing::Bare)
}

/// Whether the body is what it seems: we asked for no encoding, and read none.
fn is_plain(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity")
}

/// An answer in one piece: all of it, with what it says.
async fn collect(
    exchange: &mut Exchange,
    upstream: &Arc<Upstream>,
    limits: &Limits,
    begun: Instant,
    response: Response<Incoming>,
    sent: Bytes,
    reads: Api,
) -> Result<Gained, Failure> {
    let (head, incoming) = response.into_parts();
    let body = Limited::new(incoming, limits.answer_bytes_max).collect();
    let fault = |fault| Failure { fault, gained: None };
    let body = timeout_at(limits.end.into(), body).await.map_err(|_| fault(too_late(begun)))?;
    let body = body.map_err(|error| {
        fault(UpstreamFault::local(FaultKind::Cut, format!("the answer did not arrive whole: {error}")))
    })?;
    let body = body.to_bytes();
    let (dialect, provider) = (upstream.dialect, upstream.entry.provider.as_str());
    let gained = |answer: Answer| Gained {
        upstream: Arc::clone(upstream),
        status: head.status,
        headers: head.headers.clone(),
        sent: sent.clone(),
        body: GainedBody::Whole(body.clone(), Box::new(answer)),
    };
    if !head.status.is_success() {
        let lookup = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let fault = read_error(dialect, head.status.as_u16(), lookup, &body);
        return Err(Failure { fault, gained: Some(gained(Answer::default())) });
    }
    exchange.record.ttft_us = exchange.elapsed_us();
    if let Some(call) = exchange.call() {
        call.ttft_us = micros(begun);
    }
    let answer = if is_plain(&head.headers) {
        read_answer_of(reads, &body, Quirks::of_provider(provider))
    } else {
        Ok(Answer::default())
    };
    Ok(gained(answer.unwrap_or_else(|error| {
        tracing::warn!(%error, provider, "an answer passes unread: its usage is unknown");
        Answer::default()
    })))
}

/// How a stream is opened.
struct Opening<'a> {
    upstream: &'a Arc<Upstream>,
    limits: &'a Limits,
    begun: Instant,
    sent: Bytes,
    framing: Framing,
    reader: StreamReader,
    strip_usage: bool,
    lenient: bool,
}

/// A stream, up to its first content: until then another target may still answer.
async fn open_stream(
    exchange: &mut Exchange,
    response: Response<Incoming>,
    opening: Opening<'_>,
) -> Result<Gained, Failure> {
    let Opening { upstream, limits, begun, sent, framing, reader, strip_usage, lenient } = opening;
    let (head, incoming) = response.into_parts();
    let mut reading = Box::new(Reading::begin(incoming, framing, reader, strip_usage).lenient(lenient));
    let first = (begun + limits.first_byte_max).min(limits.end);
    let mut fault = None;
    while fault.is_none() && !reading.may_pass() && reading.waiting() < GATE_BYTES_MAX {
        match timeout_at(first.into(), poll_fn(|context| reading.poll(context))).await {
            Err(_) => fault = Some(too_late(begun)),
            Ok(Progress::Chunk) => fault = reading.fault().filter(|_| !reading.began()).cloned(),
            Ok(Progress::Broken(error)) => fault = Some(cut(&error)),
            Ok(Progress::End) if reading.began() => {}
            Ok(Progress::End) => {
                fault = Some(reading.fault().cloned().unwrap_or_else(|| cut("it ended without content")));
            }
        }
    }
    let passes = reading.fault().is_some() || fault.is_none();
    if let Some(fault) = &fault
        && !passes
    {
        let answer = reading.finish();
        settle::charge(exchange, &answer);
        return Err(Failure { fault: fault.clone(), gained: None });
    }
    if reading.began() {
        exchange.record.ttft_us = exchange.elapsed_us();
        if let Some(call) = exchange.call() {
            call.ttft_us = micros(begun);
        }
    }
    let gained = Gained {
        upstream: Arc::clone(upstream),
        status: StatusCode::OK,
        headers: head.headers,
        sent,
        body: GainedBody::Stream(reading),
    };
    match fault {
        Some(fault) => Err(Failure { fault, gained: Some(gained) }),
        None => Ok(gained),
    }
}

fn too_late(begun: Instant) -> UpstreamFault {
    UpstreamFault::local(FaultKind::Timeout, format!("no content within {} ms", begun.elapsed().as_millis()))
}

fn cut(why: &str) -> UpstreamFault {
    UpstreamFault::local(FaultKind::Cut, format!("the stream broke before its first content: {why}"))
}

fn note_failure(exchange: &mut Exchange, failure: &Failure) {
    let Failure { fault, .. } = failure;
    let (outcome, side) = outcome_of(fault.kind);
    if let Some(call) = exchange.call() {
        call.outcome = outcome;
        call.error_type = fault.kind.name().to_owned();
        call.error_side = side;
        call.error_message = fault.message.clone();
        // A provider that refuses in its own words, or is not reached, has consumed nothing; what broke may have.
        let consumed_nothing = failure.gained.is_some() || fault.kind == FaultKind::Connect;
        if consumed_nothing && !call.usage.is_known() {
            call.charge = Charge { rated: true, ..Charge::default() };
        }
    }
}
