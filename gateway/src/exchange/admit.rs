//! Phase one: who is asking, for whom, and may they? Ends with the hold written to the journal: nothing is dispatched before.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use hyper::body::Incoming;
use weir_contract::id::{PriceVersion, RequestId, SpanId, TraceId};
use weir_contract::money::Money;
use weir_contract::policy::Key;
use weir_contract::price::{Price, upper_bound, upper_bound_of};
use weir_contract::record::{LogLevel, OpenRecord, Origin, RequestRecord, Stage};
use weir_contract::usage::Usage;
use weir_wire::{Api, Dialect, Peek, Route, Work, first_chars};

use super::attend::InFlight;
use super::record::KeptRequest;
use super::{Exchange, attribution, compat, headers, realtime, upload};
use crate::error::Refusal;
use crate::handles::Handles;
use crate::limits::Shut;
use crate::policy::InForce;

/// Longest wait a caller may ask for, ms.
const TIMEOUT_MS_MAX: u64 = 3_600_000;

/// Output tokens assumed for a hold when neither the request nor the model bounds them.
const OUTPUT_TOKENS_ASSUMED: u64 = 128_000;

/// What is known when a request's head has arrived and its key was found.
pub(crate) struct Arrival {
    pub(crate) force: Arc<InForce>,
    pub(crate) key: Arc<Key>,
    pub(crate) api: Api,
    pub(crate) dialect: Dialect,
    pub(crate) free: bool,
    pub(crate) peer: IpAddr,
    pub(crate) arrived: Instant,
    pub(crate) gone: Arc<AtomicBool>,
    pub(crate) in_flight: InFlight,
}

/// Finds the key that was presented in the policy that runs now; from here on that policy is pinned.
pub(crate) fn identify(
    handles: &Handles,
    request: &Request<Incoming>,
) -> Result<(Arc<InForce>, Arc<Key>), Refusal> {
    let Some(force) = handles.running.now() else {
        return Err(Refusal::gateway(
            503,
            "this gateway has not received a policy from its control plane yet",
        ));
    };
    let presented = presented_key(request.headers(), request.uri().query());
    let now_us = handles.clock.now_us();
    let key = match presented.as_deref() {
        Some(presented) => force.key(presented, now_us),
        None => upload::key_of(&force, request.uri()),
    };
    let key = key.cloned();
    let expired = |key: &Arc<Key>| key.entry.expires_at_us.is_some_and(|at_us| at_us <= now_us);
    match key.filter(|key| !expired(key)) {
        Some(key) => Ok((force, key)),
        None => Err(Refusal::unknown_key(presented.is_some())),
    }
}

/// The one place that knows how a key may be presented. Ours is told from a provider's by its prefix.
fn presented_key(map: &HeaderMap, query: Option<&str>) -> Option<String> {
    static BEARERS: [HeaderName; 2] = [AUTHORIZATION, headers::HELICONE_AUTH];
    static PLAIN: [HeaderName; 4] =
        [headers::X_API_KEY, headers::X_GOOG_API_KEY, headers::API_KEY, headers::X_PORTKEY_API_KEY];
    let without_scheme = |text: &'_ str| match text.split_at_checked(7) {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer ") => key.trim().to_owned(),
        _ => text.to_owned(),
    };
    let bearers = BEARERS.iter().filter_map(|name| headers::lenient(map, name)).map(without_scheme);
    let plain = PLAIN.iter().filter_map(|name| headers::lenient(map, name)).map(str::to_owned);
    let in_query = query.into_iter().flat_map(|query| {
        form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| name == "key")
            .map(|(_, key)| key.into_owned())
    });
    let mut first = None;
    let in_protocol = realtime::key_in_protocol(map).map(str::to_owned);
    for key in bearers.chain(plain).chain(in_query).chain(in_protocol).filter(|key| !key.is_empty()) {
        if key.starts_with("wk_") {
            return Some(key);
        }
        first.get_or_insert(key);
    }
    first
}

/// Makes the exchange and the beginning of its record.
pub(crate) fn begin(handles: &Arc<Handles>, arrival: Arrival, request: &Request<Incoming>) -> Box<Exchange> {
    let Arrival { force, key, api, dialect, free, peer, arrived, gone, in_flight } = arrival;
    let now_us = handles.clock.now_us();
    let random = handles.random.bytes::<34>();
    let request_id = RequestId::new(now_us, part(&random, 0));
    let caller = headers::lenient(request.headers(), &headers::TRACEPARENT).and_then(trace_parent);
    let (trace_id, caller_span_id) = caller.unwrap_or((TraceId(part(&random, 10)), SpanId::default()));
    let record = Box::new(RequestRecord {
        request_id,
        trace_id,
        span_id: SpanId(part(&random, 26)),
        caller_span_id,
        started_at_us: now_us,
        origin: Origin::Live,
        workspace: key.workspace.id.clone(),
        environment: key.workspace.environment.clone(),
        key: key.entry.id.clone(),
        operation: api.operation().to_owned(),
        api: api.path().trim_start_matches('/').to_owned(),
        policy_revision: force.policy.revision,
        stage: Stage::Admit,
        ..RequestRecord::default()
    });
    let mut buffer = uuid::Uuid::encode_buffer();
    let id_text = request_id.0.hyphenated().encode_lower(&mut buffer);
    let id_header = HeaderValue::from_str(id_text).unwrap_or(HeaderValue::from_static(""));
    Box::new(Exchange {
        log: key.workspace.log_level.max(key.entry.log_level.unwrap_or_default()),
        handles: Arc::clone(handles),
        force,
        key,
        api,
        dialect,
        free,
        counted: Usage::default(),
        peer,
        arrived,
        waited_us: 0,
        id_header,
        cost_in_stream: false,
        drop_unsupported: false,
        deadline: None,
        knock: None,
        kept: KeptRequest::default(),
        record,
        keeping: super::kept::Keeping::default(),
        target: None,
        closed: false,
        gone,
        pass: None,
        _in_flight: in_flight,
    })
}

fn part<const N: usize>(random: &[u8; 34], from: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&random[from..from + N]);
    part
}

/// Trace and span of a W3C `traceparent`; an odd one counts as absent.
fn trace_parent(text: &str) -> Option<(TraceId, SpanId)> {
    let mut parts = text.split('-');
    let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    if version.len() != 2 || version == "ff" || parts.next()?.len() != 2 {
        return None;
    }
    let (trace, span) = (hex::<16>(trace)?, hex::<8>(span)?);
    (trace != [0; 16] && span != [0; 8]).then_some((TraceId(trace), SpanId(span)))
}

fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N || !digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// What can be decided on the head alone: where it comes from, what its headers ask of us, the key's own limits.
pub(crate) fn enter(exchange: &mut Exchange, head: &Parts) -> Result<(), Refusal> {
    read_wishes(exchange, &head.headers)?;
    let entry = &exchange.key.entry;
    let peer = exchange.peer.to_canonical();
    if !entry.networks.is_empty() && !entry.networks.iter().any(|network| network.contains(&peer)) {
        let message = format!("key `{}` may not be used from {peer}", entry.name);
        return Err(Refusal::client(403, "permission_error", "network_not_allowed", message));
    }
    if let Some(reason) = exchange.force.policy.stops().key(&entry.id) {
        let message = format!("key `{}` is stopped: {reason}", entry.name);
        return Err(Refusal::client(403, "permission_error", "key_stopped", message));
    }
    let now_us = exchange.handles.clock.now_us();
    if let Some(gate) = exchange.force.gate(&entry.id) {
        let (pass, _) = gate.enter(entry, now_us).map_err(|shut| limited(&entry.name, shut))?;
        exchange.pass = Some(pass);
    }
    Ok(())
}

fn read_wishes(exchange: &mut Exchange, map: &HeaderMap) -> Result<(), Refusal> {
    if let Some(level) = headers::text(map, &headers::X_WEIR_LOG)? {
        let wished = LogLevel::from_name(level)
            .ok_or_else(|| Refusal::invalid("invalid_header", "`x-weir-log` must be full, meta or none"))?;
        exchange.log = exchange.log.max(wished);
    }
    if compat::asks_not_to_log(&exchange.handles.config.compat_headers, map) {
        exchange.log = exchange.log.max(LogLevel::Meta);
    }
    if let Some(text) = headers::text(map, &headers::X_WEIR_TIMEOUT_MS)? {
        let ms = text.parse::<u64>().ok().filter(|ms| (1..=TIMEOUT_MS_MAX).contains(ms));
        let wrong = || {
            Refusal::invalid("invalid_header", format!("`x-weir-timeout-ms` must be 1 to {TIMEOUT_MS_MAX}"))
        };
        exchange.deadline = Some(exchange.arrived + Duration::from_millis(ms.ok_or_else(wrong)?));
    }
    exchange.cost_in_stream = headers::text(map, &headers::X_WEIR_COST)? == Some("stream");
    exchange.drop_unsupported = match headers::text(map, &headers::X_WEIR_DROP_UNSUPPORTED)? {
        None => exchange.key.entry.drop_unsupported,
        Some("false") => false,
        Some("true") => true,
        Some(_) => {
            let message = "`x-weir-drop-unsupported` must be true or false";
            return Err(Refusal::invalid("invalid_header", message));
        }
    };
    Ok(())
}

fn limited(key: &str, shut: Shut) -> Refusal {
    match shut {
        Shut::Concurrency { limit } => {
            let message = format!(
                "key `{key}` has {limit} requests in flight, which is its limit: wait for one to end"
            );
            Refusal::limited(message).with(http::header::RETRY_AFTER, headers::number(1))
        }
        Shut::Rate { allowance, after_us } => {
            let whole_seconds = |us: i64| u64::try_from(us).unwrap_or(0).div_ceil(1_000_000).max(1);
            let message =
                format!("key `{key}` may send {} requests a minute: try again later", allowance.limit);
            let reset = headers::value(&format!("{}s", whole_seconds(allowance.reset_us)));
            let refusal = Refusal::limited(message)
                .with(http::header::RETRY_AFTER, headers::number(whole_seconds(after_us)))
                .with(headers::X_RATELIMIT_LIMIT, headers::number(u64::from(allowance.limit)))
                .with(headers::X_RATELIMIT_REMAINING, headers::number(u64::from(allowance.remaining)));
            match reset {
                Some(reset) => refusal.with(headers::X_RATELIMIT_RESET, reset),
                None => refusal,
            }
        }
    }
}

/// What needs the body too: customer, user, session and tags; the hold; the journal's word that there is room.
pub(crate) async fn admit(
    exchange: &mut Exchange,
    head: &Parts,
    route: &Route<'_>,
    peek: &Peek<'_>,
) -> Result<(), Refusal> {
    exchange.counted = peek.counted;
    exchange.record.stream = peek.stream;
    exchange.record.model_requested = first_chars(&peek.model, 200).to_owned();
    exchange.kept.read(peek, exchange.log, &mut exchange.record);
    attribution::attribute(exchange, &head.headers, peek)?;
    let (record, stops) = (&exchange.record, exchange.force.policy.stops());
    if let Some(reason) = stops.customer(&record.workspace, &record.customer) {
        let message = format!("customer `{}` is stopped: {reason}", record.customer);
        return Err(Refusal::client(403, "permission_error", "customer_stopped", message));
    }
    let spool_full =
        |words: String| Refusal::gateway(503, words).with(http::header::RETRY_AFTER, headers::number(5));
    exchange.handles.spool.admission().map_err(|full| spool_full(full.to_string()))?;
    let open = open_record(exchange, route, peek);
    exchange.record.hold = open.hold;
    let begun = Instant::now();
    let opened = exchange.handles.spool.open(open).await;
    tracing::trace!(us = super::micros(begun), "the hold is written");
    opened.map_err(|error| {
        tracing::error!(%error, "a request was refused because its hold could not be written");
        spool_full("the gateway's journal cannot be written: send the request again later".to_owned())
    })
}

/// The dearest that the request can cost at any of the places it may go to, and the price's version.
fn hold(exchange: &Exchange, route: &Route<'_>, peek: &Peek<'_>) -> (Money, PriceVersion) {
    let (record, policy) = (&exchange.record, &exchange.force.policy);
    if exchange.free {
        return (Money::ZERO, PriceVersion::default());
    }
    let model = policy.model(&record.workspace, &peek.model);
    let of_model = model.and_then(|model| model.max_output.or(model.context_window));
    let most = weir_wire::count::most(peek, of_model.unwrap_or(OUTPUT_TOKENS_ASSUMED));
    let bound = |price: &Price| match peek.api.work() {
        Work::Generate | Work::Realtime => upper_bound(price, most.input_total(), most.output_total()),
        _ => upper_bound_of(price, &most),
    };
    let own = route.provider.as_deref().and_then(|provider| policy.price(provider, &peek.model));
    let prices = model.filter(|_| route.provider.is_none()).into_iter().flat_map(|model| &model.targets);
    let prices = prices.filter_map(|target| target.price.as_deref()).chain(own.map(AsRef::as_ref));
    let bounds = prices.filter_map(|price| Some((bound(price)?, price.version.clone())));
    bounds.max_by_key(|(hold, _)| *hold).unwrap_or_default()
}

fn open_record(exchange: &Exchange, route: &Route<'_>, peek: &Peek<'_>) -> OpenRecord {
    let record = &exchange.record;
    let (hold, price_version) = hold(exchange, route, peek);
    OpenRecord {
        request_id: record.request_id,
        trace_id: record.trace_id,
        span_id: record.span_id,
        started_at_us: record.started_at_us,
        incarnation: exchange.handles.incarnation.clone(),
        workspace: record.workspace.clone(),
        environment: record.environment.clone(),
        key: record.key.clone(),
        customer: record.customer.clone(),
        customer_source: record.customer_source,
        model_requested: record.model_requested.clone(),
        operation: record.operation.clone(),
        api: record.api.clone(),
        policy_revision: record.policy_revision,
        hold,
        budgets: Vec::new(),
        price_version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(headers: &[(&'static str, &'static str)], query: Option<&str>) -> Option<String> {
        let map: HeaderMap =
            headers.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect();
        presented_key(&map, query)
    }

    #[test]
    fn a_key_is_found_however_a_client_presents_it() {
        for header in ["x-api-key", "x-goog-api-key", "api-key", "x-portkey-api-key"] {
            assert_eq!(presented(&[(header, "wk_1")], None).as_deref(), Some("wk_1"));
        }
        assert_eq!(presented(&[("authorization", "bearer wk_1")], None).as_deref(), Some("wk_1"));
        assert_eq!(presented(&[], Some("alt=sse&key=wk%5F1")).as_deref(), Some("wk_1"));
        assert_eq!(presented(&[], None), None);
    }

    #[test]
    fn our_key_is_told_from_a_providers() {
        let both = [("authorization", "Bearer sk-provider"), ("helicone-auth", "Bearer wk_1")];
        assert_eq!(presented(&both, None).as_deref(), Some("wk_1"));
        assert_eq!(presented(&both[..1], None).as_deref(), Some("sk-provider"));
    }

    #[test]
    fn a_trace_is_joined_when_its_header_is_sound() {
        let (trace, span) = trace_parent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
        assert_eq!(trace.to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(span.to_string(), "b7ad6b7169203331");
        assert_eq!(trace_parent("00-00000000000000000000000000000000-b7ad6b7169203331-01"), None);
        assert_eq!(trace_parent("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), None);
        assert_eq!(trace_parent("nonsense"), None);
    }
}
