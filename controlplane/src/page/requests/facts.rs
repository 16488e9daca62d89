//! The request's head, its cost, its attempts and its decisions: rows of the archive in the page's words.

use weir_contract::money::Money;
use weir_contract::record::Step;
use weir_contract::usage::Bucket;
use weir_web::page::requests::{AttemptView, CostLine, Decision, RequestFacts, TokenCounts, Verdict};
use weir_web::part::Status;

use super::row::{is_cached, known};
use crate::archive::request::{Call, Request};

/// What things are called by people; ids stand for themselves when unknown.
#[derive(Default)]
pub(super) struct Called {
    pub(super) workspace: String,
    pub(super) key: String,
    pub(super) endpoints: Vec<(String, String)>,
}

impl Called {
    fn endpoint(&self, id: &str) -> String {
        self.endpoints.iter().find(|(known, _)| known == id).map_or(id, |(_, name)| name).to_owned()
    }
}

/// The head.
pub(super) fn facts(request: &Request, called: &Called) -> RequestFacts {
    let last = request.last().clone();
    let (cost, billed) = (request.cost(), request.billed());
    RequestFacts {
        request_id: last.request_id.to_string(),
        started_us: last.started_us,
        status: Status::of(&last.outcome, last.target_no > 0, is_cached(&last.cache_status)),
        http_status: last.http_status,
        tokens: tokens(&last),
        first_token_us: known(u64::from(last.ttft_us)),
        endpoint: called.endpoint(&last.endpoint_id),
        rule: if last.rule_id.is_empty() {
            String::new()
        } else {
            format!("{} v{}", last.rule_id, last.rule_version)
        },
        error_side: if last.error_side == "none" { String::new() } else { last.error_side },
        error_type: last.error_type,
        error_message: last.error_message,
        customer_id: last.customer_id,
        customer_source: last.customer_source,
        user_id: last.user_id,
        session_id: last.session_id,
        key_id: last.key_id,
        key_name: called.key.clone(),
        workspace: called.workspace.clone(),
        environment: last.environment,
        api: last.api,
        stream: last.stream,
        model_requested: last.model_requested,
        model: last.model,
        provider: last.provider,
        policy_revision: last.policy_revision,
        gateway_id: last.gateway_id,
        trace_id: last.trace_id,
        origin: last.origin,
        finish_reasons: last.finish_reasons,
        tags: last.tags,
        billed: cost.and(Some(billed)).filter(|billed| Some(*billed) != cost),
        cost,
        price_version: last.price_version,
        usage_source: last.usage_source,
        duration_us: last.duration_us,
        overhead_us: u64::from(last.overhead_us),
    }
}

fn tokens(call: &Call) -> TokenCounts {
    let sum = |parts: &[u32]| parts.iter().map(|part| u64::from(*part)).sum();
    TokenCounts {
        input: sum(&[call.input_tokens]),
        cache_read: sum(&[call.cache_read_tokens]),
        cache_write: sum(&[call.cache_write_5m_tokens, call.cache_write_1h_tokens]),
        output: sum(&[call.output_tokens]),
        reasoning: sum(&[call.reasoning_tokens]),
        media: sum(&[
            call.audio_input_tokens,
            call.image_input_tokens,
            call.audio_output_tokens,
            call.image_output_tokens,
        ]),
    }
}

/// The lines of all its calls: they sum to its cost.
pub(super) fn lines(request: &Request) -> Vec<CostLine> {
    let several = request.calls.len() > 1;
    let mut lines = Vec::new();
    for call in &request.calls {
        let rest = call.line_units.iter().zip(&call.line_prices).zip(&call.line_amounts);
        for (kind, ((units, price), amount)) in call.line_kinds.iter().zip(rest) {
            let of = if several { format!(", attempt {}", call.attempt + 1) } else { String::new() };
            lines.push(CostLine {
                kind: format!("{}{of}", label(kind)),
                units: *units,
                price: Money::from_nano(*price),
                amount: Money::from_nano(*amount),
            });
        }
    }
    lines
}

fn label(kind: &str) -> &str {
    match Bucket::from_name(kind) {
        Some(Bucket::Input) => "Input tokens",
        Some(Bucket::CacheRead) => "Input tokens read from cache",
        Some(Bucket::CacheWrite5m) => "Input tokens written to cache",
        Some(Bucket::CacheWrite1h) => "Input tokens written to cache for an hour",
        Some(Bucket::AudioInput) => "Input tokens of sound",
        Some(Bucket::ImageInput) => "Input tokens of pictures",
        Some(Bucket::Output) => "Output tokens",
        Some(Bucket::Reasoning) => "Reasoning tokens",
        Some(Bucket::AudioOutput) => "Output tokens of sound",
        Some(Bucket::ImageOutput) => "Output tokens of pictures",
        Some(Bucket::Request) => "Requests",
        Some(Bucket::WebSearch) => "Web searches",
        Some(Bucket::MilliSecond) => "Milliseconds of sound or video",
        Some(Bucket::Image) => "Pictures",
        Some(Bucket::Character) => "Characters",
        None => kind,
    }
}

/// Every try upstream, or the one local answer.
pub(super) fn attempts(request: &Request, called: &Called) -> Vec<AttemptView> {
    request.calls.iter().map(|call| attempt(call, called)).collect()
}

fn attempt(call: &Call, called: &Called) -> AttemptView {
    let offset_us = u64::try_from(call.attempt_started_us - call.started_us).unwrap_or(0);
    // The last call's row tells the first token from the request's arrival; a try's is from its own start.
    let before = if call.is_final { offset_us } else { 0 };
    AttemptView {
        attempt: call.attempt,
        target_no: call.target_no,
        try_no: call.try_no,
        provider: call.provider.clone(),
        endpoint: called.endpoint(&call.endpoint_id),
        model: call.model.clone(),
        offset_us,
        duration_us: call.attempt_us,
        first_token_us: known(u64::from(call.ttft_us).saturating_sub(before)),
        status: Status::of(&call.outcome, false, is_cached(&call.cache_status)),
        http_status: call.http_status,
        error: match (call.error_type.as_str(), call.error_message.as_str()) {
            (one, "") | ("", one) => one.to_owned(),
            (kind, message) => format!("{kind}: {message}"),
        },
        provider_request_id: call.provider_request_id.clone(),
        cost: call.rated.then(|| Money::from_nano(call.cost)),
    }
}

/// The decision trace; lenient, because history may have been written by another version.
pub(super) fn decisions(request: &Request) -> Vec<Decision> {
    let last = request.last();
    let steps: Vec<Step> = serde_json::from_str(&last.explain).unwrap_or_default();
    let count = steps.len();
    let refused = last.action == "refused"
        || matches!(last.outcome.as_str(), "blocked" | "rate_limited" | "budget_denied");
    let decision = |(place, step): (usize, Step)| Decision {
        phase: step.stage.name().to_owned(),
        what: step.what,
        verdict: if refused && place + 1 == count { Verdict::Stop } else { Verdict::Note },
        why: step.outcome,
    };
    steps.into_iter().enumerate().map(decision).collect()
}
