//! The gateways' side door: a long-lived stream of revisions down, single messages up.

mod lacking;
pub(crate) mod messages;
pub(crate) mod stream;

pub(crate) use lacking::Lacking;
