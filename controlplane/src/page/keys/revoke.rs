//! `/keys/{id}/revocation`: asks (GET), then does (POST), at once on every gateway.

use axum::extract::{Path, State};
use axum::response::Response;
use weir_contract::id::KeyId;
use weir_web::page::ConfirmPage;
use weir_web::shell::{Link, Section};
use weir_web::{number, url};

use crate::app::App;
use crate::auth::{Allowed, ManageKeys};
use crate::error::AppError;
use crate::keys;
use crate::page::answer::{go_saying, page};
use crate::page::flash::Flash;
use crate::page::frame::Frame;

/// `GET /keys/{id}/revocation`
pub(in crate::page) async fn ask(
    by: Allowed<ManageKeys>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<KeyId>,
) -> Result<Response, AppError> {
    let key = keys::find(&app, &by, &id).await?.ok_or_else(|| AppError::not_found("key", id.as_str()))?;
    let used = match key.last_used_us {
        Some(at_us) => format!("It was last used on {}.", number::instant(&at_us)),
        None => "It was never used, as far as we know.".to_owned(),
    };
    let stays = "Its requests and their costs stay on record.".to_owned();
    page(&ConfirmPage {
        shell: frame.shell(&app, &by, format!("Revoke key {}", key.name), Section::Keys).await?,
        sentence:
            "Applications that present this key are refused at once, on every gateway. This cannot be undone."
                .to_owned(),
        consequences: vec![used, stays],
        button: format!("Revoke key {}", key.name),
        action: url::key_revocation(id.as_str()),
        tag: String::new(),
        cancel: Link::new("Keep it", url::KEYS),
    })
}

/// `POST /keys/{id}/revocation`
pub(in crate::page) async fn create(
    by: Allowed<ManageKeys>,
    State(app): State<App>,
    Path(id): Path<KeyId>,
) -> Result<Response, AppError> {
    let key = keys::revoke(&app, &by, &id).await?;
    Ok(go_saying(url::KEYS, &Flash::ok(format!("Key {} is revoked.", key.name))))
}
