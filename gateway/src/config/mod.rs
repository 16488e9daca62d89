//! What an operator may decide about a gateway. One file per section; unknown names are errors.

mod control;
mod limits;
mod secret;
mod timeouts;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use control::ControlLink;
pub use limits::LimitsConfig;
pub use secret::Secret;
pub use timeouts::TimeoutsConfig;
pub use tls::TlsFiles;

use crate::spool::{ArchiveConfig, SpoolConfig};

/// A gateway's configuration. Every field has a default but the link to the control plane.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayConfig {
    /// Where clients connect. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where health, readiness and metrics are served. Port 0 takes any free one.
    pub admin_listen: SocketAddr,
    /// The gateway's stable name; empty: one is made at the first start and kept in the data folder.
    pub name: String,
    /// The folder for the spool and the last good snapshot; chosen by the program that starts it.
    #[serde(skip)]
    pub data: PathBuf,
    /// The control plane it obeys.
    pub control: ControlLink,
    /// What a client may ask of it.
    pub limits: LimitsConfig,
    /// How long it waits for what.
    pub timeouts: TimeoutsConfig,
    /// Certificate and key; without them the gateway speaks plain HTTP.
    pub tls: TlsFiles,
    /// Other products whose request headers are understood: `litellm`, `portkey`, `helicone`, `openrouter`, `cloudflare`.
    pub compat_headers: Vec<Compat>,
    /// Whether endpoints on this machine's loopback may be called without a grant of their own.
    pub allow_loopback: bool,
    /// The journal on disk.
    pub spool: SpoolConfig,
    /// The ClickHouse the journal is delivered to; chosen by the program that starts it.
    #[serde(skip)]
    pub archive: ArchiveConfig,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin_listen: SocketAddr::from(([127, 0, 0, 1], 8082)),
            name: String::new(),
            data: PathBuf::from("data/gateway"),
            control: ControlLink::default(),
            limits: LimitsConfig::default(),
            timeouts: TimeoutsConfig::default(),
            tls: TlsFiles::default(),
            compat_headers: Compat::ALL.to_vec(),
            allow_loopback: false,
            spool: SpoolConfig::default(),
            archive: ArchiveConfig::default(),
        }
    }
}

/// Another product whose request headers we understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compat {
    /// `x-litellm-…`
    Litellm,
    /// `x-portkey-…`
    Portkey,
    /// `helicone-…`
    Helicone,
    /// `http-referer`, `x-title`
    Openrouter,
    /// `cf-aig-…`
    Cloudflare,
}

impl Compat {
    /// Every product, in the order they are asked.
    pub const ALL: [Self; 5] =
        [Self::Litellm, Self::Portkey, Self::Helicone, Self::Openrouter, Self::Cloudflare];

    /// The name in configuration and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Litellm => "litellm",
            Self::Portkey => "portkey",
            Self::Helicone => "helicone",
            Self::Openrouter => "openrouter",
            Self::Cloudflare => "cloudflare",
        }
    }
}
