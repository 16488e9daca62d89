//! The list of requests and one request read whole.

pub(super) mod body;
mod curl;
pub(super) mod events;
pub(super) mod export;
pub(super) mod exports;
mod facts;
mod groups;
pub(super) mod list;
mod messages;
mod query;
pub(super) mod row;
pub(super) mod show;
pub(super) mod views;
