//! Help: what errors mean, how screens are read.

use axum::extract::{Path, State};
use axum::response::Response;
use weir_web::help;
use weir_web::page::{ErrorHelpPage, HelpPage, ScreenHelpPage};
use weir_web::shell::Section;

use super::answer::page;
use super::frame::Frame;
use crate::app::App;
use crate::auth::{Allowed, OwnAccount};
use crate::error::AppError;

/// All that is explained.
pub(super) async fn list(
    who: Allowed<OwnAccount>,
    State(app): State<App>,
    frame: Frame,
) -> Result<Response, AppError> {
    page(&HelpPage { shell: frame.shell(&app, &who, "Help", Section::None).await? })
}

/// One error.
pub(super) async fn error(
    who: Allowed<OwnAccount>,
    State(app): State<App>,
    Path(slug): Path<String>,
    frame: Frame,
) -> Result<Response, AppError> {
    let error = help::error(&slug).ok_or_else(|| AppError::not_found("error", &slug))?;
    let title = format!("The error {slug}");
    page(&ErrorHelpPage { shell: frame.shell(&app, &who, title, Section::None).await?, error })
}

/// One screen.
pub(super) async fn screen(
    who: Allowed<OwnAccount>,
    State(app): State<App>,
    Path(slug): Path<String>,
    frame: Frame,
) -> Result<Response, AppError> {
    let screen = help::screen(&slug).ok_or_else(|| AppError::not_found("help page", &slug))?;
    let title = format!("Help: {}", screen.entry().0);
    page(&ScreenHelpPage { shell: frame.shell(&app, &who, title, screen.section).await?, screen })
}
