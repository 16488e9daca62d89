//! Speaking to the control plane: one request per message, one endless answer for the stream. Also the way to the books.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use serde::Serialize;
use thiserror::Error;
use weir_contract::sync::{BatchSummary, Hello, Receipt, ToControl};

use crate::config::ControlLink;
use crate::exchange::headers;
use crate::spool::{Books, BooksError};
use crate::upstream::{HttpClient, control_client};

const ANSWER_MAX: Duration = Duration::from_secs(15);
const RECEIPT_BYTES_MAX: usize = 64 * 1024;

/// The way to the control plane; cheap to clone.
#[derive(Clone)]
pub(crate) struct ControlClient {
    client: HttpClient,
    stream: Uri,
    messages: Uri,
    bearer: HeaderValue,
}

/// Why the control plane was not reached or did not understand.
#[derive(Debug, Error)]
pub(crate) enum ControlError {
    /// The address or the token cannot be used.
    #[error("the link to the control plane cannot be used: {0}")]
    Link(String),
    /// No connection, or it broke.
    #[error("the control plane was not reached: {0}")]
    Unreached(String),
    /// It refused.
    #[error("the control plane answered {status}: {body}")]
    Refused {
        /// Its status.
        status: u16,
        /// The first words of its answer.
        body: String,
    },
}

impl ControlClient {
    /// A client for the configured control plane.
    pub(crate) fn new(link: &ControlLink) -> Result<Self, ControlError> {
        let base = link.url.trim_end_matches('/');
        if !base.starts_with("http://") && !base.starts_with("https://") {
            let words = format!("control.url is `{base}`; it must start with http:// or https://");
            return Err(ControlError::Link(words));
        }
        let uri = |path: &str| {
            format!("{base}{path}")
                .parse::<Uri>()
                .map_err(|error| ControlError::Link(format!("`{base}`: {error}")))
        };
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", link.token.expose())).map_err(|_| {
            ControlError::Link("control.token has characters that cannot stand in a header".to_owned())
        })?;
        bearer.set_sensitive(true);
        Ok(Self {
            client: control_client().map_err(ControlError::Link)?,
            stream: uri("/gateway/v1/stream")?,
            messages: uri("/gateway/v1/messages")?,
            bearer,
        })
    }

    /// Introduces the gateway; the body of the answer is the stream.
    pub(crate) async fn open_stream(&self, hello: &Hello) -> Result<Response<Incoming>, ControlError> {
        self.post(&self.stream, hello).await
    }

    /// Sends one message.
    pub(crate) async fn send(&self, message: &ToControl) -> Result<Receipt, ControlError> {
        let response = self.post(&self.messages, message).await?;
        let body = Limited::new(response.into_body(), RECEIPT_BYTES_MAX).collect();
        let body = tokio::time::timeout(ANSWER_MAX, body).await;
        let unreached = |words: String| ControlError::Unreached(words);
        let body = body.map_err(|_| unreached("its answer did not end in time".to_owned()))?;
        let body = body.map_err(|error| unreached(error.to_string()))?.to_bytes();
        serde_json::from_slice(&body)
            .map_err(|error| unreached(format!("its receipt cannot be read: {error}")))
    }

    async fn post<T: Serialize>(&self, to: &Uri, message: &T) -> Result<Response<Incoming>, ControlError> {
        let body = serde_json::to_vec(message).map_err(|error| ControlError::Link(error.to_string()))?;
        let mut request = Request::post(to.clone());
        if let Some(map) = request.headers_mut() {
            map.insert(http::header::AUTHORIZATION, self.bearer.clone());
            map.insert(http::header::CONTENT_TYPE, headers::JSON);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| ControlError::Link(error.to_string()))?;
        let answer = tokio::time::timeout(ANSWER_MAX, self.client.request(request)).await;
        let response = answer
            .map_err(|_| ControlError::Unreached("no answer in time".to_owned()))?
            .map_err(|error| ControlError::Unreached(error.to_string()))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), 4096).collect().await;
        let body =
            body.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned()).unwrap_or_default();
        Err(ControlError::Refused { status, body })
    }
}

impl Books for ControlClient {
    fn post(&self, summary: BatchSummary) -> BoxFuture<'_, Result<(), BooksError>> {
        Box::pin(async move {
            let batch = summary.batch.clone();
            match self.send(&ToControl::BatchPosted(summary)).await {
                Ok(Receipt { taken: true }) => Ok(()),
                Ok(Receipt { taken: false }) => Err(BooksError(format!("batch {batch} was not posted"))),
                Err(error) => Err(BooksError(error.to_string())),
            }
        })
    }
}
