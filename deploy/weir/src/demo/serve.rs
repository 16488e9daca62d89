//! The demo provider's listener on loopback, on the same port over restarts so that its endpoint keeps its URL.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The running demo provider; it stops when dropped.
pub(crate) struct Demo {
    address: SocketAddr,
    stop: CancellationToken,
}

impl Demo {
    /// Listens on the port used last (kept in `data`), else on `port`, else on any free one.
    pub(crate) async fn start(data: &Path, port: u16, seed: u64) -> std::io::Result<Self> {
        let kept = data.join("demo.port");
        let last = std::fs::read_to_string(&kept).ok().and_then(|text| text.trim().parse().ok());
        let listener = first_free([last.unwrap_or(port), port, 0]).await?;
        let address = listener.local_addr()?;
        std::fs::write(kept, address.port().to_string())?;
        let listener = listener.tap_io(|connection| {
            // Events leave one by one: none may wait for the acknowledgement of the one before.
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "a connection of the demo provider keeps its delay");
            }
        });
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let tasks = TaskTracker::new();
        tasks.spawn(async move {
            let served = axum::serve(listener, super::router(seed));
            let served = served.with_graceful_shutdown(async move { stopped.cancelled().await }).await;
            if let Err(error) = served {
                tracing::error!(%error, "the demo provider stopped");
            }
        });
        Ok(Self { address, stop })
    }

    /// Its base URL, without `/v1`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn first_free(ports: [u16; 3]) -> std::io::Result<TcpListener> {
    let mut refusal = None;
    for port in ports {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => return Ok(listener),
            Err(error) => refusal = Some(error),
        }
    }
    Err(refusal.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into()))
}
