//! One request's life. Read [`ask`] and [`answer`]: they are the gateway.
//!
//! An [`Exchange`] pins the policy it was admitted under and keeps it to its end. Whatever happens to it (an answer, a
//! refusal, a client that leaves, a panic), it leaves exactly one record: [`record::close`] writes it, and dropping an
//! exchange that was not closed hands over what is known.

mod abilities;
pub(crate) mod admit;
pub(crate) mod answer;
mod attempt;
pub(crate) mod attend;
mod attribution;
mod compat;
mod dispatch;
mod ending;
mod gained;
pub(crate) mod headers;
mod held;
mod kept;
mod key;
mod models;
mod preview;
mod reading;
mod realtime;
mod recall;
mod receive;
mod record;
mod relay;
mod route;
mod screen;
mod settle;
mod signed;
mod translation;
mod upload;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use weir_contract::policy::Key;
use weir_contract::record::{CallRecord, LogLevel, RequestRecord, Stage, Step};
use weir_contract::usage::Usage;
use weir_wire::{Api, Dialect};

use self::answer::AnswerBody;
use self::gained::Gained;
use crate::error::Refusal;
use crate::handles::Handles;
use crate::limits::Pass;
use crate::policy::InForce;

/// From the client's request to an answer that may be passed on: nothing has been sent to the client yet.
async fn ask(exchange: &mut Exchange, request: Request<Incoming>) -> Result<Gained, Refusal> {
    let (head, incoming) = request.into_parts();
    admit::enter(exchange, &head)?;
    realtime::knock(exchange, &head)?;
    let body = receive::receive(exchange, &head, incoming).await?;
    let way = route::way(&head)?;
    let peek = route::peek(&way, &head, &body)?;
    admit::admit(exchange, &head, &way, &peek).await?;
    screen::screen(exchange);
    recall::recall(exchange);
    let (head, route, body, peek) = (&head, &way, &body, &peek);
    let asked = dispatch::Asked { head, route, body, peek, translation: None, told: None };
    let (plan, body) = route::route(exchange, &asked)?;
    dispatch::dispatch(exchange, &dispatch::Asked { body: &body, ..asked }, &plan).await
}

/// From there to the client's last byte, which leaves after the record is written. A stream's relay and a session settle
/// and record when they end; everything else does so here.
async fn answer(mut exchange: Box<Exchange>, gained: Gained) -> Response<AnswerBody> {
    match relay::relay(&mut exchange, gained) {
        relay::Relayed::Stream(begun) => begun.into_response(exchange),
        relay::Relayed::Session(opened) => realtime::open(exchange, *opened),
        relay::Relayed::Whole(mut whole) => {
            kept::count_inlined(&mut exchange, &whole.body, &mut whole.answer);
            settle::settle(&mut exchange, &whole.answer);
            kept::remember(&exchange, &whole.body);
            let response = whole.take_response(&exchange);
            record::close(exchange, whole.bodies).await;
            response
        }
    }
}

/// A whole life. What cannot be served is answered in the caller's dialect and recorded like everything else.
pub(crate) async fn live(mut exchange: Box<Exchange>, request: Request<Incoming>) -> Response<AnswerBody> {
    match ask(&mut exchange, request).await {
        Ok(gained) => answer(exchange, gained).await,
        Err(refusal) => record::refuse(exchange, refusal).await,
    }
}

/// A request in flight.
pub(crate) struct Exchange {
    pub(crate) handles: Arc<Handles>,
    /// The policy it was admitted under.
    pub(crate) force: Arc<InForce>,
    pub(crate) key: Arc<Key>,
    pub(crate) api: Api,
    /// Whether providers ask nothing for it.
    pub(crate) free: bool,
    /// What it consumes as far as the request tells: counts where the answer says nothing.
    pub(crate) counted: Usage,
    dialect: Dialect,
    /// The caller's address.
    pub(crate) peer: std::net::IpAddr,
    /// When it arrived.
    pub(crate) arrived: Instant,
    /// Time spent waiting for others so far, µs: what is left of its duration is ours.
    pub(crate) waited_us: u64,
    /// How much of it is kept.
    pub(crate) log: LogLevel,
    /// Its id, ready to be sent.
    pub(crate) id_header: HeaderValue,
    /// Whether the caller wants its cost after the last event of a stream.
    pub(crate) cost_in_stream: bool,
    /// Whether the caller lets what a target cannot say be left out.
    pub(crate) drop_unsupported: bool,
    /// When the caller stops waiting.
    pub(crate) deadline: Option<Instant>,
    /// How a WebSocket was asked for, on the route that has one.
    pub(crate) knock: Option<Box<realtime::Knock>>,
    /// What the client sent, as far as it is kept.
    pub(crate) kept: record::KeptRequest,
    /// What will be remembered.
    pub(crate) record: Box<RequestRecord>,
    /// What it has to do with files or batches.
    pub(crate) keeping: kept::Keeping,
    /// Target that is being asked, for its price.
    pub(crate) target: Option<Arc<weir_contract::policy::Target>>,
    closed: bool,
    gone: Arc<AtomicBool>,
    pass: Option<Pass>,
    _in_flight: attend::InFlight,
}

impl Exchange {
    /// The dialect its caller speaks.
    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether its client has left.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// Time since its arrival, µs.
    pub(crate) fn elapsed_us(&self) -> u64 {
        micros(self.arrived)
    }

    /// Time the gateway itself took so far, µs.
    pub(crate) fn overhead_us(&self) -> u64 {
        self.elapsed_us().saturating_sub(self.waited_us)
    }

    /// A phase begins.
    pub(crate) fn reach(&mut self, stage: Stage) {
        self.record.stage = stage;
    }

    /// A decision, for the trace a person reads.
    pub(crate) fn explain(&mut self, what: &str, outcome: impl Into<String>) {
        let stage = self.record.stage;
        self.record.explain.push(Step { stage, what: what.to_owned(), outcome: outcome.into() });
    }

    /// The attempt under way, if there is one.
    pub(crate) fn call(&mut self) -> Option<&mut CallRecord> {
        self.record.calls.last_mut()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.closed {
            record::abandon(self);
        }
    }
}

/// Microseconds since then.
pub(crate) fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
