//! The harness: the real binaries on port 0 with their own data folders, and the world around them.
//!
//! | module | holds |
//! | --- | --- |
//! | [`binary`] | finds the built binaries and tools |
//! | [`engine`] | one embedded ClickHouse for the whole test binary, one database a test |
//! | [`weir`] | a running `weir up` (and gateways and control planes apart) |
//! | [`hostile`] | texts that do harm where they are taken for anything but text |
//! | [`client`] | a plain HTTP client that keeps every byte |
//! | [`proof`] | figures of the long forms, kept under `docs/proofs/` |
//! | [`postgres`] | a throw-away PostgreSQL |
//! | [`provider`] | a fake provider that serves recorded exchanges, in odd pieces |
//! | [`recording`] | the recorded exchanges, where they are |
//! | [`script`] | SDK scripts and browser scripts |
//! | [`visitor`] | a person at the dashboard, without a browser |
//! | [`wait`] | waiting for something to become true, with an end |

pub mod binary;
pub mod client;
pub mod engine;
pub mod hostile;
pub mod postgres;
pub mod proof;
pub mod provider;
pub mod recording;
pub mod script;
pub mod visitor;
pub mod wait;
pub mod weir;

/// Whether the long forms run (`make prove`).
#[must_use]
pub fn proving() -> bool {
    std::env::var_os("WEIR_PROVE").is_some()
}

/// `short` in `make test`, `long` in `make prove`.
#[must_use]
pub fn rounds(short: usize, long: usize) -> usize {
    if proving() { long } else { short }
}
