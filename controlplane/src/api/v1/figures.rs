//! The requests under a filter as figures: added up by a field, and over time.

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::filter::Filter;

use super::models::During;
use crate::api::json::List;
use crate::app::App;
use crate::archive::groups::{GROUPS_MAX, Group, GroupBy};
use crate::archive::{Names, Scope, Window};
use crate::auth::{Actor, Allowed, ReadFigures};
use crate::error::AppError;
use crate::requests::histogram;

/// Which requests, and by what.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Which {
    q: String,
    range: String,
    from: String,
    to: String,
    by: String,
}

impl Which {
    async fn resolve(&self, app: &App, actor: &Actor) -> Result<(Filter, Window), AppError> {
        let unreadable = |error: &dyn std::fmt::Display| AppError::BadRequest(error.to_string());
        let window = Window::resolve(&self.range, &self.from, &self.to, app.clock.now_us())
            .map_err(|error| unreadable(&error))?;
        let filter = Filter::parse(&self.q).map_err(|error| unreadable(&error))?;
        Ok((Names::of(app, actor).await?.resolve(filter), window))
    }
}

/// One group of requests.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupItem {
    /// The field's value; empty when there was none.
    id: String,
    requests: u64,
    failed: u64,
    /// Calls without a known price: missing from the money.
    unrated: u64,
    tokens_in: u64,
    tokens_out: u64,
    /// Mean time of a request, µs.
    duration_us: u64,
    /// Dollars with nine decimals.
    cost_usd: String,
}

/// One piece of the histogram.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BarItem {
    /// Its first microsecond, UTC.
    from_us: i64,
    /// The first microsecond after it, UTC.
    to_us: i64,
    /// Requests that ended well.
    ok: u64,
    /// Requests that did not.
    failed: u64,
}

/// Requests added up by `model`, `customer`, `key`, `provider` or `status`, the most expensive first; at most 100.
#[utoipa::path(get, path = "/api/v1/requests/groups", tag = "requests",
    operation_id = "groups",
    params(("by" = GroupBy, Query), ("q" = Option<String>, Query, description = "A filter, as on the page"), During),
    responses((status = 200, body = List<GroupItem>), (status = 400, body = crate::error::Problem)))]
pub(crate) async fn groups(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    Query(which): Query<Which>,
) -> Result<Json<List<GroupItem>>, AppError> {
    let field = GroupBy::from_name(&which.by).ok_or_else(|| {
        let known = GroupBy::ALL.map(GroupBy::name).join(", ");
        AppError::BadRequest(format!("`by` is not a field requests can be added up by: write one of {known}"))
    })?;
    let (filter, window) = which.resolve(&app, &by).await?;
    let scope = Scope::of(&app, &by, "api.requests.groups").await?;
    let found = app.archive.list_groups(&scope, window, &filter, field).await?;
    Ok(Json(List::whole(found.into_iter().take(GROUPS_MAX).map(GroupItem::from).collect())))
}

/// Requests over time: about two dozen pieces of a round length.
#[utoipa::path(get, path = "/api/v1/requests/histogram", tag = "requests",
    operation_id = "histogram",
    params(("q" = Option<String>, Query, description = "A filter, as on the page"), During),
    responses((status = 200, body = List<BarItem>), (status = 400, body = crate::error::Problem)))]
pub(crate) async fn bars(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    Query(which): Query<Which>,
) -> Result<Json<List<BarItem>>, AppError> {
    let (filter, window) = which.resolve(&app, &by).await?;
    let scope = Scope::of(&app, &by, "api.requests.histogram").await?;
    let bars = histogram::bars(&app, &scope, window, &filter).await?;
    let item = |bar: weir_web::page::requests::HistogramBar| BarItem {
        from_us: bar.window.from_us,
        to_us: bar.window.to_us,
        ok: bar.ok,
        failed: bar.failed,
    };
    Ok(Json(List::whole(bars.into_iter().map(item).collect())))
}

impl From<Group> for GroupItem {
    fn from(group: Group) -> Self {
        Self {
            cost_usd: group.cost().usd_exact(),
            id: group.id,
            requests: group.requests,
            failed: group.failed,
            unrated: group.unrated,
            tokens_in: group.tokens_in,
            tokens_out: group.tokens_out,
            duration_us: group.duration_us,
        }
    }
}
