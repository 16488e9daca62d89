//! Who runs models, how well they answer, what the gateways run, and what was published.

pub(super) mod delete;
pub(super) mod endpoint;
mod form;
pub(super) mod health;
pub(super) mod list;
pub(super) mod listing;
