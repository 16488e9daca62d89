//! Settings of the installation: one value under one name.

use super::{Conn, StoreError};

/// The value of that name.
pub(crate) async fn find_setting(conn: &mut Conn, name: &str) -> Result<Option<String>, StoreError> {
    let row: Option<(String,)> =
        sqlx::query_as("SELECT value FROM setting WHERE name = $1").bind(name).fetch_optional(conn).await?;
    Ok(row.map(|(value,)| value))
}

/// Writes the value, new or not.
pub(crate) async fn update_setting(
    conn: &mut Conn,
    name: &str,
    value: &str,
    now_us: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO setting (name, value, updated_us) VALUES ($1, $2, $3) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_us = excluded.updated_us",
    )
    .bind(name)
    .bind(value)
    .bind(now_us)
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets a setting.
pub(crate) async fn delete_setting(conn: &mut Conn, name: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM setting WHERE name = $1").bind(name).execute(conn).await?;
    Ok(())
}
