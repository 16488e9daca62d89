//! The versions of one object: who wrote each, why, what it changed; an earlier one restored as the next, or what is
//! not published yet discarded. Both only write drafts: nothing runs before it is published.

pub(crate) mod difference;
pub(crate) mod said;

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use weir_contract::id::WorkspaceId;

use crate::app::App;
use crate::auth::{Actor, Right};
use crate::endpoints::{self, EndpointBody, is_visible};
use crate::error::AppError;
use crate::objects::{self, Body as _, Edit};
use crate::precondition::Expected;
use crate::publish::{self, ObjectRef};
use crate::store::Conn;
use crate::store::object::{self, VersionRow};

pub use difference::{Change, How};
use said::{Names, Said};

/// What is written into the history when an unpublished change is discarded.
const DISCARDED: &str = "the unpublished change is discarded";

/// How an object's draft stands against what runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Standing {
    /// `endpoint`, `model`, …
    pub kind: String,
    /// The object's id.
    pub id: String,
    /// What it is called, or was when it was deleted.
    pub name: String,
    /// The workspace that owns it; `null` when all share it.
    #[schema(value_type = Option<String>)]
    pub workspace: Option<WorkspaceId>,
    /// The version of the draft; `null` when it is deleted there.
    pub draft: Option<i64>,
    /// The version that runs; `null` when none does.
    pub published: Option<i64>,
    /// The newest published revision; 0 when nothing was published.
    pub revision: u64,
    /// What publishing it would change; `null` when draft and what runs say the same.
    pub unpublished: Option<Change>,
}

/// One version.
#[derive(Debug, Serialize, ToSchema)]
pub struct Version {
    /// Which, from 1.
    pub version: i64,
    /// Its name then.
    pub name: String,
    /// What it said; `null` when it was deleted.
    #[schema(value_type = Option<Object>)]
    pub body: Option<Box<RawValue>>,
    /// Who wrote it.
    pub author: String,
    /// Why, in their words.
    pub note: String,
    /// When, µs UTC.
    pub created_us: i64,
    /// What it did to the version before it.
    pub how: How,
    /// What it changed, one readable line each.
    pub changes: Vec<String>,
}

/// How the object stands, if it is in the actor's reach.
///
/// # Errors
/// [`AppError::NotFound`] when it never was, or not for this reader.
pub async fn standing(app: &App, actor: &Actor, kind: &str, id: &str) -> Result<Standing, AppError> {
    let mut reading = app.store.read().await?;
    let rows = visible(&mut reading, actor, kind, id).await?;
    standing_of(&mut reading, kind, id, &rows).await
}

/// Its versions, newest first.
///
/// # Errors
/// [`AppError::NotFound`] when it never was, or not for this reader.
pub async fn list(app: &App, actor: &Actor, kind: &str, id: &str) -> Result<Vec<Version>, AppError> {
    let mut reading = app.store.read().await?;
    let rows = visible(&mut reading, actor, kind, id).await?;
    let names = Names::of(&mut reading).await?;
    let before = rows.iter().skip(1).map(Some).chain([None]);
    let each = rows.iter().zip(before).map(|(row, before)| {
        let (was, is) = (before.and_then(|row| Said::of(kind, id, row)), Said::of(kind, id, row));
        let (how, changes) = difference::between(was.as_ref(), is.as_ref(), &names);
        Version {
            version: row.version,
            name: row.name.clone(),
            body: RawValue::from_string(row.body_json.clone()).ok(),
            author: row.author.clone(),
            note: row.note.clone(),
            created_us: row.created_us,
            how,
            changes,
        }
    });
    Ok(each.collect())
}

/// What restoring that version would change in the draft; `None` when the draft says that already.
///
/// # Errors
/// [`AppError::NotFound`] when there is no such version.
pub async fn preview(
    app: &App,
    actor: &Actor,
    kind: &str,
    id: &str,
    version: i64,
) -> Result<Option<Change>, AppError> {
    let mut reading = app.store.read().await?;
    let rows = visible(&mut reading, actor, kind, id).await?;
    let names = Names::of(&mut reading).await?;
    let wanted = find(&rows, kind, id, version)?;
    let draft = rows.first().and_then(|row| Said::of(kind, id, row));
    Ok(difference::change(draft.as_ref(), Said::of(kind, id, wanted).as_ref(), &names))
}

/// Writes that version again as the next one of the draft; `expected` is the [`Standing`] the actor has seen.
///
/// # Errors
/// [`AppError::Overtaken`] when the draft moved since then, [`AppError::Conflict`] when there is nothing to restore.
pub async fn restore(
    app: &App,
    actor: &Actor,
    wanted: &ObjectRef,
    note: &str,
    expected: &Expected,
) -> Result<Standing, AppError> {
    let ObjectRef { kind, id, version } = wanted;
    let mut writing = app.store.write().await?;
    let rows = visible(&mut writing, actor, kind, id).await?;
    let found = find(&rows, kind, id, *version)?;
    require(actor, [rows.first(), Some(found)])?;
    expected.check(&standing_of(&mut writing, kind, id, &rows).await?)?;
    let said = Said::of(kind, id, found);
    if said.is_none() {
        return Err(AppError::Conflict(format!("version {version} is the deletion of this {kind}")));
    }
    let draft = rows.first().and_then(|row| Said::of(kind, id, row));
    if difference::change(draft.as_ref(), said.as_ref(), &Names::default()).is_none() {
        return Err(AppError::Conflict(format!("the draft says the same as version {version} already")));
    }
    let edit = Edit::by(actor, note, app.clock.now_us());
    objects::put_back(&mut writing, &edit, wanted).await?;
    let now = again(&mut writing, kind, id).await?;
    writing.commit().await?;
    Ok(now)
}

/// Brings the draft of one object back to what runs; `expected` is the [`Standing`] the actor has seen.
///
/// # Errors
/// [`AppError::Overtaken`] when the draft moved since then, [`AppError::Conflict`] when nothing is unpublished or
/// something else needs the object.
pub async fn discard(
    app: &App,
    actor: &Actor,
    kind: &str,
    id: &str,
    expected: &Expected,
) -> Result<Standing, AppError> {
    let mut writing = app.store.write().await?;
    let rows = visible(&mut writing, actor, kind, id).await?;
    let standing = standing_of(&mut writing, kind, id, &rows).await?;
    let runs = standing.published.and_then(|version| rows.iter().find(|row| row.version == version));
    require(actor, [rows.first(), runs])?;
    expected.check(&standing)?;
    if standing.unpublished.is_none() {
        return Err(AppError::Conflict(format!("nothing about this {kind} is unpublished")));
    }
    let edit = Edit::by(actor, DISCARDED, app.clock.now_us());
    match (standing.published, object::find_object(&mut writing, kind, id).await?) {
        (Some(version), _) => {
            let wanted = ObjectRef { kind: kind.to_owned(), id: id.to_owned(), version };
            objects::put_back(&mut writing, &edit, &wanted).await?;
        }
        (None, Some(draft)) => {
            if kind == EndpointBody::KIND {
                endpoints::check_unused(&mut writing, id, &draft.name).await?;
            }
            objects::take_away(&mut writing, &edit, draft).await?;
        }
        (None, None) => {}
    }
    let now = again(&mut writing, kind, id).await?;
    writing.commit().await?;
    Ok(now)
}

async fn again(conn: &mut Conn, kind: &str, id: &str) -> Result<Standing, AppError> {
    let rows = object::list_versions(conn, kind, id).await?;
    standing_of(conn, kind, id, &rows).await
}

/// All versions, newest first, at least one; whoever sees the newest one's workspace sees them.
async fn visible(conn: &mut Conn, actor: &Actor, kind: &str, id: &str) -> Result<Vec<VersionRow>, AppError> {
    let rows = object::list_versions(conn, kind, id).await?;
    let is_seen = rows.first().is_some_and(|row| is_visible(actor, said::owner(row).as_ref()));
    if is_seen { Ok(rows) } else { Err(AppError::not_found("object", &format!("{kind} {id}"))) }
}

fn find<'r>(rows: &'r [VersionRow], kind: &str, id: &str, version: i64) -> Result<&'r VersionRow, AppError> {
    let found = rows.iter().find(|row| row.version == version);
    found.ok_or_else(|| AppError::not_found("version", &format!("{version} of {kind} {id}")))
}

/// Who changes an object must be allowed to where it is and where it goes.
fn require(actor: &Actor, rows: [Option<&VersionRow>; 2]) -> Result<(), AppError> {
    let mut concerned = rows.into_iter().flatten();
    concerned.try_for_each(|row| actor.require(Right::ManageProviders, said::owner(row).as_ref()))
}

async fn standing_of(
    conn: &mut Conn,
    kind: &str,
    id: &str,
    rows: &[VersionRow],
) -> Result<Standing, AppError> {
    let (revision, published) = publish::published_version(conn, kind, id).await?;
    let newest = rows.first().ok_or_else(|| AppError::not_found("object", &format!("{kind} {id}")))?;
    let draft = Said::of(kind, id, newest);
    let runs = published.and_then(|version| rows.iter().find(|row| row.version == version));
    let runs = runs.and_then(|row| Said::of(kind, id, row));
    let names = Names::of(conn).await?;
    Ok(Standing {
        kind: kind.to_owned(),
        id: id.to_owned(),
        name: newest.name.clone(),
        workspace: said::owner(newest),
        draft: draft.is_some().then_some(newest.version),
        published: runs.is_some().then_some(published).flatten(),
        revision,
        unpublished: difference::change(runs.as_ref(), draft.as_ref(), &names),
    })
}
