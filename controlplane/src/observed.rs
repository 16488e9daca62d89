//! What endpoints and models were seen doing: requests, errors, times, the last error. Without the archive, nothing.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::archive::observed::{LastError, Seen};
use crate::archive::{Scope, Window};
use crate::auth::Actor;
use crate::error::AppError;

/// Figures of one endpoint, or of one model there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Observed {
    /// The endpoint's id.
    pub endpoint: String,
    /// What the model is called there; empty for the endpoint as a whole.
    pub model: String,
    /// Requests that ended there.
    pub requests: u64,
    /// Those of them that failed.
    pub errors: u64,
    /// Half of them took no longer, µs.
    pub total_p50_us: Option<u64>,
    /// 95 of 100 took no longer, µs.
    pub total_p95_us: Option<u64>,
    /// Half of those with content had their first within, µs.
    pub first_p50_us: Option<u64>,
    /// 95 of 100 of those had it within, µs.
    pub first_p95_us: Option<u64>,
    /// The newest failure in the window, for an endpoint as a whole.
    pub last_error: Option<Failure>,
}

/// A failure in the provider's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Failure {
    /// When its request came, µs UTC.
    pub at_us: i64,
    /// The status it answered; 0 when no answer came.
    pub http_status: u16,
    /// What it said.
    pub message: String,
}

/// Each model at each endpoint.
pub(crate) async fn by_target(app: &App, actor: &Actor, window: Window) -> Result<Vec<Observed>, AppError> {
    let scope = Scope::of(app, actor, "models").await?;
    let seen = app.archive.list_seen(&scope, window).await?;
    Ok(seen.iter().map(|seen| observed(seen, None)).collect())
}

/// Each endpoint as a whole, with its newest failure.
pub(crate) async fn by_endpoint(app: &App, actor: &Actor, window: Window) -> Result<Vec<Observed>, AppError> {
    let scope = Scope::of(app, actor, "providers").await?;
    let (seen, errors) = tokio::try_join!(
        app.archive.list_seen(&scope, window),
        app.archive.list_last_errors(&scope, window)
    )?;
    let mut sums: HashMap<&str, Seen> = HashMap::new();
    for one in &seen {
        sums.entry(&one.endpoint_id).or_default().add(one);
    }
    for error in &errors {
        sums.entry(&error.endpoint_id).or_default();
    }
    let of = |endpoint: &str| errors.iter().find(|error| error.endpoint_id == endpoint);
    Ok(sums
        .into_iter()
        .map(|(endpoint, sum)| Observed { endpoint: endpoint.to_owned(), ..observed(&sum, of(endpoint)) })
        .collect())
}

fn observed(seen: &Seen, error: Option<&LastError>) -> Observed {
    Observed {
        endpoint: seen.endpoint_id.clone(),
        model: seen.model.clone(),
        requests: seen.requests,
        errors: seen.errors,
        total_p50_us: seen.total_us(50),
        total_p95_us: seen.total_us(95),
        first_p50_us: seen.first_us(50),
        first_p95_us: seen.first_us(95),
        last_error: error.map(|error| Failure {
            at_us: error.at_us,
            http_status: error.http_status,
            message: error.message.clone(),
        }),
    }
}
