//! `/settings/people/{id}/disablement`: shutting somebody out is asked (GET), then done (POST); letting in again acts at once.

use axum::extract::{Form, Path, State};
use axum::response::Response;
use serde::Deserialize;
use weir_web::page::DisablementPage;
use weir_web::shell::Section;
use weir_web::url;

use crate::app::App;
use crate::auth::{Allowed, ManagePeople};
use crate::error::AppError;
use crate::page::answer::{go_saying, page};
use crate::page::flash::Flash;
use crate::page::frame::Frame;
use crate::people::{self, Disabling};

/// What the form sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Sent {
    revoke_tokens: String,
}

/// `GET /settings/people/{id}/disablement`
pub(in crate::page) async fn ask(
    by: Allowed<ManagePeople>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let person = people::find(&app, &by, &id).await?;
    page(&DisablementPage {
        shell: frame.shell(&app, &by, format!("Shut out {}", person.name), Section::Settings).await?,
        person_id: person.id,
        name: person.name,
    })
}

/// `POST /settings/people/{id}/disablement`
pub(in crate::page) async fn create(
    by: Allowed<ManagePeople>,
    State(app): State<App>,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let how = Disabling { revoke_tokens: sent.revoke_tokens == "on" };
    let flash = match people::disable(&app, &by, &id, how).await {
        Ok(person) => Flash::ok(format!("{} is shut out, and every session is ended.", person.name)),
        Err(AppError::Conflict(why)) => Flash::bad(format!("Not done: {why}.")),
        Err(other) => return Err(other),
    };
    Ok(go_saying(&url::person(&id), &flash))
}

/// `POST /settings/people/{id}/disablement/end`
pub(in crate::page) async fn end(
    by: Allowed<ManagePeople>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let person = people::enable(&app, &by, &id).await?;
    let text = format!("{} may sign in again, with the password and the roles they had.", person.name);
    Ok(go_saying(&url::person(&id), &Flash::ok(text)))
}
