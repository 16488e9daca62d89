//! Who runs models, which names clients may ask for, what the gateways run, and what was published.

pub(super) mod endpoint;
mod gateways;
pub(super) mod list;
pub(super) mod model;
mod price;
