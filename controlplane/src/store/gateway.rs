//! Gateways: what they last said, and the tokens that let them in.

use super::{Conn, StoreError};

/// A gateway token as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct GatewayTokenRow {
    /// `gtok_…`
    pub(crate) id: String,
    /// SHA-256 of the token, hex.
    pub(crate) hash: String,
    /// What people call it.
    pub(crate) name: String,
    /// The gateway it belongs to, from its first use on.
    pub(crate) gateway_id: Option<String>,
    /// When it was made, µs UTC.
    pub(crate) created_us: i64,
    /// Who made it.
    pub(crate) created_by: String,
    /// When it was revoked, µs UTC.
    pub(crate) revoked_us: Option<i64>,
}

/// A gateway as it last showed itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct GatewayRow {
    /// Its name.
    pub(crate) id: String,
    /// This life of its process.
    pub(crate) incarnation: String,
    /// Its program's version.
    pub(crate) version: String,
    /// The revision it runs; 0 for none.
    pub(crate) revision: i64,
    /// Since when it runs that, µs UTC.
    pub(crate) applied_at_us: Option<i64>,
    /// The newest revision it refused.
    pub(crate) refused_revision: Option<i64>,
    /// Why it did.
    pub(crate) refusal: String,
    /// Its last status, JSON; empty when it sent none.
    pub(crate) status_json: String,
    /// Since when it is asked to take no new requests, µs UTC.
    pub(crate) drain_us: Option<i64>,
    /// Its clock minus ours when it said hello, µs.
    pub(crate) clock_off_us: i64,
    /// When it last connected, µs UTC.
    pub(crate) hello_us: i64,
    /// When it last spoke, µs UTC.
    pub(crate) contact_us: i64,
}

/// The token of that hash, revoked or not.
pub(crate) async fn find_token_by_hash(
    conn: &mut Conn,
    hash: &str,
) -> Result<Option<GatewayTokenRow>, StoreError> {
    let row =
        sqlx::query_as("SELECT * FROM gateway_token WHERE hash = $1").bind(hash).fetch_optional(conn).await?;
    Ok(row)
}

/// All tokens, newest first.
pub(crate) async fn list_tokens(conn: &mut Conn) -> Result<Vec<GatewayTokenRow>, StoreError> {
    let rows =
        sqlx::query_as("SELECT * FROM gateway_token ORDER BY created_us DESC, id").fetch_all(conn).await?;
    Ok(rows)
}

/// Stores a new token.
pub(crate) async fn create_token(conn: &mut Conn, token: &GatewayTokenRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO gateway_token (id, hash, name, gateway_id, created_us, created_by) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&token.id)
    .bind(&token.hash)
    .bind(&token.name)
    .bind(&token.gateway_id)
    .bind(token.created_us)
    .bind(&token.created_by)
    .execute(conn)
    .await?;
    Ok(())
}

/// Ties the token to the gateway that uses it first; `false` when it is tied to another one.
pub(crate) async fn update_token_tied(conn: &mut Conn, id: &str, gateway: &str) -> Result<bool, StoreError> {
    let result = sqlx::query(
        "UPDATE gateway_token SET gateway_id = $2 WHERE id = $1 AND (gateway_id IS NULL OR gateway_id = $2)",
    )
    .bind(id)
    .bind(gateway)
    .execute(conn)
    .await?;
    Ok(super::was_changed(&result))
}

/// Revokes the token; `false` when there is none in force.
pub(crate) async fn update_token_revoked(conn: &mut Conn, id: &str, now_us: i64) -> Result<bool, StoreError> {
    let result = sqlx::query("UPDATE gateway_token SET revoked_us = $2 WHERE id = $1 AND revoked_us IS NULL")
        .bind(id)
        .bind(now_us)
        .execute(conn)
        .await?;
    Ok(super::was_changed(&result))
}

/// All gateways, newest contact first.
pub(crate) async fn list_gateways(conn: &mut Conn) -> Result<Vec<GatewayRow>, StoreError> {
    let rows = sqlx::query_as("SELECT * FROM gateway ORDER BY contact_us DESC, id").fetch_all(conn).await?;
    Ok(rows)
}

/// The gateway of that name.
pub(crate) async fn find_gateway(conn: &mut Conn, id: &str) -> Result<Option<GatewayRow>, StoreError> {
    Ok(sqlx::query_as("SELECT * FROM gateway WHERE id = $1").bind(id).fetch_optional(conn).await?)
}

/// Notes a hello: the gateway is new, or back. One that was started again is not drained any more.
pub(crate) async fn update_hello(conn: &mut Conn, gateway: &GatewayRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO gateway (id, incarnation, version, revision, refusal, status_json, clock_off_us, hello_us, \
         contact_us) VALUES ($1, $2, $3, $4, '', '', $5, $6, $6) \
         ON CONFLICT (id) DO UPDATE SET incarnation = excluded.incarnation, version = excluded.version, \
         revision = excluded.revision, clock_off_us = excluded.clock_off_us, hello_us = excluded.hello_us, \
         contact_us = excluded.contact_us, \
         drain_us = CASE WHEN gateway.incarnation = excluded.incarnation THEN gateway.drain_us ELSE NULL END",
    )
    .bind(&gateway.id)
    .bind(&gateway.incarnation)
    .bind(&gateway.version)
    .bind(gateway.revision)
    .bind(gateway.clock_off_us)
    .bind(gateway.hello_us)
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that a revision is in force; an older one never replaces a newer one.
pub(crate) async fn update_applied(
    conn: &mut Conn,
    id: &str,
    revision: i64,
    applied_at_us: i64,
    now_us: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE gateway SET revision = $2, applied_at_us = $3, contact_us = $4 WHERE id = $1 AND revision <= $2",
    )
    .bind(id)
    .bind(revision)
    .bind(applied_at_us)
    .bind(now_us)
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes a refusal; that of an older revision never replaces a newer one.
pub(crate) async fn update_refused(
    conn: &mut Conn,
    id: &str,
    revision: i64,
    reason: &str,
    now_us: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE gateway SET refused_revision = $2, refusal = $3, contact_us = $4 \
         WHERE id = $1 AND (refused_revision IS NULL OR refused_revision <= $2)",
    )
    .bind(id)
    .bind(revision)
    .bind(reason)
    .bind(now_us)
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes a status.
pub(crate) async fn update_status(
    conn: &mut Conn,
    id: &str,
    status_json: &str,
    now_us: i64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE gateway SET status_json = $2, contact_us = $3 WHERE id = $1")
        .bind(id)
        .bind(status_json)
        .bind(now_us)
        .execute(conn)
        .await?;
    Ok(())
}

/// Asks the gateway to take no new requests, or lets it.
pub(crate) async fn update_drain(conn: &mut Conn, id: &str, drain_us: Option<i64>) -> Result<(), StoreError> {
    sqlx::query("UPDATE gateway SET drain_us = $2 WHERE id = $1")
        .bind(id)
        .bind(drain_us)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets the gateway.
pub(crate) async fn delete_gateway(conn: &mut Conn, id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM gateway WHERE id = $1").bind(id).execute(conn).await?;
    Ok(())
}

/// Revokes the tokens of a gateway that is gone; those that `kept_for` made are freed from it instead.
pub(crate) async fn update_tokens_gone(
    conn: &mut Conn,
    id: &str,
    now_us: i64,
    kept_for: &str,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE gateway_token SET gateway_id = NULL WHERE gateway_id = $1 AND created_by = $2")
        .bind(id)
        .bind(kept_for)
        .execute(&mut *conn)
        .await?;
    sqlx::query("UPDATE gateway_token SET revoked_us = $2 WHERE gateway_id = $1 AND revoked_us IS NULL")
        .bind(id)
        .bind(now_us)
        .execute(conn)
        .await?;
    Ok(())
}

/// Frees the tokens of that name from the gateway they are tied to: whoever comes with one next, is it.
pub(crate) async fn update_tokens_free(conn: &mut Conn, name: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE gateway_token SET gateway_id = NULL WHERE name = $1")
        .bind(name)
        .execute(conn)
        .await?;
    Ok(())
}
