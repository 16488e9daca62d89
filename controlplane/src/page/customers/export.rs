//! The customers' files: who cost what in a month, and every call of one customer, exact to the nano-dollar.

use axum::extract::{Path, Query, State};
use axum::response::Response;

use super::period::Asked;
use crate::app::App;
use crate::archive::Scope;
use crate::archive::customers::{Ask, CustomerSpend};
use crate::auth::{Allowed, ReadFigures};
use crate::error::AppError;
use crate::page::sheet;

/// Customers in one file; beyond, the search narrows.
const ROWS_MAX: u64 = 500_000;

/// `GET /customers.csv`
pub(in crate::page) async fn list(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let window = asked.window(app.clock.now_us())?;
    let scope = Scope::of(&app, &by, "customers.csv").await?;
    let ask = Ask { window, search: asked.search.trim(), skip: 0, limit: ROWS_MAX };
    let customers = app.archive.list_customers(&scope, ask).await?;
    let month = window.month_name();
    let head = [
        "period",
        "customer_id",
        "requests",
        "errors",
        "unrated_calls",
        "tokens_in",
        "tokens_out",
        "cost_usd",
        "billed_usd",
    ];
    let lines = customers.iter().map(|customer| line(&month, customer));
    sheet::sheet(
        &format!("customers-{month}.csv"),
        std::iter::once(head.map(str::to_owned).to_vec()).chain(lines),
    )
}

fn line(month: &str, customer: &CustomerSpend) -> Vec<String> {
    vec![
        month.to_owned(),
        sheet::text(&customer.customer_id),
        customer.requests.to_string(),
        customer.errors.to_string(),
        customer.unrated.to_string(),
        customer.tokens_in.to_string(),
        customer.tokens_out.to_string(),
        customer.cost().usd_exact(),
        customer.billed().usd_exact(),
    ]
}

/// `GET /customers/{id}/calls.csv`
pub(in crate::page) async fn calls(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let window = asked.window(app.clock.now_us())?;
    let scope = Scope::of(&app, &by, "calls.csv").await?;
    // Asked before the first byte is sent: an archive that is away is then still an error page.
    app.archive.ping().await?;
    let export = app.archive.export_customer(&scope, window, &id)?;
    Ok(sheet::calls(&format!("{id}-{}.csv", window.month_name()), export))
}
