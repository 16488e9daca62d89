//! Starting and stopping a gateway: the parts in the order they need each other.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use weir_contract::clock::{Clock, Randomness};
use weir_contract::id::{GatewayId, Incarnation, Revision, prefixed};

use crate::certificate::Certificate;
use crate::config::GatewayConfig;
use crate::handles::{Handles, Parts};
use crate::policy::control::ControlClient;
use crate::policy::disk::Disk;
use crate::policy::subscribe::{Subscriber, report};
use crate::server::Server;
use crate::spool::{Spool, SpoolError};
use crate::telemetry::{Metrics, SpoolCollector};
use crate::{admin, search};

/// How long a stopping gateway tries to deliver what its spool holds; what is left stays on disk.
const DELIVER_MAX: Duration = Duration::from_secs(5);

/// How often a starting gateway looks for its first policy.
const READY_LOOK: Duration = Duration::from_millis(2);

/// The outside world, injected.
#[derive(Clone)]
pub struct Ambient {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Randomness>,
}

/// Why a gateway did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A setting cannot work.
    #[error("{0}")]
    Config(String),
    /// An address cannot be listened on.
    #[error("the gateway cannot listen on {address} (choose another address with gateway.{what}): {source}")]
    Listen {
        /// Which setting.
        what: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The data folder cannot be used.
    #[error("the data folder cannot be used: {path}: {reason}")]
    Data {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The spool cannot work.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

/// A gateway that runs. Dropping it stops it without waiting; [`Running::shutdown`] is the polite way.
#[must_use]
pub struct Running {
    /// Where clients connect.
    pub address: SocketAddr,
    /// Where health and metrics are.
    pub admin_address: SocketAddr,
    handles: Arc<Handles>,
    stop: CancellationToken,
    server: JoinSet<()>,
    background: JoinSet<()>,
}

/// Starts a gateway. It serves as soon as it has a policy: from disk at once, else when its control plane sends one.
///
/// # Errors
///
/// When a setting cannot work, an address is taken, or the data folder or spool cannot be used.
pub async fn start(config: GatewayConfig, ambient: Ambient) -> Result<Running, StartError> {
    let Ambient { clock, random } = ambient;
    let certificate = config.tls.given().then(|| Certificate::load(&config.tls)).transpose();
    let certificate = certificate.map_err(StartError::Config)?;
    let tls = certificate.as_ref().map(acceptor).transpose().map_err(StartError::Config)?;
    let control =
        ControlClient::new(&config.control).map_err(|error| StartError::Config(error.to_string()))?;
    let gateway = gateway_id(&config, random.as_ref())?;
    let incarnation = Incarnation::from(prefixed("inc", random.bytes()));
    let (listener, address) = listen("listen", config.listen).await?;
    let (admin_listener, admin_address) = listen("admin_listen", config.admin_listen).await?;
    let disk = Disk::open(&config.data.join("policy"), config.control.token.expose())
        .map_err(|error| StartError::Data { path: config.data.clone(), reason: error.to_string() })?;
    let spool = start_spool(&config, &gateway, &incarnation, &clock, &control)?;
    let metrics = Metrics::new(SpoolCollector(spool.clone()));
    let scheme = if tls.is_some() { "https" } else { "http" };
    let parts = Parts {
        config,
        gateway,
        incarnation,
        clock,
        random,
        spool,
        metrics,
        control,
        address: format!("{scheme}://{address}"),
        certificate,
    };
    let handles = Handles::new(parts);
    let subscriber = Subscriber::begin(Arc::clone(&handles), disk).await;
    let stop = CancellationToken::new();
    let (mut server, mut background) = (JoinSet::new(), JoinSet::new());
    server.spawn(Server::new(listener, tls, Arc::clone(&handles)).run(stop.clone()));
    background.spawn(admin::run(admin_listener, Arc::clone(&handles), stop.clone()));
    background.spawn(subscriber.run());
    background.spawn(report(Arc::clone(&handles)));
    Ok(Running { address, admin_address, handles, stop, server, background })
}

impl Running {
    /// Its base URL for clients, without `/v1`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.handles.address
    }

    /// The gateway's stable name.
    #[must_use]
    pub fn gateway(&self) -> &GatewayId {
        &self.handles.gateway
    }

    /// The revision of the policy in force; 0 before the first.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.handles.running.revision()
    }

    /// Waits until there is a policy: before, every request is refused. Never ends while no control plane sends one.
    pub async fn ready(&self) {
        let mut look = tokio::time::interval(READY_LOOK);
        while self.revision() == Revision(0) {
            look.tick().await;
        }
    }

    /// The journal, for whoever watches or measures it.
    #[must_use]
    pub fn spool(&self) -> &Spool {
        &self.handles.spool
    }

    /// Stops: no new requests, then waits for those in flight, for their records, and for the spool to deliver what it can.
    pub async fn shutdown(mut self) {
        self.handles.start_stopping();
        self.stop.cancel();
        while self.server.join_next().await.is_some() {}
        self.handles.tasks.close();
        let most = self.handles.config.timeouts.shutdown();
        if timeout(most, self.handles.tasks.wait()).await.is_err() {
            tracing::warn!("upstream answers of clients that left were not all read to their end");
        }
        self.handles.spool.shutdown(DELIVER_MAX).await;
        self.background.shutdown().await;
    }
}

fn acceptor(certificate: &Arc<Certificate>) -> Result<TlsAcceptor, String> {
    certificate.server_config(&["h2", "http/1.1"]).map(TlsAcceptor::from)
}

async fn listen(what: &'static str, at: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let refused = |source| StartError::Listen { what, address: at, source };
    let listener = TcpListener::bind(at).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, address))
}

fn start_spool(
    config: &GatewayConfig,
    gateway: &GatewayId,
    incarnation: &Incarnation,
    clock: &Arc<dyn Clock>,
    control: &ControlClient,
) -> Result<Spool, SpoolError> {
    let mut spool = config.spool.clone();
    if spool.dir.as_os_str().is_empty() {
        spool.dir = config.data.join("spool");
    }
    Spool::start(
        spool,
        config.archive.clone(),
        gateway.clone(),
        incarnation.clone(),
        Arc::clone(clock),
        Arc::new(control.clone()),
        Arc::new(search::text_of),
    )
}

/// The configured name, or one that was made at the first start and kept: batches are named by it.
fn gateway_id(config: &GatewayConfig, random: &dyn Randomness) -> Result<GatewayId, StartError> {
    let path = config.data.join("gateway.id");
    let refused = |error: io::Error| StartError::Data { path: path.clone(), reason: error.to_string() };
    std::fs::create_dir_all(&config.data).map_err(refused)?;
    if !config.name.is_empty() {
        return Ok(GatewayId::from(config.name.as_str()));
    }
    match std::fs::read_to_string(&path) {
        Ok(name) if !name.trim().is_empty() => Ok(GatewayId::from(name.trim())),
        Ok(_) => Err(refused(io::Error::new(io::ErrorKind::InvalidData, "the file is empty: remove it"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = prefixed("gw", random.bytes());
            std::fs::write(&path, &name).map_err(refused)?;
            Ok(GatewayId::from(name))
        }
        Err(error) => Err(refused(error)),
    }
}
