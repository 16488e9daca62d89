//! Bearer tokens that are asked for and expire. One token serves all calls; shortly before its end one call fetches the
//! next while the others go on with the old one.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use serde::Deserialize;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::{SignError, conceal, entra, google, secret_value};
use crate::HttpClient;

/// How long before its end a token is replaced, µs.
const RENEW_BEFORE_US: i64 = 300 * 1_000_000;
/// The longest an authority may take.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// The most of its answer that is read, bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// The most of its words that is shown, characters.
const WORDS_MAX: usize = 300;

/// Whom to ask, and with what.
pub(super) enum Ask {
    Google(google::ServiceAccount),
    Entra(entra::Client),
}

/// A form to post, which holds a secret.
pub(super) struct Form {
    pub(super) uri: String,
    pub(super) body: Zeroizing<String>,
    /// What in it proves who asks.
    pub(super) secret: Zeroizing<String>,
}

/// The token of an endpoint.
pub(super) struct Tokens {
    ask: Ask,
    client: HttpClient,
    current: ArcSwapOption<Token>,
    asking: Mutex<()>,
}

struct Token {
    value: HeaderValue,
    ends_us: i64,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default = "an_hour")]
    expires_in: i64,
}

const fn an_hour() -> i64 {
    3600
}

impl Tokens {
    pub(super) fn new(ask: Ask, client: HttpClient) -> Self {
        Self { ask, client, current: ArcSwapOption::empty(), asking: Mutex::new(()) }
    }

    /// A token that holds now.
    pub(super) async fn bearer(&self, now_us: i64) -> Result<HeaderValue, SignError> {
        let current = self.current.load_full();
        let holds = |token: &&Arc<Token>| token.ends_us > now_us;
        match current.as_ref().filter(holds) {
            Some(token) if token.ends_us - RENEW_BEFORE_US > now_us => Ok(token.value.clone()),
            Some(token) => match self.asking.try_lock() {
                // An authority that is away must not stop calls that still have a token.
                Ok(_asking) => Ok(self.renew(now_us).await.unwrap_or_else(|_| token.value.clone())),
                Err(_) => Ok(token.value.clone()),
            },
            None => {
                let _asking = self.asking.lock().await;
                match self.current.load_full().as_ref().filter(holds) {
                    Some(token) => Ok(token.value.clone()),
                    None => self.renew(now_us).await,
                }
            }
        }
    }

    /// The token that travelled last, whether or not it still holds.
    pub(super) fn current(&self) -> Option<HeaderValue> {
        self.current.load().as_ref().map(|token| token.value.clone())
    }

    async fn renew(&self, now_us: i64) -> Result<HeaderValue, SignError> {
        let form = match &self.ask {
            Ask::Google(account) => account.form(now_us)?,
            Ask::Entra(client) => client.form(),
        };
        let answer = tokio::time::timeout(ANSWER_MAX, self.post(&form)).await;
        let answer =
            answer.map_err(|_| SignError::Unreachable(format!("no answer from {} in time", form.uri)))??;
        let value = secret_value(&format!("Bearer {}", answer.access_token)).map_err(SignError::Refused)?;
        let ends_us = now_us.saturating_add(answer.expires_in.max(0).saturating_mul(1_000_000));
        self.current.store(Some(Arc::new(Token { value: value.clone(), ends_us })));
        Ok(value)
    }

    async fn post(&self, form: &Form) -> Result<Answer, SignError> {
        let body = Full::new(Bytes::copy_from_slice(form.body.as_bytes()));
        let request = Request::builder()
            .method(Method::POST)
            .uri(&form.uri)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(body)
            .map_err(|error| SignError::Unsignable(format!("{}: {error}", form.uri)))?;
        let unreachable = |error: String| SignError::Unreachable(format!("{}: {error}", form.uri));
        let answer = self.client.request(request).await.map_err(|error| unreachable(innermost(&error)))?;
        let status = answer.status();
        let bytes = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        let bytes = bytes.map_err(|error| unreachable(error.to_string()))?.to_bytes();
        let bytes = if status.is_success() { bytes } else { conceal(form.secret.as_bytes(), bytes) };
        if !status.is_success() {
            return Err(SignError::Refused(format!("{} answered {status}: {}", form.uri, words(&bytes))));
        }
        let unread = |_| SignError::Refused(format!("{} answered without a token", form.uri));
        serde_json::from_slice(&bytes).map_err(unread)
    }
}

fn innermost(error: &hyper_util::client::legacy::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// What an authority says of a refusal: `error_description` or `error`.
fn words(bytes: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Words {
        error: Option<String>,
        error_description: Option<String>,
    }
    let read = serde_json::from_slice::<Words>(bytes).ok();
    let said = read.and_then(|words| words.error_description.or(words.error)).unwrap_or_default();
    said.chars().filter(|letter| !letter.is_control()).take(WORDS_MAX).collect()
}
