//! JSON: the gateways' side door ([`sync`]) and the API for scripts ([`v1`]), over the same services as the pages.

mod conventions;
pub(crate) mod health;
mod idempotency;
pub(crate) mod json;
pub(crate) mod openapi;
mod pace;
mod paging;
pub(crate) mod schema;
mod shared;
pub(crate) mod sync;
pub(crate) mod v1;

pub(crate) use conventions::keep;
pub(crate) use idempotency::KEPT_US as IDEMPOTENCY_KEPT_US;
pub(crate) use pace::Pace;
#[cfg(test)]
pub(crate) use shared::UNVERSIONED;
