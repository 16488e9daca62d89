//! `/settings/workspaces/{id}/members`: who is what in one workspace (GET), one more or another role (POST), removal.

use axum::extract::{Form, Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use weir_contract::id::WorkspaceId;
use weir_web::form::{Field, FieldError};
use weir_web::page::MembersPage;
use weir_web::page::people::{MemberForm as Typed, MemberRow};
use weir_web::shell::Section;
use weir_web::url;

use super::count;
use crate::app::App;
use crate::auth::{Actor, Allowed, ManagePeople};
use crate::error::{AppError, FieldErrors};
use crate::page::answer::{go_saying, page};
use crate::page::draft::settle;
use crate::page::flash::Flash;
use crate::page::frame::Frame;
use crate::people::{self, MemberForm, Person};
use crate::workspaces;

const ROWS: usize = 60;

/// From which row on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Asked {
    after: String,
}

/// What the form sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Sent {
    email: String,
    role: String,
    read_bodies: String,
}

/// `GET /settings/workspaces/{id}/members`
pub(in crate::page) async fn list(
    by: Allowed<ManagePeople>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<WorkspaceId>,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let form = Typed { role: Field::new("member"), ..Typed::default() };
    page(&view(&app, &by, frame, &id, &asked, form).await?)
}

/// `POST /settings/workspaces/{id}/members`
pub(in crate::page) async fn set(
    by: Allowed<ManagePeople>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<WorkspaceId>,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let form = MemberForm { role: sent.role.clone(), read_bodies: sent.read_bodies == "on" };
    let done = people::set_member(&app, &by, &id, sent.email.trim(), form).await;
    let saved = |person: &Person| {
        (url::members(id.as_str()), format!("{} is a {} here, at once.", person.name, sent.role))
    };
    let again = async |errors: FieldErrors| {
        let field =
            |name: &str, value: &str| Field { value: value.to_owned(), error: errors.of(name).cloned() };
        let form = Typed {
            email: field("email", &sent.email),
            role: field("role", &sent.role),
            read_bodies: field("read_bodies", &sent.read_bodies),
        };
        view(&app, &by, frame, &id, &Asked::default(), form).await
    };
    settle(done.map_err(at_the_form), saved, again).await
}

/// Whoever has no account is named where their address was typed.
fn at_the_form(error: AppError) -> AppError {
    let (field, sentence) = match error {
        AppError::NotFound { what: "person", .. } => {
            ("email", "Nobody with this address has an account: invite them.".to_owned())
        }
        AppError::Conflict(why) => ("role", format!("Not saved: {why}.")),
        other => return other,
    };
    AppError::Invalid(FieldErrors::one(field, FieldError::Other(sentence)))
}

/// `POST /settings/workspaces/{id}/members/{person}/removal`
pub(in crate::page) async fn remove(
    by: Allowed<ManagePeople>,
    State(app): State<App>,
    Path((id, person)): Path<(WorkspaceId, String)>,
) -> Result<Response, AppError> {
    let gone = people::remove_member(&app, &by, &id, &person).await?;
    let text = format!("{} has no role of this workspace any more.", gone.name);
    Ok(go_saying(&url::members(id.as_str()), &Flash::ok(text)))
}

async fn view(
    app: &App,
    actor: &Actor,
    frame: Frame,
    id: &WorkspaceId,
    asked: &Asked,
    form: Typed,
) -> Result<MembersPage, AppError> {
    let members = people::members(app, actor, id).await?;
    let workspace = workspaces::find(app, id).await?;
    let workspace = workspace.ok_or_else(|| AppError::not_found("workspace", id.as_str()))?;
    let skip: usize = asked.after.parse().unwrap_or(0);
    let next = (members.len() > skip.saturating_add(ROWS)).then(|| (skip + ROWS).to_string());
    Ok(MembersPage {
        shell: frame.shell(app, actor, format!("Members of {}", workspace.name), Section::Settings).await?,
        workspace_id: id.to_string(),
        all: count(members.len()),
        members: members.iter().skip(skip).take(ROWS).map(|person| row(person, id)).collect(),
        next,
        form,
        now_us: app.clock.now_us(),
    })
}

fn row(person: &Person, id: &WorkspaceId) -> MemberRow {
    let own = person.role_in(id);
    let role = own.or_else(|| person.roles.iter().find(|role| role.workspace.is_none()));
    let words = role.map(|role| {
        let place = if own.is_some() { "" } else { " everywhere" };
        format!("{}{place}, {} bodies", role.role, if role.read_bodies { "with" } else { "without" })
    });
    MemberRow {
        person_id: person.id.clone(),
        name: person.name.clone(),
        email: person.email.clone(),
        role: words.unwrap_or_default(),
        is_own: own.is_some(),
        last_seen_us: person.last_seen_us,
        disabled_us: person.disabled_us,
    }
}
