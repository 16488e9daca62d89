//! `POST /keys`: a new key. The answer carries its secret, this once: no redirect, nothing to come back to.

use axum::extract::{Form, State};
use axum::response::Response;
use http::StatusCode;
use weir_web::page::KeyShownPage;
use weir_web::shell::Section;

use super::form::{Pairs, Sent};
use super::list::{Asked, view};
use crate::app::App;
use crate::auth::{Actor, Allowed, ManageKeys};
use crate::error::{AppError, FieldErrors};
use crate::keys::{self, Created};
use crate::page::answer::page_with;
use crate::page::example::examples;
use crate::page::frame::Frame;
use crate::page::gateway::gateway_url;

/// `POST /keys`
pub(in crate::page) async fn create(
    by: Allowed<ManageKeys>,
    State(app): State<App>,
    frame: Frame,
    Form(pairs): Form<Pairs>,
) -> Result<Response, AppError> {
    let sent = Sent(pairs);
    let (form, errors) = sent.read();
    if let Err(AppError::Invalid(errors)) = errors.check() {
        return refused(&app, &by, frame, sent, &errors).await;
    }
    match keys::create(&app, &by, form).await {
        Ok(created) => shown(&app, &by, frame, "New key", created).await,
        Err(AppError::Invalid(errors)) => refused(&app, &by, frame, sent, &errors).await,
        Err(other) => Err(other),
    }
}

/// The page that shows a new secret, under that title.
pub(super) async fn shown(
    app: &App,
    actor: &Actor,
    frame: Frame,
    title: &str,
    created: Created,
) -> Result<Response, AppError> {
    let shell = frame.shell(app, actor, title, Section::Keys).await?;
    let asked = created.key.settings.models.iter().find(|name| !name.ends_with('*')).cloned();
    let model = match asked {
        Some(model) => model,
        None => examples(app, actor).await?.openai_or_any(),
    };
    let view = KeyShownPage {
        shell,
        key_id: created.key.id.to_string(),
        old_secret: created.key.previous.map(|old| (old.ends_with, old.until_us)),
        name: created.key.name,
        secret: created.secret,
        customer_secret: created.customer_secret,
        gateway_url: gateway_url(app).await?,
        model,
    };
    page_with(StatusCode::CREATED, &view)
}

async fn refused(
    app: &App,
    actor: &Actor,
    frame: Frame,
    sent: Sent,
    errors: &FieldErrors,
) -> Result<Response, AppError> {
    let form = sent.refused(app, actor, None, errors).await?;
    let view = view(app, actor, frame, Asked::default(), Some(form)).await?;
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &view)
}
