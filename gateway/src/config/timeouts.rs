//! Section `timeouts`: how long the gateway waits for clients. Waiting for providers is a matter of each endpoint.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Waiting times, milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeoutsConfig {
    /// For a request's head to arrive; a connection that waits for its next request counts too, so this is also how long
    /// an idle connection is kept. Longer than clients keep theirs, or they write into a closing connection.
    pub head_ms: u64,
    /// Between two pieces of a request's body.
    pub body_idle_ms: u64,
    /// For an upstream answer to end after its client left.
    pub drain_ms: u64,
    /// For requests in flight when the gateway stops.
    pub shutdown_ms: u64,
}

impl Default for TimeoutsConfig {
    fn default() -> Self {
        Self { head_ms: 75_000, body_idle_ms: 30_000, drain_ms: 60_000, shutdown_ms: 30_000 }
    }
}

impl TimeoutsConfig {
    pub(crate) const fn head(&self) -> Duration {
        Duration::from_millis(self.head_ms)
    }

    pub(crate) const fn body_idle(&self) -> Duration {
        Duration::from_millis(self.body_idle_ms)
    }

    pub(crate) const fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms)
    }

    pub(crate) const fn shutdown(&self) -> Duration {
        Duration::from_millis(self.shutdown_ms)
    }
}
