//! `/providers/endpoints/{id}/deletion`: asks (GET), then does (POST); the draft loses it.

use axum::extract::{Form, Path, State};
use axum::response::Response;
use weir_contract::id::EndpointId;
use weir_web::page::ConfirmPage;
use weir_web::shell::{Link, Section};
use weir_web::url;

use super::endpoint::find;
use crate::app::App;
use crate::auth::{Allowed, ManageProviders};
use crate::endpoints;
use crate::error::AppError;
use crate::page::answer::page;
use crate::page::draft::left;
use crate::page::frame::Frame;
use crate::page::publish::Sent;
use crate::precondition::{Expected, tag_of};

/// `GET /providers/endpoints/{id}/deletion`
pub(in crate::page) async fn ask(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<EndpointId>,
) -> Result<Response, AppError> {
    let endpoint = find(&app, &by, &id).await?;
    page(&ConfirmPage {
        shell: frame
            .shell(&app, &by, format!("Delete endpoint {}", endpoint.name), Section::Providers)
            .await?,
        sentence: format!(
            "The endpoint at {} leaves the draft, its stored credential with it.",
            endpoint.body.base_url
        ),
        consequences: vec![
            "Traffic goes on as before until the draft is published.".to_owned(),
            "It cannot be deleted while a model has it as a target.".to_owned(),
        ],
        button: format!("Delete endpoint {}", endpoint.name),
        action: url::endpoint_deletion(id.as_str()),
        tag: tag_of(&endpoint),
        cancel: Link::new("Keep it", url::PROVIDERS),
    })
}

/// `POST /providers/endpoints/{id}/deletion`
pub(in crate::page) async fn delete(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let seen = Expected::shown(&sent.tag)?;
    let endpoint = find(&app, &by, &id).await?;
    let done = endpoints::delete(&app, &by, &id, "", &seen).await;
    left(url::PROVIDERS, &format!("Endpoint {}", endpoint.name), done)
}
