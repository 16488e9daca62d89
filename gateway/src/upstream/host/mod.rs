//! What a host that serves a known format wants said in the body instead of in headers, and its framing of streams.

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod recorded_words;
mod unframe;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName};
use weir_wire::completion::{self, Heading};
use weir_wire::converse::Retelling;
use weir_wire::host::Host;
use weir_wire::{Api, Dialect, WireError, Work};

use unframe::Unframer;
#[cfg(test)]
pub(crate) use unframe::framed;

const ANTHROPIC_BETA: HeaderName = HeaderName::from_static("anthropic-beta");
const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// Amazon's framing of streams.
const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

/// The body as the host takes it; what it wants said there is taken out of the headers. Hosts with words of their own have been
/// told before ([`Host::tell`]).
///
/// # Errors
///
/// When the body is no sound JSON object.
pub(crate) fn wrap(host: Host, work: Work, body: Bytes, headers: &mut HeaderMap) -> Result<Bytes, WireError> {
    let counts = work == Work::Count;
    if matches!(host, Host::Vertex(Dialect::Anthropic) | Host::Bedrock | Host::Converse) {
        headers.remove(ANTHROPIC_VERSION);
    }
    let betas = if host == Host::Bedrock { betas(headers, counts) } else { None };
    if matches!(host, Host::Bedrock | Host::Converse) {
        headers.remove(ANTHROPIC_BETA);
    }
    if counts {
        return host.wrap_question(body, betas.as_deref());
    }
    host.wrap(body, betas.as_deref())
}

/// What puts the form off in which a host sends a stream: what comes out are events of the format.
pub(crate) enum Unpacker {
    /// Amazon's framing.
    Framed(Box<Unframer>),
    /// Words of the host's own.
    Told(Box<completion::Retelling>),
}

impl Unpacker {
    /// Takes more of the stream; gives the events that are whole, as text.
    ///
    /// # Errors
    ///
    /// Says what cannot be read. Nothing can be read after that.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<Bytes, String> {
        match self {
            Self::Framed(unframer) => unframer.push(chunk),
            Self::Told(retelling) => Ok(retelling.push(chunk)),
        }
    }

    /// The stream ended: gives what nothing closed.
    pub(crate) fn finish(&mut self) -> Bytes {
        match self {
            Self::Framed(_) => Bytes::new(),
            Self::Told(retelling) => retelling.finish(),
        }
    }
}

/// What unpacks a stream; `None` where there is nothing to unpack.
pub(crate) fn unpacker(host: Host, heading: &Heading, headers: &HeaderMap) -> Option<Unpacker> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    if let Some(retelling) = host.retelling(kind, heading.clone()) {
        return Some(Unpacker::Told(Box::new(retelling)));
    }
    let unframer = match host {
        _ if !kind.starts_with(EVENT_STREAM) => return None,
        Host::Bedrock => Unframer::default(),
        Host::Converse => Unframer::retelling(Retelling::new(heading.id.clone(), heading.model.clone())),
        _ => return None,
    };
    Some(Unpacker::Framed(Box::new(unframer)))
}

/// An answer in one piece as the format has it; `None` where the host says it so already.
pub(crate) fn retold(
    host: Host,
    api: Api,
    heading: &Heading,
    body: &[u8],
) -> Option<Result<Bytes, WireError>> {
    if api.work() == Work::Count {
        return host.retold_count(body);
    }
    host.retells(api).then(|| host.retold(api, body, heading))
}

/// What stands for the id of Converse's answers, whose bodies have none.
pub(crate) fn request_id(headers: &HeaderMap) -> &str {
    headers.get("x-amzn-requestid").and_then(|id| id.to_str().ok()).unwrap_or_default()
}

/// The beta that Anthropic's libraries ask for with every count. Bedrock, whose counter is no beta, knows no such word.
const COUNTING: &str = "token-counting-";

/// The features asked for by header, as a JSON array; without that of counting where something is counted.
fn betas(headers: &HeaderMap, counts: bool) -> Option<String> {
    let given = headers.get_all(ANTHROPIC_BETA).iter().filter_map(|value| value.to_str().ok());
    let left_out = |name: &str| name.is_empty() || (counts && name.starts_with(COUNTING));
    let names: Vec<&str> =
        given.flat_map(|line| line.split(',')).map(str::trim).filter(|name| !left_out(name)).collect();
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
        let sent = wrap(Host::Bedrock, Work::Generate, body, &mut headers).unwrap();
        let wanted = br#"{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["a","b"],"max_tokens":5,"messages":[]}"#;
        assert_eq!(&sent[..], wanted);
        assert!(headers.is_empty());
    }

    #[test]
    fn bedrocks_counter_is_not_asked_for_the_beta_of_counting() {
        let mut headers = HeaderMap::new();
        headers.append(ANTHROPIC_BETA, HeaderValue::from_static("a, token-counting-2024-11-01"));
        assert_eq!(betas(&headers, true).as_deref(), Some(r#"["a"]"#));
        assert_eq!(betas(&headers, false).as_deref(), Some(r#"["a","token-counting-2024-11-01"]"#));
        headers.insert(ANTHROPIC_BETA, HeaderValue::from_static("token-counting-2024-11-01"));
        let body = Bytes::from_static(br#"{"model":"m","messages":[]}"#);
        wrap(Host::Bedrock, Work::Count, body, &mut headers).unwrap();
        assert!(headers.is_empty());
    }
}
