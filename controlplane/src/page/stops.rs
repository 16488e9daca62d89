//! `/stops`: kill switches. Stopping and letting go act at once; both are on record with their reason.

use axum::extract::{Form, Path, Query, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use weir_web::form::{Choice, Field, FieldError};
use weir_web::page::StopsPage;
use weir_web::page::stops::{StopForm as Typed, StopRow};
use weir_web::shell::Section;
use weir_web::url;

use super::answer::{go_saying, page, page_with};
use super::flash::Flash;
use super::frame::Frame;
use super::people::People;
use crate::app::App;
use crate::auth::{Actor, Allowed, ManageKeys, ReadSetup, Right};
use crate::error::{AppError, FieldErrors};
use crate::precondition::Expected;
use crate::stops::{self, Stop, StopForm, StopKind};
use crate::workspaces;

/// What the form sends, and what a link to it may fill in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    kind: String,
    target: String,
    workspace: String,
    reason: String,
}

/// `GET /stops`
pub(super) async fn list(
    by: Allowed<ReadSetup>,
    State(app): State<App>,
    frame: Frame,
    Query(asked): Query<Sent>,
) -> Result<Response, AppError> {
    page(&view(&app, &by, frame, &asked, &FieldErrors::default()).await?)
}

/// `POST /stops`
pub(super) async fn create(
    by: Allowed<ManageKeys>,
    State(app): State<App>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let made = match StopKind::from_name(&sent.kind) {
        Some(kind) => {
            let Sent { target, workspace, reason, .. } = sent.clone();
            let form = StopForm { kind, target: target.trim().to_owned(), workspace, reason };
            stops::create(&app, &by, form).await
        }
        None => Err(AppError::Invalid(FieldErrors::one("kind", FieldError::UnknownChoice))),
    };
    let errors = match made {
        Ok(stop) => {
            let text = format!(
                "Stopped: {} {}. Every gateway refuses it within a second.",
                stop.kind.name(),
                stop.name
            );
            return Ok(go_saying(url::STOPS, &Flash::ok(text)));
        }
        Err(AppError::Invalid(errors)) => errors,
        Err(error @ (AppError::NotFound { .. } | AppError::Conflict(_))) => {
            FieldErrors::one("target", FieldError::Other(format!("Not stopped: {error}.")))
        }
        Err(other) => return Err(other),
    };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &view(&app, &by, frame, &sent, &errors).await?)
}

/// `POST /stops/{id}/end`
pub(super) async fn end(
    by: Allowed<ManageKeys>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let gone = stops::end(&app, &by, &id, &Expected::anything()).await?;
    let text = format!("The {} {} goes on.", gone.kind.name(), gone.name);
    Ok(go_saying(url::STOPS, &Flash::ok(text)))
}

async fn view(
    app: &App,
    actor: &Actor,
    frame: Frame,
    sent: &Sent,
    errors: &FieldErrors,
) -> Result<StopsPage, AppError> {
    let known = workspaces::in_reach(app, actor, Right::ReadSetup).await?;
    let mut people = People::default();
    let mut rows = Vec::new();
    for stop in stops::list(app, actor).await? {
        let by = people.name(app, &stop.created_by).await?;
        let workspace = known.iter().find(|one| Some(&one.id) == stop.workspace.as_ref());
        rows.push(row(actor, stop, by, workspace.map(|one| one.name.clone()).unwrap_or_default()));
    }
    let kinds = kinds(actor);
    let workspaces = known.iter().map(|one| Choice::new(one.id.to_string(), one.name.clone())).collect();
    let field = |name: &str, value: &str| {
        let field = Field::new(value);
        errors.of(name).map_or_else(|| field.clone(), |error| field.clone().refused(error.clone()))
    };
    let form = (!kinds.is_empty()).then(|| Typed {
        kind: field("kind", &sent.kind),
        kinds,
        target: field("target", &sent.target),
        workspace: field("workspace", &sent.workspace),
        workspaces,
        reason: field("reason", &sent.reason),
    });
    let shell = frame.shell(app, actor, "Stops", Section::None).await?;
    Ok(StopsPage { shell, rows, form, now_us: app.clock.now_us() })
}

fn kinds(actor: &Actor) -> Vec<Choice> {
    let kinds = [StopKind::Customer, StopKind::Key, StopKind::Model, StopKind::Endpoint];
    let may = |kind: &StopKind| actor.may(kind.right());
    kinds.into_iter().filter(may).map(|kind| Choice::new(kind.name(), kind.name())).collect()
}

fn row(actor: &Actor, stop: Stop, by: String, workspace: String) -> StopRow {
    let href = match stop.kind {
        StopKind::Customer => Some(url::customer(&stop.target, "")),
        _ => url::object(&stop.target),
    };
    StopRow {
        may_end: actor.may_in(stop.kind.right(), stop.workspace.as_ref()),
        stop_id: stop.id,
        kind: stop.kind.name().to_owned(),
        name: stop.name,
        href,
        workspace,
        reason: stop.reason,
        since_us: stop.created_us,
        by,
    }
}
