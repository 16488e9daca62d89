//! Configuration of the control plane; defaults < file < environment < flags are merged by the program that starts it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use serde::{Deserialize, Serialize};

pub use crate::archive::ArchiveConfig;

/// The section `control` of the configuration file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ControlConfig {
    /// Where the dashboard, the API and gateways are served; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Folder of the app database and the master key; chosen by the program that starts it.
    #[serde(skip)]
    pub data: PathBuf,
    /// The app database: `sqlite:…` or `postgres://…`; `app.sqlite` in the data folder when not given.
    pub database_url: Option<String>,
    /// How people reach the dashboard (`https://weir.example.com`); the listening address when not given.
    pub public_url: Option<String>,
    /// How applications reach a gateway, without `/v1`: shown in snippets; the gateway's own address when not given.
    pub gateway_url: Option<String>,
    /// Where the archive is; chosen by the program that starts it.
    #[serde(skip)]
    pub archive: ArchiveConfig,
    /// The built-in demo provider, without `/v1`; set up at first start when given by the program that starts it.
    #[serde(skip)]
    pub demo_url: Option<String>,
    /// No demo provider; chosen by the program that starts it.
    #[serde(skip)]
    pub production: bool,
    /// Whether tests of endpoints may call this machine's loopback without a grant of the endpoint's own, as the gateway
    /// beside it may; chosen by the program that starts it.
    #[serde(skip)]
    pub allow_loopback: bool,
    /// File of the master key; `master.key` in the data folder when not given. Made at first start.
    pub master_key_file: Option<PathBuf>,
    /// Proxies in front of the dashboard whose `X-Forwarded-For` is believed: how many, 0 for none.
    pub trusted_proxies: usize,
    /// Certificate and key; without them the dashboard is plain HTTP, for loopback or behind a proxy.
    pub tls: TlsFiles,
    /// The certificate of those files as a listener shows it; chosen by the program that starts it.
    #[serde(skip)]
    pub certificate: Option<Arc<ServerConfig>>,
    /// New customers one key may bring into being in a day.
    pub new_customers_per_key_and_day: u32,
    /// Requests one token or session may send to the API in a minute, 0 for no limit.
    pub api_requests_per_minute: u32,
}

/// Where certificate and key are; both empty: plain HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsFiles {
    /// Certificate chain, PEM.
    pub cert: PathBuf,
    /// Private key, PEM.
    pub key: PathBuf,
}

impl TlsFiles {
    /// Whether the dashboard is to speak TLS. One file without the other is an error of the start.
    #[must_use]
    pub fn given(&self) -> bool {
        !self.cert.as_os_str().is_empty() || !self.key.as_os_str().is_empty()
    }
}

impl Default for ControlConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            data: PathBuf::from("."),
            database_url: None,
            public_url: None,
            gateway_url: None,
            archive: ArchiveConfig::default(),
            demo_url: None,
            production: false,
            allow_loopback: false,
            master_key_file: None,
            trusted_proxies: 0,
            tls: TlsFiles::default(),
            certificate: None,
            new_customers_per_key_and_day: 10_000,
            api_requests_per_minute: 1200,
        }
    }
}
