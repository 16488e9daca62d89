//! Retention: what a workspace keeps no longer leaves the archive, and the audit log says so.

use weir_contract::id::WorkspaceId;

use crate::app::App;
use crate::archive::retention::{Forgotten, Kept};
use crate::audit::{self, Change};
use crate::auth::{Actor, Right};
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

/// Since when every workspace whose figures the actor reads has kept all of its calls, µs UTC: before that, sums stand
/// without the calls they were made of.
pub(crate) async fn calls_kept_from(app: &App, actor: &Actor) -> Result<i64, AppError> {
    let read = workspaces::in_reach(app, actor, Right::ReadFigures).await?;
    let from = |workspace| kept(workspace, app.clock.now_us()).calls_from_us;
    Ok(read.iter().map(from).max().unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::House;
    use crate::workspaces::WorkspaceForm;

    #[tokio::test]
    async fn sums_can_be_held_against_calls_as_far_back_as_every_workspace_keeps_them() {
        let house = House::new().await;
        let (app, admin) = (&house.app, house.admin());
        let days_before = |days: i64| app.clock.now_us().div_euclid(DAY_US) * DAY_US - days * DAY_US;
        let first = workspaces::list(app).await.unwrap().remove(0);
        let whole = calls_kept_from(app, &admin).await.unwrap();
        assert_eq!(whole, days_before(i64::from(first.calls_days)));
        let form: WorkspaceForm =
            serde_json::from_str(r#"{"name":"brief","retention_days":1,"calls_days":30}"#).unwrap();
        workspaces::create(app, &admin, form).await.unwrap();
        assert_eq!(calls_kept_from(app, &admin).await.unwrap(), days_before(30));
    }
}
