//! How a request ended: always a word and a shape, never colour alone.

use super::{Markup, icon};
use weir_contract::record::Outcome;

/// How a request or a call ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Status {
    /// Answered by the first choice.
    #[default]
    Ok,
    /// Answered, but not by the first target.
    Fallback,
    /// Answered from our cache.
    Cached,
    /// The client's request was at fault.
    ClientError,
    /// The provider failed.
    UpstreamError,
    /// The provider took too long.
    Timeout,
    /// The client left before the end.
    Cancelled,
    /// A guardrail stopped it.
    Blocked,
    /// A rate or concurrency limit refused it.
    RateLimited,
    /// A budget refused it.
    BudgetDenied,
    /// Its gateway died under it; its cost is an estimate.
    Lost,
    /// A word this build does not know, from a newer gateway.
    Other,
}

impl Status {
    /// From the archive's `outcome`; `fallback` and `cached` say how a good answer came about.
    #[must_use]
    pub fn of(outcome: &str, fallback: bool, cached: bool) -> Self {
        match Outcome::from_name(outcome) {
            Some(Outcome::Ok) if cached => Self::Cached,
            Some(Outcome::Ok) if fallback => Self::Fallback,
            Some(Outcome::Ok) => Self::Ok,
            Some(Outcome::ClientError) => Self::ClientError,
            Some(Outcome::UpstreamError) => Self::UpstreamError,
            Some(Outcome::Timeout) => Self::Timeout,
            Some(Outcome::Cancelled) => Self::Cancelled,
            Some(Outcome::Blocked) => Self::Blocked,
            Some(Outcome::RateLimited) => Self::RateLimited,
            Some(Outcome::BudgetDenied) => Self::BudgetDenied,
            Some(Outcome::Lost) => Self::Lost,
            None => Self::Other,
        }
    }

    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fallback => "fallback",
            Self::Cached => "cached",
            Self::ClientError => "client error",
            Self::UpstreamError => "error",
            Self::Timeout => "timeout",
            Self::Cancelled => "client left",
            Self::Blocked => "blocked",
            Self::RateLimited => "limited",
            Self::BudgetDenied => "over budget",
            Self::Lost => "lost",
            Self::Other => "other",
        }
    }

    /// The class of the style sheet.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Ok | Self::Cached => "ok",
            Self::Fallback | Self::Cancelled | Self::Blocked | Self::RateLimited | Self::BudgetDenied => {
                "warn"
            }
            Self::ClientError | Self::UpstreamError | Self::Timeout | Self::Lost => "bad",
            Self::Other => "quiet",
        }
    }

    /// Word and shape together.
    #[must_use]
    pub fn pill(self) -> Markup {
        Markup(format!(r#"<span class="pill {}">{}{}</span>"#, self.class(), icon(self.shape()), self.word()))
    }

    fn shape(self) -> &'static str {
        match self {
            Self::Ok => "check",
            Self::Cached => "zap",
            Self::Fallback => "corner-down-right",
            Self::Blocked | Self::RateLimited | Self::BudgetDenied => "ban",
            Self::Cancelled | Self::Other => "minus",
            Self::ClientError | Self::UpstreamError | Self::Timeout | Self::Lost => "x",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> =
            Outcome::ALL.iter().map(|outcome| Status::of(outcome.name(), false, false).word()).collect();
        assert_eq!(words.len(), Outcome::ALL.len());
        assert!(!words.contains("other"));
        assert_eq!(Status::of("of a newer gateway", false, false), Status::Other);
    }
}
