//! `weir control`: the control plane alone.

use std::sync::Arc;

use serde_json::json;
use weir_contract::price::PriceBook;
use weir_controlplane::Running;
use weir_gateway::{Certificate, TlsFiles};

use super::serve::{on_runtime, stop_requested};
use super::{Failure, installation};
use crate::config::Config;
use crate::output;

/// The price book this binary was built with.
const BOOK: &str = include_str!("../../../prices/book.jsonl");

/// Starts the control plane and runs until told to stop.
pub(super) fn run(config: Config, json: bool) -> Result<(), Failure> {
    on_runtime(&config.clone(), serve(config, json))
}

async fn serve(config: Config, json: bool) -> Result<(), Failure> {
    if config.clickhouse.url.is_empty() {
        return Err(Failure::Usage(
            "the control plane needs an archive: set clickhouse.url (WEIR_CLICKHOUSE_URL), or use `weir up`, which brings its own".to_owned(),
        ));
    }
    let control = start(&config, None, built_in_book()?).await?;
    let dashboard = address(&config, &control);
    let first = control.first_run.as_ref();
    let link = first.map(|first| &first.sign_in_link);
    if json {
        let line = json!({
            "dashboard": dashboard,
            "sign_in_link": link,
            "api_token": first.map(|first| &first.api_token),
            "gateway_key": first.map(|first| &first.gateway_key),
            "gateway_token": control.gateway_token,
        });
        output::line(&line.to_string());
    } else {
        output::line(&format!("The control plane is ready at {dashboard}"));
        if let Some(link) = link {
            output::line(&format!("Sign in once with {link}"));
        }
    }
    let outcome = stop_requested().await;
    control.shutdown().await;
    outcome
}

/// Where people reach it on this machine.
pub(super) fn address(config: &Config, control: &Running) -> String {
    let scheme = if config.control.tls.given() { "https" } else { "http" };
    format!("{scheme}://{}", control.address)
}

/// Reads the built-in price book.
pub(super) fn built_in_book() -> Result<Arc<PriceBook>, Failure> {
    PriceBook::parse(BOOK).map(Arc::new).map_err(Failure::run)
}

/// Starts the control plane with this process's data folder, archive and mode.
pub(super) async fn start(
    config: &Config,
    demo_url: Option<String>,
    book: Arc<PriceBook>,
) -> Result<Running, Failure> {
    let mut control = weir_controlplane::ControlConfig { demo_url, ..installation::control(config) };
    if control.tls.given() {
        let files = TlsFiles { cert: control.tls.cert.clone(), key: control.tls.key.clone() };
        let certificate = Certificate::load(&files);
        let shown = certificate.and_then(|certificate| certificate.server_config(&["http/1.1"]));
        control.certificate = Some(shown.map_err(|error| Failure::Usage(format!("control.{error}")))?);
    }
    let ambient = installation::ambient();
    weir_controlplane::start(control, ambient, book).await.map_err(Failure::run)
}
