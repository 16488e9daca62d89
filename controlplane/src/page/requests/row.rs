//! A line of the archive as a line of the page.

use weir_web::page::requests::RequestRow;
use weir_web::part::Status;

use crate::archive::requests::RequestLine;

/// One row of a list.
pub(in crate::page) fn row(line: RequestLine) -> RequestRow {
    RequestRow {
        request_id: line.request_id.to_string(),
        started_us: line.started_us,
        status: status(&line),
        cost: line.cost(),
        first_token_us: known(line.first_token_us),
        customer_id: line.customer_id,
        model_requested: line.model_requested,
        model: line.model,
        provider: line.provider,
        tokens_in: line.tokens_in,
        tokens_out: line.tokens_out,
        duration_us: line.duration_us,
    }
}

/// How it ended, in the page's words.
pub(in crate::page) fn status(line: &RequestLine) -> Status {
    Status::of(&line.outcome, line.target_no > 0, is_cached(&line.cache_status))
}

pub(super) fn is_cached(cache_status: &str) -> bool {
    matches!(cache_status, "hit" | "semantic_hit")
}

/// A duration that is 0 when it never happened.
pub(super) fn known(us: u64) -> Option<u64> {
    (us > 0).then_some(us)
}
