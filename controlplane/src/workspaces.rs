//! Workspaces: the tenants. They act at once, like the keys in them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::id::{WorkspaceId, prefixed};
use weir_contract::policy::WorkspaceEntry;
use weir_contract::record::LogLevel;
use weir_web::form::FieldError;

use crate::api::schema;
use crate::app::App;
use crate::audit::{self, Change};
use crate::auth::{Actor, Right};
use crate::error::{AppError, FieldErrors};
use crate::objects::check_name;
use crate::precondition::Expected;
use crate::publish;
use crate::store::workspace::{self, WorkspaceRow};
use crate::store::{Conn, StoreError};

/// How long bodies may be kept, days: the archive has a partition scheme for each.
pub const RETENTION_DAYS: [u16; 5] = [1, 7, 30, 90, 365];
/// How long calls may be kept, days: the last is what the archive keeps of any. Figures and books outlive them.
pub const CALLS_DAYS: [u16; 4] = [30, 90, 180, 400];

/// A workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Workspace {
    /// Its id.
    #[schema(value_type = String)]
    pub id: WorkspaceId,
    /// What people call it.
    pub name: String,
    /// `production`, `staging`, …
    pub environment: String,
    /// How much of a request is kept: what keys and callers may tighten, never widen.
    #[schema(schema_with = schema::log_level)]
    pub log_level: LogLevel,
    /// Days bodies are kept.
    pub retention_days: u16,
    /// Days calls are kept, one by one; their sums are kept longer.
    pub calls_days: u16,
    /// When it was made, µs UTC.
    pub created_us: i64,
}

/// What people say about a workspace.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceForm {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200, example = "search")]
    pub name: String,
    /// `production`, `staging`, …
    #[serde(default)]
    #[schema(max_length = 64, example = "production")]
    pub environment: String,
    /// How much of a request is kept: `full` with bodies, `meta` facts only, `none` money and counts only.
    #[serde(default)]
    #[schema(schema_with = schema::log_level)]
    pub log_level: LogLevel,
    /// Days bodies are kept. Fewer than before act on what is there, more on what comes.
    #[serde(default = "month")]
    #[schema(schema_with = schema::retention_days)]
    pub retention_days: u16,
    /// Days calls are kept, one by one; their sums are kept longer.
    #[serde(default = "longest")]
    #[schema(schema_with = schema::calls_days)]
    pub calls_days: u16,
}

const fn month() -> u16 {
    30
}

const fn longest() -> u16 {
    400
}

/// All workspaces, by name.
pub async fn list(app: &App) -> Result<Vec<Workspace>, AppError> {
    all(&mut *app.store.read().await?).await.map_err(AppError::from)
}

pub(crate) async fn all(conn: &mut Conn) -> Result<Vec<Workspace>, StoreError> {
    workspace::list_workspaces(conn).await?.into_iter().map(read).collect()
}

/// The workspaces in which the actor has the right, by name.
pub async fn in_reach(app: &App, actor: &Actor, right: Right) -> Result<Vec<Workspace>, AppError> {
    let reach = actor.reach(right);
    Ok(list(app).await?.into_iter().filter(|workspace| reach.includes(&workspace.id)).collect())
}

/// The id of the workspace of that id or name.
pub(crate) async fn resolve(app: &App, id_or_name: &str) -> Result<Option<WorkspaceId>, AppError> {
    let named = |workspace: &Workspace| workspace.id.as_str() == id_or_name || workspace.name == id_or_name;
    Ok(list(app).await?.into_iter().find(named).map(|workspace| workspace.id))
}

/// The workspace of that id.
pub async fn find(app: &App, id: &WorkspaceId) -> Result<Option<Workspace>, AppError> {
    let row = workspace::find_workspace(&mut *app.store.read().await?, id.as_str()).await?;
    Ok(row.map(read).transpose()?)
}

/// The workspace of that id, if it is in the actor's reach.
pub async fn show(app: &App, actor: &Actor, id: &WorkspaceId) -> Result<Workspace, AppError> {
    let found = find(app, id).await?.filter(|one| actor.may_in(Right::ReadSetup, Some(&one.id)));
    found.ok_or_else(|| AppError::not_found("workspace", id.as_str()))
}

/// Makes a workspace; in force at once.
pub async fn create(app: &App, actor: &Actor, form: WorkspaceForm) -> Result<Workspace, AppError> {
    actor.require(Right::ManageWorkspaces, None)?;
    check(&form)?;
    let id = WorkspaceId::from(prefixed("ws", app.random.bytes()));
    let made = of(form, id, app.clock.now_us());
    let mut writing = app.store.write().await?;
    create_in(&mut writing, &actor.id, &made).await?;
    let note = format!("workspace {} made", made.name);
    let published = publish::at_once(app, &mut writing, &actor.id, &note).await?;
    writing.commit().await?;
    app.publisher.announce(published);
    Ok(made)
}

pub(crate) async fn create_in(conn: &mut Conn, actor: &str, made: &Workspace) -> Result<(), AppError> {
    workspace::create_workspace(conn, &write(made)).await.map_err(AppError::taken_as("name"))?;
    let change = Change {
        actor,
        action: "workspace.create",
        object: made.id.as_str(),
        before: String::new(),
        after: audit::state(made),
    };
    Ok(audit::append(conn, made.created_us, change).await?)
}

/// Changes a workspace; in force at once.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &WorkspaceId,
    form: WorkspaceForm,
    expected: &Expected,
) -> Result<Workspace, AppError> {
    show(app, actor, id).await?;
    actor.require(Right::ManageWorkspaces, Some(id))?;
    check(&form)?;
    let mut writing = app.store.write().await?;
    let before = workspace::find_workspace(&mut writing, id.as_str()).await?.map(read).transpose()?;
    let before = before.ok_or_else(|| AppError::not_found("workspace", id.as_str()))?;
    expected.check_change(&before, &form)?;
    let after = of(form, id.clone(), before.created_us);
    workspace::update_workspace(&mut writing, &write(&after)).await.map_err(AppError::taken_as("name"))?;
    let change = Change {
        actor: &actor.id,
        action: "workspace.update",
        object: id.as_str(),
        before: audit::state(&before),
        after: audit::state(&after),
    };
    audit::append(&mut writing, app.clock.now_us(), change).await?;
    let note = format!("workspace {} changed", after.name);
    let published = publish::at_once(app, &mut writing, &actor.id, &note).await?;
    writing.commit().await?;
    app.publisher.announce(published);
    Ok(after)
}

impl Workspace {
    /// As gateways need it.
    #[must_use]
    pub fn entry(&self) -> WorkspaceEntry {
        WorkspaceEntry {
            id: self.id.clone(),
            name: self.name.clone(),
            environment: self.environment.clone(),
            log_level: self.log_level,
            retention_days: self.retention_days,
        }
    }
}

fn check(form: &WorkspaceForm) -> Result<(), AppError> {
    let mut errors = FieldErrors::default();
    check_name(&mut errors, form.name.trim());
    if form.environment.chars().count() > 64 {
        errors.add("environment", FieldError::TooLong { max: 64 });
    }
    if !RETENTION_DAYS.contains(&form.retention_days) {
        errors.add("retention_days", FieldError::UnknownChoice);
    }
    if !CALLS_DAYS.contains(&form.calls_days) {
        errors.add("calls_days", FieldError::UnknownChoice);
    } else if form.calls_days < form.retention_days {
        let sentence = "A body is nothing without its call: keep calls as long as bodies, or longer.";
        errors.add("calls_days", FieldError::Other(sentence.to_owned()));
    }
    errors.check()
}

fn of(form: WorkspaceForm, id: WorkspaceId, created_us: i64) -> Workspace {
    let WorkspaceForm { name, environment, log_level, retention_days, calls_days } = form;
    let (name, environment) = (name.trim().to_owned(), environment.trim().to_owned());
    Workspace { id, name, environment, log_level, retention_days, calls_days, created_us }
}

fn write(workspace: &Workspace) -> WorkspaceRow {
    WorkspaceRow {
        id: workspace.id.to_string(),
        name: workspace.name.clone(),
        environment: workspace.environment.clone(),
        log_level: workspace.log_level.name().to_owned(),
        retention_days: i64::from(workspace.retention_days),
        calls_days: i64::from(workspace.calls_days),
        created_us: workspace.created_us,
    }
}

fn read(row: WorkspaceRow) -> Result<Workspace, StoreError> {
    let damaged = |reason: &str| StoreError::Damaged {
        table: "workspace",
        id: row.id.clone(),
        reason: reason.to_owned(),
    };
    Ok(Workspace {
        log_level: LogLevel::from_name(&row.log_level).ok_or_else(|| damaged("its log level is unknown"))?,
        retention_days: u16::try_from(row.retention_days)
            .map_err(|_| damaged("its retention is no number of days"))?,
        calls_days: u16::try_from(row.calls_days)
            .map_err(|_| damaged("its retention of calls is no number of days"))?,
        id: row.id.into(),
        name: row.name,
        environment: row.environment,
        created_us: row.created_us,
    })
}
