//! How a request ended: always a word and a shape, never colour alone.

use super::{Markup, icon};

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
    /// The gateway failed.
    GatewayError,
    /// Its gateway died under it; its cost is an estimate.
    Lost,
    /// A word this build does not know, from a newer gateway.
    Other,
}

impl Status {
    /// From the archive's `outcome`; `fallback` and `cached` say how a good answer came about.
    #[must_use]
    pub fn of(outcome: &str, fallback: bool, cached: bool) -> Self {
        match outcome {
            "ok" if cached => Self::Cached,
            "ok" if fallback => Self::Fallback,
            "ok" => Self::Ok,
            "client_error" | "refused" => Self::ClientError,
            "upstream_error" | "provider_error" => Self::UpstreamError,
            "timeout" => Self::Timeout,
            "cancelled" | "client_gone" => Self::Cancelled,
            "blocked" => Self::Blocked,
            "rate_limited" => Self::RateLimited,
            "budget_denied" => Self::BudgetDenied,
            "gateway_error" | "internal_error" => Self::GatewayError,
            "lost" => Self::Lost,
            _ => Self::Other,
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
            Self::GatewayError => "gateway error",
            Self::Lost => "lost",
            Self::Other => "other",
        }
    }

    /// The class of the style sheet.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Ok | Self::Cached => "ok",
            Self::Fallback | Self::Cancelled | Self::Blocked | Self::RateLimited | Self::BudgetDenied => "warn",
            Self::ClientError | Self::UpstreamError | Self::Timeout | Self::GatewayError | Self::Lost => "bad",
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
            Self::ClientError | Self::UpstreamError | Self::Timeout | Self::GatewayError | Self::Lost => "x",
        }
    }
}
