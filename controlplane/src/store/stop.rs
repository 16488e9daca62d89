//! Stops in force.

use super::{Conn, StoreError};

/// A stop as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct StopRow {
    /// `stop_…`
    pub(crate) id: String,
    /// `customer`, `key`, `model` or `endpoint`.
    pub(crate) kind: String,
    /// The customer's own id, or the id of the object.
    pub(crate) target: String,
    /// Its workspace; empty for what all share.
    pub(crate) workspace_id: String,
    /// What people call it.
    pub(crate) name: String,
    /// The names a model is asked for by, JSON.
    pub(crate) names_json: String,
    /// Why.
    pub(crate) reason: String,
    /// Since when, µs UTC.
    pub(crate) created_us: i64,
    /// Who stopped it.
    pub(crate) created_by: String,
}

/// All stops, the newest first.
pub(crate) async fn list_stops(conn: &mut Conn) -> Result<Vec<StopRow>, StoreError> {
    let rows = sqlx::query_as("SELECT * FROM stop ORDER BY created_us DESC, id").fetch_all(conn).await?;
    Ok(rows)
}

/// The stop of that id.
pub(crate) async fn find_stop(conn: &mut Conn, id: &str) -> Result<Option<StopRow>, StoreError> {
    let row = sqlx::query_as("SELECT * FROM stop WHERE id = $1").bind(id).fetch_optional(conn).await?;
    Ok(row)
}

/// Stores a new stop.
///
/// # Errors
/// [`StoreError::Taken`] when the thing is stopped already.
pub(crate) async fn create_stop(conn: &mut Conn, stop: &StopRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO stop (id, kind, target, workspace_id, name, names_json, reason, created_us, created_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&stop.id)
    .bind(&stop.kind)
    .bind(&stop.target)
    .bind(&stop.workspace_id)
    .bind(&stop.name)
    .bind(&stop.names_json)
    .bind(&stop.reason)
    .bind(stop.created_us)
    .bind(&stop.created_by)
    .execute(conn)
    .await
    .map_err(StoreError::taken("a stop of this"))?;
    Ok(())
}

/// Removes a stop; `false` when it is not there.
pub(crate) async fn delete_stop(conn: &mut Conn, id: &str) -> Result<bool, StoreError> {
    let result = sqlx::query("DELETE FROM stop WHERE id = $1").bind(id).execute(conn).await?;
    Ok(super::was_changed(&result))
}
