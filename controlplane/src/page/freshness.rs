//! How far figures are counted: up to the oldest record a gateway has not delivered yet, or to its last word.

use weir_web::page::Freshness;

use crate::app::App;
use crate::error::AppError;
use crate::gateways;

/// A gateway that has been silent for so long is gone; it would hold the figures' age up for ever.
const GONE_US: i64 = 7 * 86_400_000_000;

/// For all gateways together: the one that lags most decides.
pub(super) async fn freshness(app: &App) -> Result<Freshness, AppError> {
    let now_us = app.clock.now_us();
    let known = gateways::list(app).await?;
    let counted = known.iter().filter(|gateway| now_us - gateway.contact_us <= GONE_US).map(|gateway| {
        let waiting_us =
            i64::try_from(gateway.status.spool_oldest_ms).unwrap_or(i64::MAX).saturating_mul(1000);
        gateway.contact_us.saturating_sub(waiting_us)
    });
    Ok(Freshness { counted_to_us: counted.min(), now_us })
}
