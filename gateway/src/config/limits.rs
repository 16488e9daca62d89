//! Section `limits`: bounds on what one gateway takes on, so that no client can exhaust it.

use serde::{Deserialize, Serialize};

/// What a client may ask of the gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Largest request body, bytes.
    pub request_bytes_max: usize,
    /// Largest answer that is not a stream, bytes.
    pub response_bytes_max: usize,
    /// Most bytes of one stream that are kept for the archive; what is beyond passes unkept.
    pub stream_bytes_kept_max: usize,
    /// Largest head of a request, bytes.
    pub header_bytes_max: usize,
    /// Most headers of a request.
    pub headers_max: usize,
    /// Most open connections.
    pub connections_max: usize,
    /// Most concurrent streams of one HTTP/2 connection.
    pub streams_max: u32,
    /// Most requests in flight; beyond it new ones are refused with 503.
    pub in_flight_max: usize,
    /// Most upstream answers read to their end for clients that left.
    pub drains_max: usize,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            request_bytes_max: 20 * 1024 * 1024,
            response_bytes_max: 64 * 1024 * 1024,
            stream_bytes_kept_max: 32 * 1024 * 1024,
            header_bytes_max: 64 * 1024,
            headers_max: 100,
            connections_max: 10_000,
            streams_max: 256,
            in_flight_max: 10_000,
            drains_max: 64,
        }
    }
}
