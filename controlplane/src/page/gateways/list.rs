//! `GET /gateways`: state first, then the tokens.

use axum::extract::State;
use axum::response::Response;
use weir_web::form::Field;
use weir_web::page::GatewaysPage;
use weir_web::page::gateways::TokenRow;
use weir_web::shell::Section;

use super::state;
use crate::app::App;
use crate::auth::{Actor, Allowed, ReadSetup, Right};
use crate::error::AppError;
use crate::gateways;
use crate::page::answer::page;
use crate::page::frame::Frame;
use crate::page::people::People;

/// `GET /gateways`
pub(in crate::page) async fn list(
    by: Allowed<ReadSetup>,
    State(app): State<App>,
    frame: Frame,
) -> Result<Response, AppError> {
    page(&view(&app, &by, frame, Field::default()).await?)
}

/// The page with that name in its form.
pub(super) async fn view(
    app: &App,
    actor: &Actor,
    frame: Frame,
    name: Field,
) -> Result<GatewaysPage, AppError> {
    let tokens = if actor.may_in(Right::ManageGateways, None) { Some(tokens(app).await?) } else { None };
    Ok(GatewaysPage {
        shell: frame.shell(app, actor, "Gateways", Section::Gateways).await?,
        gateways: state::rows(app).await?,
        may_manage: actor.may_in(Right::ManageGateways, None),
        tokens,
        name,
        now_us: app.clock.now_us(),
    })
}

async fn tokens(app: &App) -> Result<Vec<TokenRow>, AppError> {
    let mut people = People::default();
    let mut rows = Vec::new();
    for token in gateways::list_tokens(app).await? {
        let created_by = people.name(app, &token.created_by).await?;
        rows.push(TokenRow {
            token_id: token.id,
            name: token.name,
            gateway: token.gateway,
            created_us: token.created_us,
            created_by,
            revoked_us: token.revoked_us,
        });
    }
    // In force first; within that the newest first, as they come.
    rows.sort_by_key(|row| row.revoked_us.is_some());
    Ok(rows)
}
