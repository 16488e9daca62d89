//! `/requests/exports`: files made in the background, with their progress.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{Form, Path, Query, State};
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use futures_util::stream::{self, Stream};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use weir_web::Template;
use weir_web::form::Field;
use weir_web::page::exports::{ExportFacts, ExportState, ProgressEvent};
use weir_web::page::{ExportNewPage, ExportPage, ExportsPage};
use weir_web::shell::Section;
use weir_web::url::{self, RequestsQuery};

use super::query::Asked;
use crate::app::App;
use crate::auth::{Allowed, OwnAccount, ReadFigures, Right, live};
use crate::error::AppError;
use crate::exports::{self, Export, ExportForm, Format, Progress, State as Standing};
use crate::page::answer::{file, go, go_saying, page, page_with};
use crate::page::flash::Flash;
use crate::page::frame::Frame;
use crate::precondition::Expected;

/// The form as browsers send it: a box that is not ticked is not there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Sent {
    q: String,
    range: String,
    from: String,
    to: String,
    format: Format,
    bodies: String,
}

/// `GET /requests/exports`
pub(in crate::page) async fn list(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    frame: Frame,
) -> Result<Response, AppError> {
    page(&ExportsPage {
        shell: frame.shell(&app, &by, "Exports", Section::Requests).await?,
        rows: exports::list(&app, &by).into_iter().map(facts).collect(),
        now_us: app.clock.now_us(),
    })
}

/// `GET /requests/exports/new`
pub(in crate::page) async fn new(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    page(&ExportNewPage {
        shell: frame.shell(&app, &by, "Export requests", Section::Requests).await?,
        query: asked.link().plain(),
        may_read_bodies: by.may(Right::ReadBodies),
        ..ExportNewPage::default()
    })
}

/// `POST /requests/exports`
pub(in crate::page) async fn create(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let Sent { q, range, from, to, format, bodies } = sent;
    let form = ExportForm { q, range, from, to, format, bodies: !bodies.is_empty() };
    let (problem, field) = match exports::create(&app, &by, form.clone()).await {
        Ok(made) => return Ok(go(&url::export(&made.head.id))),
        Err(AppError::Conflict(problem)) => (Some(problem), None),
        Err(AppError::Invalid(errors)) => {
            let other = ["q", "range"].iter().find_map(|name| errors.of(name)).map(ToString::to_string);
            (other, errors.of("bodies").cloned())
        }
        Err(other) => return Err(other),
    };
    let ticked = Field::new(if form.bodies { "on" } else { "" });
    let view = ExportNewPage {
        shell: frame.shell(&app, &by, "Export requests", Section::Requests).await?,
        query: link(&form),
        format: Field::new(form.format.name()),
        bodies: field.into_iter().fold(ticked, Field::refused),
        may_read_bodies: by.may(Right::ReadBodies),
        problem,
    };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &view)
}

/// `GET /requests/exports/{id}`
pub(in crate::page) async fn show(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let job = exports::find(&app, &by, &id)?;
    page(&ExportPage {
        shell: frame.shell(&app, &by, "Export", Section::Requests).await?,
        export: facts(job.shown()),
    })
}

/// `GET /requests/exports/{id}/events`
pub(in crate::page) async fn events(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, AppError> {
    let job = exports::find(&app, &by, &id)?;
    let head = job.shown().head;
    let told = stream::unfold((job.watch(), head, false), |(mut progress, head, is_over)| async move {
        if is_over {
            // An ended stream is opened anew by the browser, which would hear the same again and again.
            return std::future::pending().await;
        }
        if progress.borrow().state == Standing::Running {
            progress.changed().await.ok()?;
            tokio::time::sleep(TELL_EVERY).await;
        }
        let shown = progress.borrow_and_update().clone();
        let is_over = shown.state != Standing::Running;
        let event = message(Export { head: head.clone(), progress: shown })?;
        Some((Ok(event), (progress, head, is_over)))
    });
    Ok(live::stream(&app, &by, &headers, told))
}

/// How often progress is told at most.
const TELL_EVERY: std::time::Duration = std::time::Duration::from_millis(400);

/// `GET /requests/exports/{id}/file`
pub(in crate::page) async fn download(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let opened = exports::open(&app, &by, &id).await?;
    let name = format!("requests.{}", opened.format.name());
    Ok(file(&name, opened.format.content_type(), Body::from_stream(opened.chunks)))
}

/// `POST /requests/exports/{id}/deletion`
pub(in crate::page) async fn delete(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let was_running =
        exports::delete(&app, &by, &id, &Expected::anything()).await?.progress.state == Standing::Running;
    let said = if was_running { "The export is being cancelled." } else { "The export is removed." };
    Ok(go_saying(url::EXPORTS, &Flash::ok(said)))
}

fn message(export: Export) -> Option<Event> {
    let html = ProgressEvent { export: facts(export) }.render().ok()?;
    Some(Event::default().data(html.trim()))
}

fn link(form: &ExportForm) -> RequestsQuery {
    let ExportForm { q, range, from, to, .. } = form.clone();
    RequestsQuery { q, range, from, to, ..RequestsQuery::default() }
}

fn facts(export: Export) -> ExportFacts {
    let Export { head, progress } = export;
    let Progress { state, requests, rows, bytes, expected, problem } = progress;
    let state = match state {
        Standing::Running => ExportState::Running,
        Standing::Done => ExportState::Done,
        Standing::Failed => ExportState::Failed,
        Standing::Cancelled => ExportState::Cancelled,
    };
    ExportFacts {
        query: link(&head.form),
        id: head.id,
        format: head.form.format.name().to_owned(),
        bodies: head.form.bodies,
        created_us: head.created_us,
        state,
        requests,
        rows,
        expected,
        bytes,
        problem,
    }
}
