//! Why an answer ended, in neutral words.

use crate::dialect::Dialect;

/// Why a choice ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Finish {
    /// The model had said all, or came to a stop text.
    #[default]
    Stop,
    /// It reached the most tokens it may have.
    Length,
    /// It calls tools and waits for them.
    ToolCalls,
    /// A filter, or the model itself, refused.
    Refused,
}

impl Finish {
    /// What a provider's word means. A word nobody knows means that the answer is over.
    #[must_use]
    pub fn of(dialect: Dialect, word: &str) -> Self {
        match dialect {
            Dialect::OpenAi => crate::openai::finish_of(word),
            Dialect::Anthropic => crate::anthropic::finish_of(word),
            Dialect::Responses => match word {
                "max_output_tokens" => Self::Length,
                "content_filter" => Self::Refused,
                _ => Self::Stop,
            },
            // Numbers stand for the words where the caller asked for them.
            Dialect::Gemini => match word {
                "MAX_TOKENS" | "2" => Self::Length,
                "STOP" | "FINISH_REASON_UNSPECIFIED" | "OTHER" | "0" | "1" | "5" => Self::Stop,
                "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "TOO_MANY_TOOL_CALLS" | "9" => {
                    Self::Stop
                }
                _ => Self::Refused,
            },
        }
    }
}
