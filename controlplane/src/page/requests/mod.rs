//! The list of requests and one request read whole.

pub(super) mod body;
pub(super) mod export;
mod facts;
mod histogram;
pub(super) mod list;
mod messages;
mod query;
pub(super) mod row;
pub(super) mod show;
