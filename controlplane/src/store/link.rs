//! Open links of people: invitations and password resets. Tokens are stored as hashes only.

use super::{Conn, StoreError};

/// A link as stored; a row is an open link, used or withdrawn ones are gone.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct LinkRow {
    /// `link_…`
    pub(crate) id: String,
    /// `invitation` or `reset`.
    pub(crate) purpose: String,
    /// SHA-256 of the token, hex.
    pub(crate) token_hash: String,
    /// Whom it is for, lower case.
    pub(crate) email: String,
    /// Whose password it resets; empty for an invitation.
    pub(crate) person_id: String,
    /// What an invitation gives, JSON.
    pub(crate) roles_json: String,
    /// When it was made, µs UTC.
    pub(crate) created_us: i64,
    /// Who made it.
    pub(crate) created_by: String,
    /// When it ends, µs UTC.
    pub(crate) expires_us: i64,
}

/// The links of that purpose, the newest first, also those too old to open.
pub(crate) async fn list_person_links(conn: &mut Conn, purpose: &str) -> Result<Vec<LinkRow>, StoreError> {
    let rows = sqlx::query_as("SELECT * FROM person_link WHERE purpose = $1 ORDER BY created_us DESC, id")
        .bind(purpose)
        .fetch_all(conn)
        .await?;
    Ok(rows)
}

/// The link of that id.
pub(crate) async fn find_person_link(conn: &mut Conn, id: &str) -> Result<Option<LinkRow>, StoreError> {
    let row = sqlx::query_as("SELECT * FROM person_link WHERE id = $1").bind(id).fetch_optional(conn).await?;
    Ok(row)
}

/// The link of that token, if it still opens at `now_us`.
pub(crate) async fn find_open_link(
    conn: &mut Conn,
    purpose: &str,
    token_hash: &str,
    now_us: i64,
) -> Result<Option<LinkRow>, StoreError> {
    let row = sqlx::query_as(
        "SELECT * FROM person_link WHERE purpose = $1 AND token_hash = $2 AND expires_us > $3",
    )
    .bind(purpose)
    .bind(token_hash)
    .bind(now_us)
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Stores a new link.
pub(crate) async fn create_person_link(conn: &mut Conn, link: &LinkRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO person_link (id, purpose, token_hash, email, person_id, roles_json, created_us, \
         created_by, expires_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&link.id)
    .bind(&link.purpose)
    .bind(&link.token_hash)
    .bind(&link.email)
    .bind(&link.person_id)
    .bind(&link.roles_json)
    .bind(link.created_us)
    .bind(&link.created_by)
    .bind(link.expires_us)
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes the link; `false` when it was gone already.
pub(crate) async fn delete_person_link(conn: &mut Conn, id: &str) -> Result<bool, StoreError> {
    let result = sqlx::query("DELETE FROM person_link WHERE id = $1").bind(id).execute(conn).await?;
    Ok(super::was_changed(&result))
}

/// Removes every link that would reset that person's password.
pub(crate) async fn delete_links_of(conn: &mut Conn, person_id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM person_link WHERE person_id = $1").bind(person_id).execute(conn).await?;
    Ok(())
}

/// Forgets links that ended before `before_us`.
pub(crate) async fn delete_links_ended(conn: &mut Conn, before_us: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM person_link WHERE expires_us <= $1").bind(before_us).execute(conn).await?;
    Ok(())
}
