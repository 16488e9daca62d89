//! `/gateways`: which revision each runs, how it is, taking it out of service, and the tokens that let gateways in.

pub(super) mod list;
pub(super) mod retire;
pub(super) mod state;
pub(super) mod tokens;
