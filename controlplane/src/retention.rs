//! Retention: what a workspace keeps no longer leaves the archive, and the audit log says so.

use weir_contract::id::WorkspaceId;

use crate::app::App;
use crate::archive::retention::{Forgotten, Kept};
use crate::audit::{self, Change};
use crate::error::AppError;
use crate::workspaces::{self, Workspace};

const DAY_US: i64 = 86_400 * 1_000_000;

/// Applies every workspace's retention.
pub(crate) async fn apply(app: &App) -> Result<(), AppError> {
    for workspace in workspaces::list(app).await? {
        let kept = kept(&workspace, app.clock.now_us());
        let gone = app.archive.forget(workspace.id.as_str(), kept).await?;
        if gone != Forgotten::default() {
            note(app, &workspace.id, gone).await?;
        }
    }
    Ok(())
}

/// By whole days, so that a day is taken out at once, and once.
fn kept(workspace: &Workspace, now_us: i64) -> Kept {
    let today_us = now_us - now_us.rem_euclid(DAY_US);
    let from = |days: u16| today_us - i64::from(days) * DAY_US;
    Kept { calls_from_us: from(workspace.calls_days), bodies_from_us: from(workspace.retention_days) }
}

async fn note(app: &App, workspace: &WorkspaceId, gone: Forgotten) -> Result<(), AppError> {
    let mut writing = app.store.write().await?;
    let change = Change {
        actor: "weir",
        action: "workspace.forget",
        object: workspace.as_str(),
        before: audit::state(&gone),
        after: String::new(),
    };
    audit::append(&mut writing, app.clock.now_us(), change).await?;
    Ok(writing.commit().await?)
}
