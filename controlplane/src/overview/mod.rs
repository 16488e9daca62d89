//! The overview: what happened in a window, what it cost, against the stretch before, and what needs attention. One
//! service for the page and the API.

mod attention;
mod span;

use std::time::Duration;

use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;
use weir_contract::money::Money;

use crate::app::App;
use crate::archive::overview::{Latency, Sums};
use crate::archive::spend::DaySpend;
use crate::archive::{ArchiveError, Scope};
use crate::auth::Actor;
use crate::error::AppError;

pub(crate) use attention::{Notice, Severity, TIE_SETTING, TieOut};
pub(crate) use span::Span;

/// How long a panel may hold the page up.
const DEADLINE: Duration = Duration::from_millis(300);
/// How long it may take when it is asked for by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the panels show; `None` where the archive took too long.
#[derive(Debug)]
pub(crate) struct Panels {
    /// Requests, money, errors, tokens.
    pub(crate) sums: Option<Sums>,
    /// How slow it was.
    pub(crate) latency: Option<Latency>,
    /// Spend by day and model.
    pub(crate) days: Option<Vec<DaySpend>>,
}

/// How long a reader waits for slow panels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// The page is not held up.
    Deadline,
    /// The slow ones were asked for.
    Patience,
}

/// The panels and what needs attention, asked for at once.
pub(crate) async fn look(
    app: &App,
    actor: &Actor,
    scope: &Scope,
    span: &Span,
    wait: Wait,
) -> Result<(Panels, Vec<Notice>), AppError> {
    let panels = async { panels(app, scope, span, wait).await.map_err(AppError::from) };
    let (panels, mut notices) = tokio::try_join!(panels, attention::list(app, actor, scope))?;
    let unrated = panels.sums.as_ref().and_then(|sums| attention::unrated(sums, span.stretches.window));
    notices.extend(unrated);
    notices.sort_by_key(|notice| notice.severity);
    Ok((panels, notices))
}

/// Asks for all panels at once.
async fn panels(app: &App, scope: &Scope, span: &Span, wait: Wait) -> Result<Panels, ArchiveError> {
    let archive = &app.archive;
    let bound = if wait == Wait::Deadline { DEADLINE } else { PATIENCE };
    let (spent, latency) = tokio::try_join!(
        in_time(bound, archive.spend_of_stretches(scope, span.stretches)),
        in_time(bound, archive.latency_of_stretches(scope, span.stretches)),
    )?;
    let (sums, days) = spent.map(|spent| (spent.sums, spent.days)).unzip();
    Ok(Panels { sums, latency, days })
}

/// The answer, or `None` when it takes too long: then the page goes without it.
pub(crate) async fn in_time<T>(
    bound: Duration,
    answer: impl Future<Output = Result<T, ArchiveError>>,
) -> Result<Option<T>, ArchiveError> {
    match timeout(bound, answer).await {
        Ok(Ok(answer)) => Ok(Some(answer)),
        Ok(Err(ArchiveError::TooSlow)) | Err(_) => Ok(None),
        Ok(Err(error)) => Err(error),
    }
}

/// One figure and what it is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Compared<T> {
    /// In the window, up to now.
    pub(crate) window: T,
    /// In the whole hours of the window: what is compared.
    pub(crate) whole: T,
    /// In as many hours before.
    pub(crate) before: T,
}

impl<T> Compared<T> {
    /// The same measure of all three.
    pub(crate) fn of(sums: &Sums, measure: impl Fn(&crate::archive::overview::Totals) -> T) -> Self {
        Self { window: measure(&sums.window), whole: measure(&sums.whole), before: measure(&sums.before) }
    }
}

/// The overview as the API tells it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Overview {
    /// The window, µs UTC: from the first to before the second.
    from_us: i64,
    to_us: i64,
    /// What the whole hours are compared with, µs UTC.
    before_from_us: i64,
    before_to_us: i64,
    /// Requests.
    requests: Compared<u64>,
    /// Those that failed.
    errors: Compared<u64>,
    /// Calls without a known price: missing from the money.
    unrated: Compared<u64>,
    /// Dollars with nine decimals.
    cost_usd: Compared<String>,
    /// 95th percentile of the duration, µs, as near as a histogram tells it; `null` without requests.
    latency_us_p95: Compared<Option<u64>>,
    /// What needs attention, the worst first.
    attention: Vec<Notice>,
}

impl Overview {
    /// From the panels, all of which must be there.
    pub(crate) fn of(span: &Span, panels: &Panels, attention: Vec<Notice>) -> Result<Self, AppError> {
        let (Some(sums), Some(latency)) = (&panels.sums, &panels.latency) else {
            return Err(ArchiveError::TooSlow.into());
        };
        let stretches = span.stretches;
        Ok(Self {
            from_us: stretches.window.from_us,
            to_us: stretches.window.to_us,
            before_from_us: stretches.before.from_us,
            before_to_us: stretches.before.to_us,
            requests: Compared::of(sums, |totals| totals.requests),
            errors: Compared::of(sums, |totals| totals.errors),
            unrated: Compared::of(sums, |totals| totals.unrated),
            cost_usd: Compared::of(sums, |totals| Money::usd_exact(totals.cost())),
            latency_us_p95: Compared { window: latency.window, whole: latency.whole, before: latency.before },
            attention,
        })
    }
}
