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

/// A person, and when they were last here.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct SeenRow {
    /// The person.
    #[sqlx(flatten)]
    pub(crate) person: PersonRow,
    /// When they were last here, within minutes, µs UTC.
    pub(crate) last_seen_us: Option<i64>,
}

/// Everybody, by name.
pub(crate) async fn list_people(conn: &mut Conn) -> Result<Vec<SeenRow>, StoreError> {
    let rows = sqlx::query_as("SELECT * FROM person ORDER BY name, id").fetch_all(conn).await?;
    Ok(rows)
}

/// The person with that id, and when they were last here.
pub(crate) async fn find_seen_person(conn: &mut Conn, id: &str) -> Result<Option<SeenRow>, StoreError> {
    let row = sqlx::query_as("SELECT * FROM person WHERE id = $1").bind(id).fetch_optional(conn).await?;
    Ok(row)
}

/// Everybody's roles: the person, and what they are where.
pub(crate) async fn list_all_roles(conn: &mut Conn) -> Result<Vec<(String, RoleRow)>, StoreError> {
    let rows: Vec<(String, String, String, i64)> = sqlx::query_as(
        "SELECT person_id, workspace_id, role, read_bodies FROM person_role ORDER BY person_id, workspace_id",
    )
    .fetch_all(conn)
    .await?;
    let role =
        |(person, workspace_id, role, read_bodies)| (person, RoleRow { workspace_id, role, read_bodies });
    Ok(rows.into_iter().map(role).collect())
}

/// Writes name, password and whether they are shut out; address and birth stay.
pub(crate) async fn update_person(conn: &mut Conn, person: &PersonRow) -> Result<(), StoreError> {
    sqlx::query("UPDATE person SET name = $2, password_hash = $3, disabled_us = $4 WHERE id = $1")
        .bind(&person.id)
        .bind(&person.name)
        .bind(&person.password_hash)
        .bind(person.disabled_us)
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes every role from the person.
pub(crate) async fn delete_roles(conn: &mut Conn, person_id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM person_role WHERE person_id = $1").bind(person_id).execute(conn).await?;
    Ok(())
}

/// How many may come in and do everything everywhere.
pub(crate) async fn count_admins(conn: &mut Conn) -> Result<i64, StoreError> {
    let (count,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM person JOIN person_role ON person_role.person_id = person.id \
         WHERE person.disabled_us IS NULL AND person_role.workspace_id = '*' AND person_role.role = 'admin'",
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}
