//! Secrets on their way to gateways: out of the vault, sealed again under the policy secret for the place of their use.

use weir_contract::policy::seal::sha256_hex;

use crate::app::App;
use crate::error::AppError;
use crate::store::Conn;
use crate::store::secret::find_secret;

/// The stored secret `id`, bound to `kept_for` in the vault, sealed for `used_at`; `None` when it is not there.
pub(crate) async fn for_gateways(
    app: &App,
    conn: &mut Conn,
    id: &str,
    kept_for: &str,
    used_at: &str,
) -> Result<Option<String>, AppError> {
    let Some(row) = find_secret(conn, id).await? else { return Ok(None) };
    let plain = app.vault.unseal(&row, kept_for)?;
    let nonce = nonce(id, used_at).map_err(AppError::internal)?;
    app.policy_secret.seal(&plain, used_at, nonce).map(Some).map_err(AppError::internal)
}

/// The same secret for the same place is sealed the same way, so that a section that says the same has the same hash.
/// A stored secret never changes under its id: the nonce repeats only with the same plaintext and the same place.
fn nonce(id: &str, used_at: &str) -> Result<[u8; 12], std::num::ParseIntError> {
    let digest = sha256_hex(format!("weir nonce v1|{id}|{used_at}").as_bytes());
    let mut nonce = [0; 12];
    for (place, byte) in nonce.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digest.get(place * 2..place * 2 + 2).unwrap_or_default(), 16)?;
    }
    Ok(nonce)
}
