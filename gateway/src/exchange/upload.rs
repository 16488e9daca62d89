//! Files on their way to Google: their facts first, then their bytes, to an address that the first answer names.
//!
//! Clients follow that address without a key of theirs. They get one at this gateway instead, with a ticket in it: sealed
//! for every gateway of the same control plane, good for this one upload and for as long as the key behind it is. Neither a
//! key of ours nor one of the provider's stands in it.

use std::sync::Arc;

use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use weir_contract::id::{EndpointId, KeyId};
use weir_contract::policy::Key;
use weir_wire::batch::models_of_gemini_lines;
use weir_wire::{Api, Work};

use super::dispatch::Asked;
use super::headers::{self, names};
use super::{Exchange, kept};
use crate::error::Refusal;
use crate::policy::InForce;

names! {
    URL = "x-goog-upload-url",
    COMMAND = "x-goog-upload-command",
    OFFSET = "x-goog-upload-offset",
    X_FORWARDED_HOST = "x-forwarded-host",
    X_FORWARDED_PROTO = "x-forwarded-proto",
}

/// What the ticket is called in the query, after what Google has in its place.
const PARAMETER: &str = "upload_id";

/// What tickets are sealed for.
const PLACE: &str = "weir upload v1";

/// An upload that begins or goes on.
pub(crate) struct Uploading {
    /// Where the client reaches this gateway.
    origin: Option<String>,
    /// At which endpoint it goes on, and what the provider's address has in its query.
    pub(crate) goes_on: Option<(EndpointId, String)>,
}

/// What the address of an upload holds.
struct Ticket {
    key: KeyId,
    endpoint: EndpointId,
    query: String,
}

impl Ticket {
    /// The ticket of an address, where it was made by this control plane's gateways.
    fn open(force: &InForce, uri: &Uri) -> Option<Self> {
        let text = force.open(&sealed_in(uri)?, PLACE)?;
        let mut parts = text.splitn(3, '\n');
        let (key, endpoint, query) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { key: key.into(), endpoint: endpoint.into(), query: query.to_owned() })
    }

    fn seal(&self, exchange: &Exchange) -> Option<String> {
        let text = format!("{}\n{}\n{}", self.key, self.endpoint, self.query);
        exchange.force.seal(&text, PLACE, exchange.handles.random.bytes())
    }
}

fn sealed_in(uri: &Uri) -> Option<String> {
    let mut parameters = form_urlencoded::parse(uri.query()?.as_bytes());
    parameters.find(|(name, _)| name == PARAMETER).map(|(_, sealed)| sealed.into_owned())
}

/// The key behind the ticket in that address, where none was presented.
pub(crate) fn key_of<'f>(force: &'f InForce, uri: &Uri) -> Option<&'f Arc<Key>> {
    if uri.path() != Api::GeminiUpload.path() {
        return None;
    }
    force.policy.key_by_id(&Ticket::open(force, uri)?.key)
}

/// The upload that a request begins or goes on with; `None` on other routes.
pub(crate) fn of(exchange: &Exchange, asked: &Asked<'_>) -> Result<Option<Uploading>, Refusal> {
    if asked.route.api != Api::GeminiUpload {
        return Ok(None);
    }
    let origin = origin(exchange, asked.head);
    if sealed_in(&asked.head.uri).is_none() {
        return Ok(Some(Uploading { origin, goes_on: None }));
    }
    let ticket = Ticket::open(&exchange.force, &asked.head.uri);
    match ticket.filter(|ticket| ticket.key == exchange.key.entry.id) {
        Some(Ticket { endpoint, query, .. }) => {
            Ok(Some(Uploading { origin, goes_on: Some((endpoint, query)) }))
        }
        None => Err(kept::not_found(PARAMETER)),
    }
}

/// The models that a file for a batch names, where all of it is in this request: its lines keep their bytes, for their number
/// was said before they came.
pub(crate) fn models(asked: &Asked<'_>) -> Option<Arc<[String]>> {
    // Said once each: of two, the provider might heed the other.
    let says = |name: HeaderName| {
        let once = asked.head.headers.get_all(&name).iter().count() == 1;
        headers::lenient(&asked.head.headers, &name).filter(|_| once)
    };
    let is_all = says(COMMAND) == Some("upload, finalize") && says(OFFSET) == Some("0");
    let models = is_all.then(|| models_of_gemini_lines(asked.body)).flatten();
    models.map(Arc::from)
}

/// The address at which the upload goes on here, where the provider names one of its own.
pub(crate) fn address_here(exchange: &Exchange, provider: &HeaderMap) -> Option<HeaderValue> {
    let origin = exchange.keeping.uploading.as_ref()?.origin.as_deref()?;
    let there: Uri = headers::lenient(provider, &URL)?.parse().ok()?;
    let query = headers::query_to_provider(there.query(), Work::Stored)?;
    let endpoint = exchange.target.as_ref()?.endpoint.id.clone();
    let sealed = Ticket { key: exchange.key.entry.id.clone(), endpoint, query }.seal(exchange)?;
    let query = form_urlencoded::Serializer::new(String::new()).append_pair(PARAMETER, &sealed).finish();
    headers::value(&format!("{origin}{}?{query}", Api::GeminiUpload.path()))
}

/// Where the client reaches this gateway: what it or a proxy before us says.
fn origin(exchange: &Exchange, head: &Parts) -> Option<String> {
    let said =
        |name: HeaderName| headers::lenient(&head.headers, &name).and_then(|text| text.split(',').next());
    let host = said(X_FORWARDED_HOST).or_else(|| said(HOST)).map(str::trim);
    let host: Authority = match host {
        Some(host) => host.parse().ok()?,
        None => head.uri.authority()?.clone(),
    };
    let scheme = match said(X_FORWARDED_PROTO).map(str::trim) {
        Some(scheme @ ("http" | "https")) => scheme,
        _ if exchange.handles.certificate.is_some() => "https",
        _ => "http",
    };
    Some(format!("{scheme}://{host}"))
}
