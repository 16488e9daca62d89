//! What applications present: list, one, create, change, rotate, revoke. A secret is on one page, once.

pub(super) mod create;
pub(in crate::page) mod form;
pub(super) mod list;
pub(super) mod revoke;
pub(super) mod rotate;
mod row;
pub(super) mod show;
