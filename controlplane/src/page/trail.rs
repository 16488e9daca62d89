//! What was done to one object, on its own page.

use weir_web::page::keys::TrailRow;

use super::people::People;
use crate::app::App;
use crate::auth::{Actor, Right};
use crate::error::AppError;
use crate::store::audit::list_rows_of;

/// How many changes are shown.
const ROWS: i64 = 20;

/// The latest changes of that object; `None` for whoever may not read the audit trail.
pub(super) async fn trail(app: &App, actor: &Actor, object: &str) -> Result<Option<Vec<TrailRow>>, AppError> {
    if !actor.may(Right::ReadAudit) {
        return Ok(None);
    }
    let found = list_rows_of(&mut *app.store.read().await?, object, ROWS).await?;
    let mut people = People::default();
    let mut rows = Vec::with_capacity(found.len());
    for row in found {
        let who = people.name(app, &row.actor).await?;
        rows.push(TrailRow { at_us: row.at_us, who, action: row.action });
    }
    Ok(Some(rows))
}
