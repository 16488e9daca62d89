//! From whoever asks to what they may see: the scope of a question is the reach of the right to read figures.

use super::{ArchiveError, Names, Scope};
use crate::app::App;
use crate::auth::{Actor, Reach, Right};
use crate::error::AppError;
use crate::{endpoints, keys, workspaces};

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

impl Names {
    /// What people call keys and endpoints, for whoever may know.
    pub(crate) async fn of(app: &App, actor: &Actor) -> Result<Self, AppError> {
        let mut names = Self::default();
        if actor.may(Right::ReadSetup) {
            for key in keys::list(app, actor).await? {
                names.key(&key.name, key.id.as_str());
            }
            for endpoint in endpoints::list(app, actor).await? {
                names.endpoint(&endpoint.name, endpoint.id.as_str());
            }
        }
        Ok(names)
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
