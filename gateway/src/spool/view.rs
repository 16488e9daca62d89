//! Records read where they stand in the journal: the shapes of `contract::record` with borrowed text, so that bringing a
//! batch to the archive copies no word of it. A test holds the two families together, field by field.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use weir_contract::id::{RequestId, Revision, SpanId, TraceId};
use weir_contract::money::Money;
use weir_contract::price::Charge;
use weir_contract::record::{BodyState, CacheStatus, CustomerSource, Origin, Outcome, Side, Stage};
use weir_contract::usage::Usage;

/// A `RequestRecord`; see there for what its fields mean.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RequestView<'a> {
    pub(super) request_id: RequestId,
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    pub(super) caller_span_id: SpanId,
    pub(super) started_at_us: i64,
    pub(super) duration_us: u64,
    pub(super) ttft_us: u64,
    pub(super) overhead_us: u64,
    pub(super) origin: Origin,
    pub(super) replay_of: RequestId,
    pub(super) parent_request_id: RequestId,
    pub(super) workspace: &'a str,
    pub(super) environment: &'a str,
    pub(super) key: &'a str,
    pub(super) customer: &'a str,
    pub(super) customer_source: CustomerSource,
    pub(super) compat: &'a str,
    pub(super) user: &'a str,
    pub(super) session: &'a str,
    #[serde(borrow)]
    pub(super) tags: Vec<(&'a str, &'a str)>,
    pub(super) operation: &'a str,
    pub(super) api: &'a str,
    pub(super) stream: bool,
    pub(super) model_requested: &'a str,
    pub(super) prompt_name: &'a str,
    pub(super) prompt_version: u32,
    pub(super) rule: &'a str,
    pub(super) rule_version: u32,
    pub(super) policy_revision: Revision,
    #[serde(borrow)]
    pub(super) explain: Vec<StepView<'a>>,
    pub(super) cache_status: CacheStatus,
    pub(super) cache_source: RequestId,
    pub(super) stage: Stage,
    pub(super) guardrail_action: &'a str,
    #[serde(borrow)]
    pub(super) guardrails: Vec<&'a str>,
    pub(super) outcome: Outcome,
    pub(super) http_status: u16,
    pub(super) params: &'a str,
    pub(super) body_state: BodyState,
    pub(super) request_bytes: u64,
    pub(super) response_bytes: u64,
    pub(super) prompt_preview: &'a str,
    pub(super) response_preview: &'a str,
    pub(super) hold: Money,
    #[serde(borrow)]
    pub(super) budgets: Vec<TouchView<'a>>,
    #[serde(borrow)]
    pub(super) calls: Vec<CallView<'a>>,
}

/// A `Step`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StepView<'a> {
    stage: Stage,
    what: &'a str,
    outcome: &'a str,
}

/// A `BudgetTouch`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TouchView<'a> {
    pub(super) budget: &'a str,
    pub(super) before: Money,
    pub(super) after: Money,
}

/// A `CallRecord`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CallView<'a> {
    pub(super) target_no: u8,
    pub(super) try_no: u8,
    pub(super) span_id: SpanId,
    pub(super) started_at_us: i64,
    pub(super) attempt_us: u64,
    pub(super) ttft_us: u64,
    pub(super) endpoint: &'a str,
    pub(super) provider: &'a str,
    pub(super) region: &'a str,
    pub(super) model: &'a str,
    pub(super) service_tier: &'a str,
    pub(super) provider_request_id: &'a str,
    pub(super) action: &'a str,
    pub(super) outcome: Outcome,
    pub(super) http_status: u16,
    pub(super) error_type: &'a str,
    pub(super) error_side: Side,
    pub(super) error_message: &'a str,
    #[serde(borrow)]
    pub(super) finish_reasons: Vec<&'a str>,
    pub(super) usage: Usage,
    pub(super) usage_raw: &'a str,
    pub(super) charge: Charge,
    pub(super) price_version: &'a str,
    pub(super) billed: Money,
    pub(super) saved: Money,
}

/// A `BodyRecord`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BodyView<'a> {
    pub(super) request_id: RequestId,
    pub(super) attempt: u8,
    pub(super) started_at_us: i64,
    pub(super) workspace: &'a str,
    pub(super) customer: &'a str,
    pub(super) session: &'a str,
    pub(super) retention_days: u16,
    #[serde(borrow)]
    pub(super) request: Octets<'a>,
    #[serde(borrow)]
    pub(super) response: Octets<'a>,
    #[serde(borrow)]
    pub(super) upstream_request: Octets<'a>,
    #[serde(borrow)]
    pub(super) upstream_response: Octets<'a>,
    pub(super) body_format: &'a str,
    pub(super) content_type: &'a str,
    pub(super) stream_marks: Vec<u32>,
    #[serde(borrow)]
    pub(super) request_headers: Vec<(&'a str, &'a str)>,
    #[serde(borrow)]
    pub(super) response_headers: Vec<(&'a str, &'a str)>,
    pub(super) search_text: &'a str,
}

/// Bytes that are written and read in one piece, not as a list of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Octets<'a>(pub(super) &'a [u8]);

impl Serialize for Octets<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Octets<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowed;
        impl<'de> Visitor<'de> for Borrowed {
            type Value = Octets<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Octets<'de>, E> {
                Ok(Octets(bytes))
            }
        }
        deserializer.deserialize_bytes(Borrowed)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use weir_contract::price::Line;
    use weir_contract::record::{BodyRecord, BudgetTouch, CallRecord, RequestRecord, Step};
    use weir_contract::usage::{Bucket, UsageSource};

    use super::*;

    fn text(name: &str) -> String {
        format!("the {name} of it")
    }

    fn call() -> CallRecord {
        let line = Line { bucket: Bucket::Output, units: 3, rate: Some(-5), amount: Money::from_nano(-15) };
        CallRecord {
            target_no: 1,
            try_no: 2,
            span_id: SpanId([3; 8]),
            started_at_us: -4,
            attempt_us: 5,
            ttft_us: 6,
            endpoint: "endpoint".into(),
            provider: text("provider"),
            region: text("region"),
            model: text("model"),
            service_tier: text("tier"),
            provider_request_id: text("provider's id"),
            action: text("action"),
            outcome: Outcome::Timeout,
            http_status: 504,
            error_type: text("error type"),
            error_side: Side::Provider,
            error_message: text("message"),
            finish_reasons: vec![text("reason"), text("other reason")],
            usage: Usage::new(UsageSource::Counted).with(Bucket::Image, 70_000),
            usage_raw: text("usage"),
            charge: Charge { lines: vec![line, line], total: Money::from_nano(-30), rated: true },
            price_version: "price".into(),
            billed: Money::from_nano(8),
            saved: Money::from_nano(9),
        }
    }

    fn request() -> RequestRecord {
        let touch = |n| BudgetTouch {
            budget: text("budget"),
            before: Money::from_nano(n),
            after: Money::from_nano(n + 1),
        };
        RequestRecord {
            request_id: RequestId::new(1_000_000, [1; 10]),
            trace_id: TraceId([2; 16]),
            span_id: SpanId([3; 8]),
            caller_span_id: SpanId([4; 8]),
            started_at_us: 5,
            duration_us: 6,
            ttft_us: 7,
            overhead_us: 8,
            origin: Origin::Shadow,
            replay_of: RequestId::new(2_000_000, [2; 10]),
            parent_request_id: RequestId::new(3_000_000, [3; 10]),
            workspace: "workspace".into(),
            environment: text("environment"),
            key: "key".into(),
            customer: "customer".into(),
            customer_source: CustomerSource::Body,
            compat: text("product"),
            user: "user".into(),
            session: "session".into(),
            tags: vec![(text("tag"), text("value")), (text("other tag"), String::new())],
            operation: text("operation"),
            api: text("api"),
            stream: true,
            model_requested: text("model"),
            prompt_name: text("prompt"),
            prompt_version: 9,
            rule: "rule".into(),
            rule_version: 10,
            policy_revision: Revision(11),
            explain: vec![Step { stage: Stage::Route, what: text("what"), outcome: text("why") }],
            cache_status: CacheStatus::Miss,
            cache_source: RequestId::new(4_000_000, [4; 10]),
            stage: Stage::Relay,
            guardrail_action: text("guardrail"),
            guardrails: vec![text("guardrail")],
            outcome: Outcome::Lost,
            http_status: 200,
            params: text("params"),
            body_state: BodyState::Shed,
            request_bytes: 12,
            response_bytes: 13,
            prompt_preview: text("question"),
            response_preview: text("answer"),
            hold: Money::from_nano(14),
            budgets: vec![touch(15), touch(17)],
            calls: vec![call(), CallRecord::default(), call()],
        }
    }

    #[test]
    fn a_request_reads_the_same_borrowed_field_by_field() {
        let record = request();
        let bytes = postcard::to_allocvec(&record).unwrap();
        let view: RequestView<'_> = postcard::from_bytes(&bytes).unwrap();
        // The Debug forms name every field, so that two fields of one type cannot have changed places.
        let plain =
            |text: String| text.replace("RequestView", "RequestRecord").replace("CallView", "CallRecord");
        let plain = |text| plain(text).replace("StepView", "Step").replace("TouchView", "BudgetTouch");
        assert_eq!(plain(format!("{view:?}")), format!("{record:?}"));
        assert_eq!(postcard::to_allocvec(&view).unwrap(), bytes);
    }

    #[test]
    fn a_body_reads_the_same_borrowed_field_by_field() {
        let record = BodyRecord {
            request_id: RequestId::new(1_000_000, [1; 10]),
            attempt: 1,
            started_at_us: 2,
            workspace: "workspace".into(),
            customer: "customer".into(),
            session: "session".into(),
            retention_days: 30,
            request: Bytes::from_static(b"request\xff"),
            response: Bytes::from_static(b"response\xff"),
            upstream_request: Bytes::from_static(b"upstream request"),
            upstream_response: Bytes::from_static(b"upstream response"),
            body_format: text("format"),
            content_type: text("type"),
            stream_marks: vec![1, 300, 70_000],
            request_headers: vec![(text("name"), text("value"))],
            response_headers: vec![(text("other name"), text("other value"))],
            search_text: text("words"),
        };
        let bytes = postcard::to_allocvec(&record).unwrap();
        let view: BodyView<'_> = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(postcard::to_allocvec(&view).unwrap(), bytes);
        assert_eq!((view.request.0, view.response.0), (&record.request[..], &record.response[..]));
        assert_eq!(view.upstream_request.0, &record.upstream_request[..]);
        assert_eq!(view.upstream_response.0, &record.upstream_response[..]);
        let words = (view.workspace, view.customer, view.session, view.body_format, view.content_type);
        let of_record = (&*text("format"), &*text("type"));
        assert_eq!(words, ("workspace", "customer", "session", of_record.0, of_record.1));
        assert_eq!(view.search_text, record.search_text);
        assert_eq!(view.request_headers, [(&*text("name"), &*text("value"))]);
    }
}
