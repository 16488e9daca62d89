//! One request with its calls: how long it took, what it used, what it cost, and now and then how it failed.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use weir_contract::id::{KeyId, RequestId, SpanId, TraceId, WorkspaceId};
use weir_contract::price::{Charge, PriceBook, rate};
use weir_contract::record::{
    BodyState, CacheStatus, CallRecord, CustomerSource, Origin, Outcome, RequestRecord, Side, Stage, Step,
};
use weir_contract::usage::{Bucket, Usage, UsageSource};
use weir_gateway::spool::{Bodies, Closing};

use super::cast::{CUSTOMERS, FEATURES, MODELS, Model, TALK};
use super::chance::Chance;

/// Thousandths of requests that end otherwise than answered at the first try.
const FAILURES: &[(Failure, u64)] = &[
    (Failure::Nothing, 952),
    (Failure::Retried, 14),
    (Failure::FellBack, 10),
    (Failure::Refused, 8),
    (Failure::Left, 7),
    (Failure::RateLimited, 4),
    (Failure::Down, 3),
    (Failure::TooSlow, 2),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Failure {
    Nothing,
    Retried,
    FellBack,
    /// The client asked for something impossible.
    Refused,
    /// The client left.
    Left,
    RateLimited,
    Down,
    TooSlow,
}

/// Writes requests of one workspace.
pub(crate) struct Author {
    pub(crate) workspace: WorkspaceId,
    pub(crate) environment: &'static str,
    pub(crate) keys: Vec<KeyId>,
    pub(crate) book: Arc<PriceBook>,
    pub(crate) retention_days: u16,
}

impl Author {
    /// The request that came at that moment.
    pub(crate) fn request(&self, chance: &mut Chance, at_us: i64) -> Closing {
        let model = chance.of(MODELS, |model| model.weight).unwrap_or(&MODELS[0]);
        let failure = chance.of(FAILURES, |failure| failure.1).map_or(Failure::Nothing, |failure| failure.0);
        let talk = chance.of(TALK, |_| 1).copied().unwrap_or_default();
        let mut record = self.opened(chance, at_us, model, talk);
        self.attempts(chance, &mut record, model, failure);
        ended(&mut record, failure, talk);
        let bodies = self.bodies(&record, talk);
        Closing { record: Box::new(record), bodies: vec![bodies] }
    }

    fn opened(&self, chance: &mut Chance, at_us: i64, model: &Model, talk: (&str, &str)) -> RequestRecord {
        let customer = chance.of(CUSTOMERS, |customer| customer.1).copied().unwrap_or_default();
        let feature = chance.of(FEATURES, |feature| feature.1).map_or("chat", |feature| feature.0);
        let source = if customer.0.is_empty() { CustomerSource::None } else { CustomerSource::Header };
        let number = chance.below(40);
        let session = format!("s-{}-{number}-{}", customer.0, at_us.div_euclid(7_200_000_000));
        let tag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        RequestRecord {
            request_id: RequestId::new(at_us, chance.bytes()),
            trace_id: TraceId(chance.bytes()),
            span_id: SpanId(chance.bytes()),
            started_at_us: at_us,
            origin: Origin::Live,
            workspace: self.workspace.clone(),
            environment: self.environment.to_owned(),
            key: self.keys.get(customer.2).cloned().unwrap_or_default(),
            customer: customer.0.into(),
            customer_source: source,
            user: format!("user-{number}").as_str().into(),
            session: session.as_str().into(),
            tags: vec![tag("feature", feature), tag("weir.sample", "true")],
            operation: "chat".to_owned(),
            api: if model.dialect == "anthropic" { "v1/messages" } else { "v1/chat/completions" }.to_owned(),
            stream: chance.is(620),
            model_requested: model.name.to_owned(),
            cache_status: CacheStatus::None,
            overhead_us: 180 + chance.below(400),
            params: "{\"temperature\":0.3}".to_owned(),
            prompt_preview: talk.0.to_owned(),
            explain: vec![Step {
                stage: Stage::Route,
                what: "model".to_owned(),
                outcome: format!("sample traffic: {} at {}", model.name, model.provider),
            }],
            ..RequestRecord::default()
        }
    }

    fn attempts(&self, chance: &mut Chance, record: &mut RequestRecord, model: &Model, failure: Failure) {
        let mut at_us = record.started_at_us + 300;
        if matches!(failure, Failure::Retried | Failure::FellBack) {
            let kind =
                if chance.is(500) { failed(429, "rate_limit_exceeded") } else { failed(503, "overloaded") };
            let action = if failure == Failure::Retried { "retried" } else { "fell_back" };
            let took_us = 90_000 + chance.below(500_000);
            let call = CallRecord { action: action.to_owned(), attempt_us: took_us, ..kind };
            record.calls.push(CallRecord { started_at_us: at_us, ..self.sent(chance, model, call) });
            at_us += i64::try_from(took_us + 40_000).unwrap_or(0);
        }
        let other = MODELS.iter().find(|other| other.provider != model.provider && other.weight > 60);
        let target = if failure == Failure::FellBack { other.unwrap_or(model) } else { model };
        let mut call = match failure {
            Failure::Refused => CallRecord {
                outcome: Outcome::ClientError,
                error_side: Side::Client,
                attempt_us: 80_000 + chance.below(60_000),
                ..failed(400, "context_length_exceeded")
            },
            Failure::RateLimited => CallRecord { attempt_us: 70_000, ..failed(429, "rate_limit_exceeded") },
            Failure::Down => CallRecord { attempt_us: 1_200_000, ..failed(500, "server_error") },
            Failure::TooSlow => {
                CallRecord { outcome: Outcome::Timeout, attempt_us: 30_000_000, ..failed(0, "timeout") }
            }
            _ => self.answered(chance, record, target, at_us),
        };
        if failure == Failure::Left {
            call.outcome = Outcome::Cancelled;
            call.error_side = Side::Client;
        }
        call.target_no = u8::from(failure == Failure::FellBack);
        call.try_no = u8::from(failure == Failure::Retried);
        record.calls.push(CallRecord { started_at_us: at_us, ..self.sent(chance, target, call) });
    }

    fn sent(&self, chance: &mut Chance, model: &Model, call: CallRecord) -> CallRecord {
        CallRecord {
            span_id: SpanId(chance.bytes()),
            endpoint: model.endpoint.into(),
            provider: model.provider.to_owned(),
            region: model.region.to_owned(),
            model: model.name.to_owned(),
            provider_request_id: format!("req_{:016x}", chance.next()),
            ..call
        }
    }

    fn answered(&self, chance: &mut Chance, record: &RequestRecord, model: &Model, at_us: i64) -> CallRecord {
        let usage = used(chance, model);
        let price = self.book.price(model.provider, model.name);
        let charge = rate(&usage, price.as_ref(), at_us, "").unwrap_or_default();
        let ttft_us = 180_000 + chance.around(320_000);
        let told = usage.output_total();
        let version = price.filter(|_| charge.rated).map(|price| price.version).unwrap_or_default();
        CallRecord {
            attempt_us: ttft_us + told * (model.pace_us / 2 + chance.below(model.pace_us)),
            ttft_us: if record.stream { ttft_us } else { 0 },
            action: "answered".to_owned(),
            http_status: 200,
            finish_reasons: vec![if chance.is(970) { "stop" } else { "length" }.to_owned()],
            usage_raw: json!({ "sample": true, "total_tokens": usage.input_total() + told }).to_string(),
            usage,
            billed: charge.total,
            charge,
            price_version: version,
            ..CallRecord::default()
        }
    }

    fn bodies(&self, record: &RequestRecord, (asked, told): (&str, &str)) -> Bodies {
        let model = &record.model_requested;
        let is_anthropic = record.api == "v1/messages";
        let request = json!({ "model": model, "messages": [{ "role": "user", "content": asked }] });
        let response = match (record.outcome, is_anthropic) {
            (Outcome::Ok | Outcome::Cancelled, true) => json!({
                "type": "message", "role": "assistant", "model": model, "stop_reason": "end_turn",
                "content": [{ "type": "text", "text": told }],
            }),
            (Outcome::Ok | Outcome::Cancelled, false) => json!({
                "object": "chat.completion", "model": model,
                "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": told } }],
            }),
            _ => {
                json!({ "error": { "message": last(record).error_message, "type": last(record).error_type } })
            }
        };
        let bytes = |body: &serde_json::Value| Bytes::from(body.to_string());
        Bodies {
            attempt: u8::try_from(record.calls.len().saturating_sub(1)).unwrap_or(0),
            request: bytes(&request),
            response: vec![bytes(&response)],
            body_format: if is_anthropic { "anthropic" } else { "openai" }.to_owned(),
            content_type: "application/json".to_owned(),
            retention_days: self.retention_days,
            ..Bodies::default()
        }
    }
}

fn last(record: &RequestRecord) -> CallRecord {
    record.calls.last().cloned().unwrap_or_default()
}

/// Tokens in disjoint buckets, a part of them read from the provider's cache.
fn used(chance: &mut Chance, model: &Model) -> Usage {
    let (input, output) = (chance.around(model.input), chance.around(model.output).max(1));
    let cached = if chance.is(350) { input * (20 + chance.below(60)) / 100 } else { 0 };
    let thought = if model.reasons { output * (10 + chance.below(50)) / 100 } else { 0 };
    let usage = Usage::new(UsageSource::Provider)
        .with(Bucket::Input, input - cached)
        .with(Bucket::CacheRead, cached)
        .with(Bucket::Output, output - thought)
        .with(Bucket::Reasoning, thought);
    let writes = model.dialect == "anthropic" && cached > 0 && chance.is(120);
    if writes { usage.with(Bucket::CacheWrite5m, cached / 2) } else { usage }
}

fn failed(status: u16, kind: &str) -> CallRecord {
    CallRecord {
        action: "gave_up".to_owned(),
        outcome: if status == 429 { Outcome::RateLimited } else { Outcome::UpstreamError },
        http_status: status,
        error_type: kind.to_owned(),
        error_side: Side::Provider,
        error_message: format!("sample error: {}", kind.replace('_', " ")),
        charge: Charge { rated: true, ..Charge::default() },
        ..CallRecord::default()
    }
}

/// The request as its last call left it.
fn ended(record: &mut RequestRecord, failure: Failure, (asked, told): (&str, &str)) {
    let call = last(record);
    let calls_us: u64 = record.calls.iter().map(|call| call.attempt_us).sum();
    record.outcome = call.outcome;
    record.http_status = match failure {
        Failure::Left => 0,
        Failure::TooSlow => 504,
        _ => call.http_status,
    };
    record.stage = if call.outcome == Outcome::Ok { Stage::Relay } else { Stage::Dispatch };
    record.duration_us = calls_us + record.overhead_us;
    record.ttft_us = call.ttft_us;
    record.body_state = BodyState::Inline;
    record.request_bytes = asked.len() as u64 + 80;
    if matches!(call.outcome, Outcome::Ok | Outcome::Cancelled) {
        told.clone_into(&mut record.response_preview);
        record.response_bytes = told.len() as u64 + 120;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::moments;

    fn author() -> Author {
        Author {
            workspace: "ws_sample".into(),
            environment: "sample",
            keys: (0..4).map(|number| format!("key_{number}").as_str().into()).collect(),
            book: Arc::new(PriceBook::parse(include_str!("../../../prices/book.jsonl")).unwrap()),
            retention_days: 30,
        }
    }

    #[test]
    fn a_month_has_customers_errors_fallbacks_streams_and_something_unrated() {
        let author = author();
        let mut chance = Chance::new(1);
        let at = moments(&mut chance, 1_795_226_400_000_000, 30, 5000);
        let all: Vec<RequestRecord> =
            at.iter().map(|at_us| *author.request(&mut chance, *at_us).record).collect();
        let count = |wanted: &dyn Fn(&RequestRecord) -> bool| all.iter().filter(|one| wanted(one)).count();
        let customers: std::collections::BTreeSet<&str> =
            all.iter().map(|one| one.customer.as_str()).collect();
        assert!(customers.len() >= 20, "{}", customers.len());
        assert!(customers.iter().all(|id| id.is_empty() || id.starts_with("sample-")), "labelled");
        assert!((4500..4950).contains(&count(&|one| one.outcome == Outcome::Ok)));
        for outcome in [Outcome::ClientError, Outcome::UpstreamError, Outcome::Timeout, Outcome::Cancelled] {
            assert!(count(&|one| one.outcome == outcome) > 0, "{outcome}");
        }
        assert!(count(&|one| one.calls.len() == 2) > 50, "retries and fallbacks");
        assert!(count(&|one| one.stream) > 2000);
        let unrated = count(&|one| one.calls.iter().any(|call| !call.charge.rated));
        assert!((20..400).contains(&unrated), "{unrated}");
        let cached = |one: &RequestRecord| one.calls[0].usage.get(Bucket::CacheRead) > 0;
        assert!(count(&cached) > 500);
    }

    #[test]
    fn the_same_seed_tells_the_same_month_and_every_rated_model_has_a_price() {
        let author = author();
        let told = |seed| {
            let mut chance = Chance::new(seed);
            (0..50).map(|at| *author.request(&mut chance, at).record).collect::<Vec<_>>()
        };
        assert_eq!(told(3), told(3));
        assert_ne!(told(3), told(4));
        for model in MODELS.iter().filter(|model| model.provider != "house") {
            assert!(author.book.price(model.provider, model.name).is_some(), "{}", model.name);
        }
    }
}
