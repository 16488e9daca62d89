//! `POST /welcome/test`: one request through the gateway, made with the first key, as an application would make it.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{Method, Request, Uri, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use weir_web::url;

use crate::app::App;
use crate::auth::{Allowed, ManageKeys};
use crate::bootstrap::welcome_key;
use crate::error::AppError;
use crate::page::answer::go_saying;
use crate::page::example::{Examples, examples};
use crate::page::flash::Flash;
use crate::page::gateway::gateway_url;

/// How long the gateway and its provider may take together.
const PATIENCE: Duration = Duration::from_secs(30);
/// Answers are read up to here: only an error's words are of interest.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Words of an error shown.
const WORDS_MAX: usize = 300;

/// `POST /welcome/test`
pub(in crate::page) async fn create(
    by: Allowed<ManageKeys>,
    State(app): State<App>,
) -> Result<Response, AppError> {
    let Some(secret) = welcome_key(&app).await? else {
        let text =
            "The first key was revoked, so nothing can be sent for you. Send a request with the code below.";
        return Ok(go_saying(url::WELCOME, &Flash::bad(text)));
    };
    let models = examples(&app, &by).await?;
    let to = gateway_url(&app).await?;
    let outcome = match tokio::time::timeout(PATIENCE, send(&to, &secret, &models)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(format!("The gateway at {to} did not answer within {} s.", PATIENCE.as_secs())),
    };
    let flash =
        outcome.map_or_else(Flash::bad, |()| Flash::ok("The gateway answered. The request appears below."));
    Ok(go_saying(url::WELCOME, &flash))
}

async fn send(to: &str, secret: &str, models: &Examples) -> Result<(), String> {
    let unreachable = |reason: String| format!("The gateway at {to} cannot be reached: {reason}.");
    let request = request(to, secret, models)?;
    let client: Client<HttpConnector, Body> = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.map_err(|error| unreachable(error.to_string()))?;
    let status = response.status();
    let body = axum::body::to_bytes(Body::new(response.into_body()), ANSWER_BYTES_MAX).await;
    if status.is_success() {
        return Ok(());
    }
    let said: Option<Value> = body.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let words =
        said.as_ref().and_then(|said| said["error"]["message"].as_str()).unwrap_or("no reason was given");
    let words: String = words.replace(secret, "…").chars().take(WORDS_MAX).collect();
    Err(format!("The gateway answered {}: {words}", status.as_u16()))
}

fn request(to: &str, secret: &str, models: &Examples) -> Result<Request<Body>, String> {
    let says = json!([{ "role": "user", "content": "Say hello in one short sentence." }]);
    let (path, body) = match (&models.openai, &models.anthropic) {
        (Some(model), _) => ("/v1/chat/completions", json!({ "model": model, "messages": says })),
        (None, Some(model)) => {
            ("/v1/messages", json!({ "model": model, "max_tokens": 200, "messages": says }))
        }
        (None, None) => return Err("There is no model yet: add a provider and publish it first.".to_owned()),
    };
    let uri: Uri = format!("{to}{path}").parse().map_err(|_| format!("`{to}` is not an address."))?;
    if uri.scheme_str() != Some("http") {
        return Err(format!("{to} is reached over TLS only; send a request with the code below."));
    }
    Request::builder()
        .method(Method::POST)
        .uri(uri)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {secret}"))
        .header("x-weir-customer", "acme")
        .body(Body::from(body.to_string()))
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_speaks_the_format_of_the_model_there_is() {
        let only_claude = Examples { openai: None, anthropic: Some("claude".into()) };
        let sent = request("http://127.0.0.1:8080", "wk_x", &only_claude).unwrap();
        assert_eq!(sent.uri(), "http://127.0.0.1:8080/v1/messages");
        assert!(
            request("http://127.0.0.1:8080", "wk_x", &Examples::default()).unwrap_err().contains("no model")
        );
        let both = Examples { openai: Some("m".into()), anthropic: None };
        assert!(request("https://weir.example", "wk_x", &both).unwrap_err().contains("TLS"));
    }
}
