//! The handles a handler may ask for.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use weir_contract::clock::{Clock, Randomness};
use weir_contract::policy::{PolicySecret, SigningKey};
use weir_contract::price::PriceBook;

use crate::api::Pace;
use crate::api::sync::Bells;
use crate::archive::Archive;
use crate::auth::browser::Browsers;
use crate::auth::password::Passwords;
use crate::auth::throttle::Throttle;
use crate::config::ControlConfig;
use crate::exports::Exports;
use crate::publish::Publisher;
use crate::store::Store;
use crate::vault::Vault;

/// Time and randomness, as the program or a test gives them.
#[derive(Clone)]
pub struct Ambient {
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness fit for secrets.
    pub random: Arc<dyn Randomness>,
}

/// The state of the control plane; cheap to clone, shared by all handlers.
#[derive(Clone)]
pub struct App(pub(crate) Arc<Handles>);

impl Deref for App {
    type Target = Handles;
    fn deref(&self) -> &Handles {
        &self.0
    }
}

/// What [`App`] shares.
pub struct Handles {
    /// How it was configured.
    pub config: ControlConfig,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness fit for secrets.
    pub random: Arc<dyn Randomness>,
    /// The price book in use.
    pub book: Arc<PriceBook>,
    pub(crate) archive: Archive,
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) browsers: Browsers,
    pub(crate) pace: Pace,
    pub(crate) policy_secret: PolicySecret,
    pub(crate) signing_key: SigningKey,
    pub(crate) publisher: Publisher,
    /// Gateways that asked for the whole snapshot.
    pub(crate) lacking: Bells,
    /// Gateways that were drained or taken back.
    pub(crate) drains: Bells,
    /// Counts what gateways said or were asked: whoever watches it knows that there is something to look at.
    pub(crate) gateway_news: watch::Sender<u64>,
    /// Files being made in the background.
    pub(crate) exports: Exports,
    /// Counts posted batches: whoever watches it knows that there is something new in the books.
    pub(crate) batches: watch::Sender<u64>,
    /// Endless answers end when this is cancelled.
    pub(crate) stopping: CancellationToken,
    pub(crate) address: OnceLock<SocketAddr>,
    /// How clients reach the gateway of the same process, when there is one.
    pub(crate) gateway_beside: OnceLock<String>,
}

impl Handles {
    /// How people reach the dashboard, without a slash at the end.
    #[must_use]
    pub fn public_url(&self) -> String {
        let configured = self.config.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
        configured.unwrap_or_else(|| {
            let scheme = if self.config.certificate.is_some() { "https" } else { "http" };
            let address = self.address.get().copied().unwrap_or(self.config.listen);
            if address.ip().is_unspecified() {
                format!("{scheme}://localhost:{}", address.port())
            } else {
                format!("{scheme}://{address}")
            }
        })
    }

    /// Whether people reach the dashboard over TLS: cookies are marked so.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url().starts_with("https://")
    }

    /// A gateway came, took or refused a revision, or was asked something.
    pub(crate) fn gateways_spoke(&self) {
        self.gateway_news.send_modify(|count| *count += 1);
    }

    /// A new number whenever a batch was posted to the books.
    pub(crate) fn watch_batches(&self) -> watch::Receiver<u64> {
        self.batches.subscribe()
    }
}
