//! What a host that serves a known format wants said in the body instead of in headers, and its framing of streams.

#[cfg(test)]
mod recorded;
mod unframe;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName};
use weir_wire::converse::{self, Retelling};
use weir_wire::host::Host;
use weir_wire::{Dialect, WireError};

pub(crate) use unframe::Unframer;
#[cfg(test)]
pub(crate) use unframe::framed;

const ANTHROPIC_BETA: HeaderName = HeaderName::from_static("anthropic-beta");
const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// Amazon's framing of streams.
const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

/// The body as the host takes it; what it wants said there is taken out of the headers.
///
/// # Errors
///
/// When the body is no sound JSON object.
pub(crate) fn wrap(host: Host, body: Bytes, headers: &mut HeaderMap) -> Result<Bytes, WireError> {
    if matches!(host, Host::Vertex(Dialect::Anthropic) | Host::Bedrock | Host::Converse) {
        headers.remove(ANTHROPIC_VERSION);
    }
    let betas = if host == Host::Bedrock { betas(headers) } else { None };
    if betas.is_some() || host == Host::Converse {
        headers.remove(ANTHROPIC_BETA);
    }
    host.wrap(body, betas.as_deref())
}

/// What puts a stream's framing off; `None` where there is none to put off.
pub(crate) fn unframer(host: Host, model: &str, headers: &HeaderMap) -> Option<Unframer> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    match host {
        _ if !kind.starts_with(EVENT_STREAM) => None,
        Host::Bedrock => Some(Unframer::default()),
        Host::Converse => {
            Some(Unframer::retelling(Retelling::new(request_id(headers).to_owned(), model.to_owned())))
        }
        _ => None,
    }
}

/// An answer in one piece as the format has it; `None` where the host says it so already.
pub(crate) fn retold(
    host: Host,
    model: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<Result<Bytes, WireError>> {
    (host == Host::Converse).then(|| converse::told(body, request_id(headers), model))
}

/// What stands for an answer's id where the body has none.
fn request_id(headers: &HeaderMap) -> &str {
    headers.get("x-amzn-requestid").and_then(|id| id.to_str().ok()).unwrap_or_default()
}

/// The features asked for by header, as a JSON array.
fn betas(headers: &HeaderMap) -> Option<String> {
    let given = headers.get_all(ANTHROPIC_BETA).iter().filter_map(|value| value.to_str().ok());
    let names: Vec<&str> =
        given.flat_map(|line| line.split(',')).map(str::trim).filter(|name| !name.is_empty()).collect();
    (!names.is_empty()).then(|| serde_json::to_string(&names).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn bedrock_hears_in_the_body_what_others_hear_in_the_address_and_in_headers() {
        let mut headers = HeaderMap::new();
        headers.append(ANTHROPIC_BETA, HeaderValue::from_static("a, b"));
        headers.append(ANTHROPIC_VERSION, HeaderValue::from_static("2023-06-01"));
        let body = Bytes::from_static(br#"{"model":"m","stream":true,"max_tokens":5,"messages":[]}"#);
        let sent = wrap(Host::Bedrock, body, &mut headers).unwrap();
        let wanted = br#"{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["a","b"],"max_tokens":5,"messages":[]}"#;
        assert_eq!(&sent[..], wanted);
        assert!(headers.is_empty());
    }
}
