//! Whether the control plane is there, and whether it can work.

use axum::extract::State;
use http::StatusCode;

use crate::app::App;
use crate::auth::Public;
use crate::error::AppError;
use crate::store::snapshot::newest_revision;

/// It runs.
pub(crate) async fn live(_: Public) -> &'static str {
    "ok"
}

/// Its store answers. The archive is not asked: without it everything but figures works.
pub(crate) async fn ready(
    _: Public,
    State(app): State<App>,
) -> Result<&'static str, (StatusCode, &'static str)> {
    let answer = async {
        let mut reading = app.store.read().await?;
        newest_revision(&mut reading).await?;
        Ok::<_, AppError>(())
    };
    match answer.await {
        Ok(()) => Ok("ready"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            Err((StatusCode::SERVICE_UNAVAILABLE, "the app database does not answer"))
        }
    }
}
