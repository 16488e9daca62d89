//! Errors in words and in dialects: what is wrong with a body, and how the gateway tells the caller so.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Value, json};

pub use crate::fault::read_error;
use crate::{dialect::Dialect, fault::UpstreamFault, gemini};

/// Why a body could not be read. Places are bytes from its start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Not UTF-8.
    #[error("the body is not UTF-8 at byte {at}")]
    NotUtf8 {
        /// The first bad byte.
        at: usize,
    },
    /// Not JSON.
    #[error("the body is not valid JSON: expected {wanted} at byte {at}{}", if *.ended { ", but the body ends there" } else { "" })]
    Syntax {
        /// Where.
        at: usize,
        /// What should have stood there.
        wanted: &'static str,
        /// Whether the body ended there.
        ended: bool,
    },
    /// Nested beyond [`crate::json::DEPTH_MAX`].
    #[error("the body nests deeper than {max} levels at byte {at}", max = crate::json::DEPTH_MAX)]
    TooDeep {
        /// The bracket that was one too many.
        at: usize,
    },
    /// A top-level member is there twice: readers would disagree on which one counts.
    #[error("`{name}` is given twice, the second time at byte {at}")]
    DuplicateMember {
        /// Where the second stands.
        at: usize,
        /// The member.
        name: String,
    },
    /// More than [`crate::json::MEMBERS_MAX`] members.
    #[error("the body has more than {max} members at its top level", max = crate::json::MEMBERS_MAX)]
    TooManyMembers {
        /// The first one too many.
        at: usize,
    },
    /// A top-level member has more than [`crate::json::ELEMENTS_MAX`] elements.
    #[error("a member of the body has more than {max} elements at byte {at}", max = crate::json::ELEMENTS_MAX)]
    TooManyElements {
        /// Where the first one too many would stand.
        at: usize,
    },
    /// A member we must know is absent.
    #[error("`{name}` is missing")]
    Missing {
        /// The member.
        name: &'static str,
    },
    /// A member we must know has a value of another kind.
    #[error("`{name}` must be {wanted} (at byte {at})")]
    WrongType {
        /// The member.
        name: &'static str,
        /// Where its value stands.
        at: usize,
        /// What it must be.
        wanted: &'static str,
    },
}

impl WireError {
    /// The member the error is about.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        match self {
            Self::Missing { name } | Self::WrongType { name, .. } => Some(name),
            Self::DuplicateMember { name, .. } => Some(name),
            _ => None,
        }
    }
}

impl From<&WireError> for ApiError {
    fn from(error: &WireError) -> Self {
        let mut api = Self::new(400, "invalid_request_error", "invalid_body", error.to_string());
        api.param = error.param().map(|name| Cow::Owned(name.to_owned()));
        api
    }
}

/// Who failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorSource {
    /// We refused, or it is our fault.
    Gateway,
    /// A provider did.
    Provider,
}

impl ErrorSource {
    /// The name in bodies and in the header `x-weir-source`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Provider => "provider",
        }
    }
}

/// An error the gateway writes itself. Errors of providers pass as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// OpenAI's word for the class; Anthropic callers get theirs, made from the status.
    pub type_: Cow<'static, str>,
    /// What happened, for programs.
    pub code: Cow<'static, str>,
    /// What happened, where, and what to do.
    pub message: String,
    /// The member of the request it is about.
    pub param: Option<Cow<'static, str>>,
    /// Who failed.
    pub source: ErrorSource,
    /// The provider that failed, when one did.
    pub provider: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// Where this is explained.
    pub doc_url: Option<String>,
    /// When a spent budget or limit opens again: µs UTC (written as whole seconds, rounded up).
    pub resets_at_us: Option<i64>,
}

impl ApiError {
    /// An error of the gateway's own.
    pub fn new(
        status: u16,
        type_: impl Into<Cow<'static, str>>,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            type_: type_.into(),
            code: code.into(),
            message: message.into(),
            param: None,
            source: ErrorSource::Gateway,
            provider: None,
            request_id: None,
            doc_url: None,
            resets_at_us: None,
        }
    }

    /// A provider's failure for a caller in another dialect: the provider's message, the caller's words around it.
    #[must_use]
    pub fn of_fault(fault: &UpstreamFault, caller: Dialect, provider: &str) -> Self {
        let (type_, code) = fault.kind.openai_words();
        let code = if code.is_empty() { Cow::Owned(fault.code.clone()) } else { Cow::Borrowed(code) };
        let status = match (fault.status, caller) {
            (0, _) => fault.kind.status(),
            // OpenAI's clients know no 529.
            (529, Dialect::OpenAi) => 503,
            (status, _) => status,
        };
        let mut error = Self::new(status, type_, code, fault.message.clone());
        error.source = ErrorSource::Provider;
        error.provider = Some(provider.to_owned());
        error
    }

    /// When a spent budget or limit opens again: whole seconds UTC, rounded up.
    pub(crate) fn resets_at_s(&self) -> Option<i64> {
        self.resets_at_us.map(|at| at.saturating_add(999_999).div_euclid(1_000_000))
    }

    fn shape(&self, dialect: Dialect) -> Value {
        let type_ = match dialect {
            Dialect::OpenAi | Dialect::Responses => self.type_.as_ref(),
            Dialect::Anthropic => anthropic_type(self.status),
            Dialect::Gemini => return gemini::error::shape(self),
        };
        let mut error =
            json!({"message": self.message, "type": type_, "param": self.param, "code": self.code});
        let mut add = |name: &str, value: Option<Value>| {
            if let (Some(value), Some(members)) = (value, error.as_object_mut()) {
                members.insert(name.to_owned(), value);
            }
        };
        add("source", Some(self.source.name().into()));
        add("provider", self.provider.as_deref().map(Value::from));
        add("request_id", self.request_id.as_deref().map(Value::from));
        add("doc_url", self.doc_url.as_deref().map(Value::from));
        add("resets_at", self.resets_at_s().map(Value::from));
        if dialect == Dialect::Anthropic {
            return json!({"type": "error", "error": error, "request_id": self.request_id});
        }
        json!({"error": error})
    }
}

/// Anthropic's class of an error of that status.
const fn anthropic_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        504 => "timeout_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

/// The error as the caller's dialect says it: status and JSON body.
#[must_use]
pub fn write_error(dialect: Dialect, error: &ApiError) -> (u16, Bytes) {
    (error.status, error.shape(dialect).to_string().into())
}

/// The error as the last event of a stream that has already begun, blank line included.
#[must_use]
pub fn write_stream_error(dialect: Dialect, error: &ApiError) -> Bytes {
    let mut shape = error.shape(dialect);
    match dialect {
        Dialect::OpenAi => format!("data: {shape}\n\n").into(),
        Dialect::Gemini => format!("data: {shape}\r\n\r\n").into(),
        Dialect::Anthropic => format!("event: error\ndata: {shape}\n\n").into(),
        Dialect::Responses => {
            shape["type"] = "error".into();
            format!("event: error\ndata: {shape}\n\n").into()
        }
    }
}

/// The error as the last element of a JSON array that has already begun, `after` elements or none.
#[must_use]
pub fn write_array_error(dialect: Dialect, error: &ApiError, after: bool) -> Bytes {
    let comma = if after { "," } else { "[" };
    format!("{comma}\r\n{}]", error.shape(dialect)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent() -> ApiError {
        let mut error =
            ApiError::new(429, "insufficient_quota", "budget_exceeded", "Budget \"team\" is spent.");
        error.request_id = Some("req_1".to_owned());
        error.resets_at_us = Some(1_500_001);
        error
    }

    #[test]
    fn each_dialect_gets_its_own_shape_and_the_reason_in_both() {
        let (status, body) = write_error(Dialect::OpenAi, &spent());
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (status, &body["error"]["type"], &body["error"]["code"]),
            (429, &json!("insufficient_quota"), &json!("budget_exceeded"))
        );
        assert_eq!((&body["error"]["source"], &body["error"]["resets_at"]), (&json!("gateway"), &json!(2)));
        assert!(body["error"].as_object().unwrap().contains_key("param"));

        let body: Value = serde_json::from_slice(&write_error(Dialect::Anthropic, &spent()).1).unwrap();
        assert_eq!((&body["type"], &body["error"]["type"]), (&json!("error"), &json!("rate_limit_error")));
        assert_eq!(
            (&body["error"]["code"], &body["request_id"]),
            (&json!("budget_exceeded"), &json!("req_1"))
        );
    }

    #[test]
    fn a_written_stream_error_is_read_back_as_one() {
        for dialect in Dialect::ALL {
            let bytes = write_stream_error(dialect, &spent());
            let mut reader = crate::StreamReader::new(dialect, crate::Quirks::default());
            let mut seen = None;
            crate::SseDecoder::default()
                .push(&bytes, |event| seen = reader.read(&event, &mut |_| ()).error)
                .unwrap();
            assert_eq!(seen.unwrap().message, "Budget \"team\" is spent.", "{dialect:?}");
        }
    }

    #[test]
    fn a_bad_body_is_told_with_its_place_and_member() {
        let error = crate::json::top_level(br#"{"model":"a","model":"b"}"#).unwrap_err();
        let api = ApiError::from(&error);
        assert_eq!((api.status, api.param.as_deref()), (400, Some("model")));
        assert!(api.message.contains("byte 13"), "{}", api.message);
    }
}
