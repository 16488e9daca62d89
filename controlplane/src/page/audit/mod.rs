//! `/audit`: the log of changes, its check, its files.

pub(super) mod export;
pub(super) mod list;
mod query;
