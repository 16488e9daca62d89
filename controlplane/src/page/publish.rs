//! `POST /publish`: the draft becomes the next revision.

use axum::extract::{Form, State};
use axum::response::Response;
use serde::Deserialize;
use weir_web::url;

use super::answer::{go_saying, own_path};
use super::flash::Flash;
use crate::app::App;
use crate::auth::{Allowed, Publish};
use crate::error::AppError;
use crate::precondition::Expected;
use crate::publish;

/// What the strip sends, and every form that was made from a state with a tag.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    pub(super) note: String,
    pub(super) tag: String,
    return_to: String,
}

/// `POST /publish`
pub(super) async fn create(
    by: Allowed<Publish>,
    State(app): State<App>,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let back = own_path(&sent.return_to, url::PROVIDERS);
    let seen = Expected::shown(&sent.tag)?;
    let flash = match publish::publish(&app, &by, &sent.note, &seen).await {
        Ok(made) => {
            let flash = Flash::ok(format!("Revision {} is on its way to the gateways.", made.revision));
            return Ok(go_saying(&url::revision(&made.revision), &flash));
        }
        Err(AppError::Unpublishable(problems)) => {
            Flash::bad(format!("Nothing was published. {}", problems.join(" ")))
        }
        Err(other) => return Err(other),
    };
    Ok(go_saying(back, &flash))
}
