//! Section `tls`: the gateway's own certificate.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where certificate and key are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// Certificate chain, PEM.
    pub cert: PathBuf,
    /// Private key, PEM.
    pub key: PathBuf,
}
