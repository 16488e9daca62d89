//! `GET /audit`: changes, the newest first, each with what it changed.

use axum::extract::{Query, State};
use axum::response::Response;
use weir_web::form::Choice;
use weir_web::page::AuditPage;
use weir_web::page::audit::{AuditRow, Difference, Verdict};
use weir_web::shell::Section;
use weir_web::url;

use super::query::Asked;
use crate::app::App;
use crate::audit::{self, ChainError, diff};
use crate::auth::{Allowed, ReadAudit, Right};
use crate::error::AppError;
use crate::page::answer::page;
use crate::page::frame::Frame;
use crate::page::people::People;
use crate::store::audit as rows;

/// Few, because each row unfolds into all that it changed: a page has at most 1,500 elements.
const ROWS: i64 = 15;

/// `GET /audit`
pub(in crate::page) async fn list(
    by: Allowed<ReadAudit>,
    State(app): State<App>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    by.require(Right::ReadAudit, None)?;
    let mut reading = app.store.read().await?;
    let found = rows::list_newest(&mut reading, &asked.wanted()?, asked.place(), ROWS).await?;
    let (actors, actions) = rows::list_choices(&mut reading).await?;
    drop(reading);
    let is_full = i64::try_from(found.len()).is_ok_and(|count| count == ROWS);
    let next = found.last().filter(|last| is_full && last.seq > 1).map(|last| last.seq);
    let mut people = People::default();
    let mut shown = Vec::with_capacity(found.len());
    for row in found {
        let actor = people.name(&app, &row.actor).await?;
        shown.push(view(row, actor));
    }
    let mut choices = Vec::with_capacity(actors.len());
    for actor in actors {
        choices.push(Choice::new(actor.clone(), people.name(&app, &actor).await?));
    }
    let verdict = if asked.check.is_empty() { None } else { Some(verdict(&app).await?) };
    page(&AuditPage {
        shell: frame.shell(&app, &by, "Audit log", Section::Audit).await?,
        query: asked.link(),
        actors: choices,
        actions: actions.into_iter().map(|action| Choice::new(action.clone(), action)).collect(),
        rows: shown,
        next,
        verdict,
        now_us: app.clock.now_us(),
    })
}

fn view(row: rows::AuditRow, actor: String) -> AuditRow {
    let differences = diff::between(&row.before_json, &row.after_json);
    AuditRow {
        seq: row.seq,
        at_us: row.at_us,
        actor,
        action: row.action,
        href: url::object(&row.object),
        object: row.object,
        differences: differences
            .into_iter()
            .map(|diff::Difference { name, before, after }| Difference { name, before, after })
            .collect(),
        hash: row.hash,
    }
}

async fn verdict(app: &App) -> Result<Verdict, AppError> {
    let at_us = app.clock.now_us();
    let count = |rows: i64| u64::try_from(rows).unwrap_or(0);
    match audit::verify(&mut *app.store.read().await?).await {
        Ok(rows) => Ok(Verdict { rows: count(rows), broken: None, at_us }),
        Err(ChainError::Broken(at)) => {
            let broken = Some(format!("At row {}: {}", at.seq, at.what));
            Ok(Verdict { rows: count(at.seq - 1), broken, at_us })
        }
        Err(error) => Err(error.into()),
    }
}
