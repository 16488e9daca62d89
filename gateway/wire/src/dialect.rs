//! Which formats there are.

use serde::{Deserialize, Serialize};

use crate::api::Api;

/// A provider's way of speaking. One variant, one folder, one codec to the internal model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// OpenAI chat completions, and everybody who copied it.
    #[serde(rename = "openai")]
    OpenAi,
    /// OpenAI responses: the same providers, another shape.
    Responses,
    /// Anthropic messages.
    Anthropic,
    /// Google's Gemini.
    Gemini,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Responses, Self::Anthropic, Self::Gemini];

    /// The name in configuration, rows and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Responses => "responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
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
            Self::OpenAi | Self::Responses => ("authorization", "Bearer "),
            Self::Anthropic => ("x-api-key", ""),
            Self::Gemini => ("x-goog-api-key", ""),
        }
    }

    /// The route on which a provider of this dialect holds conversations.
    #[must_use]
    pub const fn chat_api(self) -> Api {
        match self {
            Self::OpenAi => Api::ChatCompletions,
            Self::Responses => Api::Responses,
            Self::Anthropic => Api::Messages,
            Self::Gemini => Api::GenerateContent,
        }
    }

    /// The same for an answer that comes as events.
    #[must_use]
    pub const fn stream_api(self) -> Api {
        match self {
            Self::Gemini => Api::StreamGenerateContent,
            other => other.chat_api(),
        }
    }

    /// Whether an endpoint of this dialect takes calls of that route as they are. Whoever speaks OpenAI's format is
    /// asked on all of OpenAI's routes; those it lacks it refuses itself.
    #[must_use]
    pub fn serves(self, api: Api) -> bool {
        let spoken = api.dialect();
        spoken == self || (self == Self::OpenAi && spoken == Self::Responses)
    }

    /// What an endpoint of this dialect is spoken to in on that route.
    #[must_use]
    pub fn spoken_on(self, api: Api) -> Self {
        if self.serves(api) { api.dialect() } else { self }
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
            assert!(dialect.serves(dialect.chat_api()));
        }
    }

    #[test]
    fn who_speaks_openais_format_is_asked_on_all_its_routes_and_on_no_others() {
        assert!(Dialect::OpenAi.serves(Api::Responses) && Dialect::OpenAi.serves(Api::Embeddings));
        assert!(!Dialect::OpenAi.serves(Api::Messages) && !Dialect::Anthropic.serves(Api::ChatCompletions));
        assert!(!Dialect::Responses.serves(Api::ChatCompletions));
        assert_eq!(Dialect::OpenAi.spoken_on(Api::Responses), Dialect::Responses);
        assert_eq!(Dialect::Anthropic.spoken_on(Api::Responses), Dialect::Anthropic);
    }
}
