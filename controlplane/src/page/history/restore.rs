//! `/history/{kind}/{id}/versions/{version}/restoration`: shows what would change (GET), then writes the version again
//! as the next one of the draft (POST).

use axum::extract::{Form, Path, State};
use axum::response::Response;
use weir_web::page::{ChangeGroup, RestorePage};
use weir_web::shell::Link;
use weir_web::url;

use super::show::section;
use crate::app::App;
use crate::auth::{Allowed, ManageProviders};
use crate::error::AppError;
use crate::page::answer::page;
use crate::page::change::of_then;
use crate::page::frame::Frame;
use crate::page::publish::Sent;
use crate::precondition::{Expected, tag_of};
use crate::publish::ObjectRef;
use crate::versions;

/// `GET /history/{kind}/{id}/versions/{version}/restoration`
pub(in crate::page) async fn ask(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
    Path((kind, id, version)): Path<(String, String, i64)>,
) -> Result<Response, AppError> {
    let standing = versions::standing(&app, &by, &kind, &id).await?;
    let change = versions::preview(&app, &by, &kind, &id, version).await?;
    let title = format!("Restore version {version} of {}", standing.name);
    page(&RestorePage {
        shell: frame.shell(&app, &by, title, section(&kind)).await?,
        sentence: format!("The draft says again what version {version} said, as a new version."),
        groups: vec![ChangeGroup {
            title: "In the draft".to_owned(),
            changes: of_then(change.as_slice()),
            nothing: "Nothing: the draft says the same already.".to_owned(),
        }],
        consequences: vec!["Gateways go on as before until the draft is published.".to_owned()],
        button: format!("Restore version {version}"),
        action: url::version_restoration(&kind, &id, &version),
        cancel: Link::new("Leave it", url::history(&kind, &id)),
        tag: tag_of(&standing),
        takes_note: true,
    })
}

/// `POST /history/{kind}/{id}/versions/{version}/restoration`
pub(in crate::page) async fn create(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    Path((kind, id, version)): Path<(String, String, i64)>,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let seen = Expected::shown(&sent.tag)?;
    let wanted = ObjectRef { kind, id, version };
    let done = versions::restore(&app, &by, &wanted, &sent.note, &seen).await;
    let said = format!("Version {version} is the draft again. Publish to put it in force.");
    super::discard::back(&wanted.kind, &wanted.id, done, said)
}
