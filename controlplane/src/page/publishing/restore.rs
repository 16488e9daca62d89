//! `/publishing/{revision}/restoration`: shows what would change (GET), then makes a new revision equal to the old one (POST).

use axum::extract::{Form, Path, State};
use axum::response::Response;
use weir_contract::id::Revision;
use weir_web::page::{ChangeGroup, RestorePage};
use weir_web::shell::{Link, Section};
use weir_web::url;

use crate::app::App;
use crate::auth::{Allowed, Publish};
use crate::error::AppError;
use crate::page::answer::{go_saying, page};
use crate::page::change::of_then;
use crate::page::flash::Flash;
use crate::page::frame::Frame;
use crate::page::publish::Sent;
use crate::precondition::{Expected, tag_of};
use crate::publish;

/// `GET /publishing/{revision}/restoration`
pub(in crate::page) async fn ask(
    by: Allowed<Publish>,
    State(app): State<App>,
    frame: Frame,
    Path(number): Path<u64>,
) -> Result<Response, AppError> {
    let found = publish::preview(&app, Revision(number)).await?;
    let group = |title: &str, changes, nothing: &str| ChangeGroup {
        title: title.to_owned(),
        changes: of_then(changes),
        nothing: nothing.to_owned(),
    };
    page(&RestorePage {
        shell: frame.shell(&app, &by, format!("Restore revision {number}"), Section::Publishing).await?,
        sentence: format!(
            "A new revision brings back the endpoints, models and prices of revision {number}."
        ),
        groups: vec![
            group(
                "On the gateways",
                &found.changed,
                "Nothing: they run the same endpoints, models and prices.",
            ),
            group("Unpublished changes that are discarded", &found.discarded, "None."),
        ],
        consequences: vec![
            "Keys, workspaces and stops stay as they are now.".to_owned(),
            "Every version is kept: what is discarded can be restored from the history of its object."
                .to_owned(),
        ],
        button: format!("Restore revision {number}"),
        action: url::revision_restoration(&number),
        cancel: Link::new("Leave it", url::revision(&number)),
        tag: tag_of(&found),
        takes_note: true,
    })
}

/// `POST /publishing/{revision}/restoration`
pub(in crate::page) async fn create(
    by: Allowed<Publish>,
    State(app): State<App>,
    Path(number): Path<u64>,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let seen = Expected::shown(&sent.tag)?;
    let made = publish::restore(&app, &by, Revision(number), &sent.note, &seen).await?;
    let flash = Flash::ok(format!("Revision {} is on its way: it restores {number}.", made.revision));
    Ok(go_saying(&url::revision(&made.revision), &flash))
}
