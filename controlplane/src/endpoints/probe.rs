//! The test of an endpoint: one small call from here, by the rules gateways dial by, and what the provider said to it.
//!
//! The cheap call comes first: the list of models costs nothing. Where there is none, one call for one token follows.
//! A credential that gateways read themselves (`env:`, `file:`) is not read here: the call goes without it, and says so.

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use weir_contract::id::EndpointId;
use weir_egress::credential::Given;
use weir_egress::{Dial, HttpClient, Reach, SignError, Signer, client, roots};
use weir_wire::Dialect;
use weir_wire::host::Host;
use zeroize::Zeroizing;

use super::listing::Pages;
use super::{CredentialSource, Endpoint, EndpointBody, vault_place};
use crate::app::App;
use crate::audit::{self, Change};
use crate::auth::{Actor, Right};
use crate::error::AppError;
use crate::models::ModelBody;
use crate::objects;
use crate::store::secret::find_secret;

/// The longest a test takes.
pub(super) const TEST_MAX: Duration = Duration::from_secs(20);
/// The most of an answer that is read, bytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// The most of a provider's words that is shown, characters.
const WORDS_MAX: usize = 600;

/// How far the test came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Certificates, proxy or credential cannot be used as they are.
    Settings,
    /// The name leads to no address.
    Name,
    /// There is no connection.
    Connect,
    /// The two do not agree on TLS.
    Tls,
    /// The provider does not take the credential.
    Credential,
    /// The provider answered, but not what was asked for.
    Answer,
    /// Everything went well.
    Done,
}

/// What came of a test. Never the credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Tested {
    /// Whether everything went well.
    pub ok: bool,
    /// The step that failed, or `done`.
    pub step: Step,
    /// What was called: method and address.
    pub call: String,
    /// The status of the answer; `None` when none came.
    pub status: Option<u16>,
    /// What the provider said, or why there was no answer.
    pub message: String,
    /// What the reader should know of how it was tested.
    pub note: Option<String>,
}

/// Tests an endpoint as it is in the draft.
pub async fn probe(app: &App, actor: &Actor, id: &EndpointId) -> Result<Tested, AppError> {
    let endpoint = super::find(app, actor, id).await?;
    let endpoint = endpoint.ok_or_else(|| AppError::not_found("endpoint", id.as_str()))?;
    actor.require(Right::ManageProviders, endpoint.workspace.as_ref())?;
    let tested = match Caller::prepare(app, &endpoint).await? {
        Ok(caller) => {
            let model = first_model(app, id).await?;
            let late = || caller.failed(Step::Answer, None, "no answer within 20 seconds");
            tokio::time::timeout(TEST_MAX, caller.run(model.as_deref())).await.unwrap_or_else(|_| late())
        }
        Err(refused) => refused,
    };
    let mut writing = app.store.write().await?;
    let after = audit::state(&json!({ "step": tested.step, "status": tested.status }));
    let (actor, object) = (actor.id.as_str(), id.as_str());
    let change = Change { actor, action: "endpoint.test", object, before: String::new(), after };
    audit::append(&mut writing, app.clock.now_us(), change).await?;
    writing.commit().await?;
    Ok(tested)
}

/// What a model of ours is called at that endpoint, for the call that costs a token.
async fn first_model(app: &App, id: &EndpointId) -> Result<Option<String>, AppError> {
    let models = objects::list::<ModelBody>(&mut *app.store.read().await?).await?;
    let mut targets = models.into_iter().flat_map(|model| model.body.targets);
    Ok(targets.find(|target| target.endpoint == *id).map(|target| target.upstream_model))
}

/// Everything a call needs.
pub(super) struct Caller {
    client: HttpClient,
    signer: Signer,
    pub(super) body: EndpointBody,
    now_us: i64,
    note: Option<String>,
}

impl Caller {
    pub(super) async fn prepare(app: &App, endpoint: &Endpoint) -> Result<Result<Self, Tested>, AppError> {
        let body = endpoint.body.clone();
        let place = vault_place(endpoint.id.as_str(), &body.base_url);
        let mut reading = app.store.read().await?;
        let mut open = async |secret: &str| -> Result<Zeroizing<Vec<u8>>, AppError> {
            let row = find_secret(&mut reading, secret).await?;
            let row = row.ok_or_else(|| AppError::not_found("secret", secret))?;
            Ok(app.vault.unseal(&row, &place)?)
        };
        let mut note = None;
        let credential = match &body.credential {
            CredentialSource::Stored { secret, .. } => {
                String::from_utf8_lossy(&open(secret).await?).into_owned()
            }
            CredentialSource::None => String::new(),
            CredentialSource::Env { .. } | CredentialSource::File { .. } => {
                note = Some(
                    "Gateways read the credential themselves, so the call was made without it: a refusal of the \
                     credential is to be expected, and says that everything before it works."
                        .to_owned(),
                );
                String::new()
            }
        };
        let certificate = match &body.client_certificate {
            Some(stored) => Some(open(&stored.secret).await?),
            None => None,
        };
        let tls =
            roots::client_config(body.limits.ca_pem.as_deref(), certificate.as_deref().map(Vec::as_slice));
        let dial = dial(&body, app.config.allow_loopback);
        let credential = Zeroizing::new(credential);
        let prepared = tls.and_then(|tls| {
            let client = client(tls, dial?);
            let signer = signer(&body, &credential, &client)?;
            Ok((client, signer))
        });
        let now_us = app.clock.now_us();
        Ok(match prepared {
            Ok((client, signer)) => Ok(Self { client, signer, body, now_us, note }),
            Err(message) => {
                let call = String::new();
                Err(Tested { ok: false, step: Step::Settings, call, status: None, message, note })
            }
        })
    }

    /// The list of models; where there is none, one token.
    async fn run(&self, model: Option<&str>) -> Tested {
        let dialect = Dialect::from_name(&self.body.dialect).unwrap_or(Dialect::OpenAi);
        let host = Host::of(&self.body.provider, dialect, &self.body.base_url);
        let Some(list) = Pages::of(host, dialect) else {
            return self.run_hosted(host, dialect, model).await;
        };
        let listed = self.call(Method::GET, list.path(), None).await;
        let has_no_list = matches!(listed.status, Some(404 | 405 | 501));
        match model.filter(|_| has_no_list) {
            None => listed,
            model if host != Host::Direct => self.run_hosted(host, dialect, model).await,
            Some(model) => {
                let messages = json!([{ "role": "user", "content": "Hi" }]);
                let ask = json!({ "model": model, "max_tokens": 1, "messages": messages });
                match self.body.dialect.as_str() {
                    "gemini" => {
                        let ask = json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }],
                            "generationConfig": { "maxOutputTokens": 1 } });
                        self.call(Method::POST, &format!("/models/{model}:generateContent"), Some(ask)).await
                    }
                    "anthropic" => self.call(Method::POST, "/messages", Some(ask)).await,
                    "responses" => {
                        let ask =
                            json!({ "model": model, "max_output_tokens": 16, "input": "Hi", "store": false });
                        self.call(Method::POST, "/responses", Some(ask)).await
                    }
                    _ => self.call(Method::POST, "/chat/completions", Some(ask)).await,
                }
            }
        }
    }

    /// One token from a host with addresses or words of its own that has no list.
    async fn run_hosted(&self, host: Host, dialect: Dialect, model: Option<&str>) -> Tested {
        let missing =
            "This host has no list of models. Add a model that has this endpoint as a target, then test.";
        let path = model.map(|model| host.path(dialect.chat_api(), model, false));
        let (Some(model), Some(Ok(Some(path)))) = (model, path) else {
            return self.failed(Step::Settings, None, missing);
        };
        let ask = least(host, dialect, model);
        self.call(Method::POST, &path, Some(ask)).await
    }

    async fn call(&self, method: Method, path: &str, ask: Option<Value>) -> Tested {
        self.fetch(method, path, ask, ANSWER_BYTES_MAX).await.0
    }

    /// What came of a call, and the answer as far as it may be read: nothing of one that is too long.
    pub(super) async fn fetch(
        &self,
        method: Method,
        path: &str,
        ask: Option<Value>,
        bytes_max: usize,
    ) -> (Tested, Bytes) {
        let dialect = Dialect::from_name(&self.body.dialect).unwrap_or(Dialect::OpenAi);
        let base = &self.body.base_url;
        let uri = Host::of(&self.body.provider, dialect, base).below(base, path);
        let call = format!("{method} {uri}");
        let (answered, bytes) = match self.request(method, &uri, ask).await {
            Err((step, message)) => (self.failed(step, None, &message), Bytes::new()),
            Ok(request) => match self.client.request(request).await {
                Ok(answer) => {
                    let status = answer.status();
                    let bytes = Limited::new(answer.into_body(), bytes_max).collect().await;
                    let bytes = bytes.map(http_body_util::Collected::to_bytes).unwrap_or_default();
                    let bytes = self.signer.conceal(bytes);
                    (self.answered(status, &bytes), bytes)
                }
                Err(error) => {
                    let (step, message) = unreachable(&error);
                    (self.failed(step, None, &message), Bytes::new())
                }
            },
        };
        (Tested { call, ..answered }, bytes)
    }

    async fn request(
        &self,
        method: Method,
        uri: &str,
        ask: Option<Value>,
    ) -> Result<Request<Full<Bytes>>, (Step, String)> {
        let body = ask.map(|ask| Bytes::from(ask.to_string())).unwrap_or_default();
        let mut request =
            Request::builder().method(method).uri(uri).header(header::ACCEPT, "application/json");
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if self.body.dialect == "anthropic" {
            request = request.header("anthropic-version", "2023-06-01");
        }
        let request = request.body(Full::new(body.clone()));
        let mut request = request.map_err(|error| (Step::Settings, error.to_string()))?;
        self.signer.sign(&mut request, &body, self.now_us).await.map_err(|error| {
            let step = match error {
                SignError::Unreachable(_) => Step::Connect,
                SignError::Refused(_) => Step::Credential,
                SignError::Unsignable(_) => Step::Settings,
            };
            (step, error.to_string())
        })?;
        Ok(request)
    }

    fn answered(&self, status: StatusCode, bytes: &[u8]) -> Tested {
        let step = match status.as_u16() {
            200..300 => Step::Done,
            401 | 403 => Step::Credential,
            _ => Step::Answer,
        };
        let message = if step == Step::Done { found(bytes) } else { words(bytes) };
        let message = if message.is_empty() { format!("answered {status} without a word") } else { message };
        Tested { ok: step == Step::Done, ..self.failed(step, Some(status.as_u16()), &message) }
    }

    pub(super) fn failed(&self, step: Step, status: Option<u16>, message: &str) -> Tested {
        let (message, note) = (message.to_owned(), self.note.clone());
        Tested { ok: false, step, call: String::new(), status, message, note }
    }
}

/// The least that can be asked of a model at a host: one token, as that host takes it.
fn least(host: Host, dialect: Dialect, model: &str) -> Value {
    let ask = match dialect {
        Dialect::Gemini => json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }],
            "generationConfig": { "maxOutputTokens": 1 } }),
        _ => json!({ "model": model, "max_tokens": 1, "messages": [{ "role": "user", "content": "Hi" }] }),
    };
    let (host, body) = (host.of_model(model), Bytes::from(ask.to_string()));
    let wrapped = if host.retells(dialect.chat_api()) {
        host.tell(dialect.chat_api(), dialect, &body, true).ok().map(|told| told.body)
    } else {
        host.wrap(body, None).ok()
    };
    wrapped.and_then(|wrapped| serde_json::from_slice(&wrapped).ok()).unwrap_or(ask)
}

fn signer(body: &EndpointBody, credential: &str, client: &HttpClient) -> Result<Signer, String> {
    Signer::prepare(&Given {
        style: body.auth,
        credential,
        base_url: &body.base_url,
        region: &body.region,
        client,
    })
}

/// The connector of that endpoint, with the grants and the proxy gateways have for it.
fn dial(body: &EndpointBody, allow_loopback: bool) -> Result<Dial, String> {
    let reach = Reach::granted(body.limits.allow_private, allow_loopback);
    let connect_max = Duration::from_millis(body.limits.connect_timeout_ms.max(1));
    Dial::with(reach, connect_max, body.limits.proxy.as_deref())
}

/// How many models a list has.
fn found(bytes: &[u8]) -> String {
    let list = serde_json::from_slice::<Value>(bytes).ok();
    let count = list.as_ref().and_then(|list| list.get("data").or_else(|| list.get("models"))?.as_array());
    let count = count.map(Vec::len);
    count.map_or_else(|| "it answered".to_owned(), |count| format!("it lists {count} models"))
}

/// What an error says of itself: `error.message`, `message`, or the text as it stands.
fn words(bytes: &[u8]) -> String {
    let json = serde_json::from_slice::<Value>(bytes).ok();
    let said = json.as_ref().and_then(|json| {
        let message =
            json.pointer("/error/message").or_else(|| json.get("message")).or_else(|| json.get("error"));
        message?.as_str().map(str::to_owned)
    });
    let said = said.unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
    said.chars().filter(|letter| !letter.is_control()).take(WORDS_MAX).collect()
}

/// The step at which no answer came, and the innermost reason.
fn unreachable(error: &hyper_util::client::legacy::Error) -> (Step, String) {
    let mut reason = error.to_string();
    let mut is_tls = false;
    let mut is_name = false;
    let mut cause = error.source();
    while let Some(inner) = cause {
        reason = inner.to_string();
        is_name |= reason.contains("lookup address") || reason.contains("has no address");
        let wrapped = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        is_tls |= inner.is::<rustls::Error>()
            || wrapped.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>);
        if let Some(wrapped) = wrapped {
            reason = wrapped.to_string();
        }
        cause = inner.source();
    }
    let step = match (is_name, is_tls, error.is_connect()) {
        (true, ..) => Step::Name,
        (_, true, _) => Step::Tls,
        (.., true) => Step::Connect,
        _ => Step::Answer,
    };
    (step, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_asked_for_one_token_in_its_own_words() {
        let messages = json!([{ "role": "user", "content": "Hi" }]);
        for (provider, dialect, model, wanted) in [
            (
                "cohere",
                Dialect::OpenAi,
                "m",
                json!({ "model": "m", "stream": false, "max_tokens": 1, "messages": messages }),
            ),
            (
                "ollama",
                Dialect::OpenAi,
                "m",
                json!({ "model": "m", "stream": false, "options": { "num_predict": 1 }, "messages": messages }),
            ),
            (
                "bedrock",
                Dialect::Anthropic,
                "m",
                json!({ "anthropic_version": "bedrock-2023-05-31", "max_tokens": 1, "messages": messages }),
            ),
            (
                "bedrock",
                Dialect::Anthropic,
                "amazon.nova-lite-v1:0",
                json!({ "messages": [{ "role": "user", "content": [{ "text": "Hi" }] }],
                    "inferenceConfig": { "maxTokens": 1 } }),
            ),
        ] {
            let host = Host::of(provider, dialect, "https://h");
            assert_eq!(least(host, dialect, model), wanted, "{provider} {model}");
        }
    }

    #[test]
    fn the_providers_own_words_are_found_whatever_their_shape() {
        assert_eq!(words(br#"{"error":{"message":"Incorrect API key"}}"#), "Incorrect API key");
        assert_eq!(words(br#"{"message":"no"}"#), "no");
        assert_eq!(words(b"<h1>Bad\ngateway</h1>"), "<h1>Badgateway</h1>");
        assert_eq!(found(br#"{"data":[1,2]}"#), "it lists 2 models");
        assert_eq!(found(br#"{"models":[1]}"#), "it lists 1 models");
    }
}
