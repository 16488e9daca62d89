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
use serde_json::Value;
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
pub struct Expected(Option<Vec<String>>);

/// Both versions of a thing that two editors changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// How it is now, as the API shows it.
    pub current: Value,
    /// What the second editor sent, without secrets; nothing where a change carries none.
    pub sent: Option<Value>,
}

impl Expected {
    /// Whatever is there: the sender has not looked.
    #[must_use]
    pub const fn anything() -> Self {
        Self(None)
    }

    /// The thing as it had that tag; an empty one expects anything.
    #[must_use]
    pub fn tag(tag: &str) -> Self {
        Self((!tag.is_empty()).then(|| vec![tag.to_owned()]))
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
        self.check_tag(&tag_of(current), current, None::<&()>)
    }

    /// The same for a change that carries something: the refusal gives it back, so that nothing is lost.
    ///
    /// # Errors
    /// [`AppError::Overtaken`], with both versions.
    pub fn check_change(&self, current: &impl Serialize, sent: &impl Serialize) -> Result<(), AppError> {
        self.check_tag(&tag_of(current), current, Some(sent))
    }

    fn check_tag(
        &self,
        tag: &str,
        current: &impl Serialize,
        sent: Option<&impl Serialize>,
    ) -> Result<(), AppError> {
        let is_met = |tags: &Vec<String>| tags.iter().any(|one| one == "*" || one == tag);
        if self.0.as_ref().is_none_or(is_met) {
            return Ok(());
        }
        let current = serde_json::to_value(current).map_err(AppError::internal)?;
        let sent = sent.map(serde_json::to_value).transpose().map_err(AppError::internal)?;
        Err(AppError::Overtaken(Box::new(Versions { current, sent })))
    }
}

/// `If-Match`, as the API takes it: tags, `*`, or nothing. One that cannot be read is met by nothing.
impl FromRequestParts<App> for Expected {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let mut sent = parts.headers.get_all(header::IF_MATCH).iter().peekable();
        if sent.peek().is_none() {
            return Ok(Self::anything());
        }
        let texts = sent.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
        let tag = |text: &str| text.trim().trim_start_matches("W/").trim_matches('"').to_owned();
        Ok(Self(Some(texts.map(tag).collect())))
    }
}

/// An answer of the API with its `ETag`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tagged<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        tagged_as(&self.0, &self.0)
    }
}

/// The same where only a part of what is shown is ever edited: the tag is the part's.
pub(crate) fn tagged_as(edited: &impl Serialize, shown: &impl Serialize) -> Response {
    let tag = HeaderValue::from_str(&format!("\"{}\"", tag_of(edited)));
    let mut response = Json(shown).into_response();
    if let Ok(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_made_from_an_older_version_is_refused_with_the_newer_one() {
        let old = tag_of(&("acme", 1));
        assert!(Expected::tag(&old).check(&("acme", 1)).is_ok());
        let refused = Expected::tag(&old).check(&("acme", 2)).unwrap_err();
        let AppError::Overtaken(versions) = refused else { panic!("{refused}") };
        assert_eq!(*versions, Versions { current: serde_json::json!(["acme", 2]), sent: None });
        let refused = Expected::tag(&old).check_change(&("acme", 2), &"mine").unwrap_err();
        let AppError::Overtaken(versions) = refused else { panic!("{refused}") };
        assert_eq!(versions.sent, Some(serde_json::json!("mine")));
        assert!(Expected::anything().check(&("acme", 2)).is_ok());
        assert!(Expected::tag("*").check(&("acme", 2)).is_ok());
        assert!(Expected::shown(&old).unwrap().check(&("acme", 2)).is_err());
        assert!(matches!(Expected::shown(""), Err(AppError::BadRequest(_))), "a page shows something");
        let either = Expected(Some(vec!["other".to_owned(), old]));
        assert!(either.check(&("acme", 1)).is_ok() && either.check(&("acme", 2)).is_err());
        assert!(
            Expected(Some(Vec::new())).check(&("acme", 1)).is_err(),
            "an unreadable tag is met by nothing"
        );
    }
}
