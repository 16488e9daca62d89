//! Keys: stored as keyed hashes, never deleted, only revoked.

use super::{Conn, StoreError};

/// A key as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct KeyRow {
    /// `key_…`
    pub(crate) id: String,
    /// Its workspace.
    pub(crate) workspace_id: String,
    /// What people call it.
    pub(crate) name: String,
    /// Keyed hash of its secret, hex.
    pub(crate) hash: String,
    /// The last characters of its secret, to tell keys apart.
    pub(crate) ends_with: String,
    /// Keyed hash of the secret before the last rotation, hex.
    pub(crate) previous_hash: Option<String>,
    /// The last characters of that secret.
    pub(crate) previous_ends_with: Option<String>,
    /// When that secret stops working, µs UTC.
    pub(crate) previous_until_us: Option<i64>,
    /// Scopes, bindings and limits, JSON.
    pub(crate) settings_json: String,
    /// When it was made, µs UTC.
    pub(crate) created_us: i64,
    /// Who made it.
    pub(crate) created_by: String,
    /// When it ends by itself, µs UTC.
    pub(crate) expires_us: Option<i64>,
    /// When it was revoked, µs UTC.
    pub(crate) revoked_us: Option<i64>,
    /// Start of the newest request it made, as far as the books know, µs UTC.
    pub(crate) last_used_us: Option<i64>,
}

/// The key of that id, in force or not.
pub(crate) async fn find_key(conn: &mut Conn, id: &str) -> Result<Option<KeyRow>, StoreError> {
    let row = sqlx::query_as("SELECT * FROM key WHERE id = $1").bind(id).fetch_optional(conn).await?;
    Ok(row)
}

/// All keys, newest first.
pub(crate) async fn list_keys(conn: &mut Conn) -> Result<Vec<KeyRow>, StoreError> {
    let rows = sqlx::query_as("SELECT * FROM key ORDER BY created_us DESC, id").fetch_all(conn).await?;
    Ok(rows)
}

/// The keys that are not revoked, by id: those a snapshot holds.
pub(crate) async fn list_keys_in_force(conn: &mut Conn) -> Result<Vec<KeyRow>, StoreError> {
    let rows =
        sqlx::query_as("SELECT * FROM key WHERE revoked_us IS NULL ORDER BY id").fetch_all(conn).await?;
    Ok(rows)
}

/// Stores a new key.
pub(crate) async fn create_key(conn: &mut Conn, key: &KeyRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO key (id, workspace_id, name, hash, ends_with, settings_json, created_us, created_by, \
         expires_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&key.id)
    .bind(&key.workspace_id)
    .bind(&key.name)
    .bind(&key.hash)
    .bind(&key.ends_with)
    .bind(&key.settings_json)
    .bind(key.created_us)
    .bind(&key.created_by)
    .bind(key.expires_us)
    .execute(conn)
    .await
    .map_err(StoreError::taken("that key"))?;
    Ok(())
}

/// Stores the key's name, its secrets, its settings and when it ends; everything else about it never changes so.
pub(crate) async fn update_key(conn: &mut Conn, key: &KeyRow) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE key SET name = $2, hash = $3, ends_with = $4, previous_hash = $5, previous_ends_with = $6, \
         previous_until_us = $7, settings_json = $8, expires_us = $9 WHERE id = $1",
    )
    .bind(&key.id)
    .bind(&key.name)
    .bind(&key.hash)
    .bind(&key.ends_with)
    .bind(key.previous_hash.as_deref())
    .bind(key.previous_ends_with.as_deref())
    .bind(key.previous_until_us)
    .bind(&key.settings_json)
    .bind(key.expires_us)
    .execute(conn)
    .await
    .map_err(StoreError::taken("that key"))?;
    Ok(())
}

/// Revokes the key; `false` when there is none in force.
pub(crate) async fn update_key_revoked(conn: &mut Conn, id: &str, now_us: i64) -> Result<bool, StoreError> {
    let result = sqlx::query("UPDATE key SET revoked_us = $2 WHERE id = $1 AND revoked_us IS NULL")
        .bind(id)
        .bind(now_us)
        .execute(conn)
        .await?;
    Ok(super::was_changed(&result))
}

/// Notes a request made with the key; the newest wins.
pub(crate) async fn update_key_used(conn: &mut Conn, id: &str, used_us: i64) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE key SET last_used_us = $2 WHERE id = $1 AND (last_used_us IS NULL OR last_used_us < $2)",
    )
    .bind(id)
    .bind(used_us)
    .execute(conn)
    .await?;
    Ok(())
}
