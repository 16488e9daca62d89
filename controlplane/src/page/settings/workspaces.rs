//! `POST /settings/workspaces`: one more workspace, in force at once.

use axum::extract::{Form, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use weir_contract::record::LogLevel;
use weir_web::form::{Choice, Field, FieldError};
use weir_web::page::settings::{WorkspaceForm as Typed, WorkspaceRow};
use weir_web::{number, url};

use super::show::view;
use crate::app::App;
use crate::auth::{Actor, Allowed, ManageWorkspaces, Right};
use crate::error::{AppError, FieldErrors};
use crate::page::answer::{go_saying, page_with};
use crate::page::flash::Flash;
use crate::page::frame::Frame;
use crate::precondition::tag_of;
use crate::workspaces::{self, CALLS_DAYS, RETENTION_DAYS, Workspace, WorkspaceForm};

/// What the form sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Sent {
    workspace_name: String,
    environment: String,
    log_level: String,
    retention_days: String,
    calls_days: String,
    pub(super) tag: String,
}

/// `POST /settings/workspaces`
pub(in crate::page) async fn create(
    by: Allowed<ManageWorkspaces>,
    State(app): State<App>,
    frame: Frame,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let made = match sent.read() {
        Ok(form) => workspaces::create(&app, &by, form).await,
        Err(errors) => Err(AppError::Invalid(errors)),
    };
    match made {
        Ok(made) => {
            let text = format!("Workspace {} is there. Give it a key.", made.name);
            Ok(go_saying(url::SETTINGS, &Flash::ok(text)))
        }
        Err(AppError::Invalid(errors)) => {
            let mut view = view(&app, &by, frame, &headers).await?;
            view.workspace = form(&by, &sent, &errors);
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &view)
        }
        Err(other) => Err(other),
    }
}

impl Sent {
    /// What the form shows of a workspace.
    pub(super) fn of(workspace: &Workspace) -> Self {
        Self {
            workspace_name: workspace.name.clone(),
            environment: workspace.environment.clone(),
            log_level: workspace.log_level.name().to_owned(),
            retention_days: workspace.retention_days.to_string(),
            calls_days: workspace.calls_days.to_string(),
            tag: tag_of(workspace),
        }
    }

    pub(super) fn read(&self) -> Result<WorkspaceForm, FieldErrors> {
        let gone = |field: &str| FieldErrors::one(field, FieldError::UnknownChoice);
        Ok(WorkspaceForm {
            name: self.workspace_name.clone(),
            environment: self.environment.clone(),
            log_level: LogLevel::from_name(&self.log_level).ok_or_else(|| gone("log_level"))?,
            retention_days: self.retention_days.parse().map_err(|_| gone("retention_days"))?,
            calls_days: self.calls_days.parse().map_err(|_| gone("calls_days"))?,
        })
    }
}

/// The form with what was sent; `None` for readers who may not make workspaces.
pub(super) fn form(actor: &Actor, sent: &Sent, errors: &FieldErrors) -> Option<Typed> {
    actor.may_in(Right::ManageWorkspaces, None).then(|| typed(sent, errors))
}

/// The fields with what was sent; what was left out as a new workspace begins.
pub(super) fn typed(sent: &Sent, errors: &FieldErrors) -> Typed {
    let field = |name: &str, value: &str| match errors.of(name) {
        Some(error) => Field::new(value).refused(error.clone()),
        None => Field::new(value),
    };
    let levels = [LogLevel::Full, LogLevel::Meta, LogLevel::None];
    let days = |days: u16| Choice::new(days.to_string(), number::plural(&u64::from(days), "day"));
    let or =
        |value: &str, otherwise: &str| if value.is_empty() { otherwise.to_owned() } else { value.to_owned() };
    Typed {
        name: field("name", &sent.workspace_name),
        environment: field("environment", &sent.environment),
        log_level: field("log_level", &or(&sent.log_level, LogLevel::Full.name())),
        log_levels: levels.map(|level| Choice::new(level.name(), kept(level))).to_vec(),
        retention_days: field("retention_days", &or(&sent.retention_days, "30")),
        days: RETENTION_DAYS.map(days).to_vec(),
        calls_days: field("calls_days", &or(&sent.calls_days, "400")),
        calls_choices: CALLS_DAYS.map(days).to_vec(),
        tag: sent.tag.clone(),
    }
}

/// The row of a workspace.
pub(super) fn row(workspace: Workspace) -> WorkspaceRow {
    WorkspaceRow {
        workspace_id: workspace.id.to_string(),
        name: workspace.name,
        environment: workspace.environment,
        log_level: kept(workspace.log_level).to_owned(),
        retention_days: u64::from(workspace.retention_days),
        calls_days: u64::from(workspace.calls_days),
    }
}

pub(super) const fn kept(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Full => "everything, with both bodies",
        LogLevel::Meta => "figures and facts, no bodies",
        LogLevel::None => "figures only",
    }
}
