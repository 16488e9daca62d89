//! The first request in under three minutes: three steps, their live state, a test request on a click.

pub(super) mod events;
pub(super) mod show;
pub(super) mod test; // "Send a test request for me"
