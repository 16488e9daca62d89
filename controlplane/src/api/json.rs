//! JSON bodies whose errors are problems too.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use weir_web::form::FieldError;

use crate::app::App;
use crate::error::{AppError, FieldErrors};
use crate::refusal::{Refusal, nearest};

pub(crate) use super::paging::{List, Paging, Place};

/// A JSON body. What is not JSON is a 400 that says where; what does not fit is a 422 that points at the member.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = AppError;

    async fn from_request(request: Request, app: &App) -> Result<Self, AppError> {
        if !is_json(request.headers()) {
            return Err(Refusal::MediaType.into());
        }
        let body = Bytes::from_request(request, app).await.map_err(|unread| match unread.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge.into(),
            _ => AppError::BadRequest(unread.body_text()),
        })?;
        read(&body).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, AppError> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| misfit(&error))?;
    reader.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

fn not_json(error: &serde_json::Error) -> AppError {
    AppError::BadRequest(format!("the body is not valid JSON: {error}"))
}

/// What does not fit, at the member it is about.
fn misfit(error: &serde_path_to_error::Error<serde_json::Error>) -> AppError {
    let inner = error.inner();
    if !inner.is_data() {
        return not_json(inner);
    }
    let said = inner.to_string();
    let sentence = said.rsplit_once(" at line ").map_or(said.as_str(), |(sentence, _)| sentence);
    let mut path = pointer(error.path());
    let names: Vec<&str> = sentence.split('`').skip(1).step_by(2).collect();
    let (told, named) = match names.split_first() {
        Some((name, known)) if sentence.starts_with("unknown field") => {
            let meant = nearest(name, known.iter().copied());
            let meant = meant.map(|meant| format!(" Did you mean `{meant}`?")).unwrap_or_default();
            (format!("There is no member `{name}`.{meant}"), Some(*name))
        }
        Some((name, _)) if sentence.starts_with("missing field") => {
            (format!("`{name}` is missing."), Some(*name))
        }
        _ => (format!("This does not fit: {sentence}."), None),
    };
    if let Some(name) = named.map(escaped).filter(|name| path.last() != Some(name)) {
        path.push(name);
    }
    AppError::Invalid(FieldErrors::one(&path.join("/"), FieldError::Other(told)))
}

fn pointer(path: &serde_path_to_error::Path) -> Vec<String> {
    let steps = path.iter().filter_map(|step| match step {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(escaped(key)),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    steps.collect()
}

/// A member's name as a JSON pointer spells it.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
