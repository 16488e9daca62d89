//! `GET /settings`: who one is, where one is signed in, and what one may set.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use weir_web::page::SettingsPage;
use weir_web::page::settings::SessionRow;
use weir_web::shell::Section;

use super::{tokens, workspaces as part};
use crate::account::{self, OpenSession};
use crate::app::App;
use crate::auth::{Actor, Allowed, Grant, OwnAccount, Right, session};
use crate::error::{AppError, FieldErrors};
use crate::page::answer::page;
use crate::page::frame::Frame;
use crate::workspaces::{self, Workspace};

/// `GET /settings`
pub(in crate::page) async fn show(
    by: Allowed<OwnAccount>,
    State(app): State<App>,
    frame: Frame,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    page(&view(&app, &by, frame, &headers).await?)
}

/// The page with empty forms.
pub(super) async fn view(
    app: &App,
    actor: &Actor,
    frame: Frame,
    headers: &HeaderMap,
) -> Result<SettingsPage, AppError> {
    let known = workspaces::in_reach(app, actor, Right::ReadSetup).await?;
    let token = session::cookie(headers).unwrap_or_default();
    let nothing = FieldErrors::default();
    Ok(SettingsPage {
        shell: frame.shell(app, actor, "Settings", Section::Settings).await?,
        roles: actor.grants.iter().map(|grant| role(grant, &known)).collect(),
        may_manage_people: actor.may(Right::ManagePeople),
        account: super::account::form(actor, None, &nothing),
        sessions: account::sessions(app, actor, token).await?.into_iter().map(row).collect(),
        tokens: tokens::part(app, actor, &tokens::Sent::default(), &nothing).await?,
        workspace: part::form(actor, &part::Sent::default(), &nothing),
        workspaces: known.into_iter().map(part::row).collect(),
        now_us: app.clock.now_us(),
    })
}

fn role(grant: &Grant, known: &[Workspace]) -> String {
    let place = match &grant.workspace {
        None => "everywhere".to_owned(),
        Some(id) => {
            let found = known.iter().find(|one| one.id == *id);
            format!("in {}", found.map_or_else(|| id.to_string(), |one| one.name.clone()))
        }
    };
    let bodies = if grant.carries(Right::ReadBodies) { ", with bodies" } else { ", without bodies" };
    format!("{} {place}{bodies}", grant.role.name())
}

/// The row of a session.
pub(super) fn row(session: OpenSession) -> SessionRow {
    let OpenSession { id, address, agent, created_us, last_seen_us, is_this } = session;
    SessionRow { session_id: id, address, agent, created_us, last_seen_us, is_this }
}
