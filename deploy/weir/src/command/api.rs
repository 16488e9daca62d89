//! A caller of the control plane's JSON API, for commands that work through it.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::Failure;

/// The largest answer read.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// The API at one control plane, with the token to use.
pub(super) struct Api {
    base: String,
    token: String,
}

impl Api {
    /// `control` is the control plane's base URL.
    pub(super) fn new(control: &str, token: String) -> Self {
        Self { base: format!("{}/api/v1", control.trim_end_matches('/')), token }
    }

    /// Calls the API; anything but success is a [`Failure`] with the API's own words.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Failure> {
        let url = format!("{}{path}", self.base);
        let unreachable =
            |error: &dyn std::fmt::Display| Failure::Run(format!("{url} cannot be reached: {error}"));
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .build();
        let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
        let request = Request::builder()
            .method(method)
            .uri(&url)
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body.map(|body| body.to_string()).unwrap_or_default()))
            .map_err(|error| Failure::Usage(format!("{url} is not a URL: {error}")))?;
        let answer = client.request(request).await.map_err(|error| unreachable(&error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| unreachable(&error))?.to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if status.is_success() { Ok(body) } else { Err(refused(status, &body)) }
    }
}

fn refused(status: StatusCode, body: &Value) -> Failure {
    let detail = body["detail"].as_str().or(body["title"].as_str()).unwrap_or("no reason given");
    Failure::Run(match status {
        StatusCode::UNAUTHORIZED => format!("the API token was refused: {detail}"),
        status => format!("the control plane answered {status}: {detail}"),
    })
}
