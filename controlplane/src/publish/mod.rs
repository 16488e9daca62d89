//! Drafts → checked → numbered, signed snapshot, kept → pushed to the gateways. Restoring makes a new revision.
//!
//! Two kinds of revision share one way out. People **publish** their drafts of endpoints and models together. Keys and
//! workspaces act **at once**: a small revision of its own, made of the running drafts and the current keys, written in
//! the transaction of the change, so that other people's unfinished drafts stay where they are. The number is taken
//! first in its transaction: whoever publishes second sees everything the first one wrote.

mod content;
mod diff;
mod revision;
pub(crate) mod seal;

use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;
use weir_contract::id::Revision;
use weir_contract::policy::{Content, Header, Section, SignedHeader};

use crate::app::App;
use crate::audit;
use crate::auth::{Actor, Right};
use crate::error::AppError;
use crate::objects::Edit;
use crate::precondition::Expected;
use crate::store::snapshot::{self, SnapshotRow};
use crate::store::{Conn, StoreError, Writing};
use crate::versions::Change;

use content::Built;
pub use content::{ObjectRef, Obstacle};
use diff::State;
use revision::{Cause, Draft};

/// A revision as gateways get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// What is signed, read.
    pub header: Header,
    /// What is signed, as sent.
    pub signed: SignedHeader,
    /// All its sections.
    pub sections: Vec<Section>,
}

impl Published {
    /// Its number.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.header.revision
    }
}

/// The newest revision, watched by every gateway's stream.
#[derive(Debug)]
pub struct Publisher(watch::Sender<Option<std::sync::Arc<Published>>>);

impl Default for Publisher {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Publisher {
    /// Tells everybody. An older revision never replaces a newer one.
    pub(crate) fn announce(&self, published: Published) {
        self.0.send_if_modified(|newest| {
            let is_newer = newest.as_ref().is_none_or(|newest| newest.revision() < published.revision());
            if is_newer {
                *newest = Some(std::sync::Arc::new(published));
            }
            is_newer
        });
    }

    /// Sees the newest revision, now and whenever there is a newer one.
    pub(crate) fn watch(&self) -> watch::Receiver<Option<std::sync::Arc<Published>>> {
        self.0.subscribe()
    }

    /// The newest revision's number; 0 when nothing was published.
    #[must_use]
    pub fn newest(&self) -> Revision {
        self.0.borrow().as_ref().map_or(Revision(0), |newest| newest.revision())
    }
}

/// How the draft stands against what runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct DraftState {
    /// The newest published revision; 0 when nothing was published.
    pub running: u64,
    /// What publishing would change, one readable line each.
    pub changes: Vec<String>,
    /// The same by object.
    pub changed: Vec<Change>,
    /// Why it cannot be published; empty when it can.
    pub problems: Vec<Obstacle>,
}

/// What restoring an earlier revision would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Restoration {
    /// The earlier revision.
    pub revision: u64,
    /// The newest revision, which it would replace.
    pub running: u64,
    /// What would change on the gateways.
    pub changed: Vec<Change>,
    /// What is not published now and would leave the draft; its versions are kept.
    pub discarded: Vec<Change>,
}

/// A revision in the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RevisionInfo {
    /// Its number.
    pub revision: u64,
    /// `publish`, `at_once` or `restore`.
    pub cause: String,
    /// Why, in the author's words.
    pub note: String,
    /// Who.
    pub author: String,
    /// The revision it brings back.
    pub restored_from: Option<u64>,
    /// When, µs UTC.
    pub created_us: i64,
}

/// Publishes all drafts; `expected` is the [`DraftState`] the publisher has seen.
///
/// # Errors
/// [`AppError::Overtaken`] when the draft moved since then, [`AppError::Unpublishable`] when it would not run.
pub async fn publish(
    app: &App,
    actor: &Actor,
    note: &str,
    expected: &Expected,
) -> Result<RevisionInfo, AppError> {
    actor.require(Right::Publish, None)?;
    let mut writing = app.store.write().await?;
    expected.check_change(&state_in(app, &mut writing).await?, &serde_json::json!({ "note": note }))?;
    let (info, published) = publish_in(app, &mut writing, &actor.id, note).await?;
    writing.commit().await?;
    app.publisher.announce(published);
    Ok(info)
}

pub(crate) async fn publish_in(
    app: &App,
    conn: &mut Conn,
    actor: &str,
    note: &str,
) -> Result<(RevisionInfo, Published), AppError> {
    let number = revision::take_number(conn).await?;
    let built = content::build(app, conn).await?;
    if !built.problems.is_empty() {
        let sentences = built.problems.into_iter().map(|problem| problem.text);
        return Err(AppError::Unpublishable(sentences.collect()));
    }
    let draft = Draft {
        number,
        content: built.content,
        objects: built.objects,
        cause: Cause::Publish,
        note,
        author: actor,
    };
    finish(app, conn, draft, "revision.publish").await
}

/// A small revision: the drafts that run, the workspaces and keys of now. In the caller's transaction; announce what it
/// returns after the commit.
pub(crate) async fn at_once(
    app: &App,
    writing: &mut Writing,
    actor: &str,
    note: &str,
) -> Result<Published, AppError> {
    at_once_with(app, writing, actor, note, |_, _| ()).await
}

/// The same, with a change to the running drafts that is not a person's.
pub(crate) async fn at_once_with(
    app: &App,
    writing: &mut Writing,
    actor: &str,
    note: &str,
    adjust: impl FnOnce(&mut Content, &mut [ObjectRef]),
) -> Result<Published, AppError> {
    let number = revision::take_number(writing).await?;
    let running = revision::newest(writing).await?;
    let (mut base, mut objects) = match &running {
        Some((row, published)) => (revision::content(published)?, revision::objects(row)?),
        None => (Content::default(), Vec::new()),
    };
    adjust(&mut base, &mut objects);
    let content = content::with_current_keys(app, writing, base).await?;
    let draft = Draft { number, content, objects, cause: Cause::AtOnce, note, author: actor };
    revision::keep(app, writing, draft).await.map(|(_, published)| published)
}

/// What restoring that revision would do to what runs and to the draft of now.
///
/// # Errors
/// [`AppError::NotFound`] when there is no such revision.
pub async fn preview(app: &App, earlier: Revision) -> Result<Restoration, AppError> {
    let mut reading = app.store.read().await?;
    let to = kept(&mut reading, earlier).await?.ok_or_else(|| missing(earlier))?;
    preview_in(app, &mut reading, earlier, &to).await
}

async fn preview_in(
    app: &App,
    conn: &mut Conn,
    earlier: Revision,
    to: &State,
) -> Result<Restoration, AppError> {
    let (running, runs) = running(conn).await?;
    let drafts = content::build(app, conn).await?.objects;
    let unpublished = diff::objects(conn, &runs.objects, &drafts).await?;
    let undone = diff::objects(conn, &drafts, &to.objects).await?;
    let is_undone =
        |one: &Change| undone.iter().any(|other| (&other.kind, &other.id) == (&one.kind, &one.id));
    Ok(Restoration {
        revision: earlier.0,
        running,
        changed: diff::changes(conn, &runs, to).await?,
        discarded: unpublished.into_iter().filter(is_undone).collect(),
    })
}

/// Brings back the drafts of an earlier revision as a new one; keys and workspaces stay as they are now. `expected` is
/// the [`Restoration`] the actor has seen.
///
/// # Errors
/// [`AppError::Overtaken`] when what runs or the draft moved since then: nobody's draft is lost unseen.
pub async fn restore(
    app: &App,
    actor: &Actor,
    earlier: Revision,
    note: &str,
    expected: &Expected,
) -> Result<RevisionInfo, AppError> {
    actor.require(Right::Publish, None)?;
    let mut writing = app.store.write().await?;
    let number = revision::take_number(&mut writing).await?;
    let to = kept(&mut writing, earlier).await?.ok_or_else(|| missing(earlier))?;
    expected.check(&preview_in(app, &mut writing, earlier, &to).await?)?;
    let edit = Edit::by(actor, note, app.clock.now_us());
    let objects = content::restore_drafts(&mut writing, &edit, &to.objects).await?;
    let content = content::with_current_keys(app, &mut writing, to.content).await?;
    let cause = Cause::Restore(i64::try_from(earlier.0).unwrap_or(i64::MAX));
    let draft = Draft { number, content, objects, cause, note, author: &actor.id };
    let (info, published) = finish(app, &mut writing, draft, "revision.restore").await?;
    writing.commit().await?;
    app.publisher.announce(published);
    Ok(info)
}

async fn finish(
    app: &App,
    conn: &mut Conn,
    draft: Draft<'_>,
    action: &str,
) -> Result<(RevisionInfo, Published), AppError> {
    let author = draft.author.to_owned();
    let (row, published) = revision::keep(app, conn, draft).await?;
    let info = RevisionInfo::from(row);
    let object = info.revision.to_string();
    let after = audit::state(&info);
    let change = audit::Change { actor: &author, action, object: &object, before: String::new(), after };
    audit::append(conn, info.created_us, change).await?;
    Ok((info, published))
}

/// How the draft stands against what runs: what publishing would change, and why it could not.
pub async fn draft_state(app: &App) -> Result<DraftState, AppError> {
    state_in(app, &mut *app.store.read().await?).await
}

/// What the step from one revision to another does, by object; nothing runs before the first.
///
/// # Errors
/// [`AppError::NotFound`] when there is no revision `to`.
pub async fn difference(app: &App, from: Revision, to: Revision) -> Result<Vec<Change>, AppError> {
    let mut reading = app.store.read().await?;
    let from = kept(&mut reading, from).await?.unwrap_or_default();
    let to = kept(&mut reading, to).await?.ok_or_else(|| missing(to))?;
    diff::changes(&mut reading, &from, &to).await
}

fn missing(revision: Revision) -> AppError {
    AppError::not_found("revision", &revision.to_string())
}

async fn kept(conn: &mut Conn, wanted: Revision) -> Result<Option<State>, AppError> {
    let number = i64::try_from(wanted.0).unwrap_or(i64::MAX);
    let Some(row) = snapshot::find_snapshot(conn, number).await? else { return Ok(None) };
    let content = revision::content(&revision::read(conn, &row).await?)?;
    Ok(Some(State { objects: revision::objects(&row)?, content }))
}

/// The newest revision and what it says; 0 and nothing before the first.
async fn running(conn: &mut Conn) -> Result<(u64, State), AppError> {
    let Some((row, published)) = revision::newest(conn).await? else { return Ok((0, State::default())) };
    let state = State { objects: revision::objects(&row)?, content: revision::content(&published)? };
    Ok((published.revision().0, state))
}

/// The newest revision, and which version of that object is in it.
pub(crate) async fn published_version(
    conn: &mut Conn,
    kind: &str,
    id: &str,
) -> Result<(u64, Option<i64>), AppError> {
    let Some(row) = snapshot::find_newest(conn).await? else { return Ok((0, None)) };
    let mut objects = revision::objects(&row)?.into_iter();
    let found = objects.find(|object| object.kind == kind && object.id == id);
    Ok((RevisionInfo::from(row).revision, found.map(|object| object.version)))
}

async fn state_in(app: &App, conn: &mut Conn) -> Result<DraftState, AppError> {
    let Built { content, objects, problems } = content::build(app, conn).await?;
    let (running, runs) = running(conn).await?;
    let changed = diff::changes(conn, &runs, &State { objects, content }).await?;
    let changes = changed.iter().flat_map(Change::sentences).collect();
    Ok(DraftState { running, changes, changed, problems })
}

/// Revisions below `before` (`None`: from the newest), newest first.
pub async fn revisions(app: &App, before: Option<u64>, limit: u32) -> Result<Vec<RevisionInfo>, AppError> {
    let before = before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX);
    let rows = snapshot::list_snapshots(&mut *app.store.read().await?, before, i64::from(limit)).await?;
    Ok(rows.into_iter().map(RevisionInfo::from).collect())
}

/// When that revision was published, and when the one after it replaced it, µs UTC.
pub(crate) async fn moments(app: &App, revision: Revision) -> Result<(Option<i64>, Option<i64>), AppError> {
    let number = i64::try_from(revision.0).unwrap_or(i64::MAX);
    Ok(snapshot::find_moments(&mut *app.store.read().await?, number).await?)
}

/// Announces the newest revision of the store: at start, and when another control plane published.
pub(crate) async fn follow(app: &App) -> Result<(), AppError> {
    let mut reading = app.store.read().await?;
    let newest = snapshot::newest_revision(&mut reading).await?;
    if u64::try_from(newest).unwrap_or(0) > app.publisher.newest().0
        && let Some((_, published)) = revision::newest(&mut reading).await?
    {
        app.publisher.announce(published);
    }
    Ok(())
}

impl From<SnapshotRow> for RevisionInfo {
    fn from(row: SnapshotRow) -> Self {
        Self {
            revision: u64::try_from(row.revision).unwrap_or(0),
            cause: row.cause,
            note: row.note,
            author: row.author,
            restored_from: row.restored_from.and_then(|revision| u64::try_from(revision).ok()),
            created_us: row.created_us,
        }
    }
}

fn damaged(row: &SnapshotRow, reason: &impl ToString) -> StoreError {
    StoreError::Damaged { table: "snapshot", id: row.revision.to_string(), reason: reason.to_string() }
}
