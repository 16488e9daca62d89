//! Client certificates: entered as PEM, checked, stored encrypted for one endpoint at one host.

use weir_contract::id::{EndpointId, prefixed};
use weir_egress::roots;
use weir_web::form::FieldError;

use super::{ClientCertificate, EndpointBody, vault_place};
use crate::app::App;
use crate::error::{AppError, FieldErrors};
use crate::objects::Edit;
use crate::store::{self, Conn};

/// The longest PEM taken, bytes: a chain of several certificates with a key.
const PEM_BYTES_MAX: usize = 64 * 1024;

/// Stores what was entered; nothing or empty text is none.
pub(super) async fn enter(
    app: &App,
    conn: &mut Conn,
    edit: &Edit<'_>,
    id: &EndpointId,
    body: &EndpointBody,
    entered: Option<&str>,
) -> Result<Option<ClientCertificate>, AppError> {
    let Some(pem) = entered.map(str::trim).filter(|pem| !pem.is_empty()) else { return Ok(None) };
    check(pem)?;
    let secret = prefixed("sec", app.random.bytes());
    let place = vault_place(id.as_str(), &body.base_url);
    let row = app.vault.seal(&secret, pem.as_bytes(), &place, edit.now_us)?;
    store::secret::create_secret(conn, &row).await?;
    Ok(Some(ClientCertificate { secret, since_us: edit.now_us }))
}

fn check(pem: &str) -> Result<(), AppError> {
    let wrong = |sentence: String| {
        AppError::Invalid(FieldErrors::one("client_certificate", FieldError::Other(sentence)))
    };
    if pem.len() > PEM_BYTES_MAX {
        return Err(wrong(format!("Use at most {PEM_BYTES_MAX} bytes.")));
    }
    match roots::client_config(None, Some(pem.as_bytes())) {
        Ok(_) => Ok(()),
        // The reason speaks of the PEM's shape; it never repeats what was entered.
        Err(reason) => Err(wrong(format!("Enter the certificate chain and its key as PEM: {reason}."))),
    }
}
