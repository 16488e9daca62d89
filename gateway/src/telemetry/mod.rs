//! What the gateway counts. Every metric is registered in [`Metrics::new`] and described in `docs/operating/metrics.md`.
//!
//! Labels come from the policy (workspace, provider, model), never from what a client sent, so their number is bounded.

mod histogram;
mod series;
mod spool;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use weir_contract::record::RequestRecord;

pub(crate) use histogram::Histogram;
pub(crate) use spool::SpoolCollector;

use series::{Kind, Known, Series};

/// Labels of requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RequestLabels {
    workspace: String,
    provider: String,
    model: String,
    outcome: &'static str,
    cache: &'static str,
}

/// Labels of upstream attempts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct AttemptLabels {
    provider: String,
    endpoint: String,
    outcome: &'static str,
}

/// Labels of money.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct MoneyLabels {
    workspace: String,
    provider: String,
    model: String,
}

/// Labels of the generative conventions.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct GenAiLabels {
    gen_ai_operation_name: String,
    gen_ai_provider_name: String,
    gen_ai_request_model: String,
}

/// Why a request was turned away before it had a valid key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct TurnedAwayLabels {
    reason: &'static str,
}

/// Every counter of the gateway.
pub(crate) struct Metrics {
    registry: Registry,
    known: Known,
    requests: Family<RequestLabels, Counter>,
    overhead: Histogram,
    attempts: Family<AttemptLabels, Counter>,
    cost: Family<MoneyLabels, Counter>,
    billed: Family<MoneyLabels, Counter>,
    unrated: Family<MoneyLabels, Counter>,
    duration: Family<GenAiLabels, Histogram>,
    first_chunk: Family<GenAiLabels, Histogram>,
    input_tokens: Family<GenAiLabels, Counter>,
    output_tokens: Family<GenAiLabels, Counter>,
    cache_read_tokens: Family<GenAiLabels, Counter>,
    reasoning_tokens: Family<GenAiLabels, Counter>,
    turned_away: Family<TurnedAwayLabels, Counter>,
    /// Requests in flight.
    pub(crate) in_flight: Gauge,
    /// Open client connections.
    pub(crate) connections: Gauge,
    /// Upstream answers being read for clients that left.
    pub(crate) drains: Gauge,
    /// The revision in force.
    pub(crate) policy_revision: Gauge,
    /// When it was published, seconds since 1970.
    pub(crate) policy_published: Gauge<i64, AtomicI64>,
    /// Snapshots that were refused.
    pub(crate) policy_refused: Counter,
    /// Whether the stream from the control plane is alive.
    pub(crate) control_connected: Gauge,
    /// Whether the certificate's files changed into something that cannot be used.
    pub(crate) certificate_refused: Gauge,
}

impl Metrics {
    /// Registers everything, the spool's figures included.
    pub(crate) fn new(spool: SpoolCollector) -> Arc<Self> {
        let mut metrics = Self {
            registry: Registry::default(),
            known: Known::default(),
            requests: Family::default(),
            overhead: Histogram::of_overhead(),
            attempts: Family::default(),
            cost: Family::default(),
            billed: Family::default(),
            unrated: Family::default(),
            duration: Family::new_with_constructor(Histogram::of_calls),
            first_chunk: Family::new_with_constructor(Histogram::of_calls),
            input_tokens: Family::default(),
            output_tokens: Family::default(),
            cache_read_tokens: Family::default(),
            reasoning_tokens: Family::default(),
            turned_away: Family::default(),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            drains: Gauge::default(),
            policy_revision: Gauge::default(),
            policy_published: Gauge::default(),
            policy_refused: Counter::default(),
            control_connected: Gauge::default(),
            certificate_refused: Gauge::default(),
        };
        metrics.register_traffic();
        metrics.register_money();
        metrics.register_state();
        metrics.registry.register_collector(Box::new(spool));
        Arc::new(metrics)
    }

    fn register_traffic(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "weir_requests",
            "Requests with a valid key, by how they ended",
            self.requests.clone(),
        );
        registry.register(
            "weir_request_overhead_seconds",
            "Time spent in the gateway itself",
            self.overhead.clone(),
        );
        registry.register(
            "weir_upstream_attempts",
            "Calls to providers, retries included",
            self.attempts.clone(),
        );
        registry.register(
            "weir_requests_turned_away",
            "Requests without a valid key, or beyond what the gateway takes on; not archived",
            self.turned_away.clone(),
        );
        registry.register("weir_requests_in_flight", "Requests being served", self.in_flight.clone());
        registry.register("weir_connections", "Open client connections", self.connections.clone());
        registry.register(
            "weir_drains",
            "Upstream answers being read for clients that left",
            self.drains.clone(),
        );
        registry.register(
            "gen_ai_client_inference_duration_seconds",
            "Duration of calls to providers",
            self.duration.clone(),
        );
        registry.register(
            "gen_ai_client_inference_time_to_first_chunk_seconds",
            "Time from sending a call to its first content",
            self.first_chunk.clone(),
        );
    }

    fn register_money(&mut self) {
        let registry = &mut self.registry;
        registry.register("weir_cost_nano_usd", "What providers charge, nano-dollars", self.cost.clone());
        registry.register(
            "weir_billed_nano_usd",
            "What customers are charged, nano-dollars",
            self.billed.clone(),
        );
        registry.register(
            "weir_unrated_calls",
            "Answered calls without a complete price",
            self.unrated.clone(),
        );
        let tokens = [
            ("input_tokens", "Tokens read, whatever their price", &self.input_tokens),
            ("output_tokens", "Tokens written, whatever their price", &self.output_tokens),
            ("cache_read_input_tokens", "Tokens read from providers' caches", &self.cache_read_tokens),
            ("reasoning_output_tokens", "Tokens of reasoning", &self.reasoning_tokens),
        ];
        for (name, help, family) in tokens {
            registry.register(format!("gen_ai_client_inference_usage_{name}"), help, family.clone());
        }
    }

    fn register_state(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "weir_policy_revision",
            "Revision of the policy in force",
            self.policy_revision.clone(),
        );
        registry.register(
            "weir_policy_published_timestamp_seconds",
            "When the policy in force was published",
            self.policy_published.clone(),
        );
        registry.register(
            "weir_policy_refused",
            "Snapshots this gateway refused",
            self.policy_refused.clone(),
        );
        registry.register(
            "weir_control_connected",
            "Whether the stream from the control plane is alive",
            self.control_connected.clone(),
        );
        registry.register(
            "weir_certificate_refused",
            "Whether the certificate's files changed into something that cannot be used; the old one stays in force",
            self.certificate_refused.clone(),
        );
    }

    /// Counts a request that is not archived.
    pub(crate) fn turn_away(&self, reason: &'static str) {
        self.turned_away.get_or_create(&TurnedAwayLabels { reason }).inc();
    }

    /// Counts a request that has ended.
    pub(crate) fn count(&self, record: &RequestRecord, model: &str) {
        self.overhead.observe_us(record.overhead_us);
        let mut requests = None;
        for call in record.calls.iter().filter(|call| !call.provider.is_empty()) {
            let kind = Kind::of(record, call, model);
            let series = self.known.find(&kind, || self.series(&kind));
            series.count(call);
            requests = Some(series);
        }
        let reached_nobody = record.calls.last().is_none_or(|call| call.provider.is_empty());
        match requests.filter(|_| !reached_nobody) {
            Some(series) => series.requests.inc(),
            None => self.request_series(record, model).inc(),
        };
    }

    /// A request that was answered here.
    fn request_series(&self, record: &RequestRecord, model: &str) -> Counter {
        let labels = RequestLabels {
            workspace: record.workspace.to_string(),
            provider: String::new(),
            model: model.to_owned(),
            outcome: record.outcome.name(),
            cache: record.cache_status.name(),
        };
        self.requests.get_or_create_owned(&labels)
    }

    fn series(&self, kind: &Kind<'_>) -> Series {
        let (workspace, provider, model) = (kind.workspace, kind.provider, kind.model);
        let request = RequestLabels {
            workspace: workspace.to_owned(),
            provider: provider.to_owned(),
            model: model.to_owned(),
            outcome: kind.outcome.name(),
            cache: kind.cache.name(),
        };
        let attempt = AttemptLabels {
            provider: provider.to_owned(),
            endpoint: kind.endpoint.to_owned(),
            outcome: kind.call_outcome.name(),
        };
        let money = MoneyLabels {
            workspace: workspace.to_owned(),
            provider: provider.to_owned(),
            model: model.to_owned(),
        };
        let gen_ai = GenAiLabels {
            gen_ai_operation_name: kind.operation.to_owned(),
            gen_ai_provider_name: provider.to_owned(),
            gen_ai_request_model: model.to_owned(),
        };
        Series {
            requests: self.requests.get_or_create_owned(&request),
            attempts: self.attempts.get_or_create_owned(&attempt),
            cost: self.cost.get_or_create_owned(&money),
            billed: self.billed.get_or_create_owned(&money),
            unrated: self.unrated.get_or_create_owned(&money),
            duration: self.duration.get_or_create_owned(&gen_ai),
            first_chunk: self.first_chunk.get_or_create_owned(&gen_ai),
            input_tokens: self.input_tokens.get_or_create_owned(&gen_ai),
            output_tokens: self.output_tokens.get_or_create_owned(&gen_ai),
            cache_read_tokens: self.cache_read_tokens.get_or_create_owned(&gen_ai),
            reasoning_tokens: self.reasoning_tokens.get_or_create_owned(&gen_ai),
        }
    }

    /// Everything in Prometheus' text form.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        if let Err(error) = prometheus_client::encoding::text::encode(&mut text, &self.registry) {
            tracing::error!(%error, "the metrics could not be written");
        }
        text
    }
}
