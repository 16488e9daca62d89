//! Samples of the list of requests and of one request.

use super::{HOSTILE, NOW_US, PLAIN, Sample, Words, busy_shell, put, shell};
use crate::page::requests::{
    Absent, AttemptView, BodyContent, BodyKind, BodyView, CostLine, Decision, Empty, FilterError, GroupRow,
    Groups, HistogramBar, MessagePart, MessageView, Partial, RequestFacts, RequestPage, RequestRow,
    RequestTab, RequestsPage, TokenCounts, Verdict,
};
use crate::page::{Freshness, Window};
use crate::part::Status;
use crate::shell::Section;
use crate::url::RequestsQuery;
use weir_contract::money::Money;

const HOUR_US: i64 = 3_600_000_000;
const PIECE_US: i64 = HOUR_US;
const ID: &str = "01936f6e-4a52-7c30-8f7a-0242ac120002";
const STATUSES: [Status; 12] = [
    Status::Ok,
    Status::Ok,
    Status::Fallback,
    Status::Cached,
    Status::UpstreamError,
    Status::Ok,
    Status::Blocked,
    Status::Cancelled,
    Status::RateLimited,
    Status::BudgetDenied,
    Status::Lost,
    Status::Timeout,
];

pub(super) fn add(samples: &mut Vec<Sample>, words: &Words) -> Result<(), crate::Error> {
    put(samples, &format!("requests-{}", words.suffix), &list(words))?;
    let groups = Groups { rows: Some((0..20).map(|n| group(n, words)).collect()), more: true };
    let query = RequestsQuery { range: "24h".into(), group: "model".into(), ..Default::default() };
    let rows = (0..25).map(|n| row(n, words)).collect();
    let grouped = RequestsPage { groups: Some(groups), rows, events: None, query, ..list(words) };
    put(samples, &format!("requests-grouped-{}", words.suffix), &grouped)?;
    for tab in RequestTab::ALL {
        let page = RequestPage { tab, ..one(words) };
        put(samples, &format!("request-{}-{}", tab.name(), words.suffix), &page)?;
    }
    Ok(())
}

pub(super) fn add_empty(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    let blank = RequestsPage { rows: vec![], histogram: vec![], older: None, total: Some(0), ..list(&PLAIN) };
    put(samples, "requests-empty", &RequestsPage { empty: Some(Empty::Never), ..blank.clone() })?;
    let quiet = Empty::Window { last_request_us: NOW_US - 80 * HOUR_US };
    let late = Freshness { counted_to_us: Some(NOW_US - 400_000_000), now_us: NOW_US };
    put(samples, "requests-quiet", &RequestsPage { empty: Some(quiet), freshness: late, ..blank.clone() })?;
    let terms = vec![("customer:acme".to_owned(), 12_904), ("status:error".to_owned(), 1)];
    let query =
        RequestsQuery { q: "customer:acme status:error".into(), range: "24h".into(), ..Default::default() };
    put(
        samples,
        "requests-filtered",
        &RequestsPage { empty: Some(Empty::Terms(terms)), query, ..blank.clone() },
    )?;
    let error = FilterError {
        message: "There is no field of that name.".into(),
        term: HOSTILE.text.into(),
        suggestions: vec!["customer:acme".into(), HOSTILE.customer.into()],
    };
    let query = RequestsQuery { q: HOSTILE.text.into(), range: "24h".into(), ..Default::default() };
    put(samples, "requests-refused", &RequestsPage { error: Some(error), query, ..blank })?;
    let bare =
        RequestFacts { request_id: ID.into(), status: Status::BudgetDenied, ..RequestFacts::default() };
    for (tab, absent) in
        RequestTab::ALL.into_iter().zip([Absent::NotAllowed, Absent::Expired, Absent::Shed, Absent::NotYet])
    {
        let shell = shell("Request", Section::Requests);
        let page =
            RequestPage { shell, request: bare.clone(), tab, absent: Some(absent), ..RequestPage::default() };
        put(samples, &format!("request-{}-empty", tab.name()), &page)?;
    }
    Ok(())
}

fn list(words: &Words) -> RequestsPage {
    let window = Window { from_us: NOW_US - 24 * HOUR_US, to_us: NOW_US };
    let piece = |n: i64| {
        let window =
            Window { from_us: window.from_us + n * PIECE_US, to_us: window.from_us + (n + 1) * PIECE_US };
        HistogramBar { window, ok: ((n * 37) % 53).unsigned_abs() * 9, failed: ((n * 13) % 7).unsigned_abs() }
    };
    RequestsPage {
        shell: busy_shell("Requests", Section::Requests, words),
        query: RequestsQuery { range: "24h".into(), live: true, ..Default::default() },
        window,
        freshness: Freshness { counted_to_us: Some(NOW_US - 1_200_000), now_us: NOW_US },
        total: Some(10_412),
        histogram: (0..24).map(piece).collect(),
        rows: (0..50).map(|n| row(n, words)).collect(),
        events: Some(RequestsQuery::default().events("1795222781207000-01936f6e")),
        may_be_live: true,
        older: Some("1795222781207000.01936f6e".into()),
        newer: None,
        ..RequestsPage::default()
    }
}

fn group(n: u64, words: &Words) -> GroupRow {
    GroupRow {
        name: words.model.into(),
        href: RequestsQuery::default().filtered(words.model).href(),
        requests: 4_112 - n * 97,
        failed: n % 3,
        cost: Money::from_nano(81_200_000_000 / (i64::try_from(n).unwrap_or_default() + 1)),
        unrated: n % 2,
        tokens_in: 731_000,
        tokens_out: 81_200,
        duration_us: 907_000,
    }
}

/// The `n`-th latest request of a sample list.
pub(super) fn row(n: u64, words: &Words) -> RequestRow {
    let step = i64::try_from(n).unwrap_or_default();
    let status = STATUSES[usize::try_from(n).unwrap_or_default() % STATUSES.len()];
    RequestRow {
        request_id: format!("01936f6e-4a52-7c30-8f7a-{n:012}"),
        started_us: NOW_US - step * step * 47_123_000,
        status,
        customer_id: if n % 7 == 3 {
            String::new()
        } else {
            format!("{}{}", words.customer, ["", "-eu", "-labs"][usize::try_from(n % 3).unwrap_or_default()])
        },
        model_requested: words.model.into(),
        model: if status == Status::Fallback { "claude-sonnet-4.5".into() } else { words.model.into() },
        provider: "openai".into(),
        tokens_in: 413 + n * 1_377,
        tokens_out: 97 + n * 41,
        first_token_us: (n % 5 != 4).then_some(237_000 + n * 9_100),
        duration_us: 906_000 + n * 391_000,
        cost: (n % 9 != 8).then(|| Money::from_nano(400 + step * step * 812_377)),
    }
}

fn one(words: &Words) -> RequestPage {
    RequestPage {
        shell: busy_shell("Request", Section::Requests, words),
        request: facts(words),
        tab: RequestTab::Messages,
        list: RequestsQuery { q: "status:error".into(), range: "7d".into(), ..RequestsQuery::default() },
        newer: Some(ID.into()),
        older: Some(ID.into()),
        prompt: messages(words),
        answer: vec![MessageView {
            role: "assistant".into(),
            parts: vec![
                MessagePart::Reasoning(words.text.into()),
                MessagePart::Text(words.text.into()),
                MessagePart::ToolCall {
                    name: words.model.into(),
                    id: "call_1".into(),
                    arguments: format!("{{\"q\": {:?}}}", words.text),
                },
            ],
        }],
        absent: None,
        partial: Some(Partial { stored: 1_048_576, sent: 20_100_000 }),
        curl: Some(format!("curl http://127.0.0.1:8080/v1/chat/completions -d '{}'", words.text)),
        share: format!("http://127.0.0.1:3000/requests/{ID}"),
        lines: vec![
            line("Input tokens", 6_297, 250_000_000, 1_574_250),
            line("Output tokens", 1_812, 2_000_000_000, 3_624_000),
        ],
        attempts: attempts(words),
        decisions: decisions(words),
        bodies: bodies(words),
    }
}

fn facts(words: &Words) -> RequestFacts {
    RequestFacts {
        request_id: ID.into(),
        started_us: NOW_US - 80_000_000,
        status: Status::Fallback,
        http_status: 200,
        error_type: "upstream_error".into(),
        error_side: "provider".into(),
        error_message: words.text.into(),
        customer_id: words.customer.into(),
        customer_source: "header".into(),
        user_id: "u-17".into(),
        session_id: words.customer.into(),
        key_id: "key-1".into(),
        key_name: "billing-prod".into(),
        workspace: "default".into(),
        environment: "production".into(),
        api: "v1/chat/completions".into(),
        stream: true,
        model_requested: words.model.into(),
        model: "claude-sonnet-4.5".into(),
        provider: "anthropic".into(),
        endpoint: "anthropic-eu".into(),
        policy_revision: 41,
        gateway_id: "eu-1".into(),
        trace_id: "4bf92f3577b34da6a3ce929d0e0e4736".into(),
        origin: "live".into(),
        finish_reasons: vec!["stop".into()],
        tags: vec![("feature".into(), words.customer.into())],
        cost: Some(Money::from_nano(5_198_250)),
        price_version: "2026-11-20".into(),
        usage_source: "provider".into(),
        tokens: TokenCounts {
            input: 6_297,
            cache_read: 120_000,
            output: 1_500,
            reasoning: 312,
            ..TokenCounts::default()
        },
        duration_us: 6_870_000,
        first_token_us: Some(2_413_000),
        overhead_us: 412,
        ..RequestFacts::default()
    }
}

fn messages(words: &Words) -> Vec<MessageView> {
    let say = |role: &str, part| MessageView { role: role.into(), parts: vec![part] };
    vec![
        say("system", MessagePart::Text("Answer in one sentence.".into())),
        say("user", MessagePart::Text(words.text.into())),
        say(
            "user",
            MessagePart::Media { mime: "image/png".into(), bytes: 48_211, href: words.customer.into() },
        ),
        say("tool", MessagePart::ToolResult { id: "call_0".into(), text: words.text.into() }),
        say("user", MessagePart::Cut { bytes: 2_400_000 }),
    ]
}

fn line(kind: &str, units: u64, price: i64, amount: i64) -> CostLine {
    CostLine { kind: kind.into(), units, price: Money::from_nano(price), amount: Money::from_nano(amount) }
}

fn attempts(words: &Words) -> Vec<AttemptView> {
    let failed = AttemptView {
        endpoint: "openai".into(),
        model: words.model.into(),
        offset_us: 310,
        duration_us: 1_204_000,
        status: Status::UpstreamError,
        http_status: 503,
        error: words.text.into(),
        ..AttemptView::default()
    };
    let good = AttemptView {
        attempt: 1,
        target_no: 1,
        endpoint: "anthropic-eu".into(),
        model: "claude-sonnet-4.5".into(),
        offset_us: 1_204_600,
        duration_us: 5_665_000,
        first_token_us: Some(1_208_000),
        http_status: 200,
        provider_request_id: "req_011CV".into(),
        cost: Some(Money::from_nano(5_198_250)),
        ..AttemptView::default()
    };
    vec![failed, good]
}

fn decisions(words: &Words) -> Vec<Decision> {
    let step = |phase: &str, what: &str, verdict, why: &str| Decision {
        phase: phase.into(),
        what: what.into(),
        verdict,
        why: why.into(),
    };
    vec![
        step("admit", "key billing-prod may ask for this model", Verdict::Yes, ""),
        step("screen", "guardrails", Verdict::Note, "none is configured"),
        step("route", words.model, Verdict::Yes, "2 targets in order: openai, anthropic-eu"),
        step("dispatch", "openai", Verdict::No, "answered 503 before the first byte"),
        step("relay", "budget", Verdict::Stop, words.text),
    ]
}

fn bodies(words: &Words) -> Vec<BodyView> {
    let body = |kind, bytes, content| BodyView {
        kind,
        attempt: 1,
        bytes,
        content_type: "application/json".into(),
        content,
    };
    vec![
        body(BodyKind::Request, 412, BodyContent::Inline(format!("{{\"content\": {:?}}}", words.text))),
        body(BodyKind::UpstreamRequest, 412, BodyContent::SameAs(BodyKind::Request)),
        body(BodyKind::UpstreamResponse, 20_100_000, BodyContent::Large),
        body(BodyKind::Response, 512, BodyContent::Absent(Absent::Policy(words.customer.into()))),
    ]
}
