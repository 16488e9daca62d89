//! `/gateways/tokens`: a new one is shown once; revoking is asked (GET), then done (POST).

use axum::extract::{Form, Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use weir_web::form::Field;
use weir_web::page::{ConfirmPage, GatewayTokenShownPage};
use weir_web::shell::{Link, Section};
use weir_web::url;

use super::list::view;
use crate::app::App;
use crate::auth::{Allowed, ManageGateways, Right};
use crate::error::AppError;
use crate::gateways::{self, GatewayToken, NewGatewayToken};
use crate::page::answer::{go_saying, page, page_with};
use crate::page::flash::Flash;
use crate::page::frame::Frame;

/// What the form sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Sent {
    name: String,
}

/// `POST /gateways/tokens`
pub(in crate::page) async fn create(
    by: Allowed<ManageGateways>,
    State(app): State<App>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    by.require(Right::ManageGateways, None)?;
    match gateways::create_token(&app, &by, NewGatewayToken { name: sent.name.clone() }).await {
        Ok((token, secret)) => {
            let shell = frame.shell(&app, &by, "New gateway", Section::Gateways).await?;
            let control_url = app.public_url();
            let view = GatewayTokenShownPage { shell, name: token.name, secret, control_url };
            page_with(StatusCode::CREATED, &view)
        }
        Err(AppError::Invalid(errors)) => {
            let name = Field::new(sent.name);
            let name = match errors.of("name") {
                Some(error) => name.refused(error.clone()),
                None => name,
            };
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &view(&app, &by, frame, name).await?)
        }
        Err(other) => Err(other),
    }
}

/// `GET /gateways/tokens/{id}/revocation`
pub(in crate::page) async fn ask(
    by: Allowed<ManageGateways>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    by.require(Right::ManageGateways, None)?;
    let token = find(&app, &id).await?;
    page(&ConfirmPage {
        shell: frame
            .shell(&app, &by, format!("Revoke gateway token {}", token.name), Section::Gateways)
            .await?,
        sentence: "The gateway that uses this token is not let in any more. This cannot be undone."
            .to_owned(),
        consequences: vec![
            "It goes on serving with the last revision it took, and keeps its records on disk.".to_owned(),
            "It hears of no new revision, and its batches do not reach the books, until it has another token."
                .to_owned(),
        ],
        button: format!("Revoke gateway token {}", token.name),
        action: url::gateway_token_revocation(&id),
        tag: String::new(),
        cancel: Link::new("Keep it", url::GATEWAYS),
    })
}

/// `POST /gateways/tokens/{id}/revocation`
pub(in crate::page) async fn revoke(
    by: Allowed<ManageGateways>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    by.require(Right::ManageGateways, None)?;
    let token = find(&app, &id).await?;
    gateways::revoke_token(&app, &by, &id).await?;
    Ok(go_saying(url::GATEWAYS, &Flash::ok(format!("The gateway token {} is revoked.", token.name))))
}

async fn find(app: &App, id: &str) -> Result<GatewayToken, AppError> {
    let found = gateways::list_tokens(app).await?.into_iter().find(|token| token.id == id);
    found.ok_or_else(|| AppError::not_found("gateway token", id))
}
