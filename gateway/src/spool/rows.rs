//! The archive's rows, made from a batch's records. The same records make the same rows, whenever they are sent.

use clickhouse::Row;
use serde::Serialize;
use uuid::Uuid;
use weir_contract::id::HexText;
use weir_contract::money::Money;
use weir_contract::record::{CustomerSource, GapRecord, Origin, Outcome, SealRecord};
use weir_contract::usage::{Bucket, Usage};

use super::sealer::period;
use super::view::{BodyView, CallView, Octets, RequestView};

/// Most bytes of a preview or an error text in a row.
const TEXT_MAX: usize = 1024;

/// A row of `llm_calls`; columns in the table's order.
#[derive(Clone, Debug, Default, Row, Serialize)]
pub(super) struct CallRow<'a> {
    pub(super) started_at: i64,
    #[serde(with = "clickhouse::serde::uuid")]
    pub(super) request_id: Uuid,
    pub(super) attempt: u8,
    pub(super) target_no: u8,
    pub(super) try_no: u8,
    #[serde(rename = "final")]
    pub(super) is_final: bool,
    pub(super) weight: u32,
    pub(super) origin: &'a str,
    #[serde(with = "clickhouse::serde::uuid")]
    pub(super) replay_of: Uuid,
    #[serde(with = "clickhouse::serde::uuid")]
    pub(super) parent_request_id: Uuid,
    pub(super) trace_id: HexText,
    pub(super) span_id: HexText,
    pub(super) parent_span_id: HexText,
    pub(super) caller_span_id: HexText,
    pub(super) workspace_id: &'a str,
    pub(super) environment: &'a str,
    pub(super) key_id: &'a str,
    pub(super) customer_id: &'a str,
    pub(super) customer_source: &'a str,
    pub(super) user_id: &'a str,
    pub(super) session_id: &'a str,
    pub(super) operation: &'a str,
    pub(super) api: &'a str,
    pub(super) stream: bool,
    pub(super) model_requested: &'a str,
    pub(super) model: &'a str,
    pub(super) provider: &'a str,
    pub(super) endpoint_id: &'a str,
    pub(super) region: &'a str,
    pub(super) service_tier: &'a str,
    pub(super) provider_request_id: &'a str,
    pub(super) prompt_name: &'a str,
    pub(super) prompt_version: u32,
    pub(super) rule_id: &'a str,
    pub(super) rule_version: u32,
    pub(super) policy_revision: u64,
    pub(super) explain: String,
    pub(super) cache_status: &'a str,
    #[serde(with = "clickhouse::serde::uuid")]
    pub(super) cache_source: Uuid,
    pub(super) stage: &'a str,
    pub(super) action: &'a str,
    pub(super) outcome: &'a str,
    pub(super) http_status: u16,
    pub(super) error_type: &'a str,
    pub(super) error_side: &'a str,
    pub(super) error_message: &'a str,
    pub(super) finish_reasons: &'a [&'a str],
    pub(super) duration_us: u64,
    pub(super) attempt_us: u64,
    pub(super) ttft_us: u32,
    pub(super) overhead_us: u32,
    pub(super) attempt_started_at: i64,
    pub(super) input_tokens: u32,
    pub(super) cache_read_tokens: u32,
    pub(super) cache_write_5m_tokens: u32,
    pub(super) cache_write_1h_tokens: u32,
    pub(super) audio_input_tokens: u32,
    pub(super) image_input_tokens: u32,
    pub(super) output_tokens: u32,
    pub(super) reasoning_tokens: u32,
    pub(super) audio_output_tokens: u32,
    pub(super) image_output_tokens: u32,
    pub(super) other_units: Vec<(&'a str, u64)>,
    pub(super) usage_source: &'a str,
    pub(super) usage_mismatch: bool,
    pub(super) usage_raw: &'a str,
    pub(super) rated: bool,
    pub(super) price_version: &'a str,
    pub(super) billing_period: u32,
    pub(super) line_kinds: Vec<&'a str>,
    pub(super) line_units: Vec<u64>,
    pub(super) line_prices: Vec<i64>,
    pub(super) line_amounts: Vec<i64>,
    pub(super) cost: i64,
    pub(super) billed: i64,
    pub(super) saved: i64,
    pub(super) hold: i64,
    pub(super) budget_ids: Vec<&'a str>,
    pub(super) budget_before: Vec<i64>,
    pub(super) budget_after: Vec<i64>,
    pub(super) guardrail_action: &'a str,
    pub(super) guardrail_ids: &'a [&'a str],
    pub(super) tags: &'a [(&'a str, &'a str)],
    pub(super) params: &'a str,
    pub(super) compat: &'a str,
    pub(super) body_state: &'a str,
    pub(super) request_bytes: u32,
    pub(super) response_bytes: u32,
    pub(super) prompt_preview: &'a str,
    pub(super) response_preview: &'a str,
    pub(super) gateway_id: &'a str,
    pub(super) ingest_batch: &'a str,
}

/// The row of a request's call of that number; the last one is final.
pub(super) fn call_row<'a>(seal: &'a SealRecord, request: &'a RequestView<'a>, number: usize) -> CallRow<'a> {
    let mut row = CallRow::of_request(seal, request);
    row.attempt = u8::try_from(number).unwrap_or(u8::MAX);
    if let Some(call) = request.calls.get(number) {
        row.set_call(call);
    }
    if number + 1 == request.calls.len() {
        row.set_final(request);
    }
    row
}

/// The row of a gap: it stands for as many requests as its weight says.
pub(super) fn gap_row<'a>(seal: &'a SealRecord, gap: &'a GapRecord) -> CallRow<'a> {
    let mut row = CallRow {
        started_at: gap.hour_us,
        attempt_started_at: gap.hour_us,
        is_final: true,
        weight: gap.requests,
        origin: Origin::Live.name(),
        workspace_id: gap.workspace.as_str(),
        key_id: gap.key.as_str(),
        customer_id: gap.customer.as_str(),
        customer_source: CustomerSource::None.name(),
        model_requested: &gap.model,
        model: &gap.model,
        provider: &gap.provider,
        cache_status: "none",
        stage: "relay",
        action: "gap",
        outcome: Outcome::Ok.name(),
        error_side: "none",
        rated: gap.cost.nano() != 0,
        billing_period: period(gap.hour_us, seal.sealed_at_us),
        cost: gap.cost.nano(),
        billed: gap.billed.nano(),
        guardrail_action: "none",
        body_state: "none",
        gateway_id: seal.gateway.as_str(),
        ingest_batch: seal.batch.as_str(),
        ..CallRow::default()
    };
    row.set_usage(&gap.usage);
    row
}

impl<'a> CallRow<'a> {
    /// What all rows of a request have in common.
    fn of_request(seal: &'a SealRecord, request: &'a RequestView<'a>) -> Self {
        Self {
            started_at: request.started_at_us,
            request_id: request.request_id.0,
            weight: 1,
            origin: request.origin.name(),
            replay_of: request.replay_of.0,
            parent_request_id: request.parent_request_id.0,
            trace_id: request.trace_id.hex(),
            parent_span_id: request.span_id.hex(),
            caller_span_id: request.caller_span_id.hex(),
            workspace_id: request.workspace,
            environment: request.environment,
            key_id: request.key,
            customer_id: request.customer,
            customer_source: request.customer_source.name(),
            user_id: request.user,
            session_id: request.session,
            operation: request.operation,
            api: request.api,
            stream: request.stream,
            model_requested: request.model_requested,
            prompt_name: request.prompt_name,
            prompt_version: request.prompt_version,
            rule_id: request.rule,
            rule_version: request.rule_version,
            policy_revision: request.policy_revision.0,
            cache_status: request.cache_status.name(),
            cache_source: request.cache_source.0,
            stage: request.stage.name(),
            duration_us: request.duration_us,
            overhead_us: small(request.overhead_us),
            billing_period: period(request.started_at_us, seal.sealed_at_us),
            guardrail_action: or_none(request.guardrail_action),
            guardrail_ids: &request.guardrails,
            tags: &request.tags,
            compat: request.compat,
            body_state: request.body_state.name(),
            gateway_id: seal.gateway.as_str(),
            ingest_batch: seal.batch.as_str(),
            ..Self::default()
        }
    }

    fn set_call(&mut self, call: &'a CallView<'a>) {
        self.target_no = call.target_no;
        self.try_no = call.try_no;
        self.span_id = call.span_id.hex();
        self.attempt_started_at = call.started_at_us;
        self.attempt_us = call.attempt_us;
        self.ttft_us = small(call.ttft_us);
        self.endpoint_id = call.endpoint;
        self.provider = call.provider;
        self.region = call.region;
        self.model = call.model;
        self.service_tier = call.service_tier;
        self.provider_request_id = call.provider_request_id;
        self.action = call.action;
        self.outcome = call.outcome.name();
        self.http_status = call.http_status;
        self.error_type = call.error_type;
        self.error_side = call.error_side.name();
        self.error_message = bounded(call.error_message);
        self.finish_reasons = &call.finish_reasons;
        self.set_usage(&call.usage);
        self.usage_raw = call.usage_raw;
        self.rated = call.charge.rated;
        self.price_version = call.price_version;
        let lines = &call.charge.lines;
        self.line_kinds = lines.iter().map(|line| line.bucket.name()).collect();
        self.line_units = lines.iter().map(|line| line.units).collect();
        self.line_prices = lines.iter().map(|line| line.rate.unwrap_or(0)).collect();
        self.line_amounts = lines.iter().map(|line| line.amount.nano()).collect();
        self.cost = call.charge.total.nano();
        self.billed = call.billed.nano();
        self.saved = call.saved.nano();
    }

    /// What only the final row says: sums over all rows must not count it twice.
    fn set_final(&mut self, request: &'a RequestView<'a>) {
        self.is_final = true;
        self.outcome = request.outcome.name();
        self.http_status = request.http_status;
        self.ttft_us = small(request.ttft_us);
        self.explain = serde_json::to_string(&request.explain).unwrap_or_default();
        self.params = request.params;
        self.hold = request.hold.nano();
        self.budget_ids = request.budgets.iter().map(|touch| touch.budget).collect();
        self.budget_before = request.budgets.iter().map(|touch| touch.before.nano()).collect();
        self.budget_after = request.budgets.iter().map(|touch| touch.after.nano()).collect();
        self.request_bytes = small(request.request_bytes);
        self.response_bytes = small(request.response_bytes);
        self.prompt_preview = bounded(request.prompt_preview);
        self.response_preview = bounded(request.response_preview);
    }

    fn set_usage(&mut self, usage: &Usage) {
        let count = |bucket| small(usage.get(bucket));
        self.input_tokens = count(Bucket::Input);
        self.cache_read_tokens = count(Bucket::CacheRead);
        self.cache_write_5m_tokens = count(Bucket::CacheWrite5m);
        self.cache_write_1h_tokens = count(Bucket::CacheWrite1h);
        self.audio_input_tokens = count(Bucket::AudioInput);
        self.image_input_tokens = count(Bucket::ImageInput);
        self.output_tokens = count(Bucket::Output);
        self.reasoning_tokens = count(Bucket::Reasoning);
        self.audio_output_tokens = count(Bucket::AudioOutput);
        self.image_output_tokens = count(Bucket::ImageOutput);
        let is_token = |bucket: Bucket| bucket.is_input() || bucket.is_output();
        let others = usage.filled().filter(|(bucket, _)| !is_token(*bucket));
        self.other_units = others.map(|(bucket, units)| (bucket.name(), units)).collect();
        self.usage_source = usage.source.name();
        // A count beyond the column's range is cut, and shown as not adding up.
        let cut = usage.filled().any(|(bucket, units)| is_token(bucket) && units > u64::from(u32::MAX));
        self.usage_mismatch = usage.mismatch || cut;
    }
}

/// A row of `llm_bodies`.
#[derive(Clone, Debug, Row, Serialize)]
pub(super) struct BodyRow<'a> {
    started_at: i64,
    #[serde(with = "clickhouse::serde::uuid")]
    request_id: Uuid,
    attempt: u8,
    workspace_id: &'a str,
    customer_id: &'a str,
    session_id: &'a str,
    retention_days: u16,
    request: Octets<'a>,
    response: Octets<'a>,
    upstream_request: Octets<'a>,
    upstream_response: Octets<'a>,
    body_format: &'a str,
    content_type: &'a str,
    redaction_version: u32,
    stream_marks: &'a [u32],
    request_headers: &'a [(&'a str, &'a str)],
    response_headers: &'a [(&'a str, &'a str)],
    search_text: &'a str,
    ingest_batch: &'a str,
}

/// The row of a body.
pub(super) fn body_row<'a>(seal: &'a SealRecord, body: &'a BodyView<'a>) -> BodyRow<'a> {
    BodyRow {
        started_at: body.started_at_us,
        request_id: body.request_id.0,
        attempt: body.attempt,
        workspace_id: body.workspace,
        customer_id: body.customer,
        session_id: body.session,
        retention_days: body.retention_days,
        request: body.request,
        response: body.response,
        upstream_request: body.upstream_request,
        upstream_response: body.upstream_response,
        body_format: body.body_format,
        content_type: body.content_type,
        redaction_version: 0,
        stream_marks: &body.stream_marks,
        request_headers: &body.request_headers,
        response_headers: &body.response_headers,
        search_text: body.search_text,
        ingest_batch: seal.batch.as_str(),
    }
}

/// A row of `ingest_batches`.
#[derive(Clone, Debug, Row, Serialize)]
pub(super) struct BatchRow<'a> {
    batch: &'a str,
    gateway_id: &'a str,
    /// Milliseconds.
    sealed_at: i64,
    table_name: &'a str,
    rows: u64,
    cost: i128,
    billed: i128,
    min_ts: i64,
    max_ts: i64,
    crc: u32,
}

/// The manifest of a batch: what was sealed for each table that got rows, whatever became of them.
pub(super) fn batch_rows(seal: &SealRecord) -> Vec<BatchRow<'_>> {
    let row = |table_name, rows, cost: Money, billed: Money| BatchRow {
        batch: seal.batch.as_str(),
        gateway_id: seal.gateway.as_str(),
        sealed_at: seal.sealed_at_us / 1000,
        table_name,
        rows,
        cost: i128::from(cost.nano()),
        billed: i128::from(billed.nano()),
        min_ts: seal.min_us,
        max_ts: seal.max_us,
        crc: seal.crc,
    };
    let calls = row("llm_calls", seal.calls, seal.cost, seal.billed);
    let bodies = row("llm_bodies", seal.bodies, Money::ZERO, Money::ZERO);
    [calls, bodies].into_iter().filter(|row| row.rows > 0).collect()
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_MAX)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_contract::price::{Charge, Line};
    use weir_contract::usage::UsageSource;

    fn call(nano: i64) -> CallView<'static> {
        let line = Line { bucket: Bucket::Output, units: 3, rate: Some(5), amount: Money::from_nano(nano) };
        let charge = Charge { lines: vec![line], total: Money::from_nano(nano), rated: true };
        CallView { charge, outcome: Outcome::UpstreamError, ..CallView::default() }
    }

    #[test]
    fn a_request_has_one_final_row_and_its_costs_are_in_its_rows() {
        let preview = "ä".repeat(TEXT_MAX);
        let request = RequestView {
            calls: vec![call(1), call(2), call(4)],
            hold: Money::from_nano(9),
            started_at_us: 77,
            prompt_preview: &preview,
            ..RequestView::default()
        };
        let seal = SealRecord::default();
        let rows: Vec<_> = (0..3).map(|number| call_row(&seal, &request, number)).collect();
        assert_eq!(rows.iter().map(|row| row.is_final).collect::<Vec<_>>(), [false, false, true]);
        assert_eq!(rows.iter().map(|row| row.attempt).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(rows.iter().map(|row| row.cost).sum::<i64>(), 7);
        assert_eq!(rows.iter().map(|row| row.hold).sum::<i64>(), 9, "the hold counts once");
        assert!(rows.iter().all(|row| row.started_at == 77), "all rows fall into the same day");
        assert_eq!((rows[1].outcome, rows[2].outcome), ("upstream_error", "ok"));
        assert_eq!(rows[2].prompt_preview.len(), TEXT_MAX, "previews are bounded");
    }

    #[test]
    fn every_bucket_reaches_its_column_and_a_cut_count_is_flagged() {
        let mut usage = Usage::new(UsageSource::Provider);
        for (place, bucket) in Bucket::ALL.into_iter().enumerate() {
            usage.set(bucket, place as u64 + 1);
        }
        let mut row = CallRow::default();
        row.set_usage(&usage);
        let columns = [
            row.input_tokens,
            row.cache_read_tokens,
            row.cache_write_5m_tokens,
            row.cache_write_1h_tokens,
            row.audio_input_tokens,
            row.image_input_tokens,
            row.output_tokens,
            row.reasoning_tokens,
            row.audio_output_tokens,
            row.image_output_tokens,
        ];
        assert_eq!(columns, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(row.other_units.iter().map(|(_, units)| *units).sum::<u64>(), 11 + 12 + 13 + 14 + 15);
        assert!(!row.usage_mismatch);
        row.set_usage(&Usage::new(UsageSource::Provider).with(Bucket::Input, 1 << 33));
        assert_eq!((row.input_tokens, row.usage_mismatch), (u32::MAX, true));
    }
}
