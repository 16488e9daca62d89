//! The control plane: people, drafts, history.
//!
//! | module | holds |
//! | --- | --- |
//! | [`config`] [`app`] [`error`] | how it is set up; the handles a handler may ask for; what went wrong, told once |
//! | [`routes`] | every URL, each with who may come through it |
//! | [`auth`] | sign-in, sessions, rights |
//! | `page` · `api` | thin handlers: HTML, JSON, and the gateways' stream |
//! | [`workspaces`] [`keys`] [`endpoints`] [`models`] [`gateways`] [`api_tokens`] | one service per object, used by pages and API alike |
//! | [`account`] | one's own name, password, sessions |
//! | [`people`] | who signs in, what they are where, invitations, new passwords |
//! | `objects` [`providers`] | drafts with versions, the pattern of all of them; the providers we know, as data |
//! | [`versions`] | what an object said in each version; an earlier one restored, an unpublished change discarded |
//! | [`prices`] [`observed`] | the price book as people read it; how fast and how well endpoints and models answer |
//! | `bucket` | how often something may happen, for each of many names |
//! | [`refusal`] | what the API refuses before a handler is asked |
//! | [`precondition`] | two editors of one thing: tags, and who is told |
//! | [`publish`] | drafts → checked → numbered, signed snapshot → gateways; diff, restore |
//! | `overview` | what happened, what it cost, what needs attention |
//! | `requests` | an address or a question resolved: filter, window, place; histogram, live rows |
//! | `retention` | what a workspace keeps no longer leaves the archive |
//! | `finder` | from a few words to the things of that name, for the palette |
//! | `views` `exports` | filters kept by name; files made in the background |
//! | [`stops`] | kill switches: what is stopped at once |
//! | `books` | posted batches: ledger entries, customers |
//! | [`audit`] | who changed what, hash-chained |
//! | `token` `vault` | secrets people carry; secrets at rest |
//! | `store` | the app database: the only folder that says sqlx |
//! | `archive` | the read side of ClickHouse |
//! | [`backup`] [`sample`] [`examine`] | work at the machine: backups and back; sample traffic; what is not well |
//! | `tls` | the listener over TLS |
//! | `bootstrap` `task` `server` | first start, background jobs, the listener |
//! | `testing` `tests` | time and chance for tests; what the control plane promises |

pub mod account;
mod api;
pub mod api_tokens;
pub mod app;
mod archive;
pub mod audit;
pub mod auth;
pub mod backup;
mod books;
mod bootstrap;
mod bucket;
pub mod config;
pub mod endpoints;
pub mod error;
pub mod examine;
mod exports;
mod finder;
pub mod gateways;
pub mod keys;
pub mod models;
mod objects;
pub mod observed;
mod overview;
mod page;
pub mod people;
pub mod precondition;
pub mod prices;
pub mod providers;
pub mod publish;
pub mod refusal;
mod requests;
mod retention;
pub mod routes;
pub mod sample;
mod server;
pub mod stops;
mod store;
mod task;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tls;
mod token;
mod vault;
pub mod versions;
pub mod views;
pub mod workspaces;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use weir_contract::policy::{PolicySecret, SealError, SigningKey};
use weir_contract::price::PriceBook;
use zeroize::Zeroizing;

use app::{Ambient, App, Handles};
use archive::Archive;
use store::{Store, StoreError};
use vault::{Vault, VaultError};

pub use archive::{ArchiveConfig, MigrateError};
pub use bootstrap::FirstRun;
pub use config::ControlConfig;
pub use vault::Rotated;

/// How long a stop waits for what is in flight.
const STOP_SECONDS: u64 = 10;

/// Why the control plane did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A folder or the listener.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The app database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master key or a secret.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The archive's tables.
    #[error(transparent)]
    Archive(#[from] MigrateError),
    /// A secret of the installation is damaged.
    #[error("a secret of this installation is damaged: {0}; restore the app database from a backup")]
    Secret(#[from] SealError),
    /// The first steps or the newest revision.
    #[error("the control plane could not take its first steps: {0}")]
    First(#[from] error::AppError),
}

/// A control plane that serves.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where a gateway of the same process reaches it: without TLS, on loopback.
    pub inner_address: SocketAddr,
    /// How to come in, while nobody has: printed at every start until there is an administrator.
    pub first_run: Option<FirstRun>,
    /// The token of the gateway in the same process; stable across starts.
    pub gateway_token: String,
    app: App,
    tasks: TaskTracker,
}

impl Running {
    /// Finishes what is in flight (bounded), then closes the store.
    pub async fn shutdown(self) {
        self.app.stopping.cancel();
        self.tasks.close();
        let in_time = tokio::time::timeout(Duration::from_secs(STOP_SECONDS), self.tasks.wait()).await;
        if in_time.is_err() {
            tracing::warn!("stopped with requests to the control plane still in flight");
        }
        self.app.store.close().await;
    }

    /// Says how clients reach the gateway of the same process, for snippets and the test request.
    pub fn gateway_is_at(&self, url: &str) {
        let _ = self.app.gateway_beside.set(url.to_owned());
    }

    /// How people reach the dashboard.
    #[must_use]
    pub fn public_url(&self) -> String {
        self.app.public_url()
    }
}

/// Starts: opens the store, migrates, takes the first steps, serves.
pub async fn start(
    config: ControlConfig,
    ambient: Ambient,
    book: Arc<PriceBook>,
) -> Result<Running, StartError> {
    let listen = config.listen;
    let failed = |source| StartError::System {
        what: format!("the dashboard cannot listen on {listen} (choose another address with control.listen)"),
        source,
    };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let app = open(config, ambient, book).await?;
    let _ = app.address.set(address);
    let opened = bootstrap::first_steps(&app).await?;
    let tasks = TaskTracker::new();
    task::archive_tables(&app, &tasks).await?;
    task::start(&app, &tasks);
    let inner_address = serve(listener, address, &app, &tasks).await.map_err(failed)?;
    let bootstrap::Opened { first_run, gateway_token } = opened;
    Ok(Running { address, inner_address, first_run, gateway_token, app, tasks })
}

/// Serves people and gateways; returns where a gateway of the same process is served. With TLS that is a listener of
/// its own: the certificate is made out to the name that others use.
async fn serve(
    listener: TcpListener,
    address: SocketAddr,
    app: &App,
    tasks: &TaskTracker,
) -> std::io::Result<SocketAddr> {
    let ended = |outcome: std::io::Result<()>| {
        if let Err(error) = outcome {
            tracing::error!(%error, "a listener of the control plane ended");
        }
    };
    let Some(certificate) = app.config.certificate.clone() else {
        let serving = app.clone();
        tasks.spawn(async move { ended(server::serve(listener, serving).await) });
        return Ok(address);
    };
    let inner = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    let inner_address = inner.local_addr()?;
    let serving = app.clone();
    tasks.spawn(async move { ended(server::serve(inner, serving).await) });
    let serving = app.clone();
    tasks.spawn(async move { ended(server::serve_tls(listener, certificate, serving).await) });
    Ok(inner_address)
}

/// Changes the master key of the installation that this configuration describes, whether it runs or not. `handover` is
/// how long control planes on other machines get to take the new key over; zero with one machine.
pub async fn rotate_master_key(
    config: ControlConfig,
    ambient: Ambient,
    book: Arc<PriceBook>,
    handover: Duration,
) -> Result<Rotated, StartError> {
    let app = open(config, ambient, book).await?;
    let rotated = vault::rotate(&app, handover).await?;
    app.store.close().await;
    Ok(rotated)
}

/// Everything but the listener and the background jobs.
async fn open(config: ControlConfig, ambient: Ambient, book: Arc<PriceBook>) -> Result<App, StartError> {
    let Ambient { clock, random } = ambient;
    let folder =
        |source| StartError::System { what: format!("cannot make `{}`", config.data.display()), source };
    std::fs::create_dir_all(&config.data).map_err(folder)?;
    let now_us = clock.now_us();
    let store = Store::open(config.database_url.as_deref(), &config.data, now_us).await?;
    let key_file = config.master_key_file.clone().unwrap_or_else(|| config.data.join("master.key"));
    let vault = Vault::open(&key_file, Arc::clone(&random))?;
    let mut writing = store.write().await?;
    let fresh = |random: &dyn weir_contract::clock::Randomness| Zeroizing::new(random.bytes::<32>().to_vec());
    let policy = vault.keep(&mut writing, "policy", now_us, fresh).await?;
    let signing = vault.keep(&mut writing, "signing", now_us, fresh).await?;
    let browsers = vault.keep(&mut writing, "browsers", now_us, fresh).await?;
    writing.commit().await?;
    let app = App(Arc::new(Handles {
        archive: Archive::new(&config.archive),
        passwords: auth::password::Passwords::new(Arc::clone(&random)),
        throttle: auth::throttle::Throttle::new(Arc::clone(&clock)),
        browsers: auth::browser::Browsers::new(&browsers),
        policy_secret: PolicySecret::new(of_32_bytes(&policy)?)?,
        signing_key: SigningKey::from_seed(&of_32_bytes(&signing)?)?,
        publisher: publish::Publisher::default(),
        lacking: api::sync::Bells::default(),
        drains: api::sync::Bells::default(),
        gateway_news: watch::Sender::new(0),
        exports: exports::Exports::new(config.data.join("exports")),
        pace: api::Pace::new(config.api_requests_per_minute),
        batches: watch::Sender::new(0),
        stopping: CancellationToken::new(),
        address: OnceLock::new(),
        gateway_beside: OnceLock::new(),
        config,
        clock,
        random,
        book,
        store,
        vault,
    }));
    publish::follow(&app).await?;
    Ok(app)
}

fn of_32_bytes(secret: &[u8]) -> Result<[u8; 32], SealError> {
    secret.try_into().map_err(|_| SealError::Unreadable)
}
