//! One attempt at one target: send, wait, and read as much of the answer as must be known before the client gets any.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::response::Parts;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use tokio::time::timeout_at;
use weir_contract::id::SpanId;
use weir_contract::policy::Target;
use weir_contract::price::Charge;
use weir_contract::record::CallRecord;
use weir_wire::batch::{Tally, results_here};
use weir_wire::completion::{Heading, Told};
use weir_wire::host::Host;
use weir_wire::translate::Written;
use weir_wire::{
    Answer, Api, ApiError, Dialect, FaultKind, Quirks, Route, StreamReader, UpstreamFault, Work, first_chars,
    read_answer_of, read_error, write_error,
};

use super::dispatch::Asked;
use super::gained::{Failure, Gained, GainedBody, WholeBody, outcome_of};
use super::reading::{Framing, Progress, Reading};
use super::realtime::Awaited;
use super::receive::unshared;
use super::translation::Translation;
use super::{Exchange, headers, kept, micros, realtime, settle};
use crate::upstream::Upstream;
use crate::upstream::host::{self, Unpacker};

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
    let sent = match (asked.told, asked.translation, work) {
        (Some(told), ..) => told.body.clone(),
        (None, Some(translation), _) => translation.body.clone(),
        (None, None, Work::Pass | Work::Stored | Work::Batch) => asked.body.clone(),
        _ => weir_wire::forward(asked.peek, asked.body, &target.upstream_model, true),
    };
    let mut headers = headers::to_provider(&asked.head.headers, upstream.dialect, work);
    if let Some(translation) = asked.translation {
        translation.strip(&mut headers);
    }
    let awaited = (work == Work::Realtime).then(|| realtime::open_to_provider(exchange, &mut headers));
    let host = host_of(upstream, work, &target.upstream_model);
    let wrapped = host::wrap(host, work, sent, &mut headers).map_err(|error| {
        let fault = UpstreamFault::local(FaultKind::BadRequest, error.to_string());
        Failure { fault, gained: None }
    });
    let outcome = match wrapped {
        Ok(sent) => talk(exchange, asked, upstream, &limits, (headers, awaited), sent).await,
        Err(failure) => Err(failure),
    };
    exchange.waited_us += micros(begun);
    if let Err(failure) = &outcome {
        note_failure(exchange, failure);
    }
    if let Some(call) = exchange.call() {
        call.attempt_us = micros(begun);
    }
    outcome
}

/// Who wraps the call. Below a provider's own path a client speaks to the host itself.
fn host_of(upstream: &Upstream, work: Work, model: &str) -> Host {
    let kept = matches!(work, Work::Pass | Work::Stored | Work::Batch);
    if kept { Host::Direct } else { upstream.host.of_model(model) }
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
    (headers, awaited): (HeaderMap, Option<Awaited>),
    sent: Bytes,
) -> Result<Gained, Failure> {
    let begun = Instant::now();
    let fault = |fault| Failure { fault, gained: None };
    let target = exchange.target.clone();
    let model = target.as_ref().map_or("", |target| target.upstream_model.as_str());
    let query = query_to_provider(exchange, asked, model);
    let host = host_of(upstream, asked.route.api.work(), model);
    let uri = upstream.address(asked.route, model, query.as_deref(), asked.peek.stream).map_err(fault)?;
    let (method, now_us) = (asked.head.method.clone(), exchange.handles.clock.now_us());
    let response = upstream.send((method, uri), headers, sent.clone(), limits.first_byte_max, now_us).await;
    let mut response = response.map_err(fault)?;
    note_arrival(exchange, &response);
    if let Some(awaited) = &awaited
        && let Some(on_upgrade) = realtime::opened(&mut response, awaited, upstream).map_err(fault)?
    {
        return Ok(Gained {
            upstream: Arc::clone(upstream),
            status: response.status(),
            headers: response.into_parts().0.headers,
            sent,
            translation: None,
            told: None,
            body: GainedBody::Session(on_upgrade),
        });
    }
    let reads = reads(asked.route, &asked.head.method, upstream);
    let heading = heading(exchange, asked, host, model, response.headers());
    let unpacker =
        host::unpacker(host, &heading, response.headers()).filter(|_| response.status().is_success());
    let framing = match &unpacker {
        Some(_) => Some(Framing::events(true)),
        None if kept::is_contents(asked.route) => {
            Some(Framing::Bare).filter(|_| response.status().is_success())
        }
        None => framing(reads, response.headers()).filter(|_| response.status().is_success()),
    };
    if let Some(framing) = framing {
        let strip_usage =
            upstream.dialect == Dialect::OpenAi && !asked.peek.include_usage && asked.translation.is_none();
        let reader = reader(upstream, reads);
        let lenient = asked.route.api.work() == Work::Pass;
        let (translation, told) = (asked.translation.cloned(), asked.told.cloned());
        let opening = Opening {
            upstream,
            limits,
            begun,
            sent,
            framing,
            unpacker,
            reader,
            strip_usage,
            lenient,
            translation,
            told,
        };
        return open_stream(exchange, response, opening).await;
    }
    let (translation, told) = (asked.translation.cloned(), asked.told.cloned());
    let collecting = Collecting { upstream, limits, begun, sent, reads, translation, told, host, heading };
    collect(exchange, response, collecting).await
}

/// What of the caller's query goes on; an upload's is the one its provider named.
fn query_to_provider(exchange: &Exchange, asked: &Asked<'_>, model: &str) -> Option<String> {
    let upload = exchange.keeping.uploading.as_ref();
    if let Some((_, query)) = upload.and_then(|upload| upload.goes_on.as_ref()) {
        return Some(query.clone());
    }
    match (asked.head.uri.query(), asked.route.api.work()) {
        (query, Work::Realtime) => Some(realtime::query_to_provider(query, model)),
        (query, work) => headers::query_to_provider(query, work),
    }
}

/// The provider has answered: with which status, under which id of its own.
fn note_arrival(exchange: &mut Exchange, response: &Response<Incoming>) {
    if let Some(call) = exchange.call() {
        call.http_status = response.status().as_u16();
        let id = headers::provider_request_id(response.headers()).and_then(|id| id.to_str().ok());
        call.provider_request_id = first_chars(id.unwrap_or_default(), 200).to_owned();
    }
}

/// A reader of what comes in the shape of that route.
fn reader(upstream: &Upstream, reads: Api) -> StreamReader {
    let spoken = if upstream.dialect.may_serve(reads) { reads.dialect() } else { upstream.dialect };
    StreamReader::of_work(spoken, reads.work(), upstream.quirks)
}

/// What stands for what a host does not say of its answer.
fn heading(exchange: &Exchange, asked: &Asked<'_>, host: Host, model: &str, headers: &HeaderMap) -> Heading {
    if asked.told.is_none() {
        return Heading::default();
    }
    let id = match host {
        Host::Converse => host::request_id(headers).to_owned(),
        _ => format!("chatcmpl-{}", exchange.id_header.to_str().unwrap_or_default()),
    };
    let packed = asked.peek.top.get("encoding_format").and_then(|form| form.text());
    Heading {
        id,
        model: model.to_owned(),
        created_s: exchange.record.started_at_us.div_euclid(1_000_000),
        packed: packed.is_some_and(|form| form == "base64"),
    }
}

/// The route in whose shape the answer comes: below a provider's own path, the one we know by the same name.
fn reads(route: &Route<'_>, method: &http::Method, upstream: &Upstream) -> Api {
    if route.api.work() != Work::Pass {
        return upstream.answers_on(route.api);
    }
    let known = Route::of(method.as_str(), route.rest).filter(|route| !kept::is_contents(route));
    let known = known.map(|route| route.api);
    known.filter(|api| upstream.dialect.may_serve(*api)).unwrap_or(Api::Passthrough)
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

/// How an answer in one piece is collected.
struct Collecting<'a> {
    upstream: &'a Arc<Upstream>,
    limits: &'a Limits,
    begun: Instant,
    sent: Bytes,
    reads: Api,
    translation: Option<Arc<Translation>>,
    told: Option<Arc<Told>>,
    host: Host,
    heading: Heading,
}

impl Collecting<'_> {
    /// What came, ready to be passed on.
    fn gained(self, status: StatusCode, headers: HeaderMap, whole: WholeBody) -> Gained {
        Gained {
            upstream: Arc::clone(self.upstream),
            status,
            headers,
            sent: self.sent,
            translation: self.translation,
            told: self.told,
            body: GainedBody::Whole(Box::new(whole)),
        }
    }

    /// The provider's refusal, in the words of whoever asked.
    fn refused(
        self,
        exchange: &Exchange,
        head: Parts,
        body: Bytes,
        fault: UpstreamFault,
        answer: Answer,
    ) -> Failure {
        let said = match &self.translation {
            Some(translation) => Some(translation.error(&fault)),
            None => self.told.as_ref().map(|_| {
                let request_id = exchange.id_header.to_str().unwrap_or_default();
                in_the_formats_words(self.upstream, request_id, &fault)
            }),
        };
        let (status, passes, received) = match said {
            Some((status, passes)) => (status, passes, Some(body)),
            None => (head.status, body, None),
        };
        let whole = WholeBody { body: passes, received, answer, lost: Vec::new() };
        Failure { fault, gained: Some(self.gained(status, head.headers, whole)) }
    }
}

/// An answer in one piece: all of it, with what it says.
async fn collect(
    exchange: &mut Exchange,
    response: Response<Incoming>,
    collecting: Collecting<'_>,
) -> Result<Gained, Failure> {
    let Collecting { upstream, limits, begun, reads, host, .. } = collecting;
    let (head, incoming) = response.into_parts();
    let fault = |fault| Failure { fault, gained: None };
    let body = arrived(incoming, limits, begun).await.map_err(fault)?;
    if !head.status.is_success() {
        let body = upstream.conceal(body);
        let lookup = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let fault = read_error(upstream.dialect, head.status.as_u16(), lookup, &body);
        return Err(collecting.refused(exchange, head, body, fault, Answer::default()));
    }
    exchange.record.ttft_us = exchange.elapsed_us();
    if let Some(call) = exchange.call() {
        call.ttft_us = micros(begun);
    }
    let quirks = upstream.quirks;
    let unreadable = |why: String| {
        fault(UpstreamFault::local(FaultKind::Server, format!("the answer cannot be translated: {why}")))
    };
    let retold = host::retold(host, reads, &collecting.heading, &body).transpose();
    let retold = retold.map_err(|error| unreadable(error.to_string()))?;
    let retold = retold.or_else(|| results_here(reads, &body));
    let Some(translation) = &collecting.translation else {
        let (body, received) = match retold {
            Some(told) => (told, Some(body)),
            None => (body, None),
        };
        let answer = read_untouched(&head.headers, reads, &body, quirks);
        if let Some(fault) = answer.stopped_by_error.clone().filter(|_| collecting.told.is_some()) {
            return Err(collecting.refused(exchange, head, body, fault, answer));
        }
        let whole = WholeBody { body, received, answer, lost: Vec::new() };
        return Ok(collecting.gained(head.status, head.headers, whole));
    };
    if !is_plain(&head.headers) {
        return Err(unreadable("it is packed although we asked for it plain".to_owned()));
    }
    let written = translation
        .answer(retold.as_ref().unwrap_or(&body), quirks)
        .map_err(|error| unreadable(error.to_string()))?;
    match written.answer.stopped_by_error.clone() {
        Some(fault) => Err(collecting.refused(exchange, head, body, fault, written.answer)),
        None => {
            let Written { body: passes, answer, lost } = written;
            let whole = WholeBody { body: passes, received: Some(body), answer, lost };
            Ok(collecting.gained(head.status, head.headers, whole))
        }
    }
}

/// All of a body, in the time that is left.
async fn arrived(incoming: Incoming, limits: &Limits, begun: Instant) -> Result<Bytes, UpstreamFault> {
    let body = Limited::new(incoming, limits.answer_bytes_max).collect();
    let body = timeout_at(limits.end.into(), body).await.map_err(|_| too_late(begun))?;
    let body = body.map_err(|error| {
        UpstreamFault::local(FaultKind::Cut, format!("the answer did not arrive whole: {error}"))
    })?;
    Ok(unshared(body.to_bytes()))
}

/// A refusal of a host that has words of its own, in those of the format it is asked in.
fn in_the_formats_words(upstream: &Upstream, request_id: &str, fault: &UpstreamFault) -> (StatusCode, Bytes) {
    let mut error = ApiError::of_fault(fault, upstream.dialect, &upstream.entry.provider);
    error.request_id = Some(request_id.to_owned());
    let (status, body) = write_error(upstream.dialect, &error);
    (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY), body)
}

/// What an answer that passes as it is says; nothing where it cannot be read.
fn read_untouched(headers: &HeaderMap, reads: Api, body: &[u8], quirks: Quirks) -> Answer {
    if !is_plain(headers) {
        return Answer::default();
    }
    read_answer_of(reads, body, quirks).unwrap_or_else(|error| {
        tracing::warn!(%error, "an answer passes unread: its usage is unknown");
        Answer::default()
    })
}

/// How a stream is opened.
struct Opening<'a> {
    upstream: &'a Arc<Upstream>,
    limits: &'a Limits,
    begun: Instant,
    sent: Bytes,
    framing: Framing,
    unpacker: Option<Unpacker>,
    reader: StreamReader,
    strip_usage: bool,
    lenient: bool,
    translation: Option<Arc<Translation>>,
    told: Option<Arc<Told>>,
}

/// A stream, up to its first content: until then another target may still answer.
async fn open_stream(
    exchange: &mut Exchange,
    response: Response<Incoming>,
    opening: Opening<'_>,
) -> Result<Gained, Failure> {
    let Opening {
        upstream,
        limits,
        begun,
        sent,
        framing,
        unpacker,
        reader,
        strip_usage,
        lenient,
        translation,
        told,
    } = opening;
    let (mut head, incoming) = response.into_parts();
    if unpacker.is_some() {
        head.headers.insert(CONTENT_TYPE, headers::EVENT_STREAM);
    }
    let writer = translation.as_ref().map(|translation| Box::new(translation.writer()));
    let reading = Reading::begin(incoming, framing, reader, strip_usage, writer);
    let tally = exchange.keeping.results_of.as_ref().filter(|_| is_plain(&head.headers));
    let tally = tally.map(|_| Tally::new(upstream.quirks));
    let mut reading = Box::new(reading.lenient(lenient).unpacked(unpacker).tallied(tally));
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
        translation,
        told,
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
