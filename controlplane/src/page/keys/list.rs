//! `GET /keys`: all keys, and the form for a new one.

use axum::extract::State;
use axum::response::Response;
use weir_web::form::Field;
use weir_web::page::KeysPage;
use weir_web::page::keys::{KeyForm, KeyRow};
use weir_web::shell::Section;

use super::form;
use crate::app::App;
use crate::auth::{Actor, Allowed, ReadSetup, Right};
use crate::error::AppError;
use crate::keys::{self, Key};
use crate::page::answer::page;
use crate::page::frame::Frame;
use crate::page::people::People;
use crate::workspaces::{self, Workspace};

/// `GET /keys`
pub(in crate::page) async fn list(
    by: Allowed<ReadSetup>,
    State(app): State<App>,
    frame: Frame,
) -> Result<Response, AppError> {
    let choices = form::workspaces(&app, &by).await?;
    let form = choices.first().cloned().map(|first| KeyForm {
        workspace: Field::new(first.value),
        workspaces: choices,
        ..KeyForm::default()
    });
    page(&view(&app, &by, frame, form).await?)
}

/// The page with that form.
pub(super) async fn view(
    app: &App,
    actor: &Actor,
    frame: Frame,
    form: Option<KeyForm>,
) -> Result<KeysPage, AppError> {
    let now_us = app.clock.now_us();
    let known = workspaces::in_reach(app, actor, Right::ReadSetup).await?;
    let mut people = People::default();
    let mut rows = Vec::new();
    for key in keys::list(app, actor).await? {
        let created_by = people.name(app, &key.created_by).await?;
        rows.push(row(key, &known, created_by));
    }
    // In force first; within that the newest first, as they come.
    rows.sort_by_key(|row| row.revoked_us.is_some() || row.expires_us.is_some_and(|at_us| at_us <= now_us));
    let shell = frame.shell(app, actor, "Keys", Section::Keys).await?;
    Ok(KeysPage { shell, keys: rows, form, now_us })
}

fn row(key: Key, known: &[Workspace], created_by: String) -> KeyRow {
    let workspace = known.iter().find(|one| one.id == key.workspace);
    KeyRow {
        key_id: key.id.to_string(),
        name: key.name,
        ends_with: key.ends_with,
        workspace: workspace.map_or_else(|| key.workspace.to_string(), |one| one.name.clone()),
        environment: workspace.map(|one| one.environment.clone()).unwrap_or_default(),
        customer_id: key.settings.customer.map(|customer| customer.to_string()),
        models: key.settings.models,
        requests_per_minute: key.settings.requests_per_minute.map(u64::from),
        concurrency: key.settings.concurrent_max.map(u64::from),
        created_us: key.created_us,
        created_by,
        last_used_us: key.last_used_us,
        expires_us: key.expires_us,
        revoked_us: key.revoked_us,
    }
}
