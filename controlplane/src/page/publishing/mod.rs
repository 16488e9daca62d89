//! `/publishing`: the draft, the history, one revision and its roll-out, restoring.

pub(super) mod events;
pub(super) mod list;
pub(super) mod restore;
pub(super) mod show;
