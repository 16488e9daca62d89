//! The data plane: what a request touches.
//!
//! | module | holds |
//! | --- | --- |
//! | `certificate` | the listener's own certificate, read again when its files change |
//! | [`config`] | what an operator may decide, one file per section |
//! | `server` | the listener: connections, TLS, HTTP/1.1 and HTTP/2, bounds, stopping |
//! | `exchange` | one request's life: admit, screen, recall, route, dispatch, relay, settle, record |
//! | `upstream` | endpoints: connections, credentials, breaker, retry budget, the one way out |
//! | `policy` | received, verified, compiled, swapped in, kept on disk |
//! | `limits` | a key's requests per minute and in flight |
//! | `owners` | which endpoint keeps which response, file and batch |
//! | [`spool`] | the journal on disk, and from there to the archive and the books |
//! | `search` | the words a stored request can be found by |
//! | `telemetry` | the counters |
//! | `admin` | health, readiness, metrics, on a port of their own |
//! | `error` | every refusal, rendered once |
//! | `handles` | what every exchange shares |
//!
//! [`start`] puts them together. `README.md` walks through a request in order.

mod admin;
mod certificate;
pub mod config;
mod error;
mod exchange;
mod handles;
mod limits;
mod owners;
mod policy;
#[cfg(test)]
mod sample;
mod search;
mod server;
pub mod spool;
mod start;
#[cfg(test)]
mod story;
mod telemetry;
mod upstream;

pub use certificate::Certificate;
pub use config::{Compat, ControlLink, GatewayConfig, LimitsConfig, Secret, TimeoutsConfig, TlsFiles};
pub use start::{Ambient, Running, StartError, start};
