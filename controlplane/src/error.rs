//! One error type for what people and scripts ask, rendered once: RFC 9457 for the API, a page for browsers.
//!
//! A refusal tells its reader what to do. A failure of ours says only that it happened, and is logged here, once.

use axum::Json;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use thiserror::Error;
use utoipa::ToSchema;
use weir_web::form::FieldError;
use weir_web::url;

use crate::audit::ChainError;
use crate::auth::Right;
use crate::precondition::Versions;
use crate::refusal::Refusal;
use crate::store::StoreError;
use crate::vault::VaultError;

/// What is wrong with each field of what was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<(String, FieldError)>);

impl FieldErrors {
    /// One wrong field. Names are those of the JSON members and form fields; nested ones with slashes.
    #[must_use]
    pub fn one(field: &str, error: FieldError) -> Self {
        Self(vec![(field.to_owned(), error)])
    }

    /// Adds a wrong field.
    pub fn add(&mut self, field: impl Into<String>, error: FieldError) {
        self.0.push((field.into(), error));
    }

    /// What is wrong with that field.
    #[must_use]
    pub fn of(&self, field: &str) -> Option<&FieldError> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, error)| error)
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &FieldError)> {
        self.0.iter().map(|(name, error)| (name.as_str(), error))
    }

    /// Fails when anything is wrong.
    pub fn check(self) -> Result<(), AppError> {
        if self.0.is_empty() { Ok(()) } else { Err(AppError::Invalid(self)) }
    }
}

/// Why something was not done.
#[derive(Debug, Error)]
pub enum AppError {
    /// Fields are wrong; nothing was changed.
    #[error("some fields need another value")]
    Invalid(FieldErrors),
    /// There is no such thing, or not for this reader.
    #[error("there is no {what} `{id}`")]
    NotFound {
        /// What it should be.
        what: &'static str,
        /// What was asked for.
        id: String,
    },
    /// Somebody else was faster, or the state does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// It was changed since the sender looked; nothing was done.
    #[error("this was changed by somebody else meanwhile: look at what it is now, then decide again")]
    Overtaken(Box<Versions>),
    /// The draft cannot be published; each problem is a sentence.
    #[error("the draft cannot be published: {}", .0.join("; "))]
    Unpublishable(Vec<String>),
    /// The actor lacks the right.
    #[error("this needs the right to {}", .0.words())]
    Forbidden(Right),
    /// Nobody is signed in; for a page.
    #[error("sign in first")]
    SignIn {
        /// Path and query to come back to.
        return_to: String,
    },
    /// No valid token; for the API.
    #[error("present a valid token: `Authorization: Bearer …`")]
    Unauthenticated,
    /// Address or password is wrong; which of them is not told.
    #[error("the address or the password is wrong")]
    WrongCredentials,
    /// The one-time link was used before or is too old.
    #[error("this link was used or withdrawn, or is too old; ask for another one")]
    LinkUsed,
    /// Too many attempts.
    #[error("too many attempts; try again in {retry_after_seconds} s")]
    Throttled {
        /// Seconds until the next attempt counts.
        retry_after_seconds: u64,
    },
    /// The form was sent from another site.
    #[error("this was sent from another site and was not done")]
    ForeignOrigin,
    /// The API does not hand this to a handler.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What was sent cannot be read.
    #[error("{0}")]
    BadRequest(String),
    /// The archive does not answer; everything else still works.
    #[error("the archive does not answer: {0}")]
    ArchiveAway(String),
    /// Our fault.
    #[error("this failed on our side; the log says why")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl AppError {
    /// Our fault.
    pub fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    /// There is none.
    pub(crate) fn not_found(what: &'static str, id: &str) -> Self {
        Self::NotFound { what, id: id.to_owned() }
    }

    /// Fails on `field` when the store says the name is taken.
    pub(crate) fn taken_as(field: &'static str) -> impl FnOnce(StoreError) -> Self {
        move |error| match error {
            StoreError::Taken(_) => Self::Invalid(FieldErrors::one(field, FieldError::Taken)),
            other => Self::from(other),
        }
    }

    /// The status it answers with.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) | Self::Unpublishable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Overtaken(_) => StatusCode::PRECONDITION_FAILED,
            Self::Forbidden(_) | Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::SignIn { .. } | Self::Unauthenticated | Self::WrongCredentials => StatusCode::UNAUTHORIZED,
            Self::LinkUsed => StatusCode::GONE,
            Self::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Refused(refusal) => refusal.status(),
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::ArchiveAway(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn slug(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::Unpublishable(_) => "unpublishable",
            Self::NotFound { .. } => "not-found",
            Self::Conflict(_) => "conflict",
            Self::Overtaken(_) => "overtaken",
            Self::Forbidden(_) => "forbidden",
            Self::ForeignOrigin => "foreign-origin",
            Self::SignIn { .. } | Self::Unauthenticated => "unauthenticated",
            Self::WrongCredentials => "wrong-credentials",
            Self::LinkUsed => "link-used",
            Self::Throttled { .. } => "throttled",
            Self::Refused(refusal) => refusal.slug(),
            Self::BadRequest(_) => "bad-request",
            Self::ArchiveAway(_) => "archive-away",
            Self::Internal(_) => "internal",
        }
    }

    const fn title(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "Some fields need another value",
            Self::Unpublishable(_) => "The draft cannot be published",
            Self::NotFound { .. } => "Not found",
            Self::Conflict(_) => "Not possible as things are",
            Self::Overtaken(_) => "Changed meanwhile",
            Self::Forbidden(_) | Self::ForeignOrigin => "Not allowed",
            Self::SignIn { .. } | Self::Unauthenticated | Self::WrongCredentials => "Who is there?",
            Self::LinkUsed => "This link is used up",
            Self::Throttled { .. } => "Too many attempts",
            Self::Refused(refusal) => refusal.title(),
            Self::BadRequest(_) => "Not readable",
            Self::ArchiveAway(_) => "The archive does not answer",
            Self::Internal(_) => "Failed on our side",
        }
    }

    fn problem(&self) -> Problem {
        let errors = match self {
            Self::Invalid(fields) => fields
                .iter()
                .map(|(field, error)| FieldProblem {
                    pointer: format!("/{field}"),
                    detail: error.to_string(),
                })
                .collect(),
            Self::Unpublishable(problems) => problems
                .iter()
                .map(|detail| FieldProblem { pointer: String::new(), detail: detail.clone() })
                .collect(),
            _ => Vec::new(),
        };
        let (current, sent) = match self {
            Self::Overtaken(versions) => (Some(versions.current.clone()), versions.sent.clone()),
            _ => (None, None),
        };
        Problem {
            kind: format!("/help/errors/{}", self.slug()),
            title: self.title().to_owned(),
            status: self.status().as_u16(),
            detail: self.to_string(),
            errors,
            current,
            sent,
        }
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(what) => Self::Conflict(format!("{what} exists already")),
            other => Self::internal(other),
        }
    }
}

impl From<VaultError> for AppError {
    fn from(error: VaultError) -> Self {
        Self::internal(error)
    }
}

impl From<ChainError> for AppError {
    fn from(error: ChainError) -> Self {
        Self::internal(error)
    }
}

/// An error as the API tells it: `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// A stable path that names the case.
    #[serde(rename = "type")]
    pub kind: String,
    /// The case in words.
    pub title: String,
    /// The status, repeated.
    pub status: u16,
    /// This occurrence in words.
    pub detail: String,
    /// What is wrong where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// The thing as it is now, when a change was made from an older version of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub current: Option<serde_json::Value>,
    /// What was sent, without secrets, beside `current`: compare the two, and nothing is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub sent: Option<serde_json::Value>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// JSON pointer into what was sent; empty for all of it.
    pub pointer: String,
    /// What to do about it.
    pub detail: String,
}

/// Rides on an error's response so that a page can be dressed for people; the API sends the body as it is.
#[derive(Clone, Debug)]
pub struct Told(pub Problem);

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        if let Self::SignIn { return_to } = &self {
            let return_to: String = form_urlencoded::byte_serialize(return_to.as_bytes()).collect();
            return Redirect::to(&format!("{}?return_to={return_to}", url::SIGN_IN)).into_response();
        }
        if let Self::Internal(source) = &self {
            let chain = std::iter::successors(source.source(), |error| error.source())
                .fold(source.to_string(), |text, error| format!("{text}: {error}"));
            tracing::error!(error = %chain, "a request to the control plane failed");
        }
        let problem = self.problem();
        let mut response = (self.status(), Json(&problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            Self::Unauthenticated => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::Throttled { retry_after_seconds }
            | Self::Refused(Refusal::TooFast { retry_after_seconds }) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after_seconds));
            }
            _ => {}
        }
        response.extensions_mut().insert(Told(problem));
        response
    }
}
