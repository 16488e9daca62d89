//! `/requests/views`: filters kept by name.

use axum::extract::{Form, Path, Query, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use weir_web::form::{Choice, Field};
use weir_web::page::views::{ViewForm as Typed, ViewRow};
use weir_web::page::{ConfirmPage, ViewsPage};
use weir_web::shell::{Link, Section};
use weir_web::url;

use super::query::Asked;
use crate::app::App;
use crate::auth::{Actor, Allowed, OwnAccount, Right};
use crate::error::{AppError, FieldErrors};
use crate::page::answer::{go_saying, page, page_with};
use crate::page::flash::Flash;
use crate::page::frame::Frame;
use crate::precondition::{Expected, tag_of};
use crate::views::{self, View, ViewForm};
use crate::workspaces;

/// A form with the version it was made from.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Sent {
    #[serde(flatten)]
    form: ViewForm,
    tag: String,
}

/// `GET /requests/views`
pub(in crate::page) async fn list(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let form = (!asked.is_empty()).then(|| Typed { query: asked.link(), ..Typed::default() });
    page(&view(&app, &by, frame, form).await?)
}

/// `POST /requests/views`
pub(in crate::page) async fn create(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    match views::create(&app, &by, sent.form.clone()).await {
        Ok(made) => {
            let flash = Flash::ok(format!("View {} is kept.", made.name));
            Ok(go_saying(&made.query.link().href(), &flash))
        }
        Err(AppError::Invalid(errors)) => refused(&app, &by, frame, sent.form, &errors).await,
        Err(other) => Err(other),
    }
}

/// `POST /requests/views/{id}`
pub(in crate::page) async fn update(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let changed = views::update(&app, &by, &id, &Expected::tag(&sent.tag), sent.form).await?;
    Ok(go_saying(url::VIEWS, &Flash::ok(format!("The view is now called {}.", changed.name))))
}

/// `GET /requests/views/{id}/deletion`
pub(in crate::page) async fn ask(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let found = views::find(&app, &by, &id).await?;
    let who = if found.workspace.is_some() { "Nobody in its workspace" } else { "You" };
    let not = if found.workspace.is_some() { "finds it any more" } else { "will not find it any more" };
    page(&ConfirmPage {
        shell: frame.shell(&app, &by, format!("Delete view {}", found.name), Section::Requests).await?,
        sentence: format!("{who} {not}. Requests are not touched."),
        consequences: Vec::new(),
        button: format!("Delete view {}", found.name),
        action: url::view_deletion(&id),
        tag: tag_of(&found),
        cancel: Link::new("Keep it", url::VIEWS),
    })
}

/// `POST /requests/views/{id}/deletion`
pub(in crate::page) async fn delete(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let gone = views::delete(&app, &by, &id, &Expected::shown(&sent.tag)?).await?;
    Ok(go_saying(url::VIEWS, &Flash::ok(format!("View {} is deleted.", gone.name))))
}

async fn view(app: &App, actor: &Actor, frame: Frame, form: Option<Typed>) -> Result<ViewsPage, AppError> {
    let seen = workspaces::in_reach(app, actor, Right::ReadFigures).await?;
    let choices: Vec<Choice> =
        seen.into_iter().map(|workspace| Choice::new(workspace.id.as_str(), workspace.name)).collect();
    let rows = views::list(app, actor).await?.into_iter().map(|one| row(one, actor, &choices)).collect();
    Ok(ViewsPage {
        shell: frame.shell(app, actor, "Saved views", Section::Requests).await?,
        form: form.map(|form| Typed { workspaces: choices, ..form }),
        rows,
    })
}

fn row(view: View, actor: &Actor, workspaces: &[Choice]) -> ViewRow {
    let workspace = view.workspace.as_ref().map(ToString::to_string).unwrap_or_default();
    let named = workspaces.iter().find(|choice| choice.value == workspace);
    ViewRow {
        may_change: view.is_changed_by(actor),
        tag: tag_of(&view),
        query: view.query.link(),
        shared: named.map(|choice| choice.label.clone()),
        workspace,
        id: view.id,
        name: view.name,
    }
}

async fn refused(
    app: &App,
    actor: &Actor,
    frame: Frame,
    form: ViewForm,
    errors: &FieldErrors,
) -> Result<Response, AppError> {
    let field = |name: &str, value: &str| match errors.of(name) {
        Some(error) => Field::new(value).refused(error.clone()),
        None => Field::new(value),
    };
    let problem = ["q", "range", "group"].iter().find_map(|name| errors.of(name)).map(ToString::to_string);
    let typed = Typed {
        name: field("name", &form.name),
        workspace: field("workspace", &form.workspace),
        query: form.query.link(),
        problem,
        ..Typed::default()
    };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &view(app, actor, frame, Some(typed)).await?)
}
