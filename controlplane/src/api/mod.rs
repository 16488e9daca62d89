//! JSON: the gateways' side door ([`sync`]) and the API for scripts ([`v1`]), over the same services as the pages.

pub(crate) mod health;
pub(crate) mod json;
pub(crate) mod openapi;
pub(crate) mod sync;
pub(crate) mod v1;
