//! OpenAI's words for what went wrong, and those of the copies.

use crate::fault::FaultKind;

/// The kind that type and code name; `None` leaves it to the status.
pub(crate) fn kind_of(type_: &str, code: &str) -> Option<FaultKind> {
    [code, type_].into_iter().find_map(|word| {
        Some(match word {
            "insufficient_quota"
            | "billing_hard_limit_reached"
            | "billing_not_active"
            | "account_deactivated" => FaultKind::QuotaExhausted,
            "rate_limit_exceeded" | "rate_limit_error" | "RateLimitReached" => FaultKind::RateLimited,
            "context_length_exceeded" | "too_many_prompt_tokens" | "string_above_max_length" => {
                FaultKind::ContextLength
            }
            "content_filter" | "content_policy_violation" | "moderation_blocked" => FaultKind::ContentFilter,
            "invalid_api_key" | "authentication_error" | "permission_error" => FaultKind::Auth,
            "model_not_found" | "DeploymentNotFound" => FaultKind::NotFound,
            "tool_use_failed" | "json_validate_failed" => FaultKind::BadRequest,
            "overloaded_error" | "service_unavailable" | "engine_overloaded" => FaultKind::Overloaded,
            "server_error" | "internal_server_error" => FaultKind::Server,
            "timeout" => FaultKind::Timeout,
            _ => return None,
        })
    })
}
