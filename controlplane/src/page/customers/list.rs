//! `GET /customers`: all customers of a month, the most expensive first.

use axum::extract::{Query, State};
use axum::response::Response;
use weir_web::page::CustomersPage;
use weir_web::page::customers::CustomerRow;
use weir_web::shell::Section;

use super::period::{Asked, period, periods};
use crate::app::App;
use crate::archive::Scope;
use crate::archive::customers::{AllCustomers, Ask, CustomerSpend};
use crate::auth::{Allowed, ReadFigures};
use crate::error::AppError;
use crate::page::answer::page;
use crate::page::frame::Frame;
use crate::page::freshness::freshness;
use crate::page::gateway::gateway_url;

const ROWS: u64 = 50;

/// `GET /customers`
pub(in crate::page) async fn list(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let now_us = app.clock.now_us();
    let window = asked.window(now_us)?;
    let scope = Scope::of(&app, &by, "customers").await?;
    let skip = asked.after.parse().unwrap_or(0);
    let search = asked.search.trim();
    let ask = Ask { window, search, skip, limit: ROWS };
    let (found, all) =
        tokio::try_join!(app.archive.list_customers(&scope, ask), app.archive.sum_customers(&scope, ask))?;
    let seen = skip.saturating_add(u64::try_from(found.len()).unwrap_or(0));
    let rows = found.into_iter().map(|customer| row(customer, &all));
    page(&CustomersPage {
        shell: frame.shell(&app, &by, "Customers", Section::Customers).await?,
        period: period(window, now_us),
        periods: periods(window, now_us),
        search: search.to_owned(),
        freshness: freshness(&app).await?,
        rows: rows.collect(),
        total: all.cost(),
        count: all.customers,
        next: (seen < all.customers).then(|| seen.to_string()),
        gateway_url: gateway_url(&app).await?,
    })
}

fn row(customer: CustomerSpend, all: &AllCustomers) -> CustomerRow {
    CustomerRow {
        spend: customer.cost(),
        unrated: customer.unrated,
        requests: customer.requests,
        share_ppm: all.share_ppm(customer.cost),
        last_seen_us: customer.last_seen_us,
        customer_id: customer.customer_id,
    }
}
