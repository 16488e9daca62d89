//! Whoever asks: a person with a session, or a script with a token; what they may do, and where.

use weir_contract::id::WorkspaceId;

use super::permission::{Grant, Right};
use crate::error::AppError;

/// Whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// `person_…` or `token_…`: what the audit names.
    pub id: String,
    /// What they are called.
    pub name: String,
    /// The address they sign in with; empty for a script.
    pub email: String,
    /// What they may do, and where.
    pub grants: Vec<Grant>,
}

/// Which workspaces something is allowed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of them, also those to come.
    All,
    /// Only these.
    Only(Vec<WorkspaceId>),
}

impl Reach {
    /// Whether the workspace is among them.
    #[must_use]
    pub fn includes(&self, workspace: &WorkspaceId) -> bool {
        match self {
            Self::All => true,
            Self::Only(some) => some.contains(workspace),
        }
    }
}

impl Actor {
    /// Whether they have the right anywhere.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        self.grants.iter().any(|grant| grant.carries(right))
    }

    /// Whether they have the right in that workspace (`None`: for what all share).
    #[must_use]
    pub fn may_in(&self, right: Right, workspace: Option<&WorkspaceId>) -> bool {
        self.grants.iter().any(|grant| grant.carries_in(right, workspace))
    }

    /// Fails when they lack the right in that workspace (`None`: for what all share).
    pub fn require(&self, right: Right, workspace: Option<&WorkspaceId>) -> Result<(), AppError> {
        if self.may_in(right, workspace) { Ok(()) } else { Err(AppError::Forbidden(right)) }
    }

    /// Where they have the right.
    #[must_use]
    pub fn reach(&self, right: Right) -> Reach {
        let carrying = self.grants.iter().filter(|grant| grant.carries(right));
        let places: Option<Vec<WorkspaceId>> = carrying.map(|grant| grant.workspace.clone()).collect();
        places.map_or(Reach::All, Reach::Only)
    }
}
