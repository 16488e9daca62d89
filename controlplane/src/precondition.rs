//! Two editors of one thing: whoever saves second is told, gets both versions, and nothing is overwritten.
//!
//! A thing's tag is a hash of how the API shows it, so every kind of thing has one without a column for it. The API
//! sends it as `ETag` and takes it back in `If-Match`; a form carries it in the hidden field `tag`. A service checks it
//! against what is stored, inside the transaction that changes it.

use std::convert::Infallible;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, header};
use serde::Serialize;
use weir_contract::policy::seal::sha256_hex;

use crate::app::App;
use crate::error::AppError;

/// Characters of a tag: half a SHA-256, enough to tell two versions of one thing apart.
const TAG_CHARS: usize = 32;

/// The tag of a thing as it is shown now.
#[must_use]
pub fn tag_of(shown: &impl Serialize) -> String {
    let mut hash = sha256_hex(&serde_json::to_vec(shown).unwrap_or_default());
    hash.truncate(TAG_CHARS);
    hash
}

/// What a change expects to find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected(Option<String>);

impl Expected {
    /// Whatever is there: the sender has not looked.
    #[must_use]
    pub const fn anything() -> Self {
        Self(None)
    }

    /// The thing as it had that tag; an empty one expects anything.
    #[must_use]
    pub fn tag(tag: &str) -> Self {
        Self((!tag.is_empty()).then(|| tag.to_owned()))
    }

    /// The thing as a page showed it: its form carries the tag.
    ///
    /// # Errors
    /// [`AppError::BadRequest`] when it carries none: then nobody knows what was seen.
    pub fn shown(tag: &str) -> Result<Self, AppError> {
        let lost =
            || "this form does not say what it was made from: load the page again, then decide".to_owned();
        if tag.is_empty() { Err(AppError::BadRequest(lost())) } else { Ok(Self::tag(tag)) }
    }

    /// Fails when the thing is no longer what the change was made from.
    ///
    /// # Errors
    /// [`AppError::Overtaken`], with the thing as it is now.
    pub fn check(&self, current: &impl Serialize) -> Result<(), AppError> {
        match &self.0 {
            Some(tag) if tag.as_str() != "*" && *tag != tag_of(current) => Err(AppError::Overtaken {
                current: Box::new(serde_json::to_value(current).map_err(AppError::internal)?),
            }),
            _ => Ok(()),
        }
    }
}

/// `If-Match`, as the API takes it: one tag, `*`, or nothing.
impl FromRequestParts<App> for Expected {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let sent = parts.headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
        Ok(Self(sent.map(|text| text.trim().trim_start_matches("W/").trim_matches('"').to_owned())))
    }
}

/// An answer of the API with its `ETag`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tagged<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let tag = HeaderValue::from_str(&format!("\"{}\"", tag_of(&self.0)));
        let mut response = Json(self.0).into_response();
        if let Ok(tag) = tag {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_made_from_an_older_version_is_refused_with_the_newer_one() {
        let old = tag_of(&("acme", 1));
        assert!(Expected::tag(&old).check(&("acme", 1)).is_ok());
        let refused = Expected::tag(&old).check(&("acme", 2)).unwrap_err();
        let AppError::Overtaken { current } = refused else { panic!("{refused}") };
        assert_eq!(*current, serde_json::json!(["acme", 2]));
        assert!(Expected::anything().check(&("acme", 2)).is_ok());
        assert!(Expected::tag("*").check(&("acme", 2)).is_ok());
        assert!(Expected::shown(&old).unwrap().check(&("acme", 2)).is_err());
        assert!(matches!(Expected::shown(""), Err(AppError::BadRequest(_))), "a page shows something");
    }
}
