//! Phase five: walk the plan. Try a target, try it again where that may help, go to the next where another may do better.
//! Nothing has been sent to the client before this phase is over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::request::Parts;
use weir_contract::plan::Plan;
use weir_contract::policy::Target;
use weir_contract::record::{Outcome, Stage};
use weir_wire::completion::Told;
use weir_wire::{FaultKind, Peek, Route, Work};

use super::attempt::attempt;
use super::gained::{Failure, Gained, is_trouble, outcome_of};
use super::translation::{Translation, prepare, refusal, tell};
use super::{Exchange, micros};
use crate::error::Refusal;
use crate::upstream::Upstream;

/// Longest pause before a retry; when a provider asks for more, the next target is better.
const PAUSE_MAX: Duration = Duration::from_secs(2);
const PAUSE_MIN: Duration = Duration::from_millis(50);

/// What the client asked.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) head: &'a Parts,
    pub(crate) route: &'a Route<'a>,
    pub(crate) body: &'a Bytes,
    pub(crate) peek: &'a Peek<'a>,
    /// The same in the dialect of the target that is being asked, where that is another.
    pub(crate) translation: Option<&'a Arc<Translation>>,
    /// The same in the words of the target's host, where that has its own.
    pub(crate) told: Option<&'a Arc<Told>>,
}

impl Asked<'_> {
    /// Whether asking twice does no harm: below a provider's own paths a call may make things.
    fn may_repeat(&self, kind: FaultKind) -> bool {
        let work = self.route.api.work();
        let makes = matches!(work, Work::Pass | Work::Stored | Work::Batch) && !self.head.method.is_safe();
        !makes || matches!(kind, FaultKind::Connect | FaultKind::RateLimited)
    }
}

/// Walks the plan to the first answer, or to the last failure.
pub(crate) async fn dispatch(
    exchange: &mut Exchange,
    asked: &Asked<'_>,
    plan: &Plan,
) -> Result<Gained, Refusal> {
    exchange.reach(Stage::Dispatch);
    let (mut last, mut unsaid) = (None, None);
    for (place, target) in plan.targets.iter().enumerate() {
        let Some(upstream) = exchange.force.upstream(&target.endpoint.id).cloned() else { continue };
        let is_last = place + 1 == plan.targets.len();
        if !upstream.breaker.admits(exchange.handles.clock.now_us()) && !is_last {
            exchange.explain("target", format!("{} is resting after failures", target.endpoint.name));
            continue;
        }
        let prepared = prepare(exchange, asked, target, &upstream, plan.model.max_output)
            .and_then(|translation| tell(exchange, asked, target, &upstream, translation));
        let (translation, told) = match prepared {
            Ok((translation, told)) => (translation.map(Arc::new), told.map(Arc::new)),
            Err(unsupported) => {
                exchange.explain("target", format!("{}: {unsupported}", target.endpoint.name));
                unsaid.get_or_insert(unsupported);
                continue;
            }
        };
        exchange.target = Some(Arc::clone(target));
        let asked = Asked { translation: translation.as_ref(), told: told.as_ref(), ..*asked };
        let failure = match insist(exchange, &asked, place, target, &upstream).await {
            Ok(gained) => {
                set_action(exchange, "answered");
                exchange.record.outcome = Outcome::Ok;
                return Ok(gained);
            }
            Err(failure) => failure,
        };
        let goes_on = !is_last && failure.fault.kind.may_fall_back() && !is_over(exchange);
        set_action(exchange, if goes_on { "fell_back" } else { "gave_up" });
        exchange.explain("target", format!("{}: {}", target.endpoint.name, failure.fault.kind.name()));
        last = Some((failure, upstream));
        if !goes_on {
            break;
        }
    }
    match (last, unsaid) {
        (None, Some(unsupported)) => Err(refusal(&unsupported)),
        (last, _) => {
            // Where the rest of the plan could not be asked, the last one asked ends it.
            set_action(exchange, "gave_up");
            give_up(exchange, last)
        }
    }
}

/// One target, as often as its endpoint allows.
async fn insist(
    exchange: &mut Exchange,
    asked: &Asked<'_>,
    place: usize,
    target: &Arc<Target>,
    upstream: &Arc<Upstream>,
) -> Result<Gained, Failure> {
    upstream.retries.earn();
    let mut try_no = 0_u8;
    loop {
        let at = (u8::try_from(place).unwrap_or(u8::MAX), try_no);
        let failure = match attempt(exchange, asked, at, target, upstream).await {
            Ok(gained) => {
                upstream.breaker.succeeded();
                return Ok(gained);
            }
            Err(failure) => failure,
        };
        if is_trouble(failure.fault.kind) {
            upstream.breaker.failed(exchange.handles.clock.now_us());
        } else {
            upstream.breaker.succeeded();
        }
        let pause = pause(exchange, &failure, try_no);
        let again = try_no < upstream.entry.retries_max
            && failure.fault.may_retry
            && asked.may_repeat(failure.fault.kind)
            && pause <= PAUSE_MAX
            && !is_over(exchange)
            && upstream.retries.spend();
        if !again {
            return Err(failure);
        }
        set_action(exchange, "retried");
        let begun = Instant::now();
        tokio::time::sleep(pause).await;
        exchange.waited_us += micros(begun);
        try_no += 1;
    }
}

/// What the provider asks for, else a random part of a pause that doubles.
fn pause(exchange: &Exchange, failure: &Failure, try_no: u8) -> Duration {
    if let Some(ms) = failure.fault.retry_after_ms {
        return Duration::from_millis(ms).max(PAUSE_MIN);
    }
    let most = (PAUSE_MIN * 2_u32.saturating_pow(u32::from(try_no) + 1)).min(PAUSE_MAX);
    let random = u32::from(exchange.handles.random.bytes::<1>()[0]);
    PAUSE_MIN / 2 + most * random / 256
}

/// Whether nobody waits any more.
fn is_over(exchange: &Exchange) -> bool {
    exchange.is_gone() || exchange.deadline.is_some_and(|deadline| deadline <= Instant::now())
}

fn set_action(exchange: &mut Exchange, action: &str) {
    if let Some(call) = exchange.call() {
        action.clone_into(&mut call.action);
    }
}

/// The last provider's own words where there are some, else ours about it.
fn give_up(exchange: &mut Exchange, last: Option<(Failure, Arc<Upstream>)>) -> Result<Gained, Refusal> {
    let Some((failure, upstream)) = last else {
        return Err(Refusal::gateway(500, "the plan's endpoints are not prepared: publish the policy again"));
    };
    let (outcome, _) = outcome_of(failure.fault.kind);
    exchange.record.outcome = outcome;
    if let Some(gained) = failure.gained {
        return Ok(gained);
    }
    let provider = &upstream.entry.provider;
    let attempts = exchange.record.calls.len();
    let tried = if attempts == 1 { String::new() } else { format!(" (the last of {attempts} attempts)") };
    let message =
        format!("{provider} at endpoint `{}`: {}{tried}", upstream.entry.name, failure.fault.message);
    let (status, code) = match failure.fault.kind {
        FaultKind::Timeout => (504, "upstream_timeout"),
        FaultKind::Connect => (502, "upstream_unreachable"),
        _ => (502, "upstream_error"),
    };
    Err(Refusal::upstream(status, code, outcome, provider, message))
}
