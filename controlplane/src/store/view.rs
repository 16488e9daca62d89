//! Filters kept by name: one's own, or shared in a workspace.

use super::{Conn, StoreError};

/// A view as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct ViewRow {
    /// `view_…`
    pub(crate) id: String,
    /// Who made it.
    pub(crate) owner: String,
    /// Where it is shared; empty for nowhere.
    pub(crate) workspace_id: String,
    /// Whose names must differ: the owner's or the workspace's.
    pub(crate) place: String,
    /// What people call it.
    pub(crate) name: String,
    /// Filter, window and grouping, JSON.
    pub(crate) query_json: String,
    /// When it was made, µs UTC.
    pub(crate) created_us: i64,
    /// When it was last changed, µs UTC.
    pub(crate) updated_us: i64,
}

/// The views of `owner` and every shared one, by name; at most `limit`.
pub(crate) async fn list_views(conn: &mut Conn, owner: &str, limit: i64) -> Result<Vec<ViewRow>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT * FROM saved_view WHERE owner = $1 OR workspace_id <> '' ORDER BY name, id LIMIT $2",
    )
    .bind(owner)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// How many views somebody keeps.
pub(crate) async fn count_views(conn: &mut Conn, owner: &str) -> Result<i64, StoreError> {
    let (count,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM saved_view WHERE owner = $1")
        .bind(owner)
        .fetch_one(conn)
        .await?;
    Ok(count)
}

/// The view of that id.
pub(crate) async fn find_view(conn: &mut Conn, id: &str) -> Result<Option<ViewRow>, StoreError> {
    let row = sqlx::query_as("SELECT * FROM saved_view WHERE id = $1").bind(id).fetch_optional(conn).await?;
    Ok(row)
}

/// Stores a new view.
pub(crate) async fn create_view(conn: &mut Conn, view: &ViewRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO saved_view (id, owner, workspace_id, place, name, query_json, created_us, updated_us) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&view.id)
    .bind(&view.owner)
    .bind(&view.workspace_id)
    .bind(&view.place)
    .bind(&view.name)
    .bind(&view.query_json)
    .bind(view.created_us)
    .bind(view.updated_us)
    .execute(conn)
    .await
    .map_err(StoreError::taken("a view of that name"))?;
    Ok(())
}

/// Writes name, place and query anew.
pub(crate) async fn update_view(conn: &mut Conn, view: &ViewRow) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE saved_view SET workspace_id = $2, place = $3, name = $4, query_json = $5, updated_us = $6 WHERE id = $1",
    )
    .bind(&view.id)
    .bind(&view.workspace_id)
    .bind(&view.place)
    .bind(&view.name)
    .bind(&view.query_json)
    .bind(view.updated_us)
    .execute(conn)
    .await
    .map_err(StoreError::taken("a view of that name"))?;
    Ok(())
}

/// Removes the view.
pub(crate) async fn delete_view(conn: &mut Conn, id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM saved_view WHERE id = $1").bind(id).execute(conn).await?;
    Ok(())
}
