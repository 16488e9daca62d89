//! Who costs what, and the rows that prove it.

pub(super) mod export;
pub(super) mod list;
mod period;
pub(super) mod show;
