//! Files made in the background: every call of the requests under a filter, as CSV or JSON lines. Bounded in number,
//! rows, bytes and days; each is its owner's alone.
//!
//! | file | does |
//! | --- | --- |
//! | [`format`] | a call as a line of CSV or JSON |
//! | [`job`] | writes one export, and says how far it is |
//!
//! An export lives in the process that makes it and ends with it: what is worth keeping was downloaded.

pub(crate) mod format;
mod job;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use utoipa::ToSchema;
use weir_contract::filter::Filter;
use weir_contract::id::{WorkspaceId, prefixed};
use weir_web::form::FieldError;

use crate::app::App;
use crate::archive::{Names, Scope, Window};
use crate::audit::{self, Change};
use crate::auth::{Actor, Right};
use crate::error::{AppError, FieldErrors};
use crate::precondition::Expected;
use crate::workspaces;

pub(crate) use format::Format;

/// How long a finished file is kept, µs.
const KEPT_US: i64 = 24 * 3_600_000_000;
/// Exports one reader may have running.
const RUNNING_MAX: usize = 2;
/// Exports one reader may keep.
const KEPT_MAX: usize = 20;

/// All exports of this process.
pub(crate) struct Exports {
    folder: PathBuf,
    jobs: Mutex<HashMap<String, Arc<Job>>>,
    tasks: TaskTracker,
}

/// One export while the program knows of it.
pub(crate) struct Job {
    made: ExportHead,
    workspaces: Vec<WorkspaceId>,
    path: PathBuf,
    cancelled: CancellationToken,
    progress: watch::Sender<Progress>,
}

/// What an export is of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ExportHead {
    /// `export_…`
    pub(crate) id: String,
    /// Who began it.
    pub(crate) owner: String,
    /// When, µs UTC.
    pub(crate) created_us: i64,
    #[serde(flatten)]
    pub(crate) form: ExportForm,
    /// The window it came to, µs UTC.
    pub(crate) from_us: i64,
    pub(crate) to_us: i64,
}

/// What an export is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(from = "NewExport")]
pub(crate) struct ExportForm {
    /// The filter.
    pub(crate) q: String,
    /// A named window; empty when `from` and `to` rule.
    pub(crate) range: String,
    /// Start, ISO 8601.
    pub(crate) from: String,
    /// End, ISO 8601.
    pub(crate) to: String,
    /// `csv` or `jsonl`.
    pub(crate) format: Format,
    /// Whether bodies come along; JSON only, and a right of its own.
    pub(crate) bodies: bool,
}

/// What people say about a new export. Closed, where what is shown of one has more members.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewExport {
    /// The filter.
    #[schema(example = "customer:acme")]
    q: String,
    /// A named window; empty when `from` and `to` rule.
    #[schema(example = "7d")]
    range: String,
    /// Start, ISO 8601.
    from: String,
    /// End, ISO 8601.
    to: String,
    /// `csv` or `jsonl`.
    format: Format,
    /// Whether bodies come along; JSON only, and a right of its own.
    bodies: bool,
}

impl From<NewExport> for ExportForm {
    fn from(new: NewExport) -> Self {
        let NewExport { q, range, from, to, format, bodies } = new;
        Self { q, range, from, to, format, bodies }
    }
}

/// How an export stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Being written.
    #[default]
    Running,
    /// Complete.
    Done,
    /// Not completed; the file is gone.
    Failed,
    /// Stopped by its owner; the file is gone.
    Cancelled,
}

/// How far an export is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Progress {
    pub(crate) state: State,
    /// Requests written so far.
    pub(crate) requests: u64,
    /// Rows written so far.
    pub(crate) rows: u64,
    /// Bytes written so far.
    pub(crate) bytes: u64,
    /// Requests that are expected; `null` while they are counted.
    pub(crate) expected: Option<u64>,
    /// Why it failed; empty otherwise.
    pub(crate) problem: String,
}

/// An export as it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Export {
    #[serde(flatten)]
    pub(crate) head: ExportHead,
    #[serde(flatten)]
    pub(crate) progress: Progress,
}

impl Job {
    /// As it stands now.
    pub(crate) fn shown(&self) -> Export {
        Export { head: self.made.clone(), progress: self.progress.borrow().clone() }
    }

    /// Tells whenever it got further.
    pub(crate) fn watch(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Where the file is, once it is complete.
    pub(crate) fn file(&self) -> Option<&PathBuf> {
        (self.progress.borrow().state == State::Done).then_some(&self.path)
    }

    fn is_running(&self) -> bool {
        self.progress.borrow().state == State::Running
    }
}

impl Exports {
    /// None yet; what an earlier process left in the folder is removed.
    pub(crate) fn new(folder: PathBuf) -> Self {
        if let Err(error) = std::fs::remove_dir_all(&folder)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, folder = %folder.display(), "old exports could not be removed");
        }
        Self { folder, jobs: Mutex::default(), tasks: TaskTracker::new() }
    }

    fn jobs(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes what is older than a day.
    fn tidy(&self, now_us: i64) {
        let mut jobs = self.jobs();
        let old: Vec<String> = jobs
            .values()
            .filter(|job| now_us - job.made.created_us > KEPT_US)
            .map(|job| job.made.id.clone())
            .collect();
        for job in old.iter().filter_map(|id| jobs.remove(id)) {
            job.cancelled.cancel();
            remove(&job.path);
        }
    }

    fn of(&self, owner: &str) -> Vec<Arc<Job>> {
        let mut mine: Vec<Arc<Job>> =
            self.jobs().values().filter(|job| job.made.owner == owner).cloned().collect();
        mine.sort_by_key(|job| (std::cmp::Reverse(job.made.created_us), job.made.id.clone()));
        mine
    }
}

/// The actor's exports, newest first.
pub(crate) fn list(app: &App, actor: &Actor) -> Vec<Export> {
    app.exports.tidy(app.clock.now_us());
    app.exports.of(&actor.id).iter().map(|job| job.shown()).collect()
}

/// The actor's export of that id, while they still may see all of what is in it.
pub(crate) fn find(app: &App, actor: &Actor, id: &str) -> Result<Arc<Job>, AppError> {
    let found = app.exports.jobs().get(id).filter(|job| job.made.owner == actor.id).cloned();
    let job = found.ok_or_else(|| AppError::not_found("export", id))?;
    let rights: &[Right] =
        if job.made.form.bodies { &[Right::ReadFigures, Right::ReadBodies] } else { &[Right::ReadFigures] };
    for right in rights {
        for workspace in &job.workspaces {
            actor.require(*right, Some(workspace))?;
        }
    }
    Ok(job)
}

/// Begins an export.
pub(crate) async fn create(app: &App, actor: &Actor, form: ExportForm) -> Result<Export, AppError> {
    let now_us = app.clock.now_us();
    let (filter, window) = check(&form, now_us)?;
    let right = if form.bodies { Right::ReadBodies } else { Right::ReadFigures };
    if !actor.may(right) {
        return Err(AppError::Forbidden(right));
    }
    let by_id = Names::of(app, actor).await?.resolve(filter);
    let seen = workspaces::in_reach(app, actor, right).await?;
    let workspaces: Vec<WorkspaceId> = seen.into_iter().map(|workspace| workspace.id).collect();
    let scope = Scope::new(workspaces.clone(), "export");
    app.exports.tidy(now_us);
    let id = prefixed("export", app.random.bytes());
    let head = ExportHead {
        id: id.clone(),
        owner: actor.id.clone(),
        created_us: now_us,
        form,
        from_us: window.from_us,
        to_us: window.to_us,
    };
    note(app, actor, "export.create", &id, audit::state(&head)).await?;
    let path = app.exports.folder.join(format!("{id}.{}", head.form.format.name()));
    let job = Arc::new(Job {
        made: head,
        workspaces,
        path,
        cancelled: app.stopping.child_token(),
        progress: watch::Sender::new(Progress::default()),
    });
    admit(app, &job)?;
    let work = job::Work { scope, window, filter: by_id };
    app.exports.tasks.spawn(job::run(app.clone(), Arc::clone(&job), work));
    Ok(job.shown())
}

/// Takes the job in, if its owner has not too many; the check and the entry are one step.
fn admit(app: &App, job: &Arc<Job>) -> Result<(), AppError> {
    let mine = app.exports.of(&job.made.owner);
    let running = mine.iter().filter(|one| one.is_running()).count();
    if running >= RUNNING_MAX {
        return Err(AppError::Conflict(format!(
            "{RUNNING_MAX} of your exports are being written: wait for one, or cancel it"
        )));
    }
    if mine.len() >= KEPT_MAX {
        return Err(AppError::Conflict(format!("you keep {KEPT_MAX} exports already: remove some first")));
    }
    app.exports.jobs().insert(job.made.id.clone(), Arc::clone(job));
    Ok(())
}

/// The file of the actor's complete export, on its way.
pub(crate) struct Opened {
    /// How it is written.
    pub(crate) format: Format,
    /// Its bytes.
    pub(crate) chunks: BoxStream<'static, std::io::Result<Bytes>>,
}

/// Opens the file of the actor's complete export.
pub(crate) async fn open(app: &App, actor: &Actor, id: &str) -> Result<Opened, AppError> {
    const CHUNK: usize = 64 * 1024;
    let job = find(app, actor, id)?;
    let path = job.file().ok_or_else(|| AppError::Conflict("this export is not complete".to_owned()))?;
    let file = tokio::fs::File::open(path).await.map_err(AppError::internal)?;
    let chunks = stream::try_unfold(file, |mut file| async move {
        let mut bytes = BytesMut::with_capacity(CHUNK);
        let read = file.read_buf(&mut bytes).await?;
        Ok((read > 0).then(|| (bytes.freeze(), file)))
    });
    Ok(Opened { format: job.made.form.format, chunks: chunks.boxed() })
}

/// Cancels the actor's export, or removes its file.
pub(crate) async fn delete(
    app: &App,
    actor: &Actor,
    id: &str,
    expected: &Expected,
) -> Result<Export, AppError> {
    let found = app.exports.jobs().get(id).filter(|job| job.made.owner == actor.id).cloned();
    let job = found.ok_or_else(|| AppError::not_found("export", id))?;
    expected.check(&job.made)?;
    if job.is_running() {
        job.cancelled.cancel();
    } else {
        app.exports.jobs().remove(id);
        remove(&job.path);
    }
    note(app, actor, "export.delete", id, String::new()).await?;
    Ok(job.shown())
}

async fn note(app: &App, actor: &Actor, action: &str, object: &str, after: String) -> Result<(), AppError> {
    let mut writing = app.store.write().await?;
    let change = Change { actor: &actor.id, action, object, before: String::new(), after };
    audit::append(&mut writing, app.clock.now_us(), change).await?;
    Ok(writing.commit().await?)
}

fn check(form: &ExportForm, now_us: i64) -> Result<(Filter, Window), AppError> {
    let mut errors = FieldErrors::default();
    let filter = Filter::parse(&form.q);
    if let Err(error) = &filter {
        errors.add("q", FieldError::Other(error.to_string()));
    }
    let window = Window::resolve(&form.range, &form.from, &form.to, now_us);
    if let Err(error) = &window {
        errors.add("range", FieldError::Other(error.to_string()));
    }
    if form.bodies && form.format == Format::Csv {
        errors.add("bodies", FieldError::Other("Bodies need JSON lines: choose that format.".to_owned()));
    }
    errors.check()?;
    let refused = |error: &dyn std::fmt::Display| AppError::BadRequest(error.to_string());
    Ok((filter.map_err(|error| refused(&error))?, window.map_err(|error| refused(&error))?))
}

fn remove(path: &std::path::Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, path = %path.display(), "the file of an export could not be removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::House;

    fn form(q: &str, format: Format, bodies: bool) -> ExportForm {
        ExportForm { q: q.into(), format, bodies, ..ExportForm::default() }
    }

    #[tokio::test]
    async fn what_cannot_be_exported_is_refused_with_its_field() {
        let house = House::new().await;
        let wrong = create(&house.app, &house.admin(), form("statsu:x", Format::Csv, true)).await;
        let Err(AppError::Invalid(errors)) = wrong else { panic!("begun") };
        assert_eq!(errors.iter().map(|(field, _)| field).collect::<Vec<_>>(), ["q", "bodies"]);
    }

    #[tokio::test]
    async fn an_export_is_its_owners_alone_and_fails_visibly_without_an_archive() {
        let house = House::with(|config| config.archive.url = "http://127.0.0.1:1".into()).await;
        let made = create(&house.app, &house.admin(), form("", Format::Csv, false)).await.unwrap();
        let id = made.head.id;
        let job = find(&house.app, &house.admin(), &id).unwrap();
        let ended = job.watch().wait_for(|progress| progress.state != State::Running).await.unwrap().clone();
        assert_eq!(ended.state, State::Failed);
        assert!(ended.problem.contains("archive"), "{}", ended.problem);
        assert!(job.file().is_none());
        let other = Actor { id: "person_other".into(), ..house.admin() };
        assert!(find(&house.app, &other, &id).is_err() && list(&house.app, &other).is_empty());
        delete(&house.app, &house.admin(), &id, &Expected::anything()).await.unwrap();
        assert!(list(&house.app, &house.admin()).is_empty());
    }

    #[tokio::test]
    async fn a_file_is_kept_from_whoever_lost_the_right_to_what_is_in_it() {
        let house = House::with(|config| config.archive.url = "http://127.0.0.1:1".into()).await;
        let admin = house.admin();
        let made = create(&house.app, &admin, form("", Format::Jsonl, true)).await.unwrap();
        let mut less = admin.clone();
        less.grants[0].role = crate::auth::Role::Viewer;
        less.grants[0].read_bodies = false;
        assert!(matches!(
            find(&house.app, &less, &made.head.id),
            Err(AppError::Forbidden(Right::ReadBodies))
        ));
    }
}
