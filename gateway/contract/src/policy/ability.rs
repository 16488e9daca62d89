//! What models can do, as far as requests can ask for it.

use serde::{Deserialize, Serialize};

/// Something a request may ask of a model and that some models cannot do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    /// Calling the caller's tools.
    Tools,
    /// Looking at pictures.
    Vision,
    /// Answering in JSON of a given schema.
    JsonSchema,
    /// Thinking before it answers, as far as the request asks for that.
    Reasoning,
    /// Reading PDF files.
    PdfInput,
    /// Listening.
    AudioInput,
    /// Answering aloud.
    AudioOutput,
}

impl Ability {
    /// Every ability.
    pub const ALL: [Self; 7] = [
        Self::Tools,
        Self::Vision,
        Self::JsonSchema,
        Self::Reasoning,
        Self::PdfInput,
        Self::AudioInput,
        Self::AudioOutput,
    ];

    /// Its name in forms, snapshots and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Vision => "vision",
            Self::JsonSchema => "json_schema",
            Self::Reasoning => "reasoning",
            Self::PdfInput => "pdf_input",
            Self::AudioInput => "audio_input",
            Self::AudioOutput => "audio_output",
        }
    }

    /// The ability of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ability| ability.name() == name)
    }

    /// The same for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Vision => "vision",
            Self::JsonSchema => "JSON schema",
            Self::Reasoning => "reasoning",
            Self::PdfInput => "PDF input",
            Self::AudioInput => "audio input",
            Self::AudioOutput => "audio output",
        }
    }

    /// The price book's word for it among a row's capabilities.
    #[must_use]
    pub const fn in_book(self) -> &'static str {
        match self {
            Self::Tools => "function_calling",
            Self::JsonSchema => "response_schema",
            other => other.name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ability_has_one_name_everywhere() {
        for ability in Ability::ALL {
            assert_eq!(serde_json::to_string(&ability).unwrap(), format!("\"{}\"", ability.name()));
            assert_eq!(Ability::from_name(ability.name()), Some(ability));
        }
    }
}
