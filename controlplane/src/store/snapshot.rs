//! Every revision ever published, and the text of its sections.

use weir_contract::policy::{Section, SectionKind, SectionRef};

use super::{Conn, StoreError};

/// A published revision.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct SnapshotRow {
    /// Its number.
    pub(crate) revision: i64,
    /// The signed text.
    pub(crate) header: String,
    /// Ed25519, base64.
    pub(crate) signature: String,
    /// `publish`, `at_once` or `restore`.
    pub(crate) cause: String,
    /// Why, in the author's words.
    pub(crate) note: String,
    /// Who.
    pub(crate) author: String,
    /// The revision whose drafts it brings back.
    pub(crate) restored_from: Option<i64>,
    /// Which version of each draft is in it, JSON.
    pub(crate) objects_json: String,
    /// When, µs UTC.
    pub(crate) created_us: i64,
}

/// The newest revision.
pub(crate) async fn find_newest(conn: &mut Conn) -> Result<Option<SnapshotRow>, StoreError> {
    let row =
        sqlx::query_as("SELECT * FROM snapshot ORDER BY revision DESC LIMIT 1").fetch_optional(conn).await?;
    Ok(row)
}

/// That revision.
pub(crate) async fn find_snapshot(conn: &mut Conn, revision: i64) -> Result<Option<SnapshotRow>, StoreError> {
    let row = sqlx::query_as("SELECT * FROM snapshot WHERE revision = $1")
        .bind(revision)
        .fetch_optional(conn)
        .await?;
    Ok(row)
}

/// The number of the newest revision; 0 when nothing was published.
pub(crate) async fn newest_revision(conn: &mut Conn) -> Result<i64, StoreError> {
    let (newest,): (i64,) =
        sqlx::query_as("SELECT COALESCE(MAX(revision), 0) FROM snapshot").fetch_one(conn).await?;
    Ok(newest)
}

/// Revisions below `before`, newest first, at most `limit`.
pub(crate) async fn list_snapshots(
    conn: &mut Conn,
    before: i64,
    limit: i64,
) -> Result<Vec<SnapshotRow>, StoreError> {
    let rows = sqlx::query_as("SELECT * FROM snapshot WHERE revision < $1 ORDER BY revision DESC LIMIT $2")
        .bind(before)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    Ok(rows)
}

/// When that revision was published, and the one after it.
pub(crate) async fn find_moments(
    conn: &mut Conn,
    revision: i64,
) -> Result<(Option<i64>, Option<i64>), StoreError> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT revision, created_us FROM snapshot WHERE revision >= $1 ORDER BY revision LIMIT 2",
    )
    .bind(revision)
    .fetch_all(conn)
    .await?;
    let at =
        |wanted: &dyn Fn(i64) -> bool| rows.iter().find(|(number, _)| wanted(*number)).map(|(_, at)| *at);
    Ok((at(&|number| number == revision), at(&|number| number > revision)))
}

/// Keeps a revision and whatever of its sections is not kept yet.
pub(crate) async fn create_snapshot(
    conn: &mut Conn,
    snapshot: &SnapshotRow,
    sections: &[(SectionRef, Section)],
) -> Result<(), StoreError> {
    for (reference, section) in sections {
        sqlx::query(
            "INSERT INTO section (hash, kind, text) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING",
        )
        .bind(&reference.hash)
        .bind(kind_name(section.kind))
        .bind(&section.text)
        .execute(&mut *conn)
        .await?;
    }
    sqlx::query(
        "INSERT INTO snapshot (revision, header, signature, cause, note, author, restored_from, objects_json, \
         created_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(snapshot.revision)
    .bind(&snapshot.header)
    .bind(&snapshot.signature)
    .bind(&snapshot.cause)
    .bind(&snapshot.note)
    .bind(&snapshot.author)
    .bind(snapshot.restored_from)
    .bind(&snapshot.objects_json)
    .bind(snapshot.created_us)
    .execute(conn)
    .await?;
    Ok(())
}

/// The section a header names.
///
/// # Errors
/// [`StoreError::Damaged`] when it is not kept: sections are never deleted.
pub(crate) async fn find_section(conn: &mut Conn, named: &SectionRef) -> Result<Section, StoreError> {
    let row: Option<(String,)> = sqlx::query_as("SELECT text FROM section WHERE hash = $1")
        .bind(&named.hash)
        .fetch_optional(conn)
        .await?;
    row.map(|(text,)| Section { kind: named.kind, text })
        .ok_or_else(|| StoreError::damaged("section", &named.hash, "its text is missing"))
}

const fn kind_name(kind: SectionKind) -> &'static str {
    match kind {
        SectionKind::Workspaces => "workspaces",
        SectionKind::Keys => "keys",
        SectionKind::Endpoints => "endpoints",
        SectionKind::Models => "models",
        SectionKind::Prices => "prices",
        SectionKind::Stops => "stops",
    }
}
