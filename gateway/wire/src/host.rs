//! Hosts that serve a known format in a wrapping of their own: another address, members that stand elsewhere. Who the host is
//! follows from the provider's name; what it speaks stays the endpoint's format.
//!
//! | provider | address below the base URL | body |
//! | --- | --- | --- |
//! | `azure`, base URL without a path | `/openai/deployments/{model}/…?api-version=`, which a base URL may name in its query | as it is |
//! | `vertex`, `gemini` | `/publishers/google/models/{model}:{verb}` | as it is |
//! | `vertex`, `anthropic` | `/publishers/anthropic/models/{model}:rawPredict` | no `model`, a version of the host's |
//! | `bedrock`, `anthropic`, a model of Anthropic's | `/model/{model}/invoke` | no `model` nor `stream`, a version of the host's, betas |
//! | `bedrock`, `anthropic`, any other model | `/model/{model}/converse` | the same in Converse's words ([`crate::converse`]) |
//! | `vertex`, `anthropic`, counting | `/publishers/anthropic/models/count-tokens:rawPredict` | as [`crate::counter`] says |
//! | `bedrock`, counting | `/model/{model}/count-tokens` | the same |
//! | `cohere`, base URL that does not end in `/v1` | `/v2/chat`, `/v2/embed`, `/v2/rerank` | in Cohere's words ([`crate::cohere`]) |
//! | `ollama`, base URL that does not end in `/v1` | `/api/chat`, `/api/embed` | in Ollama's words ([`crate::ollama`]) |

use bytes::Bytes;

use crate::{
    api::Api,
    cohere,
    completion::{Heading, Retelling, Told, Words},
    converse,
    dialect::Dialect,
    error::WireError,
    ollama,
    rewrap::rewrap,
    translate::{Fit, Unsupported},
};

/// The generally available version of Azure's older API; the newer one stands below `/openai/v1` and needs none.
const AZURE_VERSION: &str = "api-version=2024-10-21";
/// The version of the wrapping, not of the format, as both hosts' documentation names it.
pub(crate) const VERTEX_ANTHROPIC: &str = "\"vertex-2023-10-16\"";
pub(crate) const BEDROCK_ANTHROPIC: &str = "\"bedrock-2023-05-31\"";

/// Who serves a format, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// As the format's own provider does.
    Direct,
    /// Azure's deployments.
    Azure,
    /// Google's Vertex AI.
    Vertex(Dialect),
    /// Amazon Bedrock, for Anthropic's models.
    Bedrock,
    /// Amazon Bedrock, for everybody else's.
    Converse,
    /// Cohere, below its own path.
    Cohere,
    /// Ollama, below its own path.
    Ollama,
}

impl Host {
    /// The host of an endpoint, by its provider, its format and its base URL.
    #[must_use]
    pub fn of(provider: &str, dialect: Dialect, base: &str) -> Self {
        let (base, _) = parted(base);
        match (provider, dialect) {
            // Whoever wrote a path means that path.
            ("azure", Dialect::OpenAi) if has_no_path(base) => Self::Azure,
            ("vertex", Dialect::Gemini | Dialect::Anthropic) if !base.contains("/publishers/") => {
                Self::Vertex(dialect)
            }
            ("bedrock", Dialect::Anthropic) => Self::Bedrock,
            // Both also speak OpenAI's format, below `/compatibility/v1` and `/v1`.
            ("cohere", Dialect::OpenAi) if !is_versioned(base) => Self::Cohere,
            ("ollama", Dialect::OpenAi) if !is_versioned(base) => Self::Ollama,
            _ => Self::Direct,
        }
    }

    /// How this host wraps calls of that model.
    #[must_use]
    pub fn of_model(self, model: &str) -> Self {
        if self == Self::Bedrock && converse::is_spoken_to(model) { Self::Converse } else { self }
    }

    /// A whole address: that path below the base URL, with the version that the base URL names in its query or the host needs.
    #[must_use]
    pub fn below(self, base: &str, path: &str) -> String {
        let (root, named) = parted(base);
        match named.or_else(|| (self == Self::Azure).then_some(AZURE_VERSION)) {
            Some(version) => {
                let joint = if path.contains('?') { '&' } else { '?' };
                format!("{root}{path}{joint}{version}")
            }
            None => format!("{root}{path}"),
        }
    }

    /// Where a call goes below the base URL ([`Host::below`]); `None` where it goes as the format has it.
    ///
    /// # Errors
    ///
    /// When the host does not offer the route.
    pub fn path(self, api: Api, model: &str, events: bool) -> Result<Option<String>, String> {
        let missing = || Err(format!("this host does not serve {}", api.path()));
        let host = self.of_model(model);
        let name = model;
        let model = escaped(model);
        Ok(Some(match (host, api) {
            (Self::Direct, _) => return Ok(None),
            (Self::Azure, _) => match api.path_below_base() {
                Some(path) => format!("/openai/deployments/{model}{path}"),
                None => return missing(),
            },
            (Self::Vertex(Dialect::Anthropic), Api::Messages) => {
                let verb = if events { "streamRawPredict" } else { "rawPredict" };
                format!("/publishers/anthropic/models/{model}:{verb}")
            }
            (Self::Vertex(Dialect::Anthropic), Api::CountTokens) => {
                "/publishers/anthropic/models/count-tokens:rawPredict".to_owned()
            }
            (Self::Vertex(Dialect::Gemini), _) => match api.verb() {
                Some(verb) => format!("/publishers/google/models/{model}:{verb}"),
                None => return missing(),
            },
            (Self::Bedrock, Api::Messages) => {
                let verb = if events { "invoke-with-response-stream" } else { "invoke" };
                format!("/model/{model}/{verb}")
            }
            (Self::Converse, Api::Messages) => {
                let verb = if events { "converse-stream" } else { "converse" };
                format!("/model/{model}/{verb}")
            }
            (Self::Bedrock | Self::Converse, Api::CountTokens) => {
                format!("/model/{}/count-tokens", escaped(converse::foundation(name)))
            }
            (Self::Cohere, Api::ChatCompletions) => "/v2/chat".to_owned(),
            (Self::Cohere, Api::Embeddings) => "/v2/embed".to_owned(),
            (Self::Cohere, Api::Rerank) => "/v2/rerank".to_owned(),
            (Self::Ollama, Api::ChatCompletions) => "/api/chat".to_owned(),
            (Self::Ollama, Api::Embeddings) => "/api/embed".to_owned(),
            (Self::Vertex(_) | Self::Bedrock | Self::Converse | Self::Cohere | Self::Ollama, _) => {
                return missing();
            }
        }))
    }

    /// The body as the host takes it. `betas` are the features asked for, as a JSON array, for hosts that read them here. Hosts with
    /// words of their own have been told before ([`Self::tell`]).
    ///
    /// # Errors
    ///
    /// When the body is no sound JSON object.
    pub fn wrap(self, body: Bytes, betas: Option<&str>) -> Result<Bytes, WireError> {
        match self {
            Self::Vertex(Dialect::Anthropic) => {
                rewrap(&body, &["model"], &[("anthropic_version", VERTEX_ANTHROPIC)])
            }
            Self::Bedrock => {
                let mut with = vec![("anthropic_version", BEDROCK_ANTHROPIC)];
                with.extend(betas.map(|betas| ("anthropic_beta", betas)));
                rewrap(&body, &["model", "stream"], &with)
            }
            Self::Direct | Self::Azure | Self::Vertex(_) | Self::Converse | Self::Cohere | Self::Ollama => {
                Ok(body)
            }
        }
    }
}

impl Host {
    /// Whether calls of that route are said in words of the host's own. Reranking is Cohere's own word everywhere.
    #[must_use]
    pub fn retells(self, api: Api) -> bool {
        match self {
            Self::Cohere | Self::Ollama => matches!(api, Api::ChatCompletions | Api::Embeddings),
            Self::Converse => matches!(api, Api::Messages | Api::CountTokens),
            _ => false,
        }
    }

    /// A request of such a route in the host's own words. `caller` reads what is lost or refused in its words.
    ///
    /// # Errors
    ///
    /// Names the first member that the host cannot be told, unless `may_drop`.
    pub fn tell(self, api: Api, caller: Dialect, body: &[u8], may_drop: bool) -> Result<Told, Unsupported> {
        let (format, name) = match self {
            Self::Converse => (Dialect::Anthropic, "converse"),
            Self::Cohere => (Dialect::OpenAi, "cohere"),
            _ => (Dialect::OpenAi, "ollama"),
        };
        let mut fit = Fit::of_host(caller, format, name);
        let written = match (self, api) {
            (Self::Converse, _) => converse::write_request(body, &mut fit),
            (Self::Cohere, Api::Embeddings) => cohere::write_embedding(body, &mut fit),
            (Self::Cohere, _) => cohere::write_request(body, &mut fit),
            (_, Api::Embeddings) => ollama::write_embedding(body, &mut fit),
            _ => ollama::write_request(body, &mut fit),
        };
        let odd = |error: WireError| {
            let param = error.param().unwrap_or("messages").to_owned();
            Unsupported { param, target: name, why: error.to_string().into() }
        };
        let body = written.map_err(odd)?.into();
        Ok(Told { body, losses: fit.verdict(may_drop)? })
    }

    /// An answer of such a route in one piece, in the format's words.
    ///
    /// # Errors
    ///
    /// When the body is no answer of the host's.
    pub fn retold(self, api: Api, body: &[u8], heading: &Heading) -> Result<Bytes, WireError> {
        match (self, api) {
            (Self::Converse, _) => converse::told(body, &heading.id, &heading.model),
            (Self::Cohere, Api::Embeddings) => cohere::told_vectors(body, heading),
            (Self::Cohere, _) => cohere::told(body, heading),
            (_, Api::Embeddings) => ollama::told_vectors(body, heading),
            _ => ollama::told(body, heading),
        }
    }

    /// What tells the host's stream of that type as chunks of OpenAI's; `None` where it needs no telling.
    #[must_use]
    pub fn retelling(self, content_type: &str, heading: Heading) -> Option<Retelling> {
        match self {
            Self::Cohere if content_type.starts_with("text/event-stream") => {
                Some(Retelling::new(Words::Cohere(cohere::Stream::new(heading))))
            }
            Self::Ollama if content_type.starts_with("application/x-ndjson") => {
                Some(Retelling::new(Words::Ollama(ollama::Stream::new(heading))))
            }
            _ => None,
        }
    }
}

/// A base URL in two: what paths stand below, and its query.
fn parted(base: &str) -> (&str, Option<&str>) {
    let (root, query) = base.split_once('?').map_or((base, None), |(root, query)| (root, Some(query)));
    (root.trim_end_matches('/'), query)
}

/// Whether a base URL may have that query: it names a version of Azure's API, as a date or a word
/// (`api-version=2025-04-01-preview`, `api-version=preview`).
///
/// # Errors
///
/// Says what the query must be.
pub fn check_query(provider: &str, query: &str) -> Result<(), &'static str> {
    if provider != "azure" {
        return Err("Leave out what follows the `?`: only Azure's addresses name a version there.");
    }
    let is_version = |text: &str| {
        let (date, rest) = text.split_at_checked(10).unwrap_or((text, ""));
        let digits = |place: usize, byte: u8| {
            if place == 4 || place == 7 { byte == b'-' } else { byte.is_ascii_digit() }
        };
        let is_date = date.len() == 10 && date.bytes().enumerate().all(|(place, byte)| digits(place, byte));
        let is_word = text.len() <= 20 && text.starts_with(|first: char| first.is_ascii_lowercase());
        (is_date && matches!(rest, "" | "-preview"))
            || (is_word && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
    };
    query.strip_prefix("api-version=").filter(|version| is_version(version)).map(|_| ()).ok_or(
        "After the `?` goes a version of Azure's API and nothing else: `?api-version=2024-10-21`, `?api-version=2025-04-01-preview`.",
    )
}

/// Whether the base URL is one of OpenAI's format: those end in its version.
fn is_versioned(base: &str) -> bool {
    base.trim_end_matches('/').ends_with("/v1")
}

fn has_no_path(base: &str) -> bool {
    base.split_once("://").is_some_and(|(_, rest)| !rest.contains('/'))
}

/// A model's name as one part of a path: names of profiles hold colons and slashes.
fn escaped(model: &str) -> String {
    let mut text = String::with_capacity(model.len());
    for byte in model.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'@' => {
                text.push(char::from(byte));
            }
            _ => text.extend(["%", &format!("{byte:02X}")]),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(provider: &str, dialect: Dialect, api: Api, events: bool) -> Option<String> {
        Host::of(provider, dialect, "https://h").path(api, "a/b:0", events).unwrap()
    }

    #[test]
    fn each_host_has_its_own_addresses() {
        for (provider, dialect, api, events, wanted) in [
            ("azure", Dialect::OpenAi, Api::Embeddings, false, "/openai/deployments/a%2Fb%3A0/embeddings"),
            (
                "vertex",
                Dialect::Gemini,
                Api::StreamGenerateContent,
                true,
                "/publishers/google/models/a%2Fb%3A0:streamGenerateContent",
            ),
            (
                "vertex",
                Dialect::Anthropic,
                Api::Messages,
                true,
                "/publishers/anthropic/models/a%2Fb%3A0:streamRawPredict",
            ),
            ("bedrock", Dialect::Anthropic, Api::Messages, false, "/model/a%2Fb%3A0/invoke"),
            ("bedrock", Dialect::Anthropic, Api::CountTokens, false, "/model/a%2Fb%3A0/count-tokens"),
            (
                "vertex",
                Dialect::Anthropic,
                Api::CountTokens,
                false,
                "/publishers/anthropic/models/count-tokens:rawPredict",
            ),
            (
                "vertex",
                Dialect::Gemini,
                Api::GeminiCountTokens,
                false,
                "/publishers/google/models/a%2Fb%3A0:countTokens",
            ),
            ("cohere", Dialect::OpenAi, Api::ChatCompletions, true, "/v2/chat"),
            ("cohere", Dialect::OpenAi, Api::Rerank, false, "/v2/rerank"),
            ("ollama", Dialect::OpenAi, Api::Embeddings, false, "/api/embed"),
        ] {
            assert_eq!(path(provider, dialect, api, events).as_deref(), Some(wanted));
        }
        assert_eq!(path("openai", Dialect::OpenAi, Api::ChatCompletions, false), None);
        for (provider, dialect, base) in [
            ("azure", Dialect::OpenAi, "https://h/openai/v1"),
            ("azure", Dialect::OpenAi, "https://h/openai/deployments/d"),
            ("vertex", Dialect::Gemini, "https://h/v1/projects/p/locations/l/publishers/google"),
            ("cohere", Dialect::OpenAi, "https://h/compatibility/v1"),
            ("ollama", Dialect::OpenAi, "http://h:11434/v1/"),
        ] {
            assert_eq!(Host::of(provider, dialect, base), Host::Direct, "{base}");
        }
        assert!(Host::Bedrock.path(Api::MessageBatches, "m", false).is_err());
    }

    #[test]
    fn azures_version_is_the_base_urls_else_the_generally_available_one() {
        for (base, host, wanted) in [
            ("https://h", Host::Azure, "https://h/x?api-version=2024-10-21"),
            (
                "https://h/?api-version=2025-04-01-preview",
                Host::Azure,
                "https://h/x?api-version=2025-04-01-preview",
            ),
            ("https://h/openai/v1", Host::Direct, "https://h/openai/v1/x"),
            (
                "https://h/openai/v1/?api-version=preview",
                Host::Direct,
                "https://h/openai/v1/x?api-version=preview",
            ),
        ] {
            assert_eq!(Host::of("azure", Dialect::OpenAi, base), host, "{base}");
            assert_eq!(host.below(base, "/x"), wanted);
        }
        assert_eq!(Host::Azure.below("https://h", "/x?a=b"), "https://h/x?a=b&api-version=2024-10-21");
    }

    #[test]
    fn a_base_urls_query_names_a_version_of_azures_and_nothing_else() {
        for version in ["2024-10-21", "2025-04-01-preview", "preview", "latest", "v1"] {
            assert_eq!(check_query("azure", &format!("api-version={version}")), Ok(()), "{version}");
        }
        for query in [
            "",
            "api-version=",
            "api-version=2024-10",
            "api-version=2024/10/21",
            "api-version=2024-10-21-beta",
            "api-version=2024-10-21&key=k",
            "api-version=Preview",
            "api-version=%20",
            "api_version=2024-10-21",
        ] {
            assert!(check_query("azure", query).is_err(), "{query}");
        }
        assert!(check_query("openai", "api-version=2024-10-21").unwrap_err().contains("only Azure's"));
    }
}
