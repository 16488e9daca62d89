//! The one pattern of forms that change something: done and on to a page that says so, or the form again with what is
//! wrong, as it was sent.

use axum::response::Response;
use http::StatusCode;
use weir_web::Template;

use super::answer::{go_saying, page_with};
use super::flash::Flash;
use crate::error::{AppError, FieldErrors};

/// What a form leads to: `saved` names where to go and what to say there; `again` makes the form with what is wrong.
pub(super) async fn settle<T, V: Template>(
    done: Result<T, AppError>,
    saved: impl FnOnce(&T) -> (String, String),
    again: impl AsyncFnOnce(FieldErrors) -> Result<V, AppError>,
) -> Result<Response, AppError> {
    match done {
        Ok(made) => {
            let (to, text) = saved(&made);
            Ok(go_saying(&to, &Flash::ok(text)))
        }
        Err(AppError::Invalid(errors)) => page_with(StatusCode::UNPROCESSABLE_ENTITY, &again(errors).await?),
        Err(other) => Err(other),
    }
}

/// Where a deletion leads: on, saying that it left the draft, or why it did not.
pub(super) fn left(to: &str, what: &str, done: Result<(), AppError>) -> Result<Response, AppError> {
    let flash = match done {
        Ok(()) => Flash::ok(format!("{what} has left the draft.")),
        Err(AppError::Conflict(reason)) => Flash::bad(format!("Not deleted: {reason}.")),
        Err(other) => return Err(other),
    };
    Ok(go_saying(to, &flash))
}
