//! One error type for everything a client can be refused for: what happened, whose side it is on, and how it is recorded.
//! It is rendered once, in the caller's dialect, by [`Refusal::render`].

use http::{HeaderName, HeaderValue, Response, StatusCode};
use weir_contract::plan::NoPlan;
use weir_contract::record::{Outcome, Side};
use weir_wire::{ApiError, Dialect, ErrorSource, WireError, write_error};

use crate::exchange::answer::AnswerBody;
use crate::exchange::headers;

/// A request the gateway answers itself because it cannot be served.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// What the client is told.
    pub(crate) error: Box<ApiError>,
    /// How the request is recorded.
    pub(crate) outcome: Outcome,
    /// Whose fault it is.
    pub(crate) side: Side,
    /// Further response headers.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Refusal {
    fn new(side: Side, outcome: Outcome, error: ApiError) -> Self {
        Self { error: Box::new(error), outcome, side, headers: Vec::new() }
    }

    /// The caller asked for something we cannot do.
    pub(crate) fn client(
        status: u16,
        type_: &'static str,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self::new(Side::Client, Outcome::ClientError, ApiError::new(status, type_, code, message))
    }

    /// A 400 about the request itself.
    pub(crate) fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::client(400, "invalid_request_error", code, message)
    }

    /// Our fault, or a state of ours.
    pub(crate) fn gateway(status: u16, message: impl Into<String>) -> Self {
        let error = ApiError::new(status, "api_error", "gateway_error", message);
        // A record has no outcome for failures of our own: the side says whose it was.
        Self::new(Side::Gateway, Outcome::UpstreamError, error)
    }

    /// A limit of the key.
    pub(crate) fn limited(message: impl Into<String>) -> Self {
        let error = ApiError::new(429, "rate_limit_error", "rate_limit_exceeded", message);
        Self::new(Side::Client, Outcome::RateLimited, error)
    }

    /// The provider failed without an answer of its own that could be passed on.
    pub(crate) fn upstream(
        status: u16,
        code: &'static str,
        outcome: Outcome,
        provider: &str,
        message: impl Into<String>,
    ) -> Self {
        let mut error = ApiError::new(status, "api_error", code, message);
        error.source = ErrorSource::Provider;
        error.provider = Some(provider.to_owned());
        Self::new(Side::Provider, outcome, error)
    }

    /// No key, or one we do not know.
    pub(crate) fn unknown_key(presented: bool) -> Self {
        let message = if presented {
            "the API key is not known, was revoked or has expired: check the key, or ask for a new one"
        } else {
            "no API key was given: send `Authorization: Bearer wk_…` or `x-api-key: wk_…`"
        };
        Self::client(401, "invalid_request_error", "invalid_api_key", message)
    }

    /// No such route.
    pub(crate) fn unknown_path(method: &http::Method, path: &str) -> Self {
        let path: String = path.chars().take(200).collect();
        let message = format!(
            "there is no `{method} {path}` here; the gateway serves the routes of OpenAI, Anthropic and Gemini (like POST /v1/chat/completions), GET /v1/models, and a provider's own paths below /passthrough/{{provider}}/"
        );
        Self::client(404, "invalid_request_error", "unknown_url", message)
    }

    /// The same under another code.
    fn coded(mut self, code: &'static str) -> Self {
        self.error.code = code.into();
        self
    }

    /// The same with a response header.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The answer in the caller's dialect.
    pub(crate) fn render(
        mut self,
        dialect: Dialect,
        request_id: Option<&HeaderValue>,
    ) -> Response<AnswerBody> {
        let id = request_id.and_then(|id| id.to_str().ok());
        self.error.request_id = id.map(str::to_owned);
        let (status, body) = write_error(dialect, &self.error);
        let mut response = Response::new(AnswerBody::whole(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let map = response.headers_mut();
        map.insert(http::header::CONTENT_TYPE, headers::JSON);
        let source = match self.error.source {
            ErrorSource::Gateway => headers::SOURCE_GATEWAY,
            ErrorSource::Provider => headers::SOURCE_PROVIDER,
        };
        map.insert(headers::X_WEIR_SOURCE, source);
        if let Some(id) = request_id {
            map.insert(headers::X_WEIR_REQUEST_ID, id.clone());
            map.insert(headers::X_REQUEST_ID, id.clone());
        }
        map.extend(self.headers);
        response
    }
}

impl From<&WireError> for Refusal {
    fn from(error: &WireError) -> Self {
        Self::new(Side::Client, Outcome::ClientError, ApiError::from(error))
    }
}

impl From<NoPlan> for Refusal {
    fn from(error: NoPlan) -> Self {
        let message = error.to_string();
        let mut refusal = match error {
            NoPlan::UnknownModel { .. } => {
                Self::client(404, "invalid_request_error", "model_not_found", message)
            }
            NoPlan::ModelStopped { .. } => Self::client(403, "permission_error", "model_stopped", message),
            NoPlan::EndpointsStopped { .. } => Self::gateway(503, message).coded("endpoint_stopped"),
            NoPlan::UnknownProvider { .. } => {
                Self::client(404, "invalid_request_error", "provider_not_found", message)
            }
            NoPlan::UnknownOwner { .. } => {
                Self::client(404, "invalid_request_error", "owner_not_known", message)
            }
            NoPlan::NotAllowed { .. } | NoPlan::NothingInReach { .. } | NoPlan::Unnamed { .. } => {
                Self::client(403, "permission_error", "model_not_allowed", message)
            }
        };
        refusal.error.param = Some("model".into());
        refusal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_model_is_a_404_that_names_the_nearest() {
        let plan = NoPlan::UnknownModel { asked: "gpt5".to_owned(), nearest: vec!["gpt-5".to_owned()] };
        let refusal = Refusal::from(plan);
        assert_eq!((refusal.error.status, refusal.error.code.as_ref()), (404, "model_not_found"));
        assert!(refusal.error.message.contains("gpt-5"));
    }

    #[test]
    fn an_error_carries_its_source_and_request_id_in_headers() {
        let id = HeaderValue::from_static("r-1");
        let refusal = Refusal::limited("slow").with(http::header::RETRY_AFTER, HeaderValue::from_static("7"));
        let response = refusal.render(Dialect::Anthropic, Some(&id));
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["x-weir-source"], "gateway");
        assert_eq!(response.headers()["x-weir-request-id"], "r-1");
        assert_eq!(response.headers()["retry-after"], "7");
    }
}
