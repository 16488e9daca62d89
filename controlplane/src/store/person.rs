//! People who sign in, and what they may do where.

use super::{Conn, StoreError};

/// A person as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct PersonRow {
    /// `person_…`
    pub(crate) id: String,
    /// Lower case.
    pub(crate) email: String,
    /// What they are called.
    pub(crate) name: String,
    /// PHC string of argon2id.
    pub(crate) password_hash: String,
    /// When they were added, µs UTC.
    pub(crate) created_us: i64,
    /// When they were shut out, µs UTC.
    pub(crate) disabled_us: Option<i64>,
}

/// What a person may do in one workspace.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct RoleRow {
    /// The workspace; `*` is everywhere.
    pub(crate) workspace_id: String,
    /// `admin`, `member` or `viewer`.
    pub(crate) role: String,
    /// 1 when bodies may be read.
    pub(crate) read_bodies: i64,
}

/// The person with that address (lower case).
pub(crate) async fn find_person_by_email(
    conn: &mut Conn,
    email: &str,
) -> Result<Option<PersonRow>, StoreError> {
    let row = sqlx::query_as(
        "SELECT id, email, name, password_hash, created_us, disabled_us FROM person WHERE email = $1",
    )
    .bind(email)
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// The person with that id.
pub(crate) async fn find_person(conn: &mut Conn, id: &str) -> Result<Option<PersonRow>, StoreError> {
    let row = sqlx::query_as(
        "SELECT id, email, name, password_hash, created_us, disabled_us FROM person WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// How many people there are.
pub(crate) async fn count_people(conn: &mut Conn) -> Result<i64, StoreError> {
    let (count,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM person").fetch_one(conn).await?;
    Ok(count)
}

/// Adds a person.
pub(crate) async fn create_person(conn: &mut Conn, person: &PersonRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO person (id, email, name, password_hash, created_us) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(&person.id)
    .bind(&person.email)
    .bind(&person.name)
    .bind(&person.password_hash)
    .bind(person.created_us)
    .execute(conn)
    .await
    .map_err(StoreError::taken("a person with that address"))?;
    Ok(())
}

/// What the person may do.
pub(crate) async fn list_roles(conn: &mut Conn, person_id: &str) -> Result<Vec<RoleRow>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT workspace_id, role, read_bodies FROM person_role WHERE person_id = $1 ORDER BY workspace_id",
    )
    .bind(person_id)
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Gives a person a role.
pub(crate) async fn create_role(conn: &mut Conn, person_id: &str, role: &RoleRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO person_role (person_id, workspace_id, role, read_bodies) VALUES ($1, $2, $3, $4)",
    )
    .bind(person_id)
    .bind(&role.workspace_id)
    .bind(&role.role)
    .bind(role.read_bodies)
    .execute(conn)
    .await
    .map_err(StoreError::taken("a role in that workspace"))?;
    Ok(())
}
