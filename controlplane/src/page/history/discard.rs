//! `/history/{kind}/{id}/discard`: shows what would be lost (GET), then brings the draft back to what runs (POST).

use axum::extract::{Form, Path, State};
use axum::response::Response;
use weir_web::page::{ChangeGroup, RestorePage};
use weir_web::shell::Link;
use weir_web::url;

use super::show::section;
use crate::app::App;
use crate::auth::{Allowed, ManageProviders};
use crate::error::AppError;
use crate::page::answer::{go_saying, page};
use crate::page::change::of_then;
use crate::page::flash::Flash;
use crate::page::frame::Frame;
use crate::page::publish::Sent;
use crate::precondition::{Expected, tag_of};
use crate::versions::{self, Standing};

/// `GET /history/{kind}/{id}/discard`
pub(in crate::page) async fn ask(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
    Path((kind, id)): Path<(String, String)>,
) -> Result<Response, AppError> {
    let standing = versions::standing(&app, &by, &kind, &id).await?;
    let sentence = match standing.published {
        Some(version) => format!("The draft of this {kind} says again what gateways run: version {version}."),
        None => format!("No gateway runs this {kind} yet: it leaves the draft."),
    };
    let title = format!("Discard the change of {}", standing.name);
    page(&RestorePage {
        shell: frame.shell(&app, &by, title, section(&kind)).await?,
        sentence,
        groups: vec![ChangeGroup {
            title: "What is discarded".to_owned(),
            changes: of_then(standing.unpublished.as_slice()),
            nothing: "Nothing: draft and gateways say the same.".to_owned(),
        }],
        consequences: vec!["Its versions are kept and can be restored.".to_owned()],
        button: "Discard this change".to_owned(),
        action: url::history_discard(&kind, &id),
        cancel: Link::new("Keep it", url::history(&kind, &id)),
        tag: tag_of(&standing),
        takes_note: false,
    })
}

/// `POST /history/{kind}/{id}/discard`
pub(in crate::page) async fn create(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    Path((kind, id)): Path<(String, String)>,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let seen = Expected::shown(&sent.tag)?;
    let done = versions::discard(&app, &by, &kind, &id, &seen).await;
    back(&kind, &id, done, "The unpublished change is discarded.".to_owned())
}

/// To the history, saying what was done or why not.
pub(super) fn back(
    kind: &str,
    id: &str,
    done: Result<Standing, AppError>,
    said: String,
) -> Result<Response, AppError> {
    let flash = match done {
        Ok(_) => Flash::ok(said),
        Err(AppError::Conflict(reason)) => Flash::bad(format!("Nothing was changed: {reason}.")),
        Err(AppError::Invalid(_)) => Flash::bad(
            "Nothing was changed: its name belongs to another object by now. Rename that one first.",
        ),
        Err(other) => return Err(other),
    };
    Ok(go_saying(&url::history(kind, id), &flash))
}
