//! How a credential travels: prepared once from its text, put on each call. One place for a gateway's traffic and the
//! control plane's test, so that what the test says holds for the traffic.

mod aws;
mod entra;
mod google;
mod token;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::Full;
use memchr::memmem;
use thiserror::Error;
use weir_contract::policy::snapshot::AuthStyle;
use zeroize::Zeroizing;

use crate::HttpClient;

/// Azure's header for a key.
const API_KEY: HeaderName = HeaderName::from_static("api-key");
/// Google's header for a key.
const X_GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
/// Anthropic's header for a key.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A credential, ready to be put on calls.
pub struct Signer(Kind);

enum Kind {
    Nothing,
    Header(HeaderName, HeaderValue),
    Aws(Box<aws::Keys>),
    Token(Box<token::Tokens>),
}

/// Why a call cannot be signed. Never tells the credential.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SignError {
    /// The authority that gives out tokens cannot be reached.
    #[error("no token: {0}")]
    Unreachable(String),
    /// It does not take the credential.
    #[error("no token: {0}")]
    Refused(String),
    /// The call cannot be signed as it is.
    #[error("the call cannot be signed: {0}")]
    Unsignable(String),
}

/// What a signer is made from.
pub struct Given<'a> {
    /// How the credential travels.
    pub style: AuthStyle,
    /// The credential's text; its form is told by [`form_of`].
    pub credential: &'a str,
    /// The endpoint's base URL.
    pub base_url: &'a str,
    /// Where the endpoint is; empty when unknown.
    pub region: &'a str,
    /// Asks for tokens where the style needs them; by the endpoint's own rules of dialling.
    pub client: &'a HttpClient,
}

/// What the text of a credential must look like for a style, for people.
#[must_use]
pub const fn form_of(style: AuthStyle) -> &'static str {
    match style {
        AuthStyle::None => "nothing",
        AuthStyle::Bearer | AuthStyle::XApiKey | AuthStyle::ApiKey | AuthStyle::XGoogApiKey => "the key",
        AuthStyle::AwsSigV4 => {
            "ACCESS_KEY_ID:SECRET_ACCESS_KEY or ACCESS_KEY_ID:SECRET_ACCESS_KEY:SESSION_TOKEN"
        }
        AuthStyle::GoogleServiceAccount => "the JSON key file of a service account, on one line",
        AuthStyle::EntraClient => r#"{"tenant_id":"…","client_id":"…","client_secret":"…"}"#,
    }
}

/// Whether a credential has the form its style needs, before anything is stored or published.
///
/// # Errors
/// Says what is wrong with its form; never shows it.
pub fn check(style: AuthStyle, credential: &str, base_url: &str, region: &str) -> Result<(), String> {
    read(style, credential, base_url, region).map(drop)
}

fn read(style: AuthStyle, credential: &str, base_url: &str, region: &str) -> Result<Read, String> {
    let credential = credential.trim();
    if credential.is_empty() {
        return Ok(Read::Nothing);
    }
    Ok(match style {
        AuthStyle::None => Read::Nothing,
        AuthStyle::Bearer => Read::Header(AUTHORIZATION, secret_value(&format!("Bearer {credential}"))?),
        AuthStyle::XApiKey => Read::Header(X_API_KEY, secret_value(credential)?),
        AuthStyle::ApiKey => Read::Header(API_KEY, secret_value(credential)?),
        AuthStyle::XGoogApiKey => Read::Header(X_GOOG_API_KEY, secret_value(credential)?),
        AuthStyle::AwsSigV4 => Read::Aws(Box::new(aws::Keys::read(credential, base_url, region)?)),
        AuthStyle::GoogleServiceAccount => {
            Read::Ask(Box::new(token::Ask::Google(google::ServiceAccount::read(credential)?)))
        }
        AuthStyle::EntraClient => Read::Ask(Box::new(token::Ask::Entra(entra::Client::read(credential)?))),
    })
}

/// What a credential's text says.
enum Read {
    Nothing,
    Header(HeaderName, HeaderValue),
    Aws(Box<aws::Keys>),
    Ask(Box<token::Ask>),
}

impl Signer {
    /// Reads a credential. An empty one signs nothing.
    ///
    /// # Errors
    /// As [`check`].
    pub fn prepare(given: &Given<'_>) -> Result<Self, String> {
        let read = read(given.style, given.credential, given.base_url, given.region)?;
        Ok(Self(match read {
            Read::Nothing => Kind::Nothing,
            Read::Header(name, value) => Kind::Header(name, value),
            Read::Aws(keys) => Kind::Aws(keys),
            Read::Ask(ask) => Kind::Token(Box::new(token::Tokens::new(*ask, given.client.clone()))),
        }))
    }

    /// Puts the credential on a call whose body is `body`. `now_us` is the wall clock, µs UTC. Only a style with tokens
    /// ever waits: for its first token, and seldom for a new one.
    ///
    /// # Errors
    /// When no token can be had, or the call cannot be signed.
    pub async fn sign(
        &self,
        request: &mut Request<Full<Bytes>>,
        body: &[u8],
        now_us: i64,
    ) -> Result<(), SignError> {
        match &self.0 {
            Kind::Nothing => {}
            Kind::Header(name, value) => {
                request.headers_mut().insert(name.clone(), value.clone());
            }
            Kind::Aws(keys) => keys.sign(request, body, now_us)?,
            Kind::Token(tokens) => {
                let value = tokens.bearer(now_us).await?;
                request.headers_mut().insert(AUTHORIZATION, value);
            }
        }
        Ok(())
    }

    /// A provider's words with `…` wherever they repeat what was sent to prove who we are: a refusal is passed on and
    /// kept, and neither a client nor a reader of records shall hold the key. Words that repeat nothing are not copied.
    #[must_use]
    pub fn conceal(&self, words: Bytes) -> Bytes {
        match &self.0 {
            Kind::Nothing => words,
            Kind::Header(_, value) => conceal(bare(value), words),
            Kind::Aws(keys) => conceal(keys.session().unwrap_or_default().as_bytes(), words),
            Kind::Token(tokens) => match tokens.current() {
                Some(value) => conceal(bare(&value), words),
                None => words,
            },
        }
    }
}

/// A header's value without the word before a token.
fn bare(value: &HeaderValue) -> &[u8] {
    value.as_bytes().strip_prefix(b"Bearer ").unwrap_or(value.as_bytes())
}

fn conceal(secret: &[u8], words: Bytes) -> Bytes {
    if secret.is_empty() {
        return words;
    }
    let mut rest = &words[..];
    let mut told = Vec::new();
    while let Some(at) = memmem::find(rest, secret) {
        told.extend_from_slice(&rest[..at]);
        told.extend_from_slice("…".as_bytes());
        rest = &rest[at + secret.len()..];
    }
    if rest.len() == words.len() {
        return words;
    }
    told.extend_from_slice(rest);
    told.into()
}

/// A header's value that no log shows.
fn secret_value(text: &str) -> Result<HeaderValue, String> {
    let text = Zeroizing::new(text.to_owned());
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| "its credential has characters that cannot stand in a header".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
