//! The one pattern of forms that change something: done and on to a page that says so, or the form again with what is
//! wrong, as it was sent.

use axum::response::Response;
use http::StatusCode;
use weir_web::Template;

use super::answer::{go_saying, page_with};
use super::flash::Flash;
use super::frame::Frame;
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

/// The same for a change of what is there: where somebody else was faster, the form comes again as it was sent, beside
/// both versions and with the tag of the newer one. Sending it once more is a decision.
pub(super) async fn settle_change<T, V: Template>(
    frame: Frame,
    done: Result<T, AppError>,
    saved: impl FnOnce(&T) -> (String, String),
    again: impl AsyncFnOnce(Frame, FieldErrors) -> Result<V, AppError>,
) -> Result<Response, AppError> {
    let versions = match done {
        Err(AppError::Overtaken(versions)) => versions,
        other => return settle(other, saved, async |errors| again(frame, errors).await).await,
    };
    let frame = frame.overtaken(&versions.current, versions.sent.as_ref());
    page_with(StatusCode::PRECONDITION_FAILED, &again(frame, FieldErrors::default()).await?)
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
