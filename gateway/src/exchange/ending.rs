//! How a stream can end, and what the record and the client are told when it did not end well.

use std::time::Duration;

use bytes::Bytes;
use weir_contract::record::{Outcome, Side};
use weir_wire::{Answer, ApiError, ErrorSource, write_array_error, write_stream_error};

use super::Exchange;
use crate::upstream::Upstream;

/// Why a stream ended.
pub(crate) enum Ending {
    /// The provider said all it had to say, or closed.
    Closed,
    /// The connection broke, for this reason.
    Broken(String),
    /// The provider sent nothing for too long.
    Idle,
    /// The whole took longer than it may.
    TooLong,
    /// The client left and there is no room to read on without it.
    Undrained,
}

/// What went wrong, if anything did.
pub(crate) fn failure(ending: &Ending, answer: &Answer, idle: Duration) -> Option<(Outcome, String)> {
    if let Some(fault) = &answer.stopped_by_error {
        return Some((Outcome::UpstreamError, fault.message.clone()));
    }
    if answer.complete {
        return None;
    }
    Some(match ending {
        Ending::Closed => {
            (Outcome::UpstreamError, "the provider ended the stream before it was complete".to_owned())
        }
        Ending::Broken(error) => {
            (Outcome::UpstreamError, format!("the stream from the provider broke: {error}"))
        }
        Ending::Idle => (Outcome::Timeout, format!("the provider sent nothing for {} ms", idle.as_millis())),
        Ending::TooLong => (Outcome::Timeout, "the stream took longer than it may".to_owned()),
        Ending::Undrained => (Outcome::Cancelled, "the client left and the rest was not read".to_owned()),
    })
}

pub(crate) fn note_failure(exchange: &mut Exchange, outcome: Outcome, error: &str, answer: &Answer) {
    exchange.record.outcome = outcome;
    let kind = answer.stopped_by_error.as_ref().map(|fault| fault.kind.name());
    if let Some(call) = exchange.call() {
        call.outcome = outcome;
        call.error_type =
            kind.unwrap_or(if outcome == Outcome::Timeout { "timeout" } else { "cut" }).to_owned();
        call.error_side = if outcome == Outcome::Cancelled { Side::Client } else { Side::Provider };
        error.clone_into(&mut call.error_message);
    }
}

/// A stream that fails after it began ends with an error in its dialect, never silently. `array` is set where the stream is
/// one JSON array: whether an element of it has passed.
pub(crate) fn error_event(
    exchange: &Exchange,
    upstream: &Upstream,
    outcome: Outcome,
    error: &str,
    array: Option<bool>,
) -> Bytes {
    let (status, code) =
        if outcome == Outcome::Timeout { (504, "upstream_timeout") } else { (502, "upstream_error") };
    let mut api = ApiError::new(status, "api_error", code, error);
    api.source = ErrorSource::Provider;
    api.provider = Some(upstream.entry.provider.clone());
    api.request_id = exchange.id_header.to_str().ok().map(str::to_owned);
    if let Some(after) = array {
        // What broke in the middle of an element stays broken; after a whole one the array ends well.
        return write_array_error(exchange.dialect(), &api, after);
    }
    write_stream_error(exchange.dialect(), &api)
}
