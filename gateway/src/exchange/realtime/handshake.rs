//! How a WebSocket is asked for (RFC 6455, section 4), by the client here and by us at the provider. HTTP/1.1 only.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use weir_wire::host::Host;
use weir_wire::{FaultKind, UpstreamFault, Work};

use crate::error::Refusal;
use crate::exchange::{Exchange, headers};
use crate::upstream::Upstream;

/// What is put behind a key before it is hashed (RFC 6455, section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Before a key that stands among the subprotocols: browsers can set no header. OpenAI's word.
const KEY_PROTOCOL: &str = "openai-insecure-api-key.";

/// Subprotocols that pass to a provider: all that OpenAI names, but for keys.
const PROTOCOLS: [&str; 4] = ["realtime", "openai-beta.", "openai-organization.", "openai-project."];

/// Parameters of the query that are said anew or stay behind. A `call_id` would join a call of whoever shares the
/// endpoint's credential.
const NOT_PASSED: [&str; 4] = ["model", "deployment", "api-version", "call_id"];

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const VERSION: HeaderValue = HeaderValue::from_static("13");
const SWITCH: HeaderValue = HeaderValue::from_static("Upgrade");

/// A client that asks for a WebSocket.
pub(crate) struct Knock {
    on_upgrade: OnUpgrade,
    accept: HeaderValue,
    protocols: Vec<String>,
}

/// A key among the subprotocols, where browsers put it.
pub(crate) fn key_in_protocol(map: &HeaderMap) -> Option<&str> {
    offered(map).find_map(|protocol| protocol.strip_prefix(KEY_PROTOCOL))
}

fn offered(map: &HeaderMap) -> impl Iterator<Item = &str> {
    let lists = map.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim)
}

/// Notes what a client that asks for a WebSocket sent; other routes have nothing to do with it.
pub(crate) fn knock(exchange: &mut Exchange, head: &Parts) -> Result<(), Refusal> {
    if exchange.api.work() == Work::Realtime {
        exchange.knock = Some(Box::new(read(head)?));
    }
    Ok(())
}

fn read(head: &Parts) -> Result<Knock, Refusal> {
    let has = |name: &HeaderName, word: &str| {
        let lists = head.headers.get_all(name).into_iter().filter_map(|list| list.to_str().ok());
        lists.flat_map(|list| list.split(',')).any(|said| said.trim().eq_ignore_ascii_case(word))
    };
    let on_upgrade = head.extensions.get::<OnUpgrade>().cloned();
    let on_upgrade = on_upgrade.filter(|_| has(&UPGRADE, "websocket") && has(&CONNECTION, "upgrade"));
    let (Some(on_upgrade), true) = (on_upgrade, has(&SEC_WEBSOCKET_VERSION, "13")) else {
        let message = "this route speaks WebSocket: send the GET over HTTP/1.1 with `Connection: Upgrade`, `Upgrade: websocket`, `Sec-WebSocket-Version: 13` and a `Sec-WebSocket-Key`, as WebSocket clients do";
        let refusal = Refusal::client(426, "invalid_request_error", "upgrade_required", message);
        return Err(refusal.with(UPGRADE, WEBSOCKET).with(SEC_WEBSOCKET_VERSION, VERSION));
    };
    let Some(key) = head.headers.get(SEC_WEBSOCKET_KEY).filter(|key| !key.is_empty()) else {
        let message = "the header `Sec-WebSocket-Key` is missing: send 16 random bytes in base64";
        return Err(Refusal::invalid("invalid_header", message));
    };
    let protocols = offered(&head.headers).filter(|protocol| passes(protocol)).map(str::to_owned).collect();
    Ok(Knock { on_upgrade, accept: accept(key), protocols })
}

fn passes(protocol: &str) -> bool {
    let named = |known: &&str| protocol == *known || (known.ends_with('.') && protocol.starts_with(*known));
    PROTOCOLS.iter().any(named)
}

/// The answer to a key.
fn accept(key: &HeaderValue) -> HeaderValue {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &[key.as_bytes(), GUID].concat());
    HeaderValue::from_str(&STANDARD.encode(hash)).unwrap_or(HeaderValue::from_static(""))
}

impl Knock {
    /// The answer's headers. `chosen` is the subprotocol the provider chose; a browser that offered some wants one.
    pub(super) fn answer(self, map: &mut HeaderMap, chosen: Option<&HeaderValue>) -> OnUpgrade {
        map.remove(CONTENT_TYPE);
        map.insert(CONNECTION, SWITCH);
        map.insert(UPGRADE, WEBSOCKET);
        map.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        let was_offered =
            |chosen: &&HeaderValue| self.protocols.iter().any(|it| it.as_bytes() == chosen.as_bytes());
        let first = || self.protocols.first().and_then(|first| headers::value(first));
        if let Some(protocol) = chosen.filter(was_offered).cloned().or_else(first) {
            map.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        self.on_upgrade
    }
}

/// The model in a query: OpenAI's `model`, or Azure's `deployment`.
pub(crate) fn model_in(query: Option<&str>) -> Option<String> {
    let of = |wanted: &str| {
        let mut all = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        all.find(|(name, value)| name == wanted && !value.is_empty()).map(|(_, value)| value.into_owned())
    };
    of("model").or_else(|| of("deployment"))
}

/// The query for a provider: its name of the model, and what else may pass.
pub(crate) fn query_to_provider(query: Option<&str>, model: &str) -> String {
    let mut said = form_urlencoded::Serializer::new(String::new());
    said.append_pair("model", model);
    let passed = headers::query_to_provider(query, Work::Realtime).unwrap_or_default();
    for (name, value) in form_urlencoded::parse(passed.as_bytes()) {
        if !NOT_PASSED.contains(&name.as_ref()) {
            said.append_pair(&name, &value);
        }
    }
    said.finish()
}

/// What a provider must answer.
pub(crate) struct Awaited(HeaderValue);

/// Asks a provider for a WebSocket with a key of our own.
pub(crate) fn open_to_provider(exchange: &Exchange, map: &mut HeaderMap) -> Awaited {
    let key = STANDARD.encode(exchange.handles.random.bytes::<16>());
    let key = HeaderValue::from_str(&key).unwrap_or(HeaderValue::from_static(""));
    map.remove(CONTENT_TYPE);
    map.insert(CONNECTION, SWITCH);
    map.insert(UPGRADE, WEBSOCKET);
    map.insert(SEC_WEBSOCKET_VERSION, VERSION);
    let protocols = exchange.knock.as_ref().map(|knock| knock.protocols.join(", "));
    if let Some(list) = protocols.filter(|list| !list.is_empty()).and_then(|list| headers::value(&list)) {
        map.insert(SEC_WEBSOCKET_PROTOCOL, list);
    }
    let awaited = Awaited(accept(&key));
    map.insert(SEC_WEBSOCKET_KEY, key);
    awaited
}

/// The provider's side, where it agreed. An answer that refuses is left to whoever reads refusals.
pub(crate) fn opened(
    response: &mut Response<Incoming>,
    awaited: &Awaited,
    upstream: &Upstream,
) -> Result<Option<OnUpgrade>, UpstreamFault> {
    let status = response.status();
    if status == StatusCode::SWITCHING_PROTOCOLS {
        if response.headers().get(SEC_WEBSOCKET_ACCEPT) == Some(&awaited.0) {
            return Ok(Some(hyper::upgrade::on(response)));
        }
        let message = "the provider answered with a `Sec-WebSocket-Accept` that does not fit";
        return Err(UpstreamFault::local(FaultKind::Server, message));
    }
    if upstream.host == Host::Azure {
        let message =
            "Azure's older addresses have no such route: let the endpoint's base URL end in /openai/v1";
        return Err(UpstreamFault::local(FaultKind::NotFound, message));
    }
    if status.is_success() || status.is_redirection() {
        let message = format!("the provider answered {status} where a WebSocket was asked for");
        return Err(UpstreamFault::local(FaultKind::Server, message));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_answered_as_the_standard_shows() {
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accept(&key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_key_among_the_subprotocols_is_found_and_never_passed_on() {
        let mut map = HeaderMap::new();
        let list = "realtime, openai-insecure-api-key.wk_1,openai-beta.realtime-v1";
        map.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(list));
        assert_eq!(key_in_protocol(&map), Some("wk_1"));
        let passed: Vec<&str> = offered(&map).filter(|protocol| passes(protocol)).collect();
        assert_eq!(passed, ["realtime", "openai-beta.realtime-v1"]);
        assert!(!passes("realtime.wk_1") && !passes("anything"));
    }

    #[test]
    fn the_query_names_the_providers_model_and_no_key_or_call_of_others() {
        let query = "model=m&key=wk_1&intent=conversation&api-version=1&call_id=c&deployment=d";
        assert_eq!(query_to_provider(Some(query), "a b"), "model=a+b&intent=conversation");
        assert_eq!(model_in(Some(query)).as_deref(), Some("m"));
        assert_eq!(model_in(Some("api-version=1&deployment=d")).as_deref(), Some("d"));
        assert_eq!((model_in(Some("model=")), model_in(None)), (None, None));
    }
}
