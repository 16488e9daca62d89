//! `POST /gateway/v1/messages`: one message of a gateway, answered when it is taken for good.

use axum::Json;
use axum::extract::State;
use weir_contract::sync::{Receipt, ToControl};

use crate::api::json;
use crate::app::App;
use crate::auth::FromGateway;
use crate::error::AppError;
use crate::{books, gateways};

/// Takes a message.
pub(crate) async fn take(
    from: FromGateway,
    State(app): State<App>,
    json::Json(message): json::Json<ToControl>,
) -> Result<Json<Receipt>, AppError> {
    let untied =
        || AppError::Conflict("say hello on the stream first: this token has no gateway yet".to_owned());
    let gateway = from.gateway.as_deref().ok_or_else(untied)?;
    let taken = match message {
        ToControl::Ack { revision, applied_at_us } => {
            gateways::acknowledged(&app, gateway, revision, applied_at_us).await?;
            true
        }
        ToControl::Nack { revision, reason } => {
            gateways::refused(&app, gateway, revision, &reason).await?;
            true
        }
        ToControl::BatchPosted(batch) => {
            books::post(&app, gateway, &batch).await?;
            true
        }
        ToControl::Status(status) => {
            gateways::reported(&app, gateway, &status).await?;
            true
        }
        ToControl::Missing { .. } => {
            app.lacking.ring(gateway);
            true
        }
        // Budgets are granted from the next issue on; until then there is nobody to take these.
        ToControl::Report { .. } | ToControl::Holds { .. } => false,
    };
    Ok(Json(Receipt { taken }))
}
