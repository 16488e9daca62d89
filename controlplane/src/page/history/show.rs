//! `GET /history/{kind}/{id}`: every version, who wrote it, what it changed; what is not published first.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use weir_web::page::HistoryPage;
use weir_web::page::history::VersionRow;
use weir_web::part::Change;
use weir_web::shell::Section;
use weir_web::url;

use crate::app::App;
use crate::auth::{Allowed, ReadSetup, Right};
use crate::endpoints::EndpointBody;
use crate::error::AppError;
use crate::objects::Body as _;
use crate::page::answer::page;
use crate::page::change::of_draft;
use crate::page::frame::Frame;
use crate::page::people::People;
use crate::versions::{self, Standing, Version};

/// Versions on one page: each can have many lines.
const ROWS: usize = 25;

/// The query string.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Asked {
    before: String,
}

/// `GET /history/{kind}/{id}`
pub(in crate::page) async fn show(
    by: Allowed<ReadSetup>,
    State(app): State<App>,
    frame: Frame,
    Path((kind, id)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let standing = versions::standing(&app, &by, &kind, &id).await?;
    let before = asked.before.parse().unwrap_or(i64::MAX);
    let all = versions::list(&app, &by, &kind, &id).await?.into_iter();
    let mut older = all.filter(|version| version.version < before);
    let shown: Vec<Version> = older.by_ref().take(ROWS).collect();
    let has_more = older.next().is_some();
    let mut people = People::default();
    let mut rows = Vec::with_capacity(shown.len());
    for version in shown {
        let author = people.name(&app, &version.author).await?;
        rows.push(row(version, author, &standing));
    }
    let title = format!("History of {kind} {}", standing.name);
    page(&HistoryPage {
        shell: frame.shell(&app, &by, title, section(&kind)).await?,
        href: standing.draft.and_then(|_| url::object(&id)),
        published: standing.published.map(|version| (version, standing.revision)),
        draft: standing.draft,
        unpublished: of_draft(standing.unpublished.as_slice()),
        may_edit: by.may_in(Right::ManageProviders, standing.workspace.as_ref()),
        next: rows.last().filter(|_| has_more).map(|last| last.version),
        rows,
        kind,
        object_id: id,
        now_us: app.clock.now_us(),
    })
}

/// Where objects of that kind are in the navigation.
pub(super) fn section(kind: &str) -> Section {
    if kind == EndpointBody::KIND { Section::Providers } else { Section::Models }
}

fn row(version: Version, author: String, standing: &Standing) -> VersionRow {
    let Version { version, name: _, body, note, created_us, how, changes, .. } = version;
    let is_draft = standing.draft == Some(version);
    VersionRow {
        version,
        at_us: created_us,
        author,
        note,
        change: Change { how: how.word(), lines: changes, ..Change::default() },
        runs: standing.published == Some(version),
        is_draft,
        may_restore: !is_draft && body.is_some(),
    }
}
