//! A key as a line of the list and as the head of its page.

use weir_web::page::keys::KeyRow;

use crate::app::App;
use crate::error::AppError;
use crate::keys::Key;
use crate::page::people::People;
use crate::workspaces::Workspace;

/// The key with the names of its workspace and its maker.
pub(super) async fn row(
    app: &App,
    key: &Key,
    known: &[Workspace],
    people: &mut People,
) -> Result<KeyRow, AppError> {
    let workspace = known.iter().find(|one| one.id == key.workspace);
    let old = key.old_secret(app.clock.now_us());
    Ok(KeyRow {
        key_id: key.id.to_string(),
        name: key.name.clone(),
        ends_with: key.ends_with.clone(),
        old_secret: old.map(|old| (old.ends_with.clone(), old.until_us)),
        workspace: workspace.map_or_else(|| key.workspace.to_string(), |one| one.name.clone()),
        environment: workspace.map(|one| one.environment.clone()).unwrap_or_default(),
        customer_id: key.settings.customer.as_ref().map(ToString::to_string),
        models: key.settings.models.clone(),
        requests_per_minute: key.settings.requests_per_minute.map(u64::from),
        concurrency: key.settings.concurrent_max.map(u64::from),
        created_us: key.created_us,
        created_by: people.name(app, &key.created_by).await?,
        last_used_us: key.last_used_us,
        expires_us: key.expires_us,
        revoked_us: key.revoked_us,
    })
}
