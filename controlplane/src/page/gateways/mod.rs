//! `/gateways`: which revision each runs, how it is, and the tokens that let gateways in.

pub(super) mod list;
pub(super) mod state;
pub(super) mod tokens;
