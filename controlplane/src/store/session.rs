//! Sessions of signed-in people, and one-time links. Tokens are stored as hashes only.

use super::{Conn, StoreError};

/// A session as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct SessionRow {
    /// SHA-256 of the cookie's value, hex.
    pub(crate) token_hash: String,
    /// Whose it is.
    pub(crate) person_id: String,
    /// When they signed in, µs UTC.
    pub(crate) created_us: i64,
    /// When they were last here, µs UTC.
    pub(crate) last_seen_us: i64,
    /// When it ends, µs UTC.
    pub(crate) expires_us: i64,
    /// From where.
    pub(crate) address: String,
    /// With which browser.
    pub(crate) agent: String,
}

/// The session of that token, ended or not.
pub(crate) async fn find_session(
    conn: &mut Conn,
    token_hash: &str,
) -> Result<Option<SessionRow>, StoreError> {
    let row = sqlx::query_as(
        "SELECT token_hash, person_id, created_us, last_seen_us, expires_us, address, agent \
         FROM session WHERE token_hash = $1",
    )
    .bind(token_hash)
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Somebody's sessions that have not ended, the newest first.
pub(crate) async fn list_sessions(
    conn: &mut Conn,
    person_id: &str,
    now_us: i64,
) -> Result<Vec<SessionRow>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT token_hash, person_id, created_us, last_seen_us, expires_us, address, agent \
         FROM session WHERE person_id = $1 AND expires_us > $2 ORDER BY created_us DESC, token_hash",
    )
    .bind(person_id)
    .bind(now_us)
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Begins a session.
pub(crate) async fn create_session(conn: &mut Conn, session: &SessionRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO session (token_hash, person_id, created_us, last_seen_us, expires_us, address, agent) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&session.token_hash)
    .bind(&session.person_id)
    .bind(session.created_us)
    .bind(session.last_seen_us)
    .bind(session.expires_us)
    .bind(&session.address)
    .bind(&session.agent)
    .execute(&mut *conn)
    .await?;
    note_seen(conn, &session.token_hash, session.last_seen_us).await
}

/// Notes on the session's person that they were here.
async fn note_seen(conn: &mut Conn, token_hash: &str, now_us: i64) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE person SET last_seen_us = $2 \
         WHERE id = (SELECT person_id FROM session WHERE token_hash = $1)",
    )
    .bind(token_hash)
    .bind(now_us)
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that the session was used, and until when it lives now.
pub(crate) async fn update_session_seen(
    conn: &mut Conn,
    token_hash: &str,
    now_us: i64,
    expires_us: i64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE session SET last_seen_us = $2, expires_us = $3 WHERE token_hash = $1")
        .bind(token_hash)
        .bind(now_us)
        .bind(expires_us)
        .execute(&mut *conn)
        .await?;
    note_seen(conn, token_hash, now_us).await
}

/// Ends every session of that person; returns how many.
pub(crate) async fn delete_sessions_of(conn: &mut Conn, person_id: &str) -> Result<u64, StoreError> {
    let result =
        sqlx::query("DELETE FROM session WHERE person_id = $1").bind(person_id).execute(conn).await?;
    Ok(result.rows_affected())
}

/// Ends a session.
pub(crate) async fn delete_session(conn: &mut Conn, token_hash: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM session WHERE token_hash = $1").bind(token_hash).execute(conn).await?;
    Ok(())
}

/// Forgets sessions and links that ended; returns how many sessions.
pub(crate) async fn delete_ended(conn: &mut Conn, now_us: i64) -> Result<u64, StoreError> {
    sqlx::query("DELETE FROM one_time_link WHERE expires_us <= $1").bind(now_us).execute(&mut *conn).await?;
    let result = sqlx::query("DELETE FROM session WHERE expires_us <= $1").bind(now_us).execute(conn).await?;
    Ok(result.rows_affected())
}

/// Replaces all links of that purpose by one.
pub(crate) async fn create_only_link(
    conn: &mut Conn,
    purpose: &str,
    token_hash: &str,
    now_us: i64,
    expires_us: i64,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM one_time_link WHERE purpose = $1").bind(purpose).execute(&mut *conn).await?;
    sqlx::query(
        "INSERT INTO one_time_link (token_hash, purpose, created_us, expires_us) VALUES ($1, $2, $3, $4)",
    )
    .bind(token_hash)
    .bind(purpose)
    .bind(now_us)
    .bind(expires_us)
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether the link would still open.
pub(crate) async fn find_link(
    conn: &mut Conn,
    purpose: &str,
    token_hash: &str,
    now_us: i64,
) -> Result<bool, StoreError> {
    let row: Option<(i64,)> = sqlx::query_as(
        "SELECT created_us FROM one_time_link WHERE purpose = $1 AND token_hash = $2 AND expires_us > $3",
    )
    .bind(purpose)
    .bind(token_hash)
    .bind(now_us)
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

/// Uses the link up; `false` when it was used before or is too old.
pub(crate) async fn delete_link(
    conn: &mut Conn,
    purpose: &str,
    token_hash: &str,
    now_us: i64,
) -> Result<bool, StoreError> {
    let result =
        sqlx::query("DELETE FROM one_time_link WHERE purpose = $1 AND token_hash = $2 AND expires_us > $3")
            .bind(purpose)
            .bind(token_hash)
            .bind(now_us)
            .execute(conn)
            .await?;
    Ok(super::was_changed(&result))
}
