//! Hosts that serve a known format in a wrapping of their own: another address, members that stand elsewhere. Who the host is
//! follows from the provider's name; what it speaks stays the endpoint's format.
//!
//! | provider | address below the base URL | body |
//! | --- | --- | --- |
//! | `azure`, base URL without a path | `/openai/deployments/{model}/…?api-version=` | as it is |
//! | `vertex`, `gemini` | `/publishers/google/models/{model}:{verb}` | as it is |
//! | `vertex`, `anthropic` | `/publishers/anthropic/models/{model}:rawPredict` | no `model`, a version of the host's |
//! | `bedrock`, `anthropic`, a model of Anthropic's | `/model/{model}/invoke` | no `model` nor `stream`, a version of the host's, betas |
//! | `bedrock`, `anthropic`, any other model | `/model/{model}/converse` | the same in Converse's words ([`crate::converse`]) |

use bytes::Bytes;

use crate::{api::Api, converse, dialect::Dialect, error::WireError, rewrap::rewrap};

/// The generally available version of Azure's older API; the newer one stands below `/openai/v1` and has none.
const AZURE_VERSION: &str = "2024-10-21";
/// The version of the wrapping, not of the format, as both hosts' documentation names it.
const VERTEX_ANTHROPIC: &str = "\"vertex-2023-10-16\"";
const BEDROCK_ANTHROPIC: &str = "\"bedrock-2023-05-31\"";

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
}

impl Host {
    /// The host of an endpoint, by its provider, its format and its base URL.
    #[must_use]
    pub fn of(provider: &str, dialect: Dialect, base: &str) -> Self {
        match (provider, dialect) {
            // Whoever wrote a path means that path.
            ("azure", Dialect::OpenAi) if has_no_path(base) => Self::Azure,
            ("vertex", Dialect::Gemini | Dialect::Anthropic) if !base.contains("/publishers/") => {
                Self::Vertex(dialect)
            }
            ("bedrock", Dialect::Anthropic) => Self::Bedrock,
            _ => Self::Direct,
        }
    }

    /// How this host wraps calls of that model.
    #[must_use]
    pub fn of_model(self, model: &str) -> Self {
        if self == Self::Bedrock && converse::is_spoken_to(model) { Self::Converse } else { self }
    }

    /// Where a call goes below the base URL; `None` where it goes as the format has it.
    ///
    /// # Errors
    ///
    /// When the host does not offer the route.
    pub fn path(self, api: Api, model: &str, events: bool) -> Result<Option<String>, String> {
        let missing = || Err(format!("this host does not serve {}", api.path()));
        let host = self.of_model(model);
        let model = escaped(model);
        Ok(Some(match (host, api) {
            (Self::Direct, _) => return Ok(None),
            (Self::Azure, _) => match api.path_below_base() {
                Some(path) => format!("/openai/deployments/{model}{path}?api-version={AZURE_VERSION}"),
                None => return missing(),
            },
            (Self::Vertex(Dialect::Anthropic), Api::Messages) => {
                let verb = if events { "streamRawPredict" } else { "rawPredict" };
                format!("/publishers/anthropic/models/{model}:{verb}")
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
            (Self::Vertex(_) | Self::Bedrock | Self::Converse, _) => return missing(),
        }))
    }

    /// The body as the host takes it. `betas` are the features asked for, as a JSON array, for hosts that read them here.
    ///
    /// # Errors
    ///
    /// When the body is no sound JSON object, or says what the host cannot be told.
    pub fn wrap(self, body: Bytes, betas: Option<&str>) -> Result<Bytes, WireError> {
        match self {
            Self::Direct | Self::Azure | Self::Vertex(Dialect::Gemini) => Ok(body),
            Self::Vertex(_) => rewrap(&body, &["model"], &[("anthropic_version", VERTEX_ANTHROPIC)]),
            Self::Converse => converse::write_request(&body),
            Self::Bedrock => {
                let mut with = vec![("anthropic_version", BEDROCK_ANTHROPIC)];
                with.extend(betas.map(|betas| ("anthropic_beta", betas)));
                rewrap(&body, &["model", "stream"], &with)
            }
        }
    }
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
            (
                "azure",
                Dialect::OpenAi,
                Api::Embeddings,
                false,
                "/openai/deployments/a%2Fb%3A0/embeddings?api-version=2024-10-21",
            ),
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
        ] {
            assert_eq!(path(provider, dialect, api, events).as_deref(), Some(wanted));
        }
        assert_eq!(path("openai", Dialect::OpenAi, Api::ChatCompletions, false), None);
        for (provider, dialect, base) in [
            ("azure", Dialect::OpenAi, "https://h/openai/v1"),
            ("azure", Dialect::OpenAi, "https://h/openai/deployments/d"),
            ("vertex", Dialect::Gemini, "https://h/v1/projects/p/locations/l/publishers/google"),
        ] {
            assert_eq!(Host::of(provider, dialect, base), Host::Direct, "{base}");
        }
        assert!(Host::Bedrock.path(Api::CountTokens, "m", false).is_err());
    }
}
