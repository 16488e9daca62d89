//! `/settings`: one's own account, people, API tokens, workspaces.

pub(super) mod account;
pub(super) mod people;
pub(super) mod sessions;
pub(super) mod show;
pub(super) mod tokens;
pub(super) mod workspace;
pub(super) mod workspaces;
