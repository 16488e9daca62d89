//! Customers: who costs what in a month, and one customer with the proof that its sums agree.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::json::{List, Paging};
use crate::app::App;
use crate::archive::customers::{Ask, CustomerSpend};
use crate::archive::spend::{DaySpend, Slice};
use crate::archive::tie::{CustomerTie, Side};
use crate::archive::{Scope, Window};
use crate::auth::{Allowed, ReadFigures};
use crate::error::AppError;
use crate::retention;

/// Customers behind which nobody looks: their list is in the order of their cost, which moves, so a cursor counts.
const SKIP_MAX: u64 = 1_000_000_000;

/// Which customers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Which {
    /// `2026-11`; this month when left out.
    period: String,
    search: String,
    #[serde(flatten)]
    paging: Paging,
}

/// One customer's figures in a month.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomerItem {
    customer: String,
    /// `2026-11`
    period: String,
    requests: u64,
    errors: u64,
    /// Calls without a known price: missing from the money.
    unrated: u64,
    tokens_in: u64,
    tokens_out: u64,
    /// Dollars with nine decimals.
    cost_usd: String,
    /// Dollars with nine decimals.
    billed_usd: String,
}

/// One customer in a month: the audit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomerWhole {
    #[serde(flatten)]
    figures: CustomerItem,
    /// When their newest request ever came, µs UTC.
    last_seen_us: Option<i64>,
    days: Vec<DayItem>,
    models: Vec<SliceItem>,
    keys: Vec<SliceItem>,
    /// Whether the calls one by one and the sums made as they arrived are equal to the nano-dollar.
    tie: TieItem,
}

/// What one model cost on one day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DayItem {
    /// The day's first microsecond, UTC.
    day_us: i64,
    model: String,
    cost_usd: String,
}

/// One line of a breakdown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SliceItem {
    /// The model's name or the key's id.
    id: String,
    requests: u64,
    tokens_in: u64,
    tokens_out: u64,
    cost_usd: String,
}

/// Both sides of the tie-out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TieItem {
    /// From when both are summed, µs UTC: the month's start, or since when its calls are kept. What retention removed is
    /// in the month's sums only.
    from_us: i64,
    /// Whether both are equal.
    holds: bool,
    calls: SideItem,
    rollup: SideItem,
}

/// One side.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SideItem {
    requests: u64,
    calls: u64,
    cost_usd: String,
    billed_usd: String,
}

/// Customers of a month, the most expensive first.
#[utoipa::path(get, path = "/api/v1/customers", tag = "customers",
    params(("period" = Option<String>, Query, description = "`2026-11`; this month when left out"),
        ("search" = Option<String>, Query, description = "Part of the customer's id"), Paging),
    responses((status = 200, body = List<CustomerItem>), (status = 400, body = crate::error::Problem)))]
pub(crate) async fn list(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    Query(which): Query<Which>,
) -> Result<Json<List<CustomerItem>>, AppError> {
    let window = window(&which.period, &app)?;
    let scope = Scope::of(&app, &by, "api.customers").await?;
    let (skip, limit) =
        (which.paging.after()?.unwrap_or(0_u64).min(SKIP_MAX), u64::from(which.paging.limit()));
    let ask = Ask { window, search: which.search.trim(), skip, limit: limit + 1 };
    let mut found = app.archive.list_customers(&scope, ask).await?;
    let more = u64::try_from(found.len()).unwrap_or(0) > limit;
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let items = found.into_iter().map(|customer| item(customer, window)).collect();
    Ok(Json(List::behind(items, more.then(|| skip.saturating_add(limit)).as_ref())))
}

/// One customer in a month.
#[utoipa::path(get, path = "/api/v1/customers/{id}", tag = "customers",
    params(("id" = String, Path), ("period" = Option<String>, Query)),
    responses((status = 200, body = CustomerWhole), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn show(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    Path(id): Path<String>,
    Query(which): Query<Which>,
) -> Result<Json<CustomerWhole>, AppError> {
    let window = window(&which.period, &app)?;
    let scope = Scope::of(&app, &by, "api.customer").await?;
    let archive = &app.archive;
    let kept = retention::calls_kept_from(&app, &by).await?;
    let tied_in = Window { from_us: window.from_us.max(kept).min(window.to_us), ..window };
    let (spend, last_seen_us, keys, tie) = tokio::try_join!(
        archive.spend_of_customer(&scope, &id, window),
        archive.customer_last_seen(&scope, &id),
        archive.spend_by_key(&scope, &id, window),
        archive.tie_customer(&scope, &id, tied_in),
    )?;
    if last_seen_us.is_none() && spend.whole().requests == 0 {
        return Err(AppError::not_found("customer", &id));
    }
    Ok(Json(CustomerWhole {
        figures: whole(id, &spend.whole(), window),
        last_seen_us,
        days: spend.days().into_iter().map(day).collect(),
        models: spend.models().into_iter().map(slice).collect(),
        keys: keys.into_iter().map(slice).collect(),
        tie: tied(tie, tied_in),
    }))
}

fn window(period: &str, app: &App) -> Result<Window, AppError> {
    Window::period(period, app.clock.now_us()).map_err(|error| AppError::BadRequest(error.to_string()))
}

fn item(customer: CustomerSpend, window: Window) -> CustomerItem {
    CustomerItem {
        cost_usd: customer.cost().usd_exact(),
        billed_usd: customer.billed().usd_exact(),
        customer: customer.customer_id,
        period: window.month_name(),
        requests: customer.requests,
        errors: customer.errors,
        unrated: customer.unrated,
        tokens_in: customer.tokens_in,
        tokens_out: customer.tokens_out,
    }
}

fn whole(customer: String, spend: &Slice, window: Window) -> CustomerItem {
    CustomerItem {
        customer,
        period: window.month_name(),
        cost_usd: spend.cost().usd_exact(),
        billed_usd: spend.billed().usd_exact(),
        requests: spend.requests,
        errors: spend.errors,
        unrated: spend.unrated,
        tokens_in: spend.tokens_in,
        tokens_out: spend.tokens_out,
    }
}

fn day(spend: DaySpend) -> DayItem {
    DayItem { cost_usd: spend.cost().usd_exact(), day_us: spend.day_us, model: spend.model }
}

fn slice(one: Slice) -> SliceItem {
    SliceItem {
        cost_usd: one.cost().usd_exact(),
        id: one.id,
        requests: one.requests,
        tokens_in: one.tokens_in,
        tokens_out: one.tokens_out,
    }
}

fn tied(tie: CustomerTie, window: Window) -> TieItem {
    TieItem { from_us: window.from_us, holds: tie.holds(), calls: side(tie.calls), rollup: side(tie.rollup) }
}

fn side(one: Side) -> SideItem {
    SideItem {
        cost_usd: one.cost().usd_exact(),
        billed_usd: one.billed().usd_exact(),
        requests: one.requests,
        calls: one.calls,
    }
}
