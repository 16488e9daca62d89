//! A revision: numbered, compiled once to prove that it runs, signed, and kept with its sections.

use weir_contract::id::Revision;
use weir_contract::policy::{Content, Header, Policy, SCHEMA, Section, SectionRef, SignedHeader};

use super::{ObjectRef, Published, damaged};
use crate::app::App;
use crate::error::AppError;
use crate::store::snapshot::{self, SnapshotRow, find_section};
use crate::store::{self, Conn, StoreError};

/// Why there is a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Somebody published the drafts.
    Publish,
    /// A key or workspace changed.
    AtOnce,
    /// Somebody brought back that one.
    Restore(i64),
}

/// A revision before it is signed.
pub(super) struct Draft<'a> {
    pub(super) number: i64,
    pub(super) content: Content,
    pub(super) objects: Vec<ObjectRef>,
    pub(super) cause: Cause,
    pub(super) note: &'a str,
    pub(super) author: &'a str,
}

/// The next number, ours until the transaction ends.
pub(super) async fn take_number(conn: &mut Conn) -> Result<i64, StoreError> {
    store::next_number(conn, "revision").await
}

/// Compiles, signs and keeps a revision.
pub(super) async fn keep(
    app: &App,
    conn: &mut Conn,
    draft: Draft<'_>,
) -> Result<(SnapshotRow, Published), AppError> {
    let now_us = app.clock.now_us();
    let revision = Revision(u64::try_from(draft.number).map_err(AppError::internal)?);
    let sections = draft.content.sections().map_err(AppError::internal)?;
    if let Err(problem) = Policy::compile(revision, now_us, draft.content) {
        return Err(AppError::Unpublishable(vec![problem.to_string()]));
    }
    let named: Vec<(SectionRef, Section)> =
        sections.into_iter().map(|section| (section.reference(), section)).collect();
    let header = Header {
        schema: SCHEMA,
        revision,
        published_at_us: now_us,
        sections: named.iter().map(|(reference, _)| reference.clone()).collect(),
    };
    let signed = SignedHeader::sign(&header, &app.signing_key).map_err(AppError::internal)?;
    signed
        .verify(&app.signing_key.verifier())
        .map_err(|error| AppError::Unpublishable(vec![error.to_string()]))?;
    let (cause, restored_from) = match draft.cause {
        Cause::Publish => ("publish", None),
        Cause::AtOnce => ("at_once", None),
        Cause::Restore(from) => ("restore", Some(from)),
    };
    let row = SnapshotRow {
        revision: draft.number,
        header: signed.text.clone(),
        signature: signed.signature.clone(),
        cause: cause.to_owned(),
        note: draft.note.chars().take(2000).collect(),
        author: draft.author.to_owned(),
        restored_from,
        objects_json: serde_json::to_string(&draft.objects).map_err(AppError::internal)?,
        created_us: now_us,
    };
    snapshot::create_snapshot(conn, &row, &named).await?;
    let sections = named.into_iter().map(|(_, section)| section).collect();
    Ok((row, Published { header, signed, sections }))
}

/// The newest revision.
pub(super) async fn newest(conn: &mut Conn) -> Result<Option<(SnapshotRow, Published)>, StoreError> {
    let Some(row) = snapshot::find_newest(conn).await? else { return Ok(None) };
    let published = read(conn, &row).await?;
    Ok(Some((row, published)))
}

/// A kept revision with its sections.
pub(super) async fn read(conn: &mut Conn, row: &SnapshotRow) -> Result<Published, StoreError> {
    let header: Header = serde_json::from_str(&row.header).map_err(|error| damaged(row, &error))?;
    let mut sections = Vec::with_capacity(header.sections.len());
    for named in &header.sections {
        sections.push(find_section(conn, named).await?);
    }
    let signed = SignedHeader { text: row.header.clone(), signature: row.signature.clone() };
    Ok(Published { header, signed, sections })
}

/// What a revision says.
pub(super) fn content(published: &Published) -> Result<Content, AppError> {
    Content::read(&published.header, &published.sections).map_err(AppError::internal)
}

/// Which version of each draft is in a revision.
pub(super) fn objects(row: &SnapshotRow) -> Result<Vec<ObjectRef>, StoreError> {
    serde_json::from_str(&row.objects_json).map_err(|error| damaged(row, &error))
}
