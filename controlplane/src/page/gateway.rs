//! How applications reach a gateway, as far as we know: for snippets and the test request.

use crate::app::App;
use crate::error::AppError;
use crate::gateways;

/// What is shown when nobody said anything.
const DEFAULT: &str = "http://127.0.0.1:8080";

/// Without `/v1` and without a slash at the end: as configured, else that of the same process, else as a connected
/// gateway says.
pub(super) async fn gateway_url(app: &App) -> Result<String, AppError> {
    let url = match app.config.gateway_url.as_ref().or(app.gateway_beside.get()) {
        Some(url) => url.clone(),
        None => {
            let known = gateways::list(app).await?;
            let addresses =
                known.into_iter().filter(|gateway| gateway.connected).map(|gateway| gateway.status.address);
            let said = addresses.into_iter().find(|address| !address.is_empty());
            said.map_or_else(|| DEFAULT.to_owned(), with_scheme)
        }
    };
    Ok(url.trim_end_matches('/').to_owned())
}

fn with_scheme(address: String) -> String {
    if address.contains("://") { address } else { format!("http://{address}") }
}
