//! People at the machine, whether the control plane runs or not: for whoever can read the data folder, above all when the
//! last administrator lost their password. On record like everything else, by the name `operator`.

use std::sync::Arc;

use thiserror::Error;
use weir_contract::price::PriceBook;

use super::invitation::{self, Invitation, InvitationForm};
use super::link::operator;
use super::reset::{self, ResetLink};
use super::{Person, list, missing};
use crate::app::{Ambient, App};
use crate::config::ControlConfig;
use crate::error::AppError;
use crate::{StartError, workspaces};

/// Why it was not done.
#[derive(Debug, Error)]
pub enum OperatorError {
    /// The installation cannot be opened.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It was refused.
    #[error(transparent)]
    Refused(#[from] AppError),
}

/// The people of an installation, opened for the length of a command.
pub struct People(App);

/// The people of a control plane that is open already.
#[cfg(test)]
pub(crate) fn of(app: App) -> People {
    People(app)
}

impl People {
    /// Opens the installation that this configuration describes.
    ///
    /// # Errors
    /// When its app database or its master key cannot be read.
    pub async fn open(
        config: ControlConfig,
        ambient: Ambient,
        book: Arc<PriceBook>,
    ) -> Result<Self, OperatorError> {
        Ok(Self(crate::open(config, ambient, book).await?))
    }

    /// Everybody, by name.
    ///
    /// # Errors
    /// When the app database fails.
    pub async fn list(&self) -> Result<Vec<Person>, OperatorError> {
        Ok(list(&self.0, &operator()).await?)
    }

    /// The id and the name of every workspace, by name.
    ///
    /// # Errors
    /// When the app database fails.
    pub async fn workspace_names(&self) -> Result<Vec<(String, String)>, OperatorError> {
        let all = workspaces::list(&self.0).await?;
        Ok(all.into_iter().map(|workspace| (workspace.id.to_string(), workspace.name)).collect())
    }

    /// A link by which the person with that address sets a new password.
    ///
    /// # Errors
    /// When nobody has that address, or they are shut out.
    pub async fn reset_link(&self, email: &str) -> Result<ResetLink, OperatorError> {
        let email = email.trim().to_lowercase();
        let found = self.list().await?.into_iter().find(|person| person.email == email);
        let person = found.ok_or_else(|| missing(&email))?;
        Ok(reset::create(&self.0, &operator(), &person.id).await?)
    }

    /// A link by which somebody makes an account with these roles.
    ///
    /// # Errors
    /// When the form is refused.
    pub async fn invite(&self, form: InvitationForm) -> Result<(Invitation, String), OperatorError> {
        Ok(invitation::create(&self.0, &operator(), form).await?)
    }

    /// Closes the app database.
    pub async fn close(self) {
        self.0.store.close().await;
    }
}
