//! `weir up`: control plane, gateway, embedded ClickHouse and demo provider in one process.
//!
//! The parts start in the order they need each other and stop in the opposite one. They meet over HTTP on loopback
//! exactly as they would on separate machines: there is one code path, and this file only wires addresses.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use weir_contract::price::PriceBook;
use weir_controlplane::FirstRun;
use weir_gateway::Secret;

use super::serve::{on_runtime, stop_requested};
use super::{Failure, control, gateway};
use crate::config::Config;
use crate::{demo, engine, output};

/// How long the first policy may take before we say that we are ready without it.
const FIRST_POLICY_MAX: Duration = Duration::from_secs(10);

/// Starts everything, says where it is, and runs until told to stop.
pub(super) fn run(config: Config, json: bool) -> Result<(), Failure> {
    on_runtime(&config.clone(), serve(config, json))
}

async fn serve(mut config: Config, json: bool) -> Result<(), Failure> {
    let book = control::built_in_book()?;
    let engine = start_engine(&mut config).await?;
    let demo = start_demo(&config).await?;
    let outcome = serve_planes(config, demo.as_ref().map(demo::Demo::url), book, json).await;
    if let Some(engine) = engine {
        engine.shutdown().await;
    }
    outcome
}

/// The embedded engine, unless a server is configured. Afterwards nothing else knows the difference.
async fn start_engine(config: &mut Config) -> Result<Option<engine::Engine>, Failure> {
    if !config.clickhouse.url.is_empty() {
        return Ok(None);
    }
    let engine = engine::Engine::start(&config.data, config.clickhouse.port).await.map_err(Failure::run)?;
    engine.url().clone_into(&mut config.clickhouse.url);
    engine.user().clone_into(&mut config.clickhouse.user);
    engine.password().clone_into(&mut config.clickhouse.password);
    Ok(Some(engine))
}

async fn start_demo(config: &Config) -> Result<Option<demo::Demo>, Failure> {
    if config.production || !config.demo.enabled {
        return Ok(None);
    }
    demo::Demo::start(&config.data, config.demo.port, config.demo.seed).await.map(Some).map_err(Failure::run)
}

async fn serve_planes(
    mut config: Config,
    demo_url: Option<String>,
    book: Arc<PriceBook>,
    json: bool,
) -> Result<(), Failure> {
    config.gateway.allow_loopback |= !config.production;
    let control = control::start(&config, demo_url, book).await?;
    let mut gateway_config = config.gateway.clone();
    gateway_config.control.url = format!("http://{}", control.inner_address);
    gateway_config.control.token = Secret::from(control.gateway_token.clone());
    let gateway = gateway::start(&config, gateway_config).await?;
    if tokio::time::timeout(FIRST_POLICY_MAX, gateway.ready()).await.is_err() {
        tracing::warn!(
            "the gateway has no policy yet; it refuses requests until its control plane sends one"
        );
    }
    control.gateway_is_at(gateway.url());
    announce(&config, &control, &gateway, json);
    let outcome = stop_requested().await;
    tracing::info!("stopping: finishing what is in flight");
    gateway.shutdown().await;
    control.shutdown().await;
    outcome
}

fn announce(
    config: &Config,
    running: &weir_controlplane::Running,
    gateway: &weir_gateway::Running,
    json: bool,
) {
    let dashboard = control::address(config, running);
    let gateway_url = gateway.url();
    let first = running.first_run.as_ref();
    if json {
        let line = json!({
            "dashboard": dashboard,
            "gateway": gateway_url,
            "admin": format!("http://{}", gateway.admin_address),
            "clickhouse": config.clickhouse.url,
            "sign_in_link": first.map(|first| &first.sign_in_link),
            "api_token": first.map(|first| &first.api_token),
            "gateway_key": first.map(|first| &first.gateway_key),
            "gateway_token": running.gateway_token,
        });
        output::line(&line.to_string());
        return;
    }
    output::line(&format!("Weir is ready. Dashboard {dashboard}, gateway {gateway_url}"));
    if let Some(first) = first {
        announce_first_run(first, gateway_url);
    }
}

fn announce_first_run(first: &FirstRun, gateway_url: &str) {
    let FirstRun { sign_in_link, api_token, gateway_key } = first;
    output::line(&format!("Sign in once with {sign_in_link}"));
    output::line("Send a first request:");
    output::line(&format!(
        "curl {gateway_url}/v1/chat/completions -H 'authorization: Bearer {gateway_key}' -H 'content-type: application/json' \
         -H 'x-weir-customer: acme' -d '{{\"model\":\"demo/fast\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hello\"}}]}}'"
    ));
    output::line(&format!("API token for scripts (weir keys, /api/v1): {api_token}"));
}
