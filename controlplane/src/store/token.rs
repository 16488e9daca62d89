//! API tokens: for scripts, with a scope and an end.

use super::{Conn, StoreError};

/// An API token as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct TokenRow {
    /// `token_…`
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// SHA-256 of the token, hex.
    pub(crate) hash: String,
    /// Its last characters, to tell tokens apart.
    pub(crate) ends_with: String,
    /// Where it is valid; `*` is everywhere.
    pub(crate) workspace_id: String,
    /// `admin`, `member` or `viewer`.
    pub(crate) role: String,
    /// 1 when bodies may be read.
    pub(crate) read_bodies: i64,
    /// When it was made, µs UTC.
    pub(crate) created_us: i64,
    /// Who made it.
    pub(crate) created_by: String,
    /// When it ends by itself, µs UTC.
    pub(crate) expires_us: Option<i64>,
    /// When it was revoked, µs UTC.
    pub(crate) revoked_us: Option<i64>,
}

/// The token of that hash, in force or not.
pub(crate) async fn find_token_by_hash(conn: &mut Conn, hash: &str) -> Result<Option<TokenRow>, StoreError> {
    let row =
        sqlx::query_as("SELECT * FROM api_token WHERE hash = $1").bind(hash).fetch_optional(conn).await?;
    Ok(row)
}

/// The token of that id.
pub(crate) async fn find_token(conn: &mut Conn, id: &str) -> Result<Option<TokenRow>, StoreError> {
    let row = sqlx::query_as("SELECT * FROM api_token WHERE id = $1").bind(id).fetch_optional(conn).await?;
    Ok(row)
}

/// All tokens, newest first.
pub(crate) async fn list_tokens(conn: &mut Conn) -> Result<Vec<TokenRow>, StoreError> {
    let rows = sqlx::query_as("SELECT * FROM api_token ORDER BY created_us DESC, id").fetch_all(conn).await?;
    Ok(rows)
}

/// Stores a new token.
pub(crate) async fn create_token(conn: &mut Conn, token: &TokenRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO api_token (id, name, hash, ends_with, workspace_id, role, read_bodies, created_us, \
         created_by, expires_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(&token.id)
    .bind(&token.name)
    .bind(&token.hash)
    .bind(&token.ends_with)
    .bind(&token.workspace_id)
    .bind(&token.role)
    .bind(token.read_bodies)
    .bind(token.created_us)
    .bind(&token.created_by)
    .bind(token.expires_us)
    .execute(conn)
    .await?;
    Ok(())
}

/// Revokes the token; `false` when there is none in force.
pub(crate) async fn update_token_revoked(conn: &mut Conn, id: &str, now_us: i64) -> Result<bool, StoreError> {
    let result = sqlx::query("UPDATE api_token SET revoked_us = $2 WHERE id = $1 AND revoked_us IS NULL")
        .bind(id)
        .bind(now_us)
        .execute(conn)
        .await?;
    Ok(super::was_changed(&result))
}
