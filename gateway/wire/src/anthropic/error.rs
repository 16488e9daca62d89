//! Anthropic's words for what went wrong.

use crate::fault::FaultKind;

/// The kind that the error's type names; `None` leaves it to the status.
pub(crate) fn kind_of(type_: &str) -> Option<FaultKind> {
    Some(match type_ {
        "invalid_request_error" => FaultKind::BadRequest,
        "authentication_error" | "permission_error" => FaultKind::Auth,
        "billing_error" => FaultKind::QuotaExhausted,
        "not_found_error" => FaultKind::NotFound,
        "request_too_large" => FaultKind::TooLarge,
        "rate_limit_error" => FaultKind::RateLimited,
        "overloaded_error" => FaultKind::Overloaded,
        "timeout_error" => FaultKind::Timeout,
        "api_error" => FaultKind::Server,
        _ => return None,
    })
}
