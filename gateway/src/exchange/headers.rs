//! Which headers pass, in both directions. Everything not named here stays behind: credentials, cookies, hop-by-hop
//! headers and our own.

use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER,
    USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use weir_wire::{Dialect, Work};

use crate::error::Refusal;

/// Names as constants: to make one from text costs more than to look it up.
macro_rules! names {
    ($($constant:ident = $text:literal),+ $(,)?) => {
        $(pub(crate) const $constant: http::HeaderName = http::HeaderName::from_static($text);)+
    };
}
pub(super) use names;

names! {
    X_REQUEST_ID = "x-request-id",
    X_WEIR_REQUEST_ID = "x-weir-request-id",
    X_WEIR_SOURCE = "x-weir-source",
    X_WEIR_MODEL = "x-weir-model",
    X_WEIR_PROVIDER = "x-weir-provider",
    X_WEIR_CACHE = "x-weir-cache",
    X_WEIR_ATTEMPTS = "x-weir-attempts",
    X_WEIR_DROPPED = "x-weir-dropped",
    X_WEIR_ADAPTED = "x-weir-adapted",
    X_WEIR_COST_USD = "x-weir-cost-usd",
    X_WEIR_OVERHEAD_US = "x-weir-overhead-us",
    X_WEIR_PROVIDER_REQUEST_ID = "x-weir-provider-request-id",
    X_RATELIMIT_LIMIT = "x-ratelimit-limit-requests",
    X_RATELIMIT_REMAINING = "x-ratelimit-remaining-requests",
    X_RATELIMIT_RESET = "x-ratelimit-reset-requests",
    REQUEST_ID = "request-id",
    ANTHROPIC_VERSION = "anthropic-version",
    X_WEIR_LOG = "x-weir-log",
    X_WEIR_ENDPOINT = "x-weir-endpoint",
    X_WEIR_TIMEOUT_MS = "x-weir-timeout-ms",
    X_WEIR_COST = "x-weir-cost",
    X_WEIR_DROP_UNSUPPORTED = "x-weir-drop-unsupported",
    X_WEIR_USER = "x-weir-user",
    X_WEIR_SESSION = "x-weir-session",
    X_WEIR_CUSTOMER = "x-weir-customer",
    X_WEIR_CUSTOMER_TOKEN = "x-weir-customer-token",
    X_WEIR_TAGS = "x-weir-tags",
    BAGGAGE = "baggage",
    TRACEPARENT = "traceparent",
    HELICONE_AUTH = "helicone-auth",
    X_API_KEY = "x-api-key",
    X_GOOG_API_KEY = "x-goog-api-key",
    API_KEY = "api-key",
    X_PORTKEY_API_KEY = "x-portkey-api-key",
}

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(crate) const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");
pub(crate) const SOURCE_GATEWAY: HeaderValue = HeaderValue::from_static("gateway");
pub(crate) const SOURCE_PROVIDER: HeaderValue = HeaderValue::from_static("provider");
pub(crate) const CACHE_OFF: HeaderValue = HeaderValue::from_static("off");
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const ANTHROPIC_VERSION_DEFAULT: HeaderValue = HeaderValue::from_static("2023-06-01");

/// What only Google's clients send.
pub(crate) const GOOGLE: [&str; 2] = ["x-goog-api-key", "x-goog-api-client"];

/// Starts of names that pass to a provider.
const TO_PROVIDER: [&str; 4] = ["openai-", "anthropic-", "x-stainless-", "x-goog-upload-"];

/// Whole names that pass to a provider.
const TO_PROVIDER_WHOLE: [&str; 3] = ["idempotency-key", "x-goog-api-client", "x-goog-fieldmask"];

/// Parameters of a query that stay behind: keys, in every spelling clients have.
const SECRETS: [&str; 8] =
    ["key", "api_key", "api-key", "apikey", "access_token", "token", "x-api-key", "x-goog-api-key"];

/// Whole names that pass to the client. Where an upload goes on is told anew (`upload.rs`).
const TO_CLIENT_WHOLE: [&str; 5] = [
    "retry-after-ms",
    "x-should-retry",
    "x-goog-upload-status",
    "x-goog-upload-chunk-granularity",
    "x-goog-upload-size-received",
];

/// Starts of names that pass to the client.
const TO_CLIENT: [&str; 3] = ["x-ratelimit-", "anthropic-ratelimit-", "openai-"];

/// The headers of a call to a provider: what the client may say to it, and that we read the answer as it is.
pub(crate) fn to_provider(client: &HeaderMap, dialect: Dialect, work: Work) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(16);
    for (name, value) in client {
        let passes = matches!(*name, CONTENT_TYPE | ACCEPT | USER_AGENT)
            || TO_PROVIDER_WHOLE.contains(&name.as_str())
            || TO_PROVIDER.iter().any(|start| name.as_str().starts_with(start));
        if passes {
            map.append(name.clone(), value.clone());
        }
    }
    let files = work == Work::Stored && map.contains_key(CONTENT_TYPE);
    let keeps_type = work == Work::Pass || files || is_form(client);
    if !keeps_type {
        map.insert(CONTENT_TYPE, JSON);
    }
    map.insert(ACCEPT_ENCODING, IDENTITY);
    if dialect == Dialect::Anthropic && !map.contains_key(ANTHROPIC_VERSION) {
        map.insert(ANTHROPIC_VERSION, ANTHROPIC_VERSION_DEFAULT);
    }
    map
}

/// Whether the body is a form, whose content type names what lies between its parts.
fn is_form(client: &HeaderMap) -> bool {
    lenient(client, &CONTENT_TYPE).and_then(weir_wire::form::boundary).is_some()
}

/// What of a request's query a provider gets: everything but keys, and but Azure's version where no Azure is asked.
pub(crate) fn query_to_provider(query: Option<&str>, work: Work) -> Option<String> {
    let query = query.filter(|query| !query.is_empty())?;
    let passes = |parameter: &&str| {
        let name = parameter.split('=').next().unwrap_or_default();
        let name = form_urlencoded::parse(name.as_bytes()).next().map(|(name, _)| name.to_ascii_lowercase());
        let name = name.unwrap_or_default();
        !SECRETS.contains(&name.as_str()) && (work == Work::Pass || name != "api-version")
    };
    let kept: Vec<&str> = query.split('&').filter(passes).collect();
    Some(kept.join("&")).filter(|query| !query.is_empty())
}

/// What of a provider's headers the client gets.
pub(crate) fn to_client(provider: &HeaderMap, dialect: Dialect) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(24);
    for (name, value) in provider {
        let text = name.as_str();
        let passes = matches!(*name, CONTENT_TYPE | CONTENT_ENCODING | CONTENT_DISPOSITION | RETRY_AFTER)
            || TO_CLIENT_WHOLE.contains(&text)
            || TO_CLIENT.iter().any(|start| text.starts_with(start));
        if passes {
            map.append(name.clone(), value.clone());
        }
    }
    if let Some(id) = provider_request_id(provider) {
        map.insert(X_WEIR_PROVIDER_REQUEST_ID, id.clone());
        if dialect == Dialect::Anthropic {
            map.insert(REQUEST_ID, id.clone());
        }
    }
    map
}

/// The provider's own id of the request.
pub(crate) fn provider_request_id(provider: &HeaderMap) -> Option<&HeaderValue> {
    provider.get(REQUEST_ID).or_else(|| provider.get(X_REQUEST_ID))
}

/// Streams must not be held back by anything between us and the client.
pub(crate) fn mark_stream(map: &mut HeaderMap) {
    map.insert(CACHE_CONTROL, NO_CACHE);
    map.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
}

/// A header's text, trimmed; `None` when absent or empty. What is not UTF-8 is an error that names the header.
pub(crate) fn text<'m>(map: &'m HeaderMap, name: &HeaderName) -> Result<Option<&'m str>, Refusal> {
    let Some(value) = map.get(name) else { return Ok(None) };
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
        Err(_) => Err(Refusal::invalid("invalid_header", format!("the header `{name}` is not UTF-8 text"))),
    }
}

/// A header's text where odd bytes count as absence.
pub(crate) fn lenient<'m>(map: &'m HeaderMap, name: &HeaderName) -> Option<&'m str> {
    let text = std::str::from_utf8(map.get(name)?.as_bytes()).ok()?.trim();
    (!text.is_empty()).then_some(text)
}

/// Headers worth keeping beside a body: they explain it and hold no secret, as the address of an upload would.
pub(crate) fn kept(map: &HeaderMap) -> Vec<(String, String)> {
    const KEPT: [&str; 6] =
        ["content-type", "user-agent", "accept", "retry-after", "x-should-retry", "request-id"];
    let passes = |name: &str| {
        KEPT.contains(&name)
            || TO_PROVIDER.iter().any(|start| name.starts_with(start) && !name.ends_with("-url"))
            || TO_CLIENT.iter().any(|start| name.starts_with(start))
    };
    map.iter()
        .filter(|(name, value)| passes(name.as_str()) && !value.is_sensitive())
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect()
}

/// A number as a header value, without a detour over the heap where it is small.
pub(crate) fn number(value: u64) -> HeaderValue {
    HeaderValue::from(value)
}

/// A text as a header value; what cannot stand there is left out.
pub(crate) fn value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        headers.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn no_credential_cookie_or_header_of_ours_reaches_a_provider() {
        let client = map(&[
            ("authorization", "Bearer wk_1"),
            ("x-api-key", "wk_1"),
            ("cookie", "a=b"),
            ("connection", "x-stuff"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-weir-customer", "acme"),
            ("accept-encoding", "gzip"),
            ("anthropic-beta", "tools"),
            ("openai-beta", "x"),
            ("user-agent", "sdk"),
        ]);
        let sent = to_provider(&client, Dialect::Anthropic, Work::Generate);
        let mut names: Vec<&str> = sent.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        let expected = [
            "accept-encoding",
            "anthropic-beta",
            "anthropic-version",
            "content-type",
            "openai-beta",
            "user-agent",
        ];
        assert_eq!(names, expected);
        assert_eq!(sent["accept-encoding"], "identity");
    }

    #[test]
    fn a_query_passes_without_its_keys_in_any_spelling() {
        let kept = |query| query_to_provider(Some(query), Work::Generate);
        assert_eq!(kept("alt=sse&key=wk_1&%24alt=json").as_deref(), Some("alt=sse&%24alt=json"));
        assert_eq!(kept("k%65y=wk_1&API-Key=wk_1&api-version=1"), None);
        assert_eq!(
            query_to_provider(Some("api-version=1&access_token=t"), Work::Pass).as_deref(),
            Some("api-version=1")
        );
    }

    #[test]
    fn a_forms_boundary_passes_and_the_type_of_a_providers_own_call() {
        let form = map(&[("content-type", "multipart/form-data; boundary=b")]);
        assert_eq!(
            to_provider(&form, Dialect::OpenAi, Work::Transcribe)["content-type"],
            form["content-type"]
        );
        let other = map(&[("content-type", "text/plain")]);
        assert_eq!(to_provider(&other, Dialect::OpenAi, Work::Embed)["content-type"], "application/json");
        assert_eq!(to_provider(&other, Dialect::OpenAi, Work::Pass)["content-type"], "text/plain");
    }

    #[test]
    fn a_client_gets_rate_limits_and_the_providers_id_but_no_cookies() {
        let provider = map(&[
            ("set-cookie", "a=b"),
            ("x-ratelimit-remaining-tokens", "5"),
            ("transfer-encoding", "chunked"),
            ("x-request-id", "req_1"),
            ("content-type", "application/json"),
        ]);
        let passed = to_client(&provider, Dialect::OpenAi);
        let mut names: Vec<&str> = passed.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-type", "x-ratelimit-remaining-tokens", "x-weir-provider-request-id"]);
    }
}
