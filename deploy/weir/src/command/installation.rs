//! What commands that work at the machine share: the installation a configuration describes, whether it runs or not.
//!
//! The archive is the configured server; else the embedded engine, reached where it listens while `weir up` runs, and
//! started for the length of the command when it does not.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use weir_controlplane::app::Ambient;
use weir_controlplane::{ArchiveConfig, ControlConfig};

use super::Failure;
use crate::ambient::{SystemRandomness, WallClock};
use crate::config::Config;
use crate::engine::{self, Engine};

/// How long the embedded engine of a running `weir up` may take to accept a connection.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// An installation that can be worked on. Call [`Installation::close`] at the end.
pub(super) struct Installation {
    /// With the archive filled in.
    pub(super) config: Config,
    engine: Option<Engine>,
}

/// How the embedded engine of a running `weir up` is reached.
pub(super) struct Access {
    pub(super) url: String,
    pub(super) user: String,
    pub(super) password: String,
}

impl Installation {
    /// Reaches the archive, starting the embedded engine when nobody does.
    pub(super) async fn open(mut config: Config) -> Result<Self, Failure> {
        if !config.clickhouse.url.is_empty() {
            return Ok(Self { config, engine: None });
        }
        if let Some(access) = running(&config) {
            config.clickhouse.url = access.url;
            config.clickhouse.user = access.user;
            config.clickhouse.password = access.password;
            return Ok(Self { config, engine: None });
        }
        let engine = Engine::start(&config.data, 0).await.map_err(Failure::run)?;
        engine.url().clone_into(&mut config.clickhouse.url);
        engine.user().clone_into(&mut config.clickhouse.user);
        engine.password().clone_into(&mut config.clickhouse.password);
        Ok(Self { config, engine: Some(engine) })
    }

    /// The control plane's configuration.
    pub(super) fn control(&self) -> ControlConfig {
        control(&self.config)
    }

    /// Ends the engine if it was started here.
    pub(super) async fn close(self) {
        if let Some(engine) = self.engine {
            engine.shutdown().await;
        }
    }
}

/// The embedded engine of a running `weir up` on this data folder.
pub(super) fn running(config: &Config) -> Option<Access> {
    let engine::Access { user, password, port } = engine::read_access(&config.data).ok()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, ANSWER_MAX).ok()?;
    Some(Access { url: format!("http://{address}"), user, password })
}

/// The control plane's part of a configuration, with everything the program decides filled in.
pub(super) fn control(config: &Config) -> ControlConfig {
    let mut control = config.control.clone();
    control.data = config.data.join("control");
    control.production = config.production;
    control.allow_loopback = config.gateway.allow_loopback;
    control.archive = ArchiveConfig {
        url: config.clickhouse.url.clone(),
        user: config.clickhouse.user.clone(),
        password: config.clickhouse.password.clone(),
        database: config.clickhouse.database.clone(),
    };
    control
}

/// The real clock and the system's randomness.
pub(super) fn ambient() -> Ambient {
    Ambient { clock: Arc::new(WallClock), random: Arc::new(SystemRandomness::new()) }
}
