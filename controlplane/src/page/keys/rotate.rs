//! `/keys/{id}/rotation`: asks how long the old secret shall work (GET), gives a new one (POST), ends the old one.

use axum::extract::{Form, Path, State};
use axum::response::Response;
use serde::Deserialize;
use weir_contract::id::KeyId;
use weir_web::form::{Choice, Field};
use weir_web::page::KeyRotationPage;
use weir_web::shell::Section;
use weir_web::url;

use super::create::shown;
use super::row::row;
use super::show::find;
use crate::app::App;
use crate::auth::{Allowed, ManageKeys, Right};
use crate::error::AppError;
use crate::keys::rotation::{self, GRACE_SECONDS, Rotation};
use crate::page::answer::{go_saying, page};
use crate::page::flash::Flash;
use crate::page::frame::Frame;
use crate::page::people::People;
use crate::workspaces;

/// What the form sends.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::page) struct Sent {
    grace_seconds: u64,
}

/// `GET /keys/{id}/rotation`
pub(in crate::page) async fn ask(
    by: Allowed<ManageKeys>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<KeyId>,
) -> Result<Response, AppError> {
    let key = find(&app, &by, &id).await?;
    let known = workspaces::in_reach(&app, &by, Right::ReadSetup).await?;
    page(&KeyRotationPage {
        shell: frame.shell(&app, &by, format!("Rotate key {}", key.name), Section::Keys).await?,
        key: row(&app, &key, &known, &mut People::default()).await?,
        grace_seconds: Field::new(GRACE_SECONDS.to_string()),
        graces: KeyRotationPage::GRACES.map(|(value, label)| Choice::new(value, label)).to_vec(),
    })
}

/// `POST /keys/{id}/rotation`
pub(in crate::page) async fn create(
    by: Allowed<ManageKeys>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<KeyId>,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let how = Rotation { grace_seconds: Some(sent.grace_seconds) };
    let rotated = rotation::rotate(&app, &by, &id, &how).await?;
    shown(&app, &by, frame, "New secret", rotated).await
}

/// `POST /keys/{id}/rotation/end`
pub(in crate::page) async fn end(
    by: Allowed<ManageKeys>,
    State(app): State<App>,
    Path(id): Path<KeyId>,
) -> Result<Response, AppError> {
    let key = rotation::end_old_secret(&app, &by, &id).await?;
    let text = format!("The old secret of key {} has ended.", key.name);
    Ok(go_saying(&url::key(id.as_str()), &Flash::ok(text)))
}
