//! `/settings/workspaces/{id}`: one workspace, what is kept of its traffic first, then its form. A change acts at once.

use axum::extract::{Form, Path, State};
use axum::response::Response;
use weir_contract::id::WorkspaceId;
use weir_web::page::WorkspacePage;
use weir_web::shell::Section;
use weir_web::url;

use super::workspaces::{Sent, row, typed};
use crate::app::App;
use crate::auth::{Actor, Allowed, ManageWorkspaces, ReadSetup, Right};
use crate::error::{AppError, FieldErrors};
use crate::page::answer::page;
use crate::page::draft::settle_change;
use crate::page::frame::Frame;
use crate::page::trail::trail;
use crate::precondition::{Expected, tag_of};
use crate::workspaces::{self, Workspace};

/// `GET /settings/workspaces/{id}`
pub(in crate::page) async fn show(
    by: Allowed<ReadSetup>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<WorkspaceId>,
) -> Result<Response, AppError> {
    let sent = Sent::of(&workspaces::show(&app, &by, &id).await?);
    page(&view(&app, &by, frame, &id, sent, &FieldErrors::default()).await?)
}

/// `POST /settings/workspaces/{id}`
pub(in crate::page) async fn update(
    by: Allowed<ManageWorkspaces>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<WorkspaceId>,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let done = match sent.read() {
        Ok(form) => workspaces::update(&app, &by, &id, form, &Expected::tag(&sent.tag)).await,
        Err(errors) => Err(AppError::Invalid(errors)),
    };
    let saved = |after: &Workspace| {
        (url::workspace(id.as_str()), format!("Workspace {} is changed, in force at once.", after.name))
    };
    let again = async |frame, errors| view(&app, &by, frame, &id, sent, &errors).await;
    settle_change(frame, done, saved, again).await
}

async fn view(
    app: &App,
    actor: &Actor,
    frame: Frame,
    id: &WorkspaceId,
    mut sent: Sent,
    errors: &FieldErrors,
) -> Result<WorkspacePage, AppError> {
    let workspace = workspaces::show(app, actor, id).await?;
    let may = actor.may_in(Right::ManageWorkspaces, Some(id));
    sent.tag = tag_of(&workspace);
    let title = format!("Workspace {}", workspace.name);
    Ok(WorkspacePage {
        shell: frame.shell(app, actor, title, Section::Settings).await?,
        created_us: workspace.created_us,
        row: row(workspace),
        form: may.then(|| typed(&sent, errors)),
        trail: trail(app, actor, id.as_str()).await?,
        now_us: app.clock.now_us(),
    })
}
