//! Where requests go: one [`Upstream`] per endpoint, with its own connections, credential, breaker and retry budget.
//!
//! Everything a call needs is prepared when a policy is compiled; sending one allocates no name and formats no text.
//! `weir-egress` is the one way out of this process.

pub(crate) mod breaker;
pub(crate) mod host;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::UPGRADE;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use thiserror::Error;
use weir_contract::policy::snapshot::Credential;
use weir_contract::policy::{EndpointEntry, PolicySecret};
use weir_egress::credential::Given;
use weir_egress::{Dial, SignError, Signer, client, roots, upgrading_client};
use weir_wire::host::Host;
use weir_wire::{Api, Dialect, FaultKind, Quirks, Route, UpstreamFault, Work};
use zeroize::Zeroizing;

pub(crate) use breaker::{Breaker, RetryBudget};
pub(crate) use weir_egress::{Egress, HttpClient};

/// An endpoint, ready to be called.
pub(crate) struct Upstream {
    /// What the policy says of it.
    pub(crate) entry: Arc<EndpointEntry>,
    /// What it speaks.
    pub(crate) dialect: Dialect,
    /// Its provider's name as a header value.
    pub(crate) provider_header: HeaderValue,
    /// Whether it is worth calling.
    pub(crate) breaker: Breaker,
    /// How many retries it may be asked.
    pub(crate) retries: RetryBudget,
    /// Who serves what it speaks.
    pub(crate) host: Host,
    /// How its provider deviates.
    pub(crate) quirks: Quirks,
    client: HttpClient,
    /// For what becomes a WebSocket.
    upgrading: HttpClient,
    /// Base URL without a slash at the end. Azure's may name a version in its query.
    base: String,
    /// Scheme and host of it: what a provider's own paths stand below.
    origin: String,
    /// The addresses of routes without variable parts, in the order of [`Api::ALL`].
    fixed: Vec<Option<Uri>>,
    signer: Signer,
}

/// Why an endpoint cannot be called as the policy describes it.
#[derive(Debug, Error)]
#[error("endpoint `{endpoint}`: {reason}")]
pub(crate) struct UpstreamError {
    endpoint: String,
    reason: String,
}

impl Upstream {
    /// Prepares an endpoint: opens its secrets, builds its URL, its headers and its pool.
    pub(crate) fn prepare(
        entry: &Arc<EndpointEntry>,
        secret: &PolicySecret,
        egress: Egress,
    ) -> Result<Self, UpstreamError> {
        let wrong = |reason: String| UpstreamError { endpoint: entry.name.clone(), reason };
        let dialect = Dialect::from_name(&entry.dialect)
            .ok_or_else(|| wrong(format!("this gateway does not speak `{}`", entry.dialect)))?;
        let base = entry.base_url.trim_end_matches('/').to_owned();
        let host = Host::of(&entry.provider, dialect, &base);
        let (origin, fixed) = addresses(dialect, host, &base).map_err(&wrong)?;
        let credential = open_credential(entry, secret).map_err(&wrong)?;
        let client_pem = entry.client_cert.as_ref().map(|sealed| secret.open(sealed, &entry.place()));
        let client_pem =
            client_pem.transpose().map_err(|error| wrong(error.to_string()))?.map(Zeroizing::new);
        let tls = roots::client_config(entry.ca_pem.as_deref(), client_pem.as_deref().map(Vec::as_slice))
            .map_err(&wrong)?;
        let dial = Dial::to_endpoint(entry, egress).map_err(&wrong)?;
        let upgrading = upgrading_client(tls.clone(), dial.clone());
        let client = client(tls, dial);
        let given = Given {
            style: entry.auth,
            credential: &credential,
            base_url: &entry.base_url,
            region: &entry.region,
            client: &client,
        };
        let signer = Signer::prepare(&given).map_err(&wrong)?;
        let provider_header = HeaderValue::from_str(&entry.provider)
            .map_err(|_| wrong(format!("its provider's name `{}` has odd characters", entry.provider)))?;
        Ok(Self {
            host,
            quirks: Quirks::of_provider(&entry.provider),
            entry: Arc::clone(entry),
            dialect,
            provider_header,
            breaker: Breaker::default(),
            retries: RetryBudget::default(),
            client,
            upgrading,
            base,
            origin,
            fixed,
            signer,
        })
    }

    /// Whether this upstream is still what the policy describes: then its connections and its breaker are kept.
    pub(crate) fn serves(&self, entry: &EndpointEntry) -> bool {
        // A credential from a file or the environment is read anew with each policy.
        *self.entry == *entry && !matches!(entry.credential, Credential::Env(_) | Credential::File(_))
    }

    /// Whether it takes calls of that route as they are. Hosts with words or deployments of their own have no responses.
    pub(crate) fn serves_route(&self, api: Api) -> bool {
        let told = self.host == Host::Azure || self.host.retells(Api::ChatCompletions);
        self.dialect.serves(api, &self.entry.provider) && !(told && api.dialect() == Dialect::Responses)
    }

    /// The route that calls of that one go to: itself where it takes them as they are, else that of its own dialect for the same
    /// work.
    pub(crate) fn answers_on(&self, api: Api) -> Api {
        match api.work() {
            Work::Generate if !self.serves_route(api) => self.dialect.chat_api(),
            Work::Count if !self.serves_route(api) => self.dialect.count_api(),
            _ => api,
        }
    }

    /// Whether it counts the tokens of requests that come by that route.
    pub(crate) fn counts(&self, api: Api) -> bool {
        let has_counter = self.dialect != Dialect::OpenAi || self.quirks.counts_tokens;
        self.host.may_count() && (has_counter || self.serves_route(api))
    }

    /// Where a call of that route for that model goes. `query` is what the caller may say there; a translated call says
    /// nothing of its own, and where it goes depends on whether events are wanted.
    pub(crate) fn address(
        &self,
        route: &Route<'_>,
        model: &str,
        query: Option<&str>,
        events: bool,
    ) -> Result<Uri, UpstreamFault> {
        let (api, query) = match self.answers_on(route.api) {
            api if api == route.api => (api, query),
            Api::GenerateContent if events => (self.dialect.stream_api(), Some("alt=sse")),
            api => (api, None),
        };
        let hosted = if api.work() == Work::Pass { Ok(None) } else { self.host.path(api, model, events) };
        let hosted = hosted.map_err(|missing| UpstreamFault::local(FaultKind::NotFound, missing))?;
        let fixed = self.fixed.get(api as usize).and_then(Option::as_ref).filter(|_| hosted.is_none());
        if let (Some(uri), None) = (fixed, query) {
            return Ok(uri.clone());
        }
        let mut text = match (fixed, api, api.verb()) {
            _ if hosted.is_some() => self.host.below(&self.base, &hosted.unwrap_or_default()),
            (Some(uri), ..) => uri.to_string(),
            (None, _, Some(verb)) => self.host.below(&self.base, &format!("/{}:{verb}", resource(model))),
            (None, api, _) if !api.stem().is_empty() => {
                self.host.below(&self.base, &format!("{}{}", api.stem(), route.rest))
            }
            (None, ..) => format!("{}{}", self.origin, route.rest),
        };
        if let Some(query) = query {
            text.extend([if text.contains('?') { "&" } else { "?" }, query]);
        }
        let odd =
            |error| UpstreamFault::local(FaultKind::BadRequest, format!("no address is `{text}`: {error}"));
        text.parse().map_err(odd)
    }

    /// What a provider says of a refusal, without our credential, should it repeat it.
    pub(crate) fn conceal(&self, words: Bytes) -> Bytes {
        self.signer.conceal(words)
    }

    /// Sends one call and waits for the head of the answer.
    pub(crate) async fn send(
        &self,
        (method, uri): (Method, Uri),
        headers: HeaderMap,
        body: Bytes,
        first_byte_max: Duration,
        now_us: i64,
    ) -> Result<Response<Incoming>, UpstreamFault> {
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let client = if request.headers().contains_key(UPGRADE) { &self.upgrading } else { &self.client };
        self.signer.sign(&mut request, &body, now_us).await.map_err(|error| unsigned(&error))?;
        match tokio::time::timeout(first_byte_max, client.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(fault_of(&error)),
            Err(_) => {
                let message = format!("no answer within {} ms", first_byte_max.as_millis());
                Err(UpstreamFault::local(FaultKind::Timeout, message))
            }
        }
    }
}

/// Scheme and host of a base URL, and the addresses below it that never change.
fn addresses(dialect: Dialect, host: Host, base: &str) -> Result<(String, Vec<Option<Uri>>), String> {
    let uri: Uri = base.parse().map_err(|error| format!("its base URL `{base}` is not a URL: {error}"))?;
    let (scheme, authority) = (uri.scheme_str(), uri.authority());
    let (Some(scheme @ ("http" | "https")), Some(authority)) = (scheme, authority) else {
        return Err(format!("its base URL `{base}` needs http:// or https:// and a host"));
    };
    let address = |api: &Api| {
        let path = api.path_below_base().filter(|_| dialect.may_serve(*api))?;
        host.below(&api.base_at(base)?, path).parse().ok()
    };
    Ok((format!("{scheme}://{authority}"), Api::ALL.iter().map(address).collect()))
}

/// A model as a part of a path: `models/…` unless it is another kind of resource.
fn resource(model: &str) -> String {
    let mut path = String::with_capacity(model.len() + 8);
    if !model.starts_with("models/") && !model.starts_with("tunedModels/") {
        path.push_str("models/");
    }
    for byte in model.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' | b':' | b'@' => {
                path.push(char::from(byte));
            }
            _ => path.extend(["%", &format!("{byte:02X}")]),
        }
    }
    path
}

/// A client for the control plane, whose address the operator chose.
pub(crate) fn control_client() -> Result<HttpClient, String> {
    Ok(client(roots::client_config(None, None)?, Dial::anywhere(Duration::from_secs(5))))
}

fn fault_of(error: &hyper_util::client::legacy::Error) -> UpstreamFault {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        words = inner.to_string();
        cause = inner.source();
    }
    if error.is_connect() {
        UpstreamFault::local(FaultKind::Connect, format!("no connection: {words}"))
    } else {
        UpstreamFault::local(FaultKind::Cut, format!("the connection broke before an answer came: {words}"))
    }
}

fn open_credential(entry: &EndpointEntry, secret: &PolicySecret) -> Result<Zeroizing<String>, String> {
    let text = match &entry.credential {
        Credential::None => String::new(),
        Credential::Sealed(sealed) => {
            let bytes = secret.open(sealed, &entry.place()).map_err(|error| error.to_string())?;
            String::from_utf8(bytes).map_err(|_| "its credential is not text".to_owned())?
        }
        Credential::Env(name) => std::env::var(name).map_err(|_| {
            format!("its credential is in the environment variable {name}, which this gateway lacks")
        })?,
        Credential::File(path) => std::fs::read_to_string(path).map_err(|error| {
            format!("its credential is in the file {path}, which cannot be read: {error}")
        })?,
    };
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// The call was never made.
fn unsigned(error: &SignError) -> UpstreamFault {
    let kind = match error {
        SignError::Unreachable(_) => FaultKind::Connect,
        SignError::Refused(_) => FaultKind::Auth,
        SignError::Unsignable(_) => FaultKind::Unknown,
    };
    UpstreamFault::local(kind, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_a_dialect_has_an_address_below_the_base_and_no_other_has() {
        let (origin, fixed) = addresses(Dialect::OpenAi, Host::Direct, "https://h:1/openai/v1").unwrap();
        assert_eq!(origin, "https://h:1");
        let at = |api: Api| fixed[api as usize].as_ref().map(ToString::to_string);
        assert_eq!(at(Api::Responses).as_deref(), Some("https://h:1/openai/v1/responses"));
        assert_eq!((at(Api::Messages), at(Api::StoredResponse), at(Api::Key)), (None, None, None));
        assert!(addresses(Dialect::OpenAi, Host::Direct, "h/v1").is_err());
        let base = "https://h:1/openai/v1?api-version=preview";
        let (origin, fixed) = addresses(Dialect::OpenAi, Host::Direct, base).unwrap();
        assert_eq!(origin, "https://h:1");
        let chat = fixed[Api::ChatCompletions as usize].as_ref().unwrap();
        assert_eq!(chat.to_string(), "https://h:1/openai/v1/chat/completions?api-version=preview");
        assert_eq!(resource("a b?c"), "models/a%20b%3Fc");
        assert_eq!(resource("tunedModels/x"), "tunedModels/x");
    }
}
