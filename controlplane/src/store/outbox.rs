//! What must leave the house exactly once: written with the change that causes it, marked when it left.

use super::{Conn, StoreError};

/// Something to send.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct OutboxRow {
    /// Names the occasion, so that the same one is sent once.
    pub(crate) id: String,
    /// What it is about.
    pub(crate) topic: String,
    /// What it says, JSON.
    pub(crate) body_json: String,
    /// When it was caused, µs UTC.
    pub(crate) created_us: i64,
    /// How often it was tried.
    pub(crate) tries: i64,
}

/// Puts it in; `false` when that occasion is in already.
pub(crate) async fn create_message(conn: &mut Conn, message: &OutboxRow) -> Result<bool, StoreError> {
    let result = sqlx::query(
        "INSERT INTO outbox (id, topic, body_json, created_us, tries) VALUES ($1, $2, $3, $4, 0) \
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(&message.id)
    .bind(&message.topic)
    .bind(&message.body_json)
    .bind(message.created_us)
    .execute(conn)
    .await?;
    Ok(super::was_changed(&result))
}

/// What has not left yet, oldest first.
pub(crate) async fn list_unsent(conn: &mut Conn, limit: i64) -> Result<Vec<OutboxRow>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT id, topic, body_json, created_us, tries FROM outbox WHERE sent_us IS NULL \
         ORDER BY created_us, id LIMIT $1",
    )
    .bind(limit)
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Marks it as gone; `false` when somebody else sent it.
pub(crate) async fn update_sent(conn: &mut Conn, id: &str, now_us: i64) -> Result<bool, StoreError> {
    let result =
        sqlx::query("UPDATE outbox SET sent_us = $2, tries = tries + 1 WHERE id = $1 AND sent_us IS NULL")
            .bind(id)
            .bind(now_us)
            .execute(conn)
            .await?;
    Ok(super::was_changed(&result))
}
