//! Posted batches: entries in the books and customers on first sight, in one transaction, once however often they come.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use weir_contract::id::WorkspaceId;
use weir_contract::money::Money;
use weir_contract::sync::{BatchSummary, BookLine};

use crate::app::App;
use crate::error::AppError;
use crate::store::customer::{CustomerRow, count_refused, create_customer, take_new, update_seen};
use crate::store::key::update_key_used;
use crate::store::ledger::{self, BatchRow, create_batch, create_entry, find_batch};
use crate::store::{Conn, StoreError};

const DAY_US: i64 = 86_400 * 1_000_000;

/// Posts the batch. When it returns, the books have it; whether it was new does not matter to the gateway.
pub(crate) async fn post(app: &App, gateway: &str, batch: &BatchSummary) -> Result<(), AppError> {
    let row = totals(app, gateway, batch)?;
    let mut writing = app.store.write().await?;
    if !create_batch(&mut writing, &row).await? {
        return known(&mut writing, &row).await;
    }
    for line in &batch.lines {
        create_entry(&mut writing, batch, line).await?;
    }
    note_customers(app, &mut writing, batch).await?;
    note_keys(&mut writing, batch).await?;
    writing.commit().await?;
    app.batches.send_modify(|count| *count += 1);
    Ok(())
}

fn totals(app: &App, gateway: &str, batch: &BatchSummary) -> Result<BatchRow, AppError> {
    let sum = |amount: fn(&BookLine) -> Money| {
        batch.lines.iter().try_fold(Money::ZERO, |sum, line| sum.checked_add(amount(line)))
    };
    Ok(BatchRow {
        batch_id: batch.batch.to_string(),
        gateway_id: gateway.to_owned(),
        sealed_at_us: batch.sealed_at_us,
        posted_us: app.clock.now_us(),
        lines: i64::try_from(batch.lines.len()).unwrap_or(i64::MAX),
        cost_nano: sum(|line| line.cost).map_err(AppError::internal)?.nano(),
        billed_nano: sum(|line| line.billed).map_err(AppError::internal)?.nano(),
    })
}

/// A batch that is in the books already must be the same one: an id is never used twice.
async fn known(conn: &mut Conn, row: &BatchRow) -> Result<(), AppError> {
    let found = find_batch(conn, &row.batch_id).await?;
    let is_same = found.as_ref().is_some_and(|found| {
        (found.lines, found.cost_nano, found.billed_nano) == (row.lines, row.cost_nano, row.billed_nano)
    });
    if is_same {
        return Ok(());
    }
    let sentence =
        format!("batch `{}` is in the books with other lines: its id was used twice", row.batch_id);
    tracing::error!(batch = %row.batch_id, gateway = %row.gateway_id, "{sentence}");
    Err(AppError::Conflict(sentence))
}

/// First sight and last sight of each customer; new ones within the key's bound of the day.
async fn note_customers(app: &App, conn: &mut Conn, batch: &BatchSummary) -> Result<(), StoreError> {
    let mut seen: BTreeMap<(&str, &str), &BookLine> = BTreeMap::new();
    for line in batch.lines.iter().filter(|line| !line.customer.is_empty()) {
        let newest = seen.entry((line.workspace.as_str(), line.customer.as_str())).or_insert(line);
        if newest.last_us < line.last_us {
            *newest = line;
        }
    }
    let day = app.clock.now_us().div_euclid(DAY_US);
    let max = i64::from(app.config.new_customers_per_key_and_day);
    for ((workspace, customer), line) in seen {
        let is_known = update_seen(conn, workspace, customer, line.last_us).await?;
        if is_known || !take_new(conn, line.key.as_str(), day, max).await? {
            continue;
        }
        let row = CustomerRow {
            workspace_id: workspace.to_owned(),
            id: customer.to_owned(),
            name: String::new(),
            first_key: line.key.to_string(),
            first_seen_us: line.last_us,
            last_seen_us: line.last_us,
        };
        create_customer(conn, &row).await?;
    }
    Ok(())
}

async fn note_keys(conn: &mut Conn, batch: &BatchSummary) -> Result<(), StoreError> {
    let mut used: BTreeMap<&str, i64> = BTreeMap::new();
    for line in &batch.lines {
        let newest = used.entry(line.key.as_str()).or_default();
        *newest = line.last_us.max(*newest);
    }
    for (key, last_us) in used {
        update_key_used(conn, key, last_us).await?;
    }
    Ok(())
}

/// What the books say of a workspace in an accounting period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Sums {
    /// `YYYYMM`.
    pub(crate) period: u32,
    /// Batches that touch it.
    pub(crate) batches: i64,
    /// Requests.
    pub(crate) requests: i64,
    /// Calls.
    pub(crate) calls: i64,
    /// Σ cost, nano-dollars.
    pub(crate) cost_nano: i64,
    /// Σ billed, nano-dollars.
    pub(crate) billed_nano: i64,
    /// Customers that were not created because a key had brought up too many that day; their calls are in all the same.
    pub(crate) customers_refused: i64,
}

/// Adds up the books of a workspace and a period.
pub(crate) async fn sums(app: &App, workspace: &WorkspaceId, period: u32) -> Result<Sums, AppError> {
    let mut reading = app.store.read().await?;
    let ledger::Sums { batches, requests, calls, cost_nano, billed_nano } =
        ledger::sum_entries(&mut reading, workspace.as_str(), period).await?;
    let customers_refused = count_refused(&mut reading, workspace.as_str()).await?;
    Ok(Sums { period, batches, requests, calls, cost_nano, billed_nano, customers_refused })
}
