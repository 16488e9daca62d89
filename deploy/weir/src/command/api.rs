//! A caller of the control plane's JSON API, for commands that work through it.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::Failure;

/// The largest answer read.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// How long a question about somebody's health may take.
const FETCH_MAX: std::time::Duration = std::time::Duration::from_secs(5);

/// The API at one control plane, with the token to use.
pub(super) struct Api {
    base: String,
    token: String,
}

impl Api {
    /// `control` is the control plane's base URL.
    pub(super) fn new(control: &str, token: String) -> Self {
        Self { base: control.trim_end_matches('/').to_owned(), token }
    }

    /// Calls the API; anything but success is a [`Failure`] with the API's own words.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Failure> {
        let url = format!("{}/api/v1{path}", self.base);
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let (status, body) = self.send(method, &url, body).await?;
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if status.is_success() { Ok(body) } else { Err(refused(status, &body)) }
    }

    /// What stands at that path of the dashboard, as text.
    pub(super) async fn page(&self, path: &str) -> Result<String, Failure> {
        let (status, body) = self.send(Method::GET, &format!("{}{path}", self.base), String::new()).await?;
        match status {
            StatusCode::NOT_FOUND => Ok(String::new()),
            status if status.is_success() => Ok(String::from_utf8_lossy(&body).into_owned()),
            StatusCode::FORBIDDEN => {
                Err(Failure::Run("this token has no right to read bodies: make one that has".to_owned()))
            }
            status => Err(refused(status, &serde_json::from_slice(&body).unwrap_or(Value::Null))),
        }
    }

    async fn send(&self, method: Method, url: &str, body: String) -> Result<(StatusCode, Bytes), Failure> {
        let unreachable =
            |error: &dyn std::fmt::Display| Failure::Run(format!("{url} cannot be reached: {error}"));
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body))
            .map_err(|error| Failure::Usage(format!("{url} is not a URL: {error}")))?;
        let answer = client().request(request).await.map_err(|error| unreachable(&error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        Ok((status, body.map_err(|error| unreachable(&error))?.to_bytes()))
    }
}

fn client() -> Client<HttpsConnector<HttpConnector>, Full<Bytes>> {
    let connector =
        hyper_rustls::HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
    Client::builder(TokioExecutor::new()).build(connector)
}

/// What anybody gets at that URL within a moment; the error is a reason.
pub(super) async fn fetched(url: &str) -> Result<(StatusCode, String), String> {
    let uri = url.parse().map_err(|error| format!("{error}"))?;
    let asked = async {
        let answer = client().get(uri).await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    };
    let late = |_| Err(format!("no answer within {} s", FETCH_MAX.as_secs()));
    tokio::time::timeout(FETCH_MAX, asked).await.unwrap_or_else(late)
}

fn refused(status: StatusCode, body: &Value) -> Failure {
    let detail = body["detail"].as_str().or(body["title"].as_str()).unwrap_or("no reason given");
    Failure::Run(match status {
        StatusCode::UNAUTHORIZED => format!("the API token was refused: {detail}"),
        status => format!("the control plane answered {status}: {detail}{}", fields(body)),
    })
}

/// What is wrong with which field, where the answer says.
fn fields(body: &Value) -> String {
    let line = |error: &Value| {
        let pointer = error["pointer"].as_str()?.trim_start_matches('/');
        Some(format!("\n  {pointer}: {}", error["detail"].as_str()?))
    };
    body["errors"].as_array().into_iter().flatten().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_names_every_field() {
        let errors = json!([{ "pointer": "/only/0", "detail": "No such model." }, { "pointer": "/note", "detail": "Too long." }]);
        let body = json!({ "detail": "some fields need another value", "errors": errors });
        let Failure::Run(words) = refused(StatusCode::UNPROCESSABLE_ENTITY, &body) else {
            panic!("not a run")
        };
        assert!(words.ends_with("value\n  only/0: No such model.\n  note: Too long."), "{words}");
    }
}
