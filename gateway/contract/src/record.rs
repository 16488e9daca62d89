//! What is remembered of a request: the records of the spool, and through them the rows of the archive.
//!
//! The journal knows five kinds. `open` is written when a request is admitted and is also the hold; `close` carries
//! the whole request with its calls, exactly once; `body` carries bytes and may be shed; `seal` ends a batch; `gap`
//! counts what could not be written one by one. They are encoded with postcard, which is not self-describing: fields
//! are only ever added together with a new [`FORMAT`].

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::id::{
    BatchId, CustomerId, EndpointId, GatewayId, Incarnation, KeyId, PriceVersion, RequestId, Revision,
    RuleId, SessionId, SpanId, TraceId, UserId, WorkspaceId,
};
use crate::money::Money;
use crate::price::Charge;
use crate::usage::Usage;

/// The version of these shapes on disk. A spool of another format is delivered by the version that wrote it.
pub const FORMAT: u8 = 1;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { #[default] $($(#[$variant_doc])* $variant),+ }
        impl $name {
            /// Every value, in the order of their meaning.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
            /// The name in rows, filters and pages.
            #[must_use]
            pub const fn name(self) -> &'static str { match self { $(Self::$variant => $text),+ } }
            /// The value of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> { Self::ALL.iter().copied().find(|value| value.name() == name) }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.name()) }
        }
    };
}

named! {
    /// What a call was made for; customer figures take `live` only.
    Origin {
        /// A client's own request.
        Live = "live",
        /// A remembered request run again.
        Replay = "replay",
        /// A copy sent to a candidate target beside the real one.
        Shadow = "shadow",
        /// A model asked to judge.
        Judge = "judge",
        /// An embedding made for ourselves.
        Embedding = "embedding",
        /// Imported from elsewhere.
        Ingest = "ingest",
        /// Sample traffic, clearly labelled.
        Sample = "sample",
    }
}

named! {
    /// Who named the customer; the later, the less it can be trusted.
    CustomerSource {
        /// Nobody.
        None = "none",
        /// The key is bound to the customer.
        Key = "key",
        /// A token signed with a secret of the key.
        Signed = "signed",
        /// A request header of ours or of another product.
        Header = "header",
        /// W3C baggage.
        Baggage = "baggage",
        /// The body.
        Body = "body",
    }
}

named! {
    /// How a call or a request ended.
    Outcome {
        /// Answered.
        Ok = "ok",
        /// The client asked for something impossible (4xx).
        ClientError = "client_error",
        /// The provider failed.
        UpstreamError = "upstream_error",
        /// The provider did not answer in time.
        Timeout = "timeout",
        /// The client left before the end.
        Cancelled = "cancelled",
        /// A guardrail stopped it.
        Blocked = "blocked",
        /// A rate or concurrency limit stopped it.
        RateLimited = "rate_limited",
        /// A budget stopped it.
        BudgetDenied = "budget_denied",
        /// Admitted, but the gateway died before it could say how it ended.
        Lost = "lost",
    }
}

named! {
    /// What the cache did.
    CacheStatus {
        /// No cache applies.
        None = "none",
        /// The caller or a policy asked to skip it.
        Bypass = "bypass",
        /// Looked up, not found.
        Miss = "miss",
        /// Answered from the cache.
        Hit = "hit",
        /// Answered from a similar request.
        SemanticHit = "semantic_hit",
        /// Fetched anew because the caller asked.
        Refresh = "refresh",
    }
}

named! {
    /// The phase of an exchange's life in which it ended.
    Stage {
        /// Key, limits, attribution.
        Admit = "admit",
        /// Input guardrails.
        Screen = "screen",
        /// Cache.
        Recall = "recall",
        /// Choice of targets.
        Route = "route",
        /// Sending.
        Dispatch = "dispatch",
        /// Answering.
        Relay = "relay",
    }
}

named! {
    /// Whose fault an error is.
    Side {
        /// Nobody's: there was no error.
        None = "none",
        /// The caller's.
        Client = "client",
        /// The provider's.
        Provider = "provider",
        /// Ours.
        Gateway = "gateway",
    }
}

named! {
    /// How much of a request is kept.
    LogLevel {
        /// Bodies and facts.
        Full = "full",
        /// Facts only.
        Meta = "meta",
        /// Money and counts only: no preview, no parameters, no error text.
        None = "none",
    }
}

named! {
    /// Where the bodies are.
    BodyState {
        /// Not stored, by policy.
        None = "none",
        /// In `llm_bodies`.
        Inline = "inline",
        /// In object storage.
        Object = "object",
        /// Left out under pressure; counted.
        Shed = "shed",
        /// Erased.
        Deleted = "deleted",
    }
}

/// One step of the decision trace: what was asked, what came out, and why. Rendered as JSON into `explain`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The phase that decided.
    pub stage: Stage,
    /// What was decided, as a short name: `model`, `guardrails`, `cache`, `target`, `retry`.
    pub what: String,
    /// The outcome in words a person reads.
    pub outcome: String,
}

/// A budget before and after the charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetTouch {
    /// The budget.
    pub budget: String,
    /// Spent before this request.
    pub before: Money,
    /// Spent after it.
    pub after: Money,
}

/// `open`: a request was admitted and may cost up to `hold`. On disk before anything is dispatched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRecord {
    /// The request.
    pub request_id: RequestId,
    /// Its trace.
    pub trace_id: TraceId,
    /// Our server span.
    pub span_id: SpanId,
    /// When it was admitted, µs UTC.
    pub started_at_us: i64,
    /// Which life of the gateway owns the hold.
    pub incarnation: Incarnation,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The workspace's environment name.
    pub environment: String,
    /// The key presented.
    pub key: KeyId,
    /// The customer, empty when none was named.
    pub customer: CustomerId,
    /// Who named the customer.
    pub customer_source: CustomerSource,
    /// The model asked for.
    pub model_requested: String,
    /// Operation (`chat`).
    pub operation: String,
    /// Route path without the leading slash (`v1/chat/completions`).
    pub api: String,
    /// The policy in force.
    pub policy_revision: Revision,
    /// Upper bound of the cost; zero when the price is not known.
    pub hold: Money,
    /// Budgets it is held on.
    pub budgets: Vec<String>,
    /// Version of the price the hold was rated with.
    pub price_version: PriceVersion,
}

/// `close`: everything about an admitted request but its bodies. Exactly one per request, whatever happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// The request.
    pub request_id: RequestId,
    /// Its trace.
    pub trace_id: TraceId,
    /// Our server span: the parent of every call's span.
    pub span_id: SpanId,
    /// The caller's span, when it sent `traceparent`.
    pub caller_span_id: SpanId,
    /// When it arrived, µs UTC.
    pub started_at_us: i64,
    /// Arrival to last byte, µs.
    pub duration_us: u64,
    /// Arrival to first content byte, µs; 0 when there was none.
    pub ttft_us: u64,
    /// Time spent in the gateway itself, µs.
    pub overhead_us: u64,
    /// What it was made for.
    pub origin: Origin,
    /// The request this one repeats; nil when none.
    pub replay_of: RequestId,
    /// The request that caused this one; nil when none.
    pub parent_request_id: RequestId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The workspace's environment name.
    pub environment: String,
    /// The key presented.
    pub key: KeyId,
    /// The customer, empty when none was named.
    pub customer: CustomerId,
    /// Who named the customer.
    pub customer_source: CustomerSource,
    /// Whose headers named it, when they were another product's (`litellm`, `portkey`, …).
    pub compat: String,
    /// The caller's user.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// Tags, sorted by name.
    pub tags: Vec<(String, String)>,
    /// Operation (`chat`).
    pub operation: String,
    /// Route path without the leading slash.
    pub api: String,
    /// Whether the client asked for a stream.
    pub stream: bool,
    /// The model asked for.
    pub model_requested: String,
    /// Name of the prompt used, empty when none.
    pub prompt_name: String,
    /// Version of that prompt.
    pub prompt_version: u32,
    /// The rule that chose the targets, empty when none.
    pub rule: RuleId,
    /// Version of that rule.
    pub rule_version: u32,
    /// The policy in force.
    pub policy_revision: Revision,
    /// The decision trace.
    pub explain: Vec<Step>,
    /// What the cache did.
    pub cache_status: CacheStatus,
    /// The request a cached answer came from; nil when none.
    pub cache_source: RequestId,
    /// The phase in which it ended.
    pub stage: Stage,
    /// What guardrails did (`none`, `flag`, `redact`, `block`).
    pub guardrail_action: String,
    /// Guardrails that acted.
    pub guardrails: Vec<String>,
    /// How it ended for the client.
    pub outcome: Outcome,
    /// Status sent to the client; 0 when nothing could be sent.
    pub http_status: u16,
    /// Sampling parameters as the client sent them, JSON.
    pub params: String,
    /// Where the bodies are.
    pub body_state: BodyState,
    /// Bytes of the client's body.
    pub request_bytes: u64,
    /// Bytes of the body sent to the client.
    pub response_bytes: u64,
    /// First words of the newest user message.
    pub prompt_preview: String,
    /// First words of the answer.
    pub response_preview: String,
    /// What was held.
    pub hold: Money,
    /// Budgets before and after.
    pub budgets: Vec<BudgetTouch>,
    /// Upstream attempts in order; a locally answered request has one without a span. The last is the final one.
    pub calls: Vec<CallRecord>,
}

/// One upstream attempt, or the one local answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Place in the plan, from 0.
    pub target_no: u8,
    /// Try on that target, from 0.
    pub try_no: u8,
    /// Its span; all zero for a local answer.
    pub span_id: SpanId,
    /// When it was sent, µs UTC.
    pub started_at_us: i64,
    /// How long it took, µs.
    pub attempt_us: u64,
    /// Sent to first content byte, µs; 0 when there was none.
    pub ttft_us: u64,
    /// Where it went; empty for a local answer.
    pub endpoint: EndpointId,
    /// Who runs the model.
    pub provider: String,
    /// The endpoint's region.
    pub region: String,
    /// The model as the provider names it in its answer, else as we asked for it.
    pub model: String,
    /// The tier the provider says it served.
    pub service_tier: String,
    /// The provider's own id of the request.
    pub provider_request_id: String,
    /// What came of it for the request: `answered`, `retried`, `fell_back`, `gave_up`, `refused`.
    pub action: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The provider's status; 0 when none came.
    pub http_status: u16,
    /// Kind of error, empty when none.
    pub error_type: String,
    /// Whose fault.
    pub error_side: Side,
    /// The error in words, without secrets, bounded.
    pub error_message: String,
    /// Why generation ended, one per choice.
    pub finish_reasons: Vec<String>,
    /// What it consumed.
    pub usage: Usage,
    /// The provider's usage object as it came.
    pub usage_raw: String,
    /// What it cost, by lines.
    pub charge: Charge,
    /// Version of the price it was rated with; empty when unrated.
    pub price_version: PriceVersion,
    /// What the customer is charged for it.
    pub billed: Money,
    /// What the cache saved.
    pub saved: Money,
}

/// `body`: the bytes of one call. Sheddable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyRecord {
    /// The request.
    pub request_id: RequestId,
    /// Which of its calls, from 0.
    pub attempt: u8,
    /// The request's start, µs UTC: the same as the call rows', so that both fall into the same day.
    pub started_at_us: i64,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its customer.
    pub customer: CustomerId,
    /// Its session.
    pub session: SessionId,
    /// Days to keep it: 1, 7, 30, 90 or 365.
    pub retention_days: u16,
    /// What the client sent.
    pub request: Bytes,
    /// What the client got.
    pub response: Bytes,
    /// What the provider got; empty when it equals `request`.
    pub upstream_request: Bytes,
    /// What the provider sent; empty when it equals `response`.
    pub upstream_response: Bytes,
    /// The dialect of the bodies (`openai`, `anthropic`).
    pub body_format: String,
    /// Content type of the response.
    pub content_type: String,
    /// Milliseconds from start to each chunk of the response.
    pub stream_marks: Vec<u32>,
    /// Request headers from an allow-list.
    pub request_headers: Vec<(String, String)>,
    /// Response headers from an allow-list.
    pub response_headers: Vec<(String, String)>,
    /// Newest user turn and answer, bounded: what search looks through.
    pub search_text: String,
}

/// `seal`: the end of a batch, on disk before its first send. What the archive and the books must both add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealRecord {
    /// The batch.
    pub batch: BatchId,
    /// The gateway that wrote it.
    pub gateway: GatewayId,
    /// When it was sealed, µs UTC.
    pub sealed_at_us: i64,
    /// Call rows in it (gap rows included).
    pub calls: u64,
    /// Body rows in it.
    pub bodies: u64,
    /// Σ cost of its calls.
    pub cost: Money,
    /// Σ billed of its calls.
    pub billed: Money,
    /// Earliest start in it, µs UTC.
    pub min_us: i64,
    /// Latest start in it, µs UTC.
    pub max_us: i64,
    /// CRC-32C over its records' bytes.
    pub crc: u32,
    /// Accounting period its calls belong to: `YYYYMM`.
    pub billing_period: u32,
    /// Epoch of the shard map it was cut for; 0 without shards.
    pub shard_epoch: u64,
}

/// `gap`: requests that were answered but could not be written one by one; money still ties out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapRecord {
    /// The hour, µs UTC.
    pub hour_us: i64,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The key.
    pub key: KeyId,
    /// The customer.
    pub customer: CustomerId,
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// How many requests.
    pub requests: u32,
    /// What they consumed together.
    pub usage: Usage,
    /// What they cost together.
    pub cost: Money,
    /// What is billed for them together.
    pub billed: Money,
}

/// The accounting period a moment belongs to, as `YYYYMM` (UTC).
#[must_use]
pub fn billing_period(at_us: i64) -> u32 {
    // Civil-from-days on 400-year eras; no clock or calendar crate needed for a month number.
    let days = at_us.div_euclid(86_400_000_000) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    u32::try_from(year * 100 + month).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_belongs_to_the_month_it_is_in() {
        let day = 86_400_000_000;
        assert_eq!(billing_period(0), 197_001);
        assert_eq!(billing_period(31 * day - 1), 197_001);
        assert_eq!(billing_period(31 * day), 197_002);
        assert_eq!(billing_period(20_778 * day), 202_611, "2026-11-21");
        assert_eq!(billing_period(19_782 * day), 202_402, "2024-02-29");
    }

    #[test]
    fn a_record_survives_the_journal() {
        let record = RequestRecord { calls: vec![CallRecord::default(); 2], ..RequestRecord::default() };
        let bytes = postcard::to_allocvec(&record).unwrap();
        assert_eq!(postcard::from_bytes::<RequestRecord>(&bytes).unwrap(), record);
    }

    #[test]
    fn names_are_found_again() {
        assert!(Outcome::ALL.iter().all(|outcome| Outcome::from_name(outcome.name()) == Some(*outcome)));
        assert_eq!(Origin::from_name("nothing"), None);
    }
}
