//! Section `tls`: the gateway's own certificate.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where certificate and key are; both empty: the gateway speaks plain HTTP.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsFiles {
    /// Certificate chain, PEM.
    pub cert: PathBuf,
    /// Private key, PEM.
    pub key: PathBuf,
}

impl TlsFiles {
    /// Whether the gateway is to speak TLS. One file without the other is an error of [`crate::start`].
    #[must_use]
    pub fn given(&self) -> bool {
        !self.cert.as_os_str().is_empty() || !self.key.as_os_str().is_empty()
    }
}
