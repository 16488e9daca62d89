//! Which formats there are.

use serde::{Deserialize, Serialize};

use crate::{api::Api, quirks::Quirks};

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

    /// The route on which a provider of this dialect counts what a request would read. Who speaks OpenAI's chat completions
    /// counts responses, if anything.
    #[must_use]
    pub const fn count_api(self) -> Api {
        match self {
            Self::OpenAi | Self::Responses => Api::ResponseTokens,
            Self::Anthropic => Api::CountTokens,
            Self::Gemini => Api::GeminiCountTokens,
        }
    }

    /// Whether that provider's endpoint of this dialect takes calls of that route as they are. Whoever speaks OpenAI's
    /// format is asked on all of OpenAI's routes, and those it lacks it refuses itself; but for responses, which only
    /// some have and which all others can be told in chat completions.
    #[must_use]
    pub fn serves(self, api: Api, provider: &str) -> bool {
        let told_apart = api.dialect() == Self::Responses && self != Self::Responses;
        self.may_serve(api) && (!told_apart || Quirks::of_provider(provider).has_responses)
    }

    /// Whether some provider's endpoint of this dialect does. Files are OpenAI's and Anthropic's, and who serves responses
    /// has the files and batches of the same provider.
    #[must_use]
    pub fn may_serve(self, api: Api) -> bool {
        let spoken = api.dialect();
        let kept = api.is_of_files_or_batches() && spoken == Self::OpenAi;
        let too = match self {
            Self::Anthropic => kept && api.is_shared(),
            Self::Responses => kept,
            _ => false,
        };
        too || spoken == self || (self == Self::OpenAi && spoken == Self::Responses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Work;

    #[test]
    fn every_dialect_is_found_by_its_name_and_written_by_it() {
        for dialect in Dialect::ALL {
            assert_eq!(Dialect::from_name(dialect.name()), Some(dialect));
            assert_eq!(serde_json::to_string(&dialect).unwrap(), format!("\"{}\"", dialect.name()));
            assert_eq!(dialect.chat_api().dialect(), dialect);
            assert!(dialect.serves(dialect.chat_api(), "anybody"));
            assert_eq!(dialect.count_api().work(), Work::Count);
            assert!(dialect.may_serve(dialect.count_api()));
        }
    }

    #[test]
    fn who_speaks_openais_format_is_asked_on_all_its_routes_and_on_no_others() {
        assert!(Dialect::OpenAi.serves(Api::Embeddings, "anybody"));
        assert!(!Dialect::OpenAi.serves(Api::Messages, "openai"));
        assert!(!Dialect::Anthropic.serves(Api::ChatCompletions, "anthropic"));
        assert!(!Dialect::Responses.serves(Api::ChatCompletions, "openai"));
    }

    #[test]
    fn responses_pass_where_they_are_served_and_are_told_in_chat_completions_elsewhere() {
        assert!(Dialect::OpenAi.serves(Api::Responses, "openai"));
        assert!(Dialect::OpenAi.serves(Api::Responses, "azure"));
        assert!(!Dialect::OpenAi.serves(Api::Responses, "mistral"));
        assert!(!Dialect::OpenAi.serves(Api::Responses, "anybody"));
        assert!(Dialect::Responses.serves(Api::Responses, "anybody"));
    }
}
