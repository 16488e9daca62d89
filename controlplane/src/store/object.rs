//! Drafts with versions: one pattern for every object that people edit and publish together.

use super::{Conn, StoreError};

/// The current draft of an object.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct ObjectRow {
    /// What it is: `endpoint`, `model`, …
    pub(crate) kind: String,
    /// Its id.
    pub(crate) id: String,
    /// The workspace that owns it; empty when all share it.
    pub(crate) workspace_id: String,
    /// Its name, unique among its kind in its workspace.
    pub(crate) name: String,
    /// Its version, from 1.
    pub(crate) version: i64,
    /// `ui`, or `file:` and a label for configuration as code.
    pub(crate) managed_by: String,
    /// What it says, JSON.
    pub(crate) body_json: String,
    /// When it was last changed, µs UTC.
    pub(crate) updated_us: i64,
    /// Who changed it last.
    pub(crate) updated_by: String,
}

/// One version of an object.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct VersionRow {
    /// Which version.
    pub(crate) version: i64,
    /// Its name then.
    pub(crate) name: String,
    /// The workspace that owned it then; empty when all shared it.
    pub(crate) workspace_id: String,
    /// What it said, JSON; empty when it was deleted.
    pub(crate) body_json: String,
    /// Who wrote it.
    pub(crate) author: String,
    /// Why, in their words.
    pub(crate) note: String,
    /// When, µs UTC.
    pub(crate) created_us: i64,
}

/// All objects of a kind, by name.
pub(crate) async fn list_objects(conn: &mut Conn, kind: &str) -> Result<Vec<ObjectRow>, StoreError> {
    let rows = sqlx::query_as("SELECT * FROM object WHERE kind = $1 ORDER BY name, workspace_id, id")
        .bind(kind)
        .fetch_all(conn)
        .await?;
    Ok(rows)
}

/// The object of that kind and id.
pub(crate) async fn find_object(
    conn: &mut Conn,
    kind: &str,
    id: &str,
) -> Result<Option<ObjectRow>, StoreError> {
    let row = sqlx::query_as("SELECT * FROM object WHERE kind = $1 AND id = $2")
        .bind(kind)
        .bind(id)
        .fetch_optional(conn)
        .await?;
    Ok(row)
}

/// Stores a new object with its first version.
pub(crate) async fn create_object(conn: &mut Conn, object: &ObjectRow, note: &str) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO object (kind, id, workspace_id, name, version, managed_by, body_json, updated_us, updated_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&object.kind)
    .bind(&object.id)
    .bind(&object.workspace_id)
    .bind(&object.name)
    .bind(object.version)
    .bind(&object.managed_by)
    .bind(&object.body_json)
    .bind(object.updated_us)
    .bind(&object.updated_by)
    .execute(&mut *conn)
    .await
    .map_err(StoreError::taken("an object of that name"))?;
    create_version(conn, object, note).await
}

/// Writes the next version, `object.version`, over the one before it; `false` when somebody else was first.
pub(crate) async fn update_object(
    conn: &mut Conn,
    object: &ObjectRow,
    note: &str,
) -> Result<bool, StoreError> {
    let result = sqlx::query(
        "UPDATE object SET workspace_id = $3, name = $4, version = $5, managed_by = $6, body_json = $7, \
         updated_us = $8, updated_by = $9 WHERE kind = $1 AND id = $2 AND version = $5 - 1",
    )
    .bind(&object.kind)
    .bind(&object.id)
    .bind(&object.workspace_id)
    .bind(&object.name)
    .bind(object.version)
    .bind(&object.managed_by)
    .bind(&object.body_json)
    .bind(object.updated_us)
    .bind(&object.updated_by)
    .execute(&mut *conn)
    .await
    .map_err(StoreError::taken("an object of that name"))?;
    let changed = super::was_changed(&result);
    if changed {
        create_version(conn, object, note).await?;
    }
    Ok(changed)
}

/// Removes the draft; its versions stay, the last one empty. `gone.version` is the deletion's own.
pub(crate) async fn delete_object(conn: &mut Conn, gone: &ObjectRow, note: &str) -> Result<bool, StoreError> {
    let result = sqlx::query("DELETE FROM object WHERE kind = $1 AND id = $2 AND version = $3 - 1")
        .bind(&gone.kind)
        .bind(&gone.id)
        .bind(gone.version)
        .execute(&mut *conn)
        .await?;
    let changed = super::was_changed(&result);
    if changed {
        create_version(conn, &ObjectRow { body_json: String::new(), ..gone.clone() }, note).await?;
    }
    Ok(changed)
}

async fn create_version(conn: &mut Conn, object: &ObjectRow, note: &str) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO object_version (kind, object_id, version, name, workspace_id, managed_by, body_json, author, \
         note, created_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(&object.kind)
    .bind(&object.id)
    .bind(object.version)
    .bind(&object.name)
    .bind(&object.workspace_id)
    .bind(&object.managed_by)
    .bind(&object.body_json)
    .bind(&object.updated_by)
    .bind(note)
    .bind(object.updated_us)
    .execute(conn)
    .await?;
    Ok(())
}

/// The versions of an object, newest first.
pub(crate) async fn list_versions(
    conn: &mut Conn,
    kind: &str,
    id: &str,
) -> Result<Vec<VersionRow>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT version, name, workspace_id, body_json, author, note, created_us FROM object_version \
         WHERE kind = $1 AND object_id = $2 ORDER BY version DESC",
    )
    .bind(kind)
    .bind(id)
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// One version of an object.
pub(crate) async fn find_version(
    conn: &mut Conn,
    kind: &str,
    id: &str,
    version: i64,
) -> Result<Option<VersionRow>, StoreError> {
    let row = sqlx::query_as(
        "SELECT version, name, workspace_id, body_json, author, note, created_us FROM object_version \
         WHERE kind = $1 AND object_id = $2 AND version = $3",
    )
    .bind(kind)
    .bind(id)
    .bind(version)
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// The number of the newest version of an object, deleted or not; 0 when it never was.
pub(crate) async fn newest_version(conn: &mut Conn, kind: &str, id: &str) -> Result<i64, StoreError> {
    let (newest,): (i64,) = sqlx::query_as(
        "SELECT COALESCE(MAX(version), 0) FROM object_version WHERE kind = $1 AND object_id = $2",
    )
    .bind(kind)
    .bind(id)
    .fetch_one(conn)
    .await?;
    Ok(newest)
}
