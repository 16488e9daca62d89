//! `/history/{kind}/{id}`: the versions of an object; restoring one, discarding what is not published.

pub(super) mod discard;
pub(super) mod restore;
pub(super) mod show;
