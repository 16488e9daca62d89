//! Azure: an application of an Entra tenant gets a token for its client secret (OAuth client credentials).

use serde::Deserialize;
use zeroize::Zeroizing;

use super::token::Form;

const AUTHORITY: &str = "https://login.microsoftonline.com";
/// What the token is for: Azure's model services.
const SCOPE: &str = "https://cognitiveservices.azure.com/.default";

/// An application of a tenant.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    tenant_id: String,
    client_id: String,
    client_secret: Zeroizing<String>,
    /// The cloud's own authority; the public cloud's when left out.
    authority: Option<String>,
    /// The cloud's own scope; the public cloud's when left out.
    scope: Option<String>,
}

impl Client {
    /// Reads the application's JSON.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let client: Self = serde_json::from_str(text).map_err(|_| {
            "its credential must be JSON with `tenant_id`, `client_id` and `client_secret`".to_owned()
        })?;
        let plain =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
        if client.tenant_id.is_empty() || !plain(&client.tenant_id) {
            return Err("its credential's `tenant_id` must be a tenant's id or domain".to_owned());
        }
        Ok(client)
    }

    /// What to post for a token.
    pub(super) fn form(&self) -> Form {
        let authority = self.authority.as_deref().unwrap_or(AUTHORITY).trim_end_matches('/');
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.client_id)
            .append_pair("client_secret", &self.client_secret)
            .append_pair("scope", self.scope.as_deref().unwrap_or(SCOPE));
        let uri = format!("{authority}/{}/oauth2/v2.0/token", self.tenant_id);
        Form { uri, body: Zeroizing::new(form.finish()), secret: self.client_secret.clone() }
    }
}
