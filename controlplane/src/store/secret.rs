//! Envelope-encrypted secrets; what opens them is the vault's business.

use super::{Conn, StoreError};

/// A secret as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct SecretRow {
    /// `sec_…`, or the name of a secret of the installation.
    pub(crate) id: String,
    /// What it is bound to.
    pub(crate) place: String,
    /// Which master key wraps it.
    pub(crate) key_id: String,
    /// Its own key, sealed.
    pub(crate) wrapped: String,
    /// The secret, sealed.
    pub(crate) sealed: String,
    /// When it was entered, µs UTC.
    pub(crate) created_us: i64,
}

/// The secret of that id.
pub(crate) async fn find_secret(conn: &mut Conn, id: &str) -> Result<Option<SecretRow>, StoreError> {
    let row =
        sqlx::query_as("SELECT id, place, key_id, wrapped, sealed, created_us FROM secret WHERE id = $1")
            .bind(id)
            .fetch_optional(conn)
            .await?;
    Ok(row)
}

/// Stores a new secret; `false` when the id is taken (another control plane was first).
pub(crate) async fn create_secret(conn: &mut Conn, secret: &SecretRow) -> Result<bool, StoreError> {
    let result = sqlx::query(
        "INSERT INTO secret (id, place, key_id, wrapped, sealed, created_us) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(&secret.id)
    .bind(&secret.place)
    .bind(&secret.key_id)
    .bind(&secret.wrapped)
    .bind(&secret.sealed)
    .bind(secret.created_us)
    .execute(conn)
    .await?;
    Ok(super::was_changed(&result))
}

/// Forgets the secret.
pub(crate) async fn delete_secret(conn: &mut Conn, id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM secret WHERE id = $1").bind(id).execute(conn).await?;
    Ok(())
}

/// How many secrets there are.
pub(crate) async fn count_secrets(conn: &mut Conn) -> Result<i64, StoreError> {
    let (count,) = sqlx::query_as("SELECT COUNT(*) FROM secret").fetch_one(conn).await?;
    Ok(count)
}

/// Secrets wrapped by another master key than that one, but for the one of id `except`, at most `limit`.
pub(crate) async fn list_wrapped_otherwise(
    conn: &mut Conn,
    key_id: &str,
    except: &str,
    limit: i64,
) -> Result<Vec<SecretRow>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT id, place, key_id, wrapped, sealed, created_us FROM secret WHERE key_id <> $1 AND id <> $2 \
         ORDER BY id LIMIT $3",
    )
    .bind(key_id)
    .bind(except)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Wraps the secret by another master key, if it is still wrapped by the one of id `before`.
pub(crate) async fn update_wrapped(
    conn: &mut Conn,
    secret: &SecretRow,
    before: &str,
) -> Result<bool, StoreError> {
    let result = sqlx::query("UPDATE secret SET key_id = $2, wrapped = $3 WHERE id = $1 AND key_id = $4")
        .bind(&secret.id)
        .bind(&secret.key_id)
        .bind(&secret.wrapped)
        .bind(before)
        .execute(conn)
        .await?;
    Ok(super::was_changed(&result))
}
