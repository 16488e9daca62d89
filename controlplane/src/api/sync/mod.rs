//! The gateways' side door: a long-lived stream of revisions down, single messages up.

mod bells;
pub(crate) mod messages;
pub(crate) mod stream;

pub(crate) use bells::Bells;
