//! The API for scripts, version 1: the same services as the pages, JSON in and out.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod customers;
pub(crate) mod endpoints;
pub(crate) mod exports;
pub(crate) mod figures;
pub(crate) mod gateways;
pub(crate) mod invitations;
pub(crate) mod keys;
pub(crate) mod members;
pub(crate) mod models;
pub(crate) mod overview;
pub(crate) mod people;
pub(crate) mod prices;
pub(crate) mod requests;
pub(crate) mod revisions;
pub(crate) mod stops;
pub(crate) mod tokens;
pub(crate) mod versions;
pub(crate) mod views;
pub(crate) mod workspaces;

use serde::Serialize;
use utoipa::ToSchema;

/// Something new, with the secret that is told this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WithSecret<T> {
    /// What was made.
    #[serde(flatten)]
    pub(crate) made: T,
    /// Its secret; it cannot be shown again.
    pub(crate) secret: String,
}
