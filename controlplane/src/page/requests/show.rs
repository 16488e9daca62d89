//! `GET /requests/{id}`: one request, one tab of it.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use uuid::Uuid;
use weir_contract::filter::Filter;
use weir_contract::id::{KeyId, WorkspaceId};
use weir_web::page::RequestPage;
use weir_web::page::requests::{Absent, BodyContent, BodyKind, BodyView, Partial, RequestTab};
use weir_web::shell::Section;
use weir_web::url::{self, RequestsQuery};

use super::curl;
use super::facts::{self, Called};
use super::messages::{BODY_BYTES_MAX, conversation};
use super::query::Asked;
use crate::app::App;
use crate::archive::body::{Bodies, Part};
use crate::archive::request::{Call, Request};
use crate::archive::requests::{Ask, Cursor, Place};
use crate::archive::{Scope, Window};
use crate::auth::{Actor, Allowed, ReadFigures, Right};
use crate::error::AppError;
use crate::page::answer::page;
use crate::page::frame::Frame;
use crate::{endpoints, keys, workspaces};

/// Largest body shown on the page, bytes.
const INLINE_BYTES_MAX: u32 = 64 * 1024;

/// `GET /requests/{id}`
pub(in crate::page) async fn show(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let scope = Scope::of(&app, &by, "request").await?;
    let request = find(&app, &scope, &id).await?;
    let tab = RequestTab::parse(&asked.tab);
    let called = called(&app, &by, request.last()).await?;
    let (newer, older) = neighbours(&app, &by, &scope, &asked, request.last()).await?;
    let mut view = RequestPage {
        shell: frame.shell(&app, &by, "Request", Section::Requests).await?,
        request: facts::facts(&request, &called),
        tab,
        list: if asked.is_empty() { RequestsQuery::default() } else { asked.link() },
        newer,
        older,
        lines: facts::lines(&request),
        attempts: facts::attempts(&request, &called),
        decisions: facts::decisions(&request),
        share: format!("{}{}", app.public_url(), url::request(&id)),
        ..RequestPage::default()
    };
    let place = (request.last().request_id, request.last().started_us);
    match tab {
        RequestTab::Messages if may_read(&by, &request) => {
            match app.archive.find_said(&scope, place, BODY_BYTES_MAX).await? {
                Some(said) => {
                    (view.prompt, view.answer) = conversation(&said);
                    view.partial = partial(&said, request.last());
                    view.curl = curl::command(&app, request.last(), said.part(Part::Request)).await?;
                }
                None => view.absent = Some(why_absent(&app, request.last()).await?),
            }
        }
        RequestTab::Raw if may_read(&by, &request) => {
            let bodies = app.archive.list_bodies(&scope, place, INLINE_BYTES_MAX).await?;
            if bodies.is_empty() {
                view.absent = Some(why_absent(&app, request.last()).await?);
            }
            if let Some(said) = bodies.last() {
                view.partial = partial(said, request.last());
                view.curl = curl::command(&app, request.last(), said.part(Part::Request)).await?;
            }
            view.bodies = bodies.iter().flat_map(raw).collect();
        }
        RequestTab::Messages | RequestTab::Raw => view.absent = Some(Absent::NotAllowed),
        RequestTab::Cost | RequestTab::Attempts => {}
    }
    page(&view)
}

/// What is stored of the answer, when that is less than was sent.
fn partial(said: &Bodies, last: &Call) -> Option<Partial> {
    let (stored, sent) = (said.part(Part::Response).bytes, u64::from(last.response_bytes));
    (said.attempt == last.attempt && stored < sent).then_some(Partial { stored, sent })
}

/// The request of that id, for whoever may see it.
pub(in crate::page) async fn find(app: &App, scope: &Scope, id: &str) -> Result<Request, AppError> {
    let missing = || AppError::not_found("request", id);
    let uuid: Uuid = id.parse().map_err(|_| missing())?;
    app.archive.find_request(scope, uuid).await?.ok_or_else(missing)
}

async fn called(app: &App, actor: &Actor, last: &Call) -> Result<Called, AppError> {
    let workspace = WorkspaceId::from(last.workspace_id.as_str());
    let found = workspaces::find(app, &workspace).await?;
    let mut called = Called {
        workspace: found.map_or_else(|| last.workspace_id.clone(), |workspace| workspace.name),
        ..Called::default()
    };
    if actor.may(Right::ReadSetup) {
        let key = keys::find(app, actor, &KeyId::from(last.key_id.as_str())).await?;
        called.key = key.map(|key| key.name).unwrap_or_default();
        let known = endpoints::list(app, actor).await?;
        called.endpoints = known.into_iter().map(|one| (one.id.to_string(), one.name)).collect();
    }
    if called.key.is_empty() {
        called.key.clone_from(&last.key_id);
    }
    Ok(called)
}

/// The requests before and after this one in the list it was opened from.
async fn neighbours(
    app: &App,
    actor: &Actor,
    scope: &Scope,
    asked: &Asked,
    last: &Call,
) -> Result<(Option<String>, Option<String>), AppError> {
    if asked.is_empty() {
        return Ok((None, None));
    }
    // A filter that is not understood leads nowhere, but the request itself is there to be read.
    let Ok(resolved) = asked.resolve(app, actor).await? else { return Ok((None, None)) };
    let cursor = Cursor { started_us: last.started_us, request_id: last.request_id };
    let one = |place| next(app, scope, resolved.window, &resolved.by_id, place);
    Ok(tokio::try_join!(one(Place::After(cursor)), one(Place::Before(cursor)))?)
}

async fn next(
    app: &App,
    scope: &Scope,
    window: Window,
    filter: &Filter,
    place: Place,
) -> Result<Option<String>, AppError> {
    let found = app.archive.list_requests(scope, Ask { window, filter, place, limit: 1 }).await?;
    Ok(found.rows.first().map(|row| row.request_id.to_string()))
}

fn may_read(actor: &Actor, request: &Request) -> bool {
    let workspace = WorkspaceId::from(request.last().workspace_id.as_str());
    actor.may_in(Right::ReadBodies, Some(&workspace))
}

async fn why_absent(app: &App, last: &Call) -> Result<Absent, AppError> {
    let kept = workspaces::find(app, &WorkspaceId::from(last.workspace_id.as_str())).await?;
    let kept_us = kept.as_ref().map_or(0, |kept| i64::from(kept.retention_days) * 86_400_000_000);
    let name = kept.map_or_else(|| last.workspace_id.clone(), |kept| kept.name);
    Ok(match last.body_state.as_str() {
        "none" => Absent::Policy(format!("log level of workspace {name}, its key or the request")),
        "shed" => Absent::Shed,
        "deleted" => Absent::Erased,
        _ if app.clock.now_us() - last.started_us > kept_us => Absent::Expired,
        _ => Absent::NotYet,
    })
}

fn raw(bodies: &Bodies) -> Vec<BodyView> {
    let shown = Part::ALL.into_iter().filter(|part| bodies.part_or_twin(*part).bytes > 0);
    shown.map(|part| raw_part(bodies, part)).collect()
}

fn raw_part(bodies: &Bodies, part: Part) -> BodyView {
    let (own, shown) = (bodies.part(part), bodies.part_or_twin(part));
    let content = match part {
        Part::UpstreamRequest if own.bytes == 0 => BodyContent::SameAs(BodyKind::Request),
        Part::UpstreamResponse if own.bytes == 0 => BodyContent::SameAs(BodyKind::Response),
        _ if own.bytes > u64::from(INLINE_BYTES_MAX) => BodyContent::Large,
        _ => BodyContent::Inline(String::from_utf8_lossy(&own.start).into_owned()),
    };
    let is_answer = matches!(part, Part::Response | Part::UpstreamResponse);
    let content_type = if is_answer { bodies.content_type.clone() } else { "application/json".to_owned() };
    BodyView { kind: kind(part), attempt: bodies.attempt, bytes: shown.bytes, content_type, content }
}

const fn kind(part: Part) -> BodyKind {
    match part {
        Part::Request => BodyKind::Request,
        Part::Response => BodyKind::Response,
        Part::UpstreamRequest => BodyKind::UpstreamRequest,
        Part::UpstreamResponse => BodyKind::UpstreamResponse,
    }
}
