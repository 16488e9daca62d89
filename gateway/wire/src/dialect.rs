//! Which formats there are, and which routes speak them.

use serde::{Deserialize, Serialize};

/// A provider's way of speaking. One variant, one folder, one codec to the internal model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// OpenAI chat completions, and everybody who copied it.
    #[serde(rename = "openai")]
    OpenAi,
    /// Anthropic messages.
    Anthropic,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 2] = [Self::OpenAi, Self::Anthropic];

    /// The name in configuration, rows and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
        }
    }

    /// The dialect of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// The header a provider of this dialect takes its credential in (lower case), and what stands before it.
    #[must_use]
    pub const fn credential_header(self) -> (&'static str, &'static str) {
        match self {
            Self::OpenAi => ("authorization", "Bearer "),
            Self::Anthropic => ("x-api-key", ""),
        }
    }

    /// The route on which a provider of this dialect holds conversations.
    #[must_use]
    pub const fn chat_api(self) -> Api {
        match self {
            Self::OpenAi => Api::ChatCompletions,
            Self::Anthropic => Api::Messages,
        }
    }
}

/// A route clients may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// `POST /v1/chat/completions`.
    ChatCompletions,
    /// `POST /v1/messages`.
    Messages,
    /// `GET /v1/models`.
    Models,
}

impl Api {
    /// Every route.
    pub const ALL: [Self; 3] = [Self::ChatCompletions, Self::Messages, Self::Models];

    /// The path below the host.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/v1/chat/completions",
            Self::Messages => "/v1/messages",
            Self::Models => "/v1/models",
        }
    }

    /// The route's name in rows and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChatCompletions => "chat_completions",
            Self::Messages => "messages",
            Self::Models => "models",
        }
    }

    /// The operation as OpenTelemetry's generative conventions call it.
    #[must_use]
    pub const fn operation(self) -> &'static str {
        match self {
            Self::ChatCompletions | Self::Messages => "chat",
            Self::Models => "list_models",
        }
    }

    /// The dialect that callers of the route speak. [`Api::Models`] is shared; its plain callers speak OpenAI's.
    #[must_use]
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::ChatCompletions | Self::Models => Dialect::OpenAi,
            Self::Messages => Dialect::Anthropic,
        }
    }

    /// The route of a request path (without its query). Some clients put `/openai` before the path or leave `/v1`
    /// out, and one trailing slash is forgiven.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let path = path.strip_prefix("/openai").unwrap_or(path);
        let path = path.strip_prefix("/v1").unwrap_or(path);
        Self::ALL.into_iter().find(|api| api.path().strip_prefix("/v1") == Some(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_is_found_by_its_name_and_written_by_it() {
        for dialect in Dialect::ALL {
            assert_eq!(Dialect::from_name(dialect.name()), Some(dialect));
            assert_eq!(serde_json::to_string(&dialect).unwrap(), format!("\"{}\"", dialect.name()));
            assert_eq!(dialect.chat_api().dialect(), dialect);
        }
    }

    #[test]
    fn the_paths_real_clients_use_are_known_and_no_others() {
        for api in Api::ALL {
            assert_eq!(Api::of_path(api.path()), Some(api));
            assert_eq!(serde_json::to_string(&api).unwrap(), format!("\"{}\"", api.name()));
        }
        assert_eq!(Api::of_path("/openai/v1/chat/completions"), Some(Api::ChatCompletions));
        assert_eq!(Api::of_path("/messages/"), Some(Api::Messages));
        assert_eq!(Api::of_path("/v1/messages/count_tokens"), None);
        assert_eq!(Api::of_path("/v1"), None);
    }
}
