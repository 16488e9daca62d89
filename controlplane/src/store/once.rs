//! Requests that are to be done once; their answers lie in the vault under the same id.

use super::{Conn, StoreError};

/// A request that was begun.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct OnceRow {
    /// Hash of actor, path and key.
    pub(crate) id: String,
    /// Hash of what was sent.
    pub(crate) request_hash: String,
    /// When, µs UTC.
    pub(crate) created_us: i64,
}

/// The request of that id.
pub(crate) async fn find_once(conn: &mut Conn, id: &str) -> Result<Option<OnceRow>, StoreError> {
    let row = sqlx::query_as("SELECT id, request_hash, created_us FROM once WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await?;
    Ok(row)
}

/// Remembers a request that begins.
pub(crate) async fn create_once(conn: &mut Conn, row: &OnceRow) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO once (id, request_hash, created_us) VALUES ($1, $2, $3)")
        .bind(&row.id)
        .bind(&row.request_hash)
        .bind(row.created_us)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets a request that decided nothing.
pub(crate) async fn delete_once(conn: &mut Conn, id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM once WHERE id = $1").bind(id).execute(conn).await?;
    Ok(())
}

/// Forgets requests begun before `before_us`, and their answers.
pub(crate) async fn delete_once_before(conn: &mut Conn, before_us: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM secret WHERE id IN (SELECT id FROM once WHERE created_us < $1)")
        .bind(before_us)
        .execute(&mut *conn)
        .await?;
    sqlx::query("DELETE FROM once WHERE created_us < $1").bind(before_us).execute(conn).await?;
    Ok(())
}
