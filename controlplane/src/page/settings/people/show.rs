//! `/settings/people/{id}`: one person (GET), and the change of their roles (POST), in force at once.

use axum::extract::{Form, Path, State};
use axum::response::Response;
use http::HeaderMap;
use weir_web::form::FieldError;
use weir_web::page::PersonPage;
use weir_web::page::settings::TokenRow;
use weir_web::shell::Section;
use weir_web::url;

use super::{Sent, roles, row, words};
use crate::api_tokens;
use crate::app::App;
use crate::auth::{Actor, Allowed, ManagePeople, Right, session};
use crate::error::{AppError, FieldErrors};
use crate::page::answer::page;
use crate::page::draft::settle;
use crate::page::frame::Frame;
use crate::page::keys::form::Pairs;
use crate::page::settings::show::row as session_row;
use crate::page::trail::trail;
use crate::people::{self, Person, PersonForm, RoleIn, sessions};
use crate::precondition::Expected;
use crate::workspaces;

/// `GET /settings/people/{id}`
pub(in crate::page) async fn show(
    by: Allowed<ManagePeople>,
    State(app): State<App>,
    frame: Frame,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let person = people::find(&app, &by, &id).await?;
    page(&view(&app, &by, frame, &headers, &person, &person.roles, &FieldErrors::default()).await?)
}

/// `POST /settings/people/{id}`
pub(in crate::page) async fn update(
    by: Allowed<ManagePeople>,
    State(app): State<App>,
    frame: Frame,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(pairs): Form<Pairs>,
) -> Result<Response, AppError> {
    let sent = Sent(pairs);
    let person = people::find(&app, &by, &id).await?;
    let wanted = sent.read(&person);
    let form = PersonForm { roles: wanted.clone() };
    let done = people::update(&app, &by, &id, form, &Expected::tag(sent.one("tag"))).await;
    let saved = |after: &Person| (then(&by, after), format!("{} is changed, in force at once.", after.name));
    let again = async |errors| view(&app, &by, frame, &headers, &person, &wanted, &errors).await;
    settle(done.map_err(at_the_form), saved, again).await
}

/// Whoever changed themselves, or lost sight of the person, may not see the page any more.
fn then(actor: &Actor, after: &Person) -> String {
    if after.id == actor.id {
        url::SETTINGS.to_owned()
    } else if after.is_managed || !after.roles.is_empty() {
        url::person(&after.id)
    } else {
        url::PEOPLE.to_owned()
    }
}

/// What the state of things does not allow is said where it was tried.
fn at_the_form(error: AppError) -> AppError {
    match error {
        AppError::Conflict(why) => {
            AppError::Invalid(FieldErrors::one("roles", FieldError::Other(format!("Not saved: {why}."))))
        }
        other => other,
    }
}

/// The page with those roles in its form.
async fn view(
    app: &App,
    actor: &Actor,
    frame: Frame,
    headers: &HeaderMap,
    person: &Person,
    shown: &[RoleIn],
    errors: &FieldErrors,
) -> Result<PersonPage, AppError> {
    let known = workspaces::list(app).await?;
    let token = session::cookie(headers).unwrap_or_default();
    let open = match person.is_managed {
        true => sessions::sessions(app, actor, &person.id, token).await?,
        false => Vec::new(),
    };
    let fixed = person.roles.iter().filter(|role| !roles::is_ours(actor, role));
    Ok(PersonPage {
        shell: frame.shell(app, actor, person.name.clone(), Section::Settings).await?,
        person: row(person, actor, &known),
        is_managed: person.is_managed,
        form: roles::form(actor, person, &known, shown, errors),
        fixed: fixed.map(|role| words(role, &known)).collect(),
        sessions: open.into_iter().take(SESSIONS).map(session_row).collect(),
        tokens: tokens(app, actor, person).await?,
        trail: trail(app, actor, &person.id).await?,
        now_us: app.clock.now_us(),
    })
}

/// Sessions and tokens shown.
const SESSIONS: usize = 20;

async fn tokens(app: &App, actor: &Actor, person: &Person) -> Result<Vec<TokenRow>, AppError> {
    if !actor.may(Right::ManageTokens) {
        return Ok(Vec::new());
    }
    let tokens = api_tokens::list(app, actor).await?.into_iter();
    let theirs = tokens.filter(|token| token.created_by == person.id && token.works);
    let row = |token: api_tokens::ApiToken| TokenRow {
        token_id: token.id,
        name: token.name,
        ends_with: token.ends_with,
        scope: token.role,
        created_us: token.created_us,
        expires_us: token.expires_us,
        revoked_us: token.revoked_us,
        shut: "",
    };
    Ok(theirs.take(SESSIONS).map(row).collect())
}
