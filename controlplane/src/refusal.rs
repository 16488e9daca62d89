//! What the API refuses before a handler is asked: methods, media types, sizes, parameters, tempo, keys used twice.

use http::StatusCode;
use thiserror::Error;

/// Why a request to the API was not handed to its handler.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The path exists, the method does not; `Allow` names those that do.
    #[error("this path does not take that method; the header Allow names those it takes")]
    Method,
    /// The body is not said to be JSON.
    #[error("send the body as JSON, with `Content-Type: application/json`")]
    MediaType,
    /// The body is beyond the limit of the route.
    #[error("the body is larger than this path takes; send less at once")]
    TooLarge,
    /// A query parameter nobody reads: a slip that would otherwise change what is seen without a word.
    #[error("there is no parameter `{name}` here{}", meant(nearest.as_deref()))]
    Parameter {
        /// As it was sent.
        name: String,
        /// The one that reads most like it.
        nearest: Option<String>,
    },
    /// The idempotency key belongs to another request.
    #[error(
        "this Idempotency-Key was sent with another body before; nothing was done: take a new key for a new request"
    )]
    KeyReused,
    /// The first request of that idempotency key has no answer yet.
    #[error(
        "the first request with this Idempotency-Key has no answer yet: try again in a moment; if it never gets one, \
         look whether it was done, then take a new key"
    )]
    KeyInUse,
    /// More requests than the configuration allows.
    #[error("too many requests for one token or session; try again in {retry_after_seconds} s")]
    TooFast {
        /// Seconds until one more is taken.
        retry_after_seconds: u64,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

impl Refusal {
    /// The status it answers with.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Parameter { .. } => StatusCode::BAD_REQUEST,
            Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::KeyInUse => StatusCode::CONFLICT,
            Self::TooFast { .. } => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// Its name in `type`.
    #[must_use]
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::MediaType => "media-type",
            Self::TooLarge => "too-large",
            Self::Parameter { .. } => "unknown-parameter",
            Self::KeyReused => "key-reused",
            Self::KeyInUse => "key-in-use",
            Self::TooFast { .. } => "too-fast",
        }
    }

    /// The case in words.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        match self {
            Self::Method => "Not a method of this path",
            Self::MediaType => "Not JSON",
            Self::TooLarge => "Too large",
            Self::Parameter { .. } => "Unknown parameter",
            Self::KeyReused => "This key belongs to another request",
            Self::KeyInUse => "Still being done",
            Self::TooFast { .. } => "Too many requests",
        }
    }
}

/// The name among `known` that reads most like `sent`; none when all are far from it.
pub(crate) fn nearest<'a>(sent: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let closest = known.map(|name| (strsim::damerau_levenshtein(sent, name), name)).min()?;
    let far = sent.chars().count().div_ceil(2);
    (closest.0 <= far).then(|| closest.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_finds_its_name_and_a_stranger_finds_none() {
        let known = || ["cursor", "limit", "workspace"].into_iter();
        assert_eq!(nearest("limt", known()).as_deref(), Some("limit"));
        assert_eq!(nearest("worksapce", known()).as_deref(), Some("workspace"));
        assert_eq!(nearest("colour", ["limit"].into_iter()), None);
        assert_eq!(nearest("x", std::iter::empty()), None);
    }
}
