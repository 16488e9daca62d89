//! Google's words for what went wrong, and ours in Google's shape.

use serde_json::{Value, json};

use crate::{error::ApiError, fault::FaultKind, json::View};

/// The kind that the status word and the details name; `None` leaves it to the message and the HTTP status.
///
/// A per-minute limit says "exceeded your current quota" like an account without money; only the former says how long to
/// wait.
pub(crate) fn kind_of(status: &str, text: &str) -> Option<FaultKind> {
    Some(match status {
        "RESOURCE_EXHAUSTED" if wait_ms(text).is_some() => FaultKind::RateLimited,
        "INVALID_ARGUMENT" if text.contains("API_KEY_INVALID") => FaultKind::Auth,
        "UNAUTHENTICATED" | "PERMISSION_DENIED" => FaultKind::Auth,
        "NOT_FOUND" => FaultKind::NotFound,
        "UNAVAILABLE" => FaultKind::Overloaded,
        "DEADLINE_EXCEEDED" => FaultKind::Timeout,
        "INTERNAL" | "UNKNOWN" => FaultKind::Server,
        _ => return None,
    })
}

/// How long a `RetryInfo` among the details asks to wait, milliseconds (`"34.5s"`).
pub(crate) fn wait_ms(text: &str) -> Option<u64> {
    let details = View::of_text(text).get("error")?.get("details")?;
    let delay = details.items().find_map(|detail| detail.get("retryDelay")?.text())?;
    let (whole, fraction) =
        delay.strip_suffix('s')?.split_once('.').unwrap_or((delay.strip_suffix('s')?, ""));
    let tenths = fraction.chars().next().and_then(|digit| digit.to_digit(10)).unwrap_or(0);
    whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(u64::from(tenths) * 100)
}

/// Google's word for an error of that status.
const fn status_word(status: u16) -> &'static str {
    match status {
        400 | 413 | 415 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        402 | 429 => "RESOURCE_EXHAUSTED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        408 | 504 => "DEADLINE_EXCEEDED",
        409 => "ABORTED",
        500 => "INTERNAL",
        502 | 503 | 529 => "UNAVAILABLE",
        _ => "UNKNOWN",
    }
}

/// The error in Google's shape: what only we know stands in an `ErrorInfo`.
pub(crate) fn shape(error: &ApiError) -> Value {
    let mut metadata = serde_json::Map::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            metadata.insert(name.to_owned(), value.into());
        }
    };
    add("source", Some(error.source.name().to_owned()));
    add("param", error.param.as_deref().map(str::to_owned));
    add("provider", error.provider.clone());
    add("request_id", error.request_id.clone());
    add("doc_url", error.doc_url.clone());
    add("resets_at", error.resets_at_s().map(|at| at.to_string()));
    let info = json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": error.code, "domain": "weir", "metadata": metadata,
    });
    let status = status_word(error.status);
    json!({"error": {"code": error.status, "message": error.message, "status": status, "details": [info]}})
}
