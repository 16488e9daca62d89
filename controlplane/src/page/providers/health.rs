//! What was observed, as pages show it.

use weir_web::page::providers::Health;

use crate::observed::Observed;

/// The figures of an endpoint or a target.
pub(in crate::page) fn health(seen: &Observed) -> Health {
    let ppm = seen.errors.saturating_mul(1_000_000).checked_div(seen.requests).unwrap_or(0);
    Health {
        requests: seen.requests,
        errors_ppm: u32::try_from(ppm).unwrap_or(u32::MAX),
        total_p50_us: seen.total_p50_us,
        total_p95_us: seen.total_p95_us,
        first_p50_us: seen.first_p50_us,
        first_p95_us: seen.first_p95_us,
        last_error: seen.last_error.as_ref().map(|error| {
            let status =
                if error.http_status == 0 { String::new() } else { format!("{}: ", error.http_status) };
            (error.at_us, format!("{status}{}", error.message))
        }),
    }
}
