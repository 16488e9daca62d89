//! What applications present: list, create, revoke. A secret is on one page, once.

pub(super) mod create;
mod form;
pub(super) mod list;
pub(super) mod revoke;
