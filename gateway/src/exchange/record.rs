//! Phase eight: exactly one record per request with a valid key, whatever happened to it.

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use weir_contract::price::Charge;
use weir_contract::record::{BodyState, CallRecord, LogLevel, Outcome, RequestRecord, Side};
use weir_wire::Peek;

use super::answer::AnswerBody;
use super::preview::preview;
use super::{Exchange, attend, headers};
use crate::error::Refusal;
use crate::spool::{Bodies, Closing};

/// Longest error text that is kept, bytes.
const MESSAGE_BYTES_MAX: usize = 2000;

/// Members of a request that say how the model shall sample.
const PARAMS: [&str; 25] = [
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "seed",
    "stop",
    "stop_sequences",
    "frequency_penalty",
    "presence_penalty",
    "reasoning_effort",
    "thinking",
    "service_tier",
    "tool_choice",
    "parallel_tool_calls",
    "logprobs",
    "max_output_tokens",
    "reasoning",
    "generationConfig",
    "dimensions",
    "size",
    "quality",
    "voice",
    "response_format",
];
const PARAM_BYTES_MAX: usize = 200;

/// What the client sent, as far as its log level keeps it.
#[derive(Default)]
pub(crate) struct KeptRequest {
    body: Bytes,
    headers: Vec<(String, String)>,
}

impl KeptRequest {
    /// Keeps the body and the headers that explain it.
    pub(crate) fn keep(&mut self, body: &Bytes, head: &Parts, log: LogLevel) {
        if log == LogLevel::Full {
            self.body = body.clone();
            self.headers = headers::kept(&head.headers);
        }
    }

    /// Notes parameters and preview.
    pub(crate) fn read(&self, peek: &Peek<'_>, log: LogLevel, record: &mut RequestRecord) {
        if log == LogLevel::None {
            return;
        }
        record.params = params(peek);
        if log == LogLevel::Full {
            record.prompt_preview = preview(peek);
        }
    }

    /// The bodies of a call, with the request in them.
    pub(crate) fn bodies(&self, attempt: u8, exchange: &Exchange) -> Bodies {
        Bodies {
            attempt,
            request: self.body.clone(),
            body_format: exchange.dialect().name().to_owned(),
            request_headers: self.headers.clone(),
            retention_days: exchange.key.workspace.retention_days,
            ..Bodies::default()
        }
    }
}

fn params(peek: &Peek<'_>) -> String {
    let mut text = String::from("{");
    for member in peek.top.members() {
        let value = peek.top.view(member);
        if !PARAMS.contains(&member.key.as_ref()) || value.raw().len() > PARAM_BYTES_MAX {
            continue;
        }
        let comma = if text.len() > 1 { "," } else { "" };
        text.extend([comma, "\"", &member.key, "\":", value.raw()]);
    }
    text.push('}');
    text
}

/// Writes the record and its bodies to the journal; the client's last byte leaves after this.
pub(crate) async fn close(mut exchange: Box<Exchange>, bodies: Vec<Bodies>) {
    let closing = finish(&mut exchange, bodies);
    if let Err(error) = exchange.handles.spool.close(closing).await {
        tracing::error!(%error, "the end of a request could not be written to the journal");
    }
}

/// Hands over what is known of an exchange that is being dropped: its client left and nobody can wait, or it panicked.
pub(crate) fn abandon(exchange: &mut Exchange) {
    let (outcome, side) =
        if exchange.is_gone() { (Outcome::Cancelled, Side::Client) } else { (Outcome::Lost, Side::Gateway) };
    exchange.record.outcome = outcome;
    exchange.record.http_status = 0;
    let local = || local_call(outcome, side, "abandoned", "the exchange ended before it was answered");
    match exchange.record.calls.last_mut() {
        None => exchange.record.calls.push(local()),
        Some(call) if call.action.is_empty() => {
            let begun_us = call.started_at_us;
            call.attempt_us = u64::try_from(exchange.handles.clock.now_us() - begun_us).unwrap_or(0);
            (call.outcome, call.error_side) = (outcome, side);
            "gave_up".clone_into(&mut call.action);
            "abandoned".clone_into(&mut call.error_type);
        }
        Some(_) => {}
    }
    let kept = std::mem::take(&mut exchange.kept);
    let attempt = last_attempt(&exchange.record);
    let bodies = vec![kept.bodies(attempt, exchange)];
    let closing = finish(exchange, bodies);
    let spool = exchange.handles.spool.clone();
    attend::finish(exchange, async move {
        if let Err(error) = spool.close(closing).await {
            tracing::error!(%error, "the end of an abandoned request could not be written to the journal");
        }
    });
}

/// Completes the record, bounds it to the log level, counts it.
fn finish(exchange: &mut Exchange, mut bodies: Vec<Bodies>) -> Closing {
    exchange.closed = true;
    let model = exchange.target.as_ref().map_or("", |_| exchange.record.model_requested.as_str()).to_owned();
    let (duration_us, overhead_us, gone) =
        (exchange.elapsed_us(), exchange.overhead_us(), exchange.is_gone());
    let log = exchange.log;
    let mut record = std::mem::take(&mut exchange.record);
    record.duration_us = duration_us;
    record.overhead_us = overhead_us;
    if gone && record.outcome != Outcome::Lost {
        record.outcome = Outcome::Cancelled;
    }
    if log != LogLevel::Full {
        bodies.clear();
        record.prompt_preview.clear();
        record.response_preview.clear();
    }
    if log == LogLevel::None {
        record.params.clear();
        record.explain.clear();
        record.calls.iter_mut().for_each(|call| call.error_message.clear());
    }
    record.calls.iter_mut().for_each(|call| bound(&mut call.error_message));
    record.body_state = if bodies.is_empty() { BodyState::None } else { BodyState::Inline };
    exchange.handles.metrics.count(&record, &model);
    Closing { record, bodies }
}

fn bound(message: &mut String) {
    let end = message.floor_char_boundary(MESSAGE_BYTES_MAX);
    message.truncate(end);
}

/// Which call is the final one.
pub(crate) fn last_attempt(record: &RequestRecord) -> u8 {
    u8::try_from(record.calls.len().saturating_sub(1)).unwrap_or(u8::MAX)
}

/// The one call of a request that never went to a provider.
fn local_call(outcome: Outcome, side: Side, error_type: &str, message: &str) -> CallRecord {
    CallRecord {
        action: "refused".to_owned(),
        outcome,
        error_type: error_type.to_owned(),
        error_side: side,
        error_message: message.to_owned(),
        charge: Charge { rated: true, ..Charge::default() },
        ..CallRecord::default()
    }
}

/// Answers with a refusal and records it.
pub(crate) async fn refuse(mut exchange: Box<Exchange>, refusal: Refusal) -> Response<AnswerBody> {
    let sent_status = if exchange.is_gone() { 0 } else { refusal.error.status };
    let record = &mut exchange.record;
    record.outcome = refusal.outcome;
    record.http_status = sent_status;
    if record.calls.is_empty() {
        let call = local_call(refusal.outcome, refusal.side, &refusal.error.code, &refusal.error.message);
        record.calls.push(CallRecord { started_at_us: record.started_at_us, ..call });
    }
    let attempts = record.calls.iter().filter(|call| !call.endpoint.is_empty()).count() as u64;
    let mut response = refusal.render(exchange.dialect(), Some(&exchange.id_header));
    response.headers_mut().insert(headers::X_WEIR_ATTEMPTS, headers::number(attempts));
    let attempt = last_attempt(&exchange.record);
    let mut bodies = exchange.kept.bodies(attempt, &exchange);
    if let AnswerBody::Whole(bytes) = response.body() {
        exchange.record.response_bytes = bytes.len() as u64;
        bodies.response = vec![bytes.clone()];
        "application/json".clone_into(&mut bodies.content_type);
    }
    close(exchange, vec![bodies]).await;
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_wire::{Dialect, peek};

    #[test]
    fn parameters_are_kept_as_the_client_wrote_them() {
        let body = br#"{"model":"m","temperature":0.70,"messages":[],"n":2,"stop":["a"]}"#;
        assert_eq!(
            params(&peek(Dialect::OpenAi, body).unwrap()),
            r#"{"temperature":0.70,"n":2,"stop":["a"]}"#
        );
    }
}
