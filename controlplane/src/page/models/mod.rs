//! The names clients may ask for: list, one, change, delete. Drafts: nothing runs before it is published.

mod abilities;
pub(super) mod delete;
pub(super) mod list;
mod row;
pub(super) mod show;
