//! `/settings`: one's own account, API tokens, workspaces.

pub(super) mod sessions;
pub(super) mod show;
pub(super) mod tokens;
pub(super) mod workspace;
pub(super) mod workspaces;
