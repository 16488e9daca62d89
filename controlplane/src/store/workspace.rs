//! Workspaces: the tenants.

use super::{Conn, StoreError};

/// A workspace as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct WorkspaceRow {
    /// `ws_…`
    pub(crate) id: String,
    /// What people call it; unique.
    pub(crate) name: String,
    /// `production`, `staging`, …
    pub(crate) environment: String,
    /// `full`, `meta` or `none`.
    pub(crate) log_level: String,
    /// Days bodies are kept.
    pub(crate) retention_days: i64,
    /// Days calls are kept.
    pub(crate) calls_days: i64,
    /// When it was made, µs UTC.
    pub(crate) created_us: i64,
}

/// All workspaces, by name.
pub(crate) async fn list_workspaces(conn: &mut Conn) -> Result<Vec<WorkspaceRow>, StoreError> {
    let rows = sqlx::query_as("SELECT * FROM workspace ORDER BY name").fetch_all(conn).await?;
    Ok(rows)
}

/// The workspace of that id.
pub(crate) async fn find_workspace(conn: &mut Conn, id: &str) -> Result<Option<WorkspaceRow>, StoreError> {
    let row = sqlx::query_as("SELECT * FROM workspace WHERE id = $1").bind(id).fetch_optional(conn).await?;
    Ok(row)
}

/// Stores a new workspace.
pub(crate) async fn create_workspace(conn: &mut Conn, workspace: &WorkspaceRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO workspace (id, name, environment, log_level, retention_days, calls_days, created_us) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&workspace.id)
    .bind(&workspace.name)
    .bind(&workspace.environment)
    .bind(&workspace.log_level)
    .bind(workspace.retention_days)
    .bind(workspace.calls_days)
    .bind(workspace.created_us)
    .execute(conn)
    .await
    .map_err(StoreError::taken("a workspace of that name"))?;
    Ok(())
}

/// Writes everything but id and birth; `false` when there is none of that id.
pub(crate) async fn update_workspace(conn: &mut Conn, workspace: &WorkspaceRow) -> Result<bool, StoreError> {
    let result = sqlx::query(
        "UPDATE workspace SET name = $2, environment = $3, log_level = $4, retention_days = $5, calls_days = $6 \
         WHERE id = $1",
    )
    .bind(&workspace.id)
    .bind(&workspace.name)
    .bind(&workspace.environment)
    .bind(&workspace.log_level)
    .bind(workspace.retention_days)
    .bind(workspace.calls_days)
    .execute(conn)
    .await
    .map_err(StoreError::taken("a workspace of that name"))?;
    Ok(super::was_changed(&result))
}
