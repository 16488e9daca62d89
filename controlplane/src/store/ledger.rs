//! The books: one row per sealed batch and account, posted once however often it is sent.

use weir_contract::sync::{BatchSummary, BookLine};

use super::{Conn, StoreError};

/// What a posted batch added.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct BatchRow {
    /// The batch.
    pub(crate) batch_id: String,
    /// Who sealed it.
    pub(crate) gateway_id: String,
    /// When it was sealed, µs UTC.
    pub(crate) sealed_at_us: i64,
    /// When it was posted, µs UTC.
    pub(crate) posted_us: i64,
    /// How many lines it has.
    pub(crate) lines: i64,
    /// Σ cost, nano-dollars.
    pub(crate) cost_nano: i64,
    /// Σ billed, nano-dollars.
    pub(crate) billed_nano: i64,
}

/// The posted batch of that id.
pub(crate) async fn find_batch(conn: &mut Conn, id: &str) -> Result<Option<BatchRow>, StoreError> {
    let row = sqlx::query_as("SELECT * FROM ledger_batch WHERE batch_id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await?;
    Ok(row)
}

/// Enters the batch; `false` when it is in the books already.
pub(crate) async fn create_batch(conn: &mut Conn, batch: &BatchRow) -> Result<bool, StoreError> {
    let result = sqlx::query(
        "INSERT INTO ledger_batch (batch_id, gateway_id, sealed_at_us, posted_us, lines, cost_nano, billed_nano) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (batch_id) DO NOTHING",
    )
    .bind(&batch.batch_id)
    .bind(&batch.gateway_id)
    .bind(batch.sealed_at_us)
    .bind(batch.posted_us)
    .bind(batch.lines)
    .bind(batch.cost_nano)
    .bind(batch.billed_nano)
    .execute(conn)
    .await?;
    Ok(super::was_changed(&result))
}

/// Enters one line of a batch.
pub(crate) async fn create_entry(
    conn: &mut Conn,
    batch: &BatchSummary,
    line: &BookLine,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO ledger_entry (batch_id, workspace_id, customer_id, key_id, origin, hour_us, billing_period, \
         price_version, requests, calls, cost_nano, billed_nano) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING",
    )
    .bind(batch.batch.as_str())
    .bind(line.workspace.as_str())
    .bind(line.customer.as_str())
    .bind(line.key.as_str())
    .bind(line.origin.name())
    .bind(line.hour_us)
    .bind(i64::from(line.billing_period))
    .bind(line.price_version.as_str())
    .bind(i64::try_from(line.requests).unwrap_or(i64::MAX))
    .bind(i64::try_from(line.calls).unwrap_or(i64::MAX))
    .bind(line.cost.nano())
    .bind(line.billed.nano())
    .execute(conn)
    .await?;
    Ok(())
}

/// What the entries of a workspace and a period add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Sums {
    /// Batches.
    pub(crate) batches: i64,
    /// Requests.
    pub(crate) requests: i64,
    /// Calls.
    pub(crate) calls: i64,
    /// Σ cost, nano-dollars.
    pub(crate) cost_nano: i64,
    /// Σ billed, nano-dollars.
    pub(crate) billed_nano: i64,
}

/// What the books say of a workspace in an accounting period (`YYYYMM`), all origins.
pub(crate) async fn sum_entries(conn: &mut Conn, workspace: &str, period: u32) -> Result<Sums, StoreError> {
    let sums = sqlx::query_as(
        "SELECT COUNT(DISTINCT batch_id) AS batches, CAST(COALESCE(SUM(requests), 0) AS BIGINT) AS requests, \
         CAST(COALESCE(SUM(calls), 0) AS BIGINT) AS calls, \
         CAST(COALESCE(SUM(cost_nano), 0) AS BIGINT) AS cost_nano, \
         CAST(COALESCE(SUM(billed_nano), 0) AS BIGINT) AS billed_nano \
         FROM ledger_entry WHERE workspace_id = $1 AND billing_period = $2",
    )
    .bind(workspace)
    .bind(i64::from(period))
    .fetch_one(conn)
    .await?;
    Ok(sums)
}

/// The names of posted batches sealed since then (µs UTC).
pub(crate) async fn list_batches(conn: &mut Conn, sealed_since_us: i64) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> =
        sqlx::query_as("SELECT batch_id FROM ledger_batch WHERE sealed_at_us >= $1 ORDER BY batch_id")
            .bind(sealed_since_us)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|(batch,)| batch).collect())
}
