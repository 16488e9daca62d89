//! The audit chain's rows; what their hashes cover is decided in [`crate::audit`].

use super::{Conn, StoreError};

/// One change.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct AuditRow {
    /// Its number, from 1, without a gap.
    pub(crate) seq: i64,
    /// When, µs UTC.
    pub(crate) at_us: i64,
    /// Who.
    pub(crate) actor: String,
    /// What was done (`key.create`).
    pub(crate) action: String,
    /// To what (`key key_…`).
    pub(crate) object: String,
    /// How it was before, JSON; empty when it was not.
    pub(crate) before_json: String,
    /// How it is after, JSON; empty when it is gone.
    pub(crate) after_json: String,
    /// The hash of the row before.
    pub(crate) previous_hash: String,
    /// The hash of this row.
    pub(crate) hash: String,
}

/// Takes the end of the chain for this transaction: the new row's number and the hash before it.
pub(crate) async fn next_seq(conn: &mut Conn) -> Result<(i64, String), StoreError> {
    let head = sqlx::query_as("UPDATE audit_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, hash")
        .fetch_one(conn)
        .await?;
    Ok(head)
}

/// The end of the chain: number and hash of the newest row.
pub(crate) async fn find_head(conn: &mut Conn) -> Result<(i64, String), StoreError> {
    let head = sqlx::query_as("SELECT seq, hash FROM audit_head WHERE id = 1").fetch_one(conn).await?;
    Ok(head)
}

/// Appends a row and moves the end of the chain to it.
pub(crate) async fn create_row(conn: &mut Conn, row: &AuditRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit (seq, at_us, actor, action, object, before_json, after_json, previous_hash, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(row.seq)
    .bind(row.at_us)
    .bind(&row.actor)
    .bind(&row.action)
    .bind(&row.object)
    .bind(&row.before_json)
    .bind(&row.after_json)
    .bind(&row.previous_hash)
    .bind(&row.hash)
    .execute(&mut *conn)
    .await?;
    sqlx::query("UPDATE audit_head SET hash = $1 WHERE id = 1").bind(&row.hash).execute(conn).await?;
    Ok(())
}

/// The newest changes of one object, newest first, at most `limit`.
pub(crate) async fn list_rows_of(
    conn: &mut Conn,
    object: &str,
    limit: i64,
) -> Result<Vec<AuditRow>, StoreError> {
    let rows = sqlx::query_as("SELECT * FROM audit WHERE object = $1 ORDER BY seq DESC LIMIT $2")
        .bind(object)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    Ok(rows)
}

/// Rows after number `after`, oldest first, at most `limit`.
pub(crate) async fn list_rows(conn: &mut Conn, after: i64, limit: i64) -> Result<Vec<AuditRow>, StoreError> {
    let rows = sqlx::query_as("SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2")
        .bind(after)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    Ok(rows)
}

/// Which rows are wanted; what is empty or `None` narrows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Who: the whole id.
    pub(crate) actor: String,
    /// What was done, or how it begins (`key.`).
    pub(crate) action: String,
    /// To what: the whole id.
    pub(crate) object: String,
    /// From then on, µs UTC.
    pub(crate) from_us: Option<i64>,
    /// Before then, µs UTC.
    pub(crate) to_us: Option<i64>,
}

/// Wanted rows before number `before`, newest first, at most `limit`.
pub(crate) async fn list_newest(
    conn: &mut Conn,
    wanted: &Wanted,
    before: i64,
    limit: i64,
) -> Result<Vec<AuditRow>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT * FROM audit WHERE seq < $1 AND ($2 = '' OR actor = $2) \
         AND ($3 = '' OR substr(action, 1, length($3)) = $3) AND ($4 = '' OR object = $4) \
         AND at_us >= $5 AND at_us < $6 ORDER BY seq DESC LIMIT $7",
    )
    .bind(before)
    .bind(&wanted.actor)
    .bind(&wanted.action)
    .bind(&wanted.object)
    .bind(wanted.from_us.unwrap_or(i64::MIN))
    .bind(wanted.to_us.unwrap_or(i64::MAX))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Who ever changed something, and what was ever done: the choices of a filter.
pub(crate) async fn list_choices(conn: &mut Conn) -> Result<(Vec<String>, Vec<String>), StoreError> {
    const MOST: i64 = 200;
    let actors: Vec<(String,)> = sqlx::query_as("SELECT DISTINCT actor FROM audit ORDER BY actor LIMIT $1")
        .bind(MOST)
        .fetch_all(&mut *conn)
        .await?;
    let actions: Vec<(String,)> =
        sqlx::query_as("SELECT DISTINCT action FROM audit ORDER BY action LIMIT $1")
            .bind(MOST)
            .fetch_all(conn)
            .await?;
    let texts = |rows: Vec<(String,)>| rows.into_iter().map(|(text,)| text).collect();
    Ok((texts(actors), texts(actions)))
}
