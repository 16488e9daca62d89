//! Customers: created on first sight, from posted batches, within a bound per key and day.

use super::{Conn, StoreError};

/// A customer as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct CustomerRow {
    /// The workspace.
    pub(crate) workspace_id: String,
    /// The id requests carry.
    pub(crate) id: String,
    /// What people call it; empty until somebody says.
    pub(crate) name: String,
    /// The key whose request named it first.
    pub(crate) first_key: String,
    /// When it was first seen, µs UTC.
    pub(crate) first_seen_us: i64,
    /// When it was last seen, µs UTC.
    pub(crate) last_seen_us: i64,
}

#[cfg(test)]
/// The customers of a workspace after id `after`, by id, at most `limit`.
pub(crate) async fn list_customers(
    conn: &mut Conn,
    workspace: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<CustomerRow>, StoreError> {
    let rows =
        sqlx::query_as("SELECT * FROM customer WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3")
            .bind(workspace)
            .bind(after)
            .bind(limit)
            .fetch_all(conn)
            .await?;
    Ok(rows)
}

/// The ids of a workspace's customers that contain `words` (lower case), the last seen first, at most `limit`.
pub(crate) async fn list_customers_like(
    conn: &mut Conn,
    workspace: &str,
    words: &str,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let literal = words.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT id FROM customer WHERE workspace_id = $1 AND LOWER(id) LIKE $2 ESCAPE '!' \
         ORDER BY last_seen_us DESC, id LIMIT $3",
    )
    .bind(workspace)
    .bind(format!("%{literal}%"))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Notes that the customer was seen; `false` when it is not known yet.
pub(crate) async fn update_seen(
    conn: &mut Conn,
    workspace: &str,
    id: &str,
    seen_us: i64,
) -> Result<bool, StoreError> {
    let result = sqlx::query(
        "UPDATE customer SET last_seen_us = CASE WHEN last_seen_us < $3 THEN $3 ELSE last_seen_us END, \
         first_seen_us = CASE WHEN first_seen_us > $3 THEN $3 ELSE first_seen_us END \
         WHERE workspace_id = $1 AND id = $2",
    )
    .bind(workspace)
    .bind(id)
    .bind(seen_us)
    .execute(conn)
    .await?;
    Ok(super::was_changed(&result))
}

/// Stores a new customer; `false` when somebody else was first.
pub(crate) async fn create_customer(conn: &mut Conn, customer: &CustomerRow) -> Result<bool, StoreError> {
    let result = sqlx::query(
        "INSERT INTO customer (workspace_id, id, name, first_key, first_seen_us, last_seen_us) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id, id) DO NOTHING",
    )
    .bind(&customer.workspace_id)
    .bind(&customer.id)
    .bind(&customer.name)
    .bind(&customer.first_key)
    .bind(customer.first_seen_us)
    .bind(customer.last_seen_us)
    .execute(conn)
    .await?;
    Ok(super::was_changed(&result))
}

/// Takes one of the key's `max` new customers of that day; counts a refusal and says `false` when there is none left.
pub(crate) async fn take_new(conn: &mut Conn, key: &str, day: i64, max: i64) -> Result<bool, StoreError> {
    sqlx::query(
        "INSERT INTO customer_bound (key_id, day, created, refused) VALUES ($1, $2, 0, 0) \
         ON CONFLICT (key_id, day) DO NOTHING",
    )
    .bind(key)
    .bind(day)
    .execute(&mut *conn)
    .await?;
    let taken = sqlx::query(
        "UPDATE customer_bound SET created = created + 1 WHERE key_id = $1 AND day = $2 AND created < $3",
    )
    .bind(key)
    .bind(day)
    .bind(max)
    .execute(&mut *conn)
    .await?;
    if super::was_changed(&taken) {
        return Ok(true);
    }
    sqlx::query("UPDATE customer_bound SET refused = refused + 1 WHERE key_id = $1 AND day = $2")
        .bind(key)
        .bind(day)
        .execute(conn)
        .await?;
    Ok(false)
}

/// How many new customers the bound refused to the keys of a workspace, as long as the counts are kept.
pub(crate) async fn count_refused(conn: &mut Conn, workspace: &str) -> Result<i64, StoreError> {
    let (count,): (i64,) = sqlx::query_as(
        "SELECT CAST(COALESCE(SUM(refused), 0) AS BIGINT) FROM customer_bound \
         WHERE key_id IN (SELECT id FROM key WHERE workspace_id = $1)",
    )
    .bind(workspace)
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Forgets the counts of days before that one.
pub(crate) async fn delete_bounds_before(conn: &mut Conn, day: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM customer_bound WHERE day < $1").bind(day).execute(conn).await?;
    Ok(())
}
