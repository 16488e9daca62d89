//! `GET /requests`: filter, histogram, fifty rows.

use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use uuid::Uuid;
use weir_contract::filter::Filter;
use weir_web::page::requests::Empty;
use weir_web::page::{RequestsPage, Window as Shown};
use weir_web::shell::Section;
use weir_web::url;

use super::groups::groups;
use super::query::{Asked, Resolved};
use super::row::row;
use crate::app::App;
use crate::archive::requests::{Ask, Cursor, Found, Place, RequestLine};
use crate::archive::{ArchiveError, Scope, Window};
use crate::auth::{Actor, Allowed, ReadFigures};
use crate::error::AppError;
use crate::page::answer::{go, page, page_with};
use crate::page::frame::Frame;
use crate::page::freshness::freshness;
use crate::requests::histogram;

const ROWS: usize = 50;
/// Rows below a table of groups: a page may have so many elements.
const ROWS_BELOW_GROUPS: usize = 25;
/// An empty list counts what each term removed; more terms than this are not counted one by one.
const TERMS_COUNTED: usize = 8;

/// `GET /requests`
pub(in crate::page) async fn list(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let scope = Scope::of(&app, &by, "requests").await?;
    if let Some(elsewhere) = pasted(&app, &scope, asked.typed()).await? {
        return Ok(go(&elsewhere));
    }
    let shell = frame.shell(&app, &by, "Requests", Section::Requests).await?;
    let view = RequestsPage { shell, query: asked.link(), ..RequestsPage::default() };
    let resolved = match asked.resolve(&app, &by).await? {
        Ok(resolved) => resolved,
        Err(error) => {
            let window = shown(asked.window(app.clock.now_us())?);
            let view = RequestsPage { error: Some(error), window, ..view };
            return page_with(StatusCode::UNPROCESSABLE_ENTITY, &view);
        }
    };
    let found = fill(&app, &by, &scope, &asked, &resolved, view).await?;
    page(&found)
}

async fn fill(
    app: &App,
    actor: &Actor,
    scope: &Scope,
    asked: &Asked,
    resolved: &Resolved,
    view: RequestsPage,
) -> Result<RequestsPage, AppError> {
    let Resolved { by_id, window, place, .. } = resolved;
    let grouped = asked.group()?;
    let limit = if grouped.is_some() { ROWS_BELOW_GROUPS } else { ROWS };
    let ask = Ask { window: window.until(app.clock.now_us()), filter: by_id, place: *place, limit };
    let (found, bars, freshness, groups) = tokio::join!(
        app.archive.list_requests(scope, ask),
        histogram::bars(app, scope, *window, by_id),
        freshness(app),
        groups(app, actor, scope, resolved, grouped, &view.query),
    );
    let found = found?;
    // The rows are worth showing without their histogram; over a long time only that one may take too long.
    let bars = bars
        .inspect_err(|error| tracing::warn!(%error, "the list of requests goes without its histogram"))
        .ok();
    let empty = if found.rows.is_empty() && *place == Place::Newest {
        Some(why_empty(app, scope, asked, resolved).await?)
    } else {
        None
    };
    let events = view.query.live.then(|| view.query.events(&newest(app, &found)));
    let (older, newer) = cursors(&found, *place);
    Ok(RequestsPage {
        window: shown(*window),
        freshness: freshness?,
        total: bars.as_deref().map(|bars| bars.iter().map(|bar| bar.ok + bar.failed).sum()),
        histogram: bars.unwrap_or_default(),
        rows: found.rows.into_iter().map(row).collect(),
        older,
        newer,
        empty,
        groups: groups?,
        events,
        may_be_live: asked.is_open() && *place == Place::Newest,
        ..view
    })
}

/// Where the reader's list begins; an empty one begins now.
fn newest(app: &App, found: &Found) -> String {
    let now = Cursor { started_us: app.clock.now_us(), request_id: Uuid::nil() };
    found.rows.first().map_or(now, RequestLine::cursor).to_string()
}

/// A request's id in the filter line leads to the request; a trace's id to its requests.
async fn pasted(app: &App, scope: &Scope, typed: &str) -> Result<Option<String>, AppError> {
    let Ok(id) = typed.parse::<Uuid>() else { return Ok(None) };
    let is_there = app.archive.find_request(scope, id).await?.is_some();
    let is_trace = typed.len() == 32;
    Ok(match (is_there, is_trace) {
        (true, _) => Some(url::request(&id.to_string())),
        (false, true) => Some(url::requests_with("trace", &typed.to_lowercase())),
        (false, false) => Some(url::requests_with("id", typed)),
    })
}

fn cursors(found: &Found, place: Place) -> (Option<String>, Option<String>) {
    let newest = found.rows.first().map(|row| row.cursor().to_string());
    let oldest = found.rows.last().map(|row| row.cursor().to_string());
    match place {
        Place::Newest => (oldest.filter(|_| found.more), None),
        Place::Before(_) => (oldest.filter(|_| found.more), newest),
        Place::After(_) => (oldest, newest.filter(|_| found.more)),
    }
}

async fn why_empty(
    app: &App,
    scope: &Scope,
    asked: &Asked,
    resolved: &Resolved,
) -> Result<Empty, ArchiveError> {
    let Resolved { filter, by_id, window, .. } = resolved;
    if !filter.terms.is_empty() {
        let mut counts = Vec::new();
        for (place, term) in asked.terms(filter).into_iter().enumerate().take(TERMS_COUNTED) {
            let rest: Filter = by_id.without(place);
            counts.push((term, app.archive.count_requests(scope, *window, &rest).await?));
        }
        if counts.iter().any(|(_, count)| *count > 0) {
            return Ok(Empty::Terms(counts));
        }
    }
    let newest = app.archive.newest_request(scope).await?;
    Ok(newest.map_or(Empty::Never, |last_request_us| Empty::Window { last_request_us }))
}

pub(in crate::page) fn shown(window: Window) -> Shown {
    Shown { from_us: window.from_us, to_us: window.to_us }
}
