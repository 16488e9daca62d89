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
