//! `weir gateway`: the data plane alone.

use std::sync::Arc;

use serde_json::json;
use weir_gateway::{Ambient, GatewayConfig, Running, spool};

use super::Failure;
use super::serve::{on_runtime, stop_requested};
use crate::ambient::{SystemRandomness, WallClock};
use crate::config::Config;
use crate::output;

/// Starts the gateway and runs until told to stop.
pub(super) fn run(config: Config, json: bool) -> Result<(), Failure> {
    on_runtime(&config.clone(), serve(config, json))
}

async fn serve(config: Config, json: bool) -> Result<(), Failure> {
    let wanted = [
        ("gateway.control.url (--control)", config.gateway.control.url.is_empty()),
        ("gateway.control.token (WEIR_GATEWAY_CONTROL_TOKEN)", config.gateway.control.token.is_empty()),
        ("clickhouse.url (WEIR_CLICKHOUSE_URL)", config.clickhouse.url.is_empty()),
    ];
    let missing: Vec<&str> = wanted.iter().filter(|(_, missing)| *missing).map(|(name, _)| *name).collect();
    if !missing.is_empty() {
        return Err(Failure::Usage(format!("a gateway on its own also needs {}", missing.join(" and "))));
    }
    let gateway = start(&config, config.gateway.clone()).await?;
    let (url, admin) = (gateway.url(), format!("http://{}", gateway.admin_address));
    if json {
        output::line(&json!({ "gateway": url, "admin": admin }).to_string());
    } else {
        output::line(&format!("The gateway is ready at {url}, health and metrics at {admin}"));
    }
    let outcome = stop_requested().await;
    gateway.shutdown().await;
    outcome
}

/// Starts a gateway with this process's data folder, archive and mode.
pub(super) async fn start(config: &Config, mut gateway: GatewayConfig) -> Result<Running, Failure> {
    gateway.data = config.data.join("gateway");
    gateway.archive = spool::ArchiveConfig {
        url: config.clickhouse.url.clone(),
        user: config.clickhouse.user.clone(),
        password: config.clickhouse.password.clone(),
        database: config.clickhouse.database.clone(),
    };
    let ambient = Ambient { clock: Arc::new(WallClock), random: Arc::new(SystemRandomness::new()) };
    weir_gateway::start(gateway, ambient).await.map_err(Failure::run)
}
