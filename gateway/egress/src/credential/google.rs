//! Google: a service account signs a short statement about itself and gets a token for it (RFC 7523).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::SignError;
use super::token::Form;

/// What the token is for: everything on Google's cloud that the account may do.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// How long the statement holds, seconds; Google takes an hour at most.
const STATEMENT_S: i64 = 3600;
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// A service account that can speak for itself.
pub(super) struct ServiceAccount {
    email: String,
    key_id: String,
    token_uri: String,
    key: RsaKeyPair,
}

#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: Zeroizing<String>,
    #[serde(default)]
    private_key_id: String,
    token_uri: Option<String>,
}

impl ServiceAccount {
    /// Reads a key file's JSON.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let file: KeyFile = serde_json::from_str(text).map_err(|_| {
            "its credential must be a service account's key file (JSON with `client_email` and `private_key`)".to_owned()
        })?;
        let der = pkcs8_of(&file.private_key).ok_or("the key file's `private_key` is not PEM")?;
        let key = RsaKeyPair::from_pkcs8(&der)
            .map_err(|error| format!("the key file's `private_key` cannot be used: {error}"))?;
        let token_uri = file.token_uri.unwrap_or_else(|| TOKEN_URI.to_owned());
        Ok(Self { email: file.client_email, key_id: file.private_key_id, token_uri, key })
    }

    /// What to post for a token.
    pub(super) fn form(&self, now_us: i64) -> Result<Form, SignError> {
        let now_s = now_us.div_euclid(1_000_000);
        let head = json!({ "alg": "RS256", "typ": "JWT", "kid": self.key_id }).to_string();
        let claims = json!({
            "iss": self.email, "scope": SCOPE, "aud": self.token_uri, "iat": now_s, "exp": now_s + STATEMENT_S,
        });
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| SignError::Unsignable("the service account's key cannot sign".to_owned()))?;
        let assertion = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", GRANT).append_pair("assertion", &assertion);
        let (uri, body) = (self.token_uri.clone(), Zeroizing::new(form.finish()));
        Ok(Form { uri, body, secret: Zeroizing::new(assertion) })
    }
}

fn pkcs8_of(pem: &str) -> Option<Zeroizing<Vec<u8>>> {
    let inside = pem.split_once("-----BEGIN PRIVATE KEY-----")?.1.split_once("-----END PRIVATE KEY-----")?.0;
    let text: Zeroizing<String> = Zeroizing::new(inside.split_whitespace().collect());
    STANDARD.decode(text.as_bytes()).ok().map(Zeroizing::new)
}
