//! `/models/{id}/deletion`: asks (GET), then does (POST); the draft loses it.

use axum::extract::{Form, Path, State};
use axum::response::Response;
use weir_web::page::ConfirmPage;
use weir_web::shell::{Link, Section};
use weir_web::url;

use super::show::find;
use crate::app::App;
use crate::auth::{Allowed, ManageProviders};
use crate::error::AppError;
use crate::models;
use crate::page::answer::page;
use crate::page::draft::left;
use crate::page::frame::Frame;
use crate::page::publish::Sent;
use crate::precondition::{Expected, tag_of};

/// `GET /models/{id}/deletion`
pub(in crate::page) async fn ask(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let model = find(&app, &by, &id).await?;
    page(&ConfirmPage {
        shell: frame.shell(&app, &by, format!("Delete model {}", model.name), Section::Models).await?,
        sentence: format!("Clients that ask for {} will be told that there is no such model.", model.name),
        consequences: vec!["Traffic goes on as before until the draft is published.".to_owned()],
        button: format!("Delete model {}", model.name),
        action: url::model_deletion(&id),
        tag: tag_of(&model),
        cancel: Link::new("Keep it", url::model(&id)),
    })
}

/// `POST /models/{id}/deletion`
pub(in crate::page) async fn delete(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let seen = Expected::shown(&sent.tag)?;
    let model = find(&app, &by, &id).await?;
    let done = models::delete(&app, &by, &id, "", &seen).await;
    left(url::MODELS, &format!("Model {}", model.name), done)
}
