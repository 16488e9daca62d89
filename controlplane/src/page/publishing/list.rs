//! `GET /publishing`: what publishing would change, and every revision.

use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use weir_web::page::PublishingPage;
use weir_web::part;
use weir_web::shell::{Link, Section};
use weir_web::url;

use crate::app::App;
use crate::auth::{Allowed, ReadRevisions, Right};
use crate::error::AppError;
use crate::page::answer::page;
use crate::page::change::of_draft;
use crate::page::frame::Frame;
use crate::page::gateways::state;
use crate::precondition::tag_of;
use crate::publish::{self, Obstacle};

const ROWS: u32 = 50;

/// The query string.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Asked {
    before: String,
}

/// `GET /publishing`
pub(in crate::page) async fn list(
    by: Allowed<ReadRevisions>,
    State(app): State<App>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let draft = publish::draft_state(&app).await?;
    let rows = state::publishes(&app, asked.before.parse().ok(), ROWS).await?;
    let is_full = u32::try_from(rows.len()).is_ok_and(|count| count == ROWS);
    page(&PublishingPage {
        shell: frame.shell(&app, &by, "Publishing", Section::Publishing).await?,
        tag: tag_of(&draft),
        changes: of_draft(&draft.changed),
        problems: draft.problems.into_iter().map(problem).collect(),
        may_publish: by.may_in(Right::Publish, None),
        next: rows.last().filter(|last| is_full && last.revision > 1).map(|last| last.revision),
        rows,
        now_us: app.clock.now_us(),
    })
}

fn problem(problem: Obstacle) -> part::Problem {
    let Obstacle { text, kind, id } = problem;
    let link = url::object(&id).map(|href| Link::new(format!("Go to the {kind}"), href));
    part::Problem { text, link }
}
