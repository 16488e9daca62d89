//! From whoever asks to what they may see: the scope of a question is the reach of the right to read figures.

use super::{ArchiveError, Scope};
use crate::app::App;
use crate::auth::{Actor, Reach, Right};
use crate::error::AppError;
use crate::workspaces;

impl Scope {
    /// What `actor` may see on `page`.
    pub(crate) async fn of(app: &App, actor: &Actor, page: &'static str) -> Result<Self, AppError> {
        let workspaces = match actor.reach(Right::ReadFigures) {
            Reach::Only(some) => some,
            Reach::All => workspaces::list(app).await?.into_iter().map(|workspace| workspace.id).collect(),
        };
        Ok(Self::new(workspaces, page))
    }
}

impl From<ArchiveError> for AppError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Away(reason) => Self::ArchiveAway(reason),
            ArchiveError::TooSlow => Self::BadRequest(error.to_string()),
            ArchiveError::Refused(_) => Self::internal(error),
        }
    }
}
