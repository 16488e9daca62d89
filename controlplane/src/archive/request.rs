//! One request, read whole: every call of it with its lines and its decision trace.

use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;
use weir_contract::money::Money;
use weir_contract::usage::Bucket;

use super::scope::{Scope, Statement, Table};
use super::window::Window;
use super::{Archive, ArchiveError};

/// How far a request's start may lie from the moment its id was made, µs.
const ID_TOLERANCE_US: i64 = 600_000_000;

/// One call; what is the request's own stands the same in each.
#[derive(Clone, Debug, Row, Deserialize)]
pub(crate) struct Call {
    #[serde(with = "clickhouse::serde::uuid")]
    pub(crate) request_id: Uuid,
    /// Arrival of the request, µs UTC.
    pub(crate) started_us: i64,
    /// When this call was sent, µs UTC.
    pub(crate) attempt_started_us: i64,
    pub(crate) attempt: u8,
    pub(crate) target_no: u8,
    pub(crate) try_no: u8,
    #[serde(rename = "final")]
    pub(crate) is_final: bool,
    pub(crate) origin: String,
    pub(crate) trace_id: String,
    pub(crate) span_id: String,
    pub(crate) workspace_id: String,
    pub(crate) environment: String,
    pub(crate) key_id: String,
    pub(crate) customer_id: String,
    pub(crate) customer_source: String,
    pub(crate) user_id: String,
    pub(crate) session_id: String,
    pub(crate) operation: String,
    pub(crate) api: String,
    pub(crate) stream: bool,
    pub(crate) model_requested: String,
    pub(crate) model: String,
    pub(crate) provider: String,
    pub(crate) endpoint_id: String,
    pub(crate) region: String,
    pub(crate) service_tier: String,
    pub(crate) provider_request_id: String,
    pub(crate) rule_id: String,
    pub(crate) rule_version: u32,
    pub(crate) policy_revision: u64,
    /// The decision trace, JSON.
    pub(crate) explain: String,
    pub(crate) cache_status: String,
    pub(crate) stage: String,
    pub(crate) action: String,
    pub(crate) outcome: String,
    pub(crate) http_status: u16,
    pub(crate) error_type: String,
    pub(crate) error_side: String,
    pub(crate) error_message: String,
    pub(crate) finish_reasons: Vec<String>,
    /// Of the whole request, µs.
    pub(crate) duration_us: u64,
    /// Of this call, µs.
    pub(crate) attempt_us: u64,
    /// µs; 0 when no content came.
    pub(crate) ttft_us: u32,
    pub(crate) overhead_us: u32,
    pub(crate) input_tokens: u32,
    pub(crate) cache_read_tokens: u32,
    pub(crate) cache_write_5m_tokens: u32,
    pub(crate) cache_write_1h_tokens: u32,
    pub(crate) audio_input_tokens: u32,
    pub(crate) image_input_tokens: u32,
    pub(crate) output_tokens: u32,
    pub(crate) reasoning_tokens: u32,
    pub(crate) audio_output_tokens: u32,
    pub(crate) image_output_tokens: u32,
    pub(crate) usage_source: String,
    pub(crate) usage_mismatch: bool,
    pub(crate) usage_raw: String,
    pub(crate) rated: bool,
    pub(crate) price_version: String,
    pub(crate) line_kinds: Vec<String>,
    pub(crate) line_units: Vec<u64>,
    /// Nano-dollars per million units.
    pub(crate) line_prices: Vec<i64>,
    /// Nano-dollars.
    pub(crate) line_amounts: Vec<i64>,
    /// Nano-dollars.
    pub(crate) cost: i64,
    /// Nano-dollars.
    pub(crate) billed: i64,
    /// Nano-dollars.
    pub(crate) saved: i64,
    /// Nano-dollars.
    pub(crate) hold: i64,
    pub(crate) guardrail_action: String,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) params: String,
    pub(crate) body_state: String,
    pub(crate) request_bytes: u32,
    pub(crate) response_bytes: u32,
    pub(crate) gateway_id: String,
}

impl Call {
    /// Its tokens by bucket; buckets do not overlap.
    pub(crate) fn usage(&self) -> [(&'static str, u32); Bucket::TOKENS] {
        [
            (Bucket::Input.name(), self.input_tokens),
            (Bucket::CacheRead.name(), self.cache_read_tokens),
            (Bucket::CacheWrite5m.name(), self.cache_write_5m_tokens),
            (Bucket::CacheWrite1h.name(), self.cache_write_1h_tokens),
            (Bucket::AudioInput.name(), self.audio_input_tokens),
            (Bucket::ImageInput.name(), self.image_input_tokens),
            (Bucket::Output.name(), self.output_tokens),
            (Bucket::Reasoning.name(), self.reasoning_tokens),
            (Bucket::AudioOutput.name(), self.audio_output_tokens),
            (Bucket::ImageOutput.name(), self.image_output_tokens),
        ]
    }
}

/// A request and all its calls, in order; never without one.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Its calls, by attempt.
    pub(crate) calls: Vec<Call>,
    last: usize,
}

impl Request {
    fn new(calls: Vec<Call>) -> Option<Self> {
        let last = calls.iter().rposition(|call| call.is_final).or(calls.len().checked_sub(1))?;
        Some(Self { calls, last })
    }

    /// The call that ended it.
    pub(crate) fn last(&self) -> &Call {
        &self.calls[self.last]
    }

    /// What all its calls cost; `None` when one of them could not be rated.
    pub(crate) fn cost(&self) -> Option<Money> {
        let rated = self.calls.iter().all(|call| call.rated);
        rated.then(|| self.calls.iter().map(|call| Money::from_nano(call.cost)).sum())
    }

    /// What the customer is charged for all its calls.
    pub(crate) fn billed(&self) -> Money {
        self.calls.iter().map(|call| Money::from_nano(call.billed)).sum()
    }
}

const COLUMNS: &str = "request_id, toUnixTimestamp64Micro(started_at) AS started_us, \
    toUnixTimestamp64Micro(attempt_started_at) AS attempt_started_us, attempt, target_no, try_no, final, origin, trace_id, span_id, \
    workspace_id, environment, key_id, customer_id, customer_source, user_id, session_id, operation, api, stream, model_requested, \
    model, provider, endpoint_id, region, service_tier, provider_request_id, rule_id, rule_version, policy_revision, explain, \
    cache_status, stage, action, outcome, http_status, error_type, error_side, error_message, finish_reasons, duration_us, \
    attempt_us, ttft_us, overhead_us, input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, \
    audio_input_tokens, image_input_tokens, output_tokens, reasoning_tokens, audio_output_tokens, image_output_tokens, \
    usage_source, usage_mismatch, usage_raw, rated, price_version, line_kinds, line_units, line_prices, line_amounts, cost, billed, \
    saved, hold, guardrail_action, tags, params, body_state, request_bytes, response_bytes, gateway_id";

#[derive(Row, Deserialize)]
struct OfTrace {
    #[serde(with = "clickhouse::serde::uuid")]
    request_id: Uuid,
}

impl Archive {
    /// The request of that id, if it is in a workspace of the scope.
    pub(crate) async fn find_request(
        &self,
        scope: &Scope,
        request_id: Uuid,
    ) -> Result<Option<Request>, ArchiveError> {
        // Ids of ours carry their time: the day's partition is all that has to be opened.
        if let Some(around) = around(request_id) {
            let calls = self.rows(calls(scope, request_id, Some(around))).await?;
            if let Some(request) = Request::new(calls) {
                return Ok(Some(request));
            }
        }
        Ok(Request::new(self.rows(calls(scope, request_id, None)).await?))
    }

    /// The one request of that trace; `None` when there is none or several.
    pub(crate) async fn find_request_of_trace(
        &self,
        scope: &Scope,
        trace_id: &str,
    ) -> Result<Option<Uuid>, ArchiveError> {
        let found: Vec<OfTrace> = self.rows(of_trace(scope, trace_id)).await?;
        Ok(if let [only] = found.as_slice() { Some(only.request_id) } else { None })
    }
}

/// Two requests of a trace are as good as many: then the trace is a list.
fn of_trace(scope: &Scope, trace_id: &str) -> Statement {
    let mut statement = scope.read("request_id", Table::Calls);
    let id = statement.text(trace_id);
    statement.and(&format!("trace_id = {id} AND final AND weight = 1")).then("LIMIT 2")
}

/// Where in time a request of this id lies, when the id says so (UUID version 7).
fn around(request_id: Uuid) -> Option<Window> {
    let (seconds, nanos) = request_id.get_timestamp()?.to_unix();
    let at_us = i64::try_from(seconds).ok()?.checked_mul(1_000_000)? + i64::from(nanos / 1000);
    (request_id.get_version_num() == 7)
        .then(|| Window { from_us: at_us, to_us: at_us }.widened(ID_TOLERANCE_US))
}

fn calls(scope: &Scope, request_id: Uuid, around: Option<Window>) -> Statement {
    let mut statement = scope.read(COLUMNS, Table::Calls);
    if let Some(window) = around {
        statement = statement.during(Table::Calls, window);
    }
    let id = statement.uuid(request_id);
    statement.and(&format!("request_id = {id}")).then("ORDER BY attempt LIMIT 256")
}

#[cfg(test)]
mod tests {
    use super::super::scope::promise;
    use super::*;

    #[test]
    fn every_question_keeps_to_its_workspaces() {
        let window = Some(Window { from_us: 1, to_us: 2 });
        promise::keeps_to_its_workspaces(&calls(&promise::scope(), Uuid::nil(), window));
        promise::keeps_to_its_workspaces(&calls(&promise::scope(), Uuid::nil(), None));
        promise::keeps_to_its_workspaces(&of_trace(&promise::scope(), "4bf92f"));
    }

    #[test]
    fn an_id_of_ours_says_when_to_look() {
        let at_us = 1_795_230_000_123_000;
        let id = weir_contract::id::RequestId::new(at_us, [7; 10]).0;
        let window = around(id).unwrap();
        assert_eq!((window.from_us + window.to_us) / 2, at_us);
        assert_eq!(around(Uuid::nil()), None);
    }
}
