//! The listener clients connect to, in the order a connection meets it: accept, count, `TCP_NODELAY`, TLS if configured,
//! HTTP/1.1 or HTTP/2 with bounds of our own, and then one function per request. Stopping refuses new connections and lets
//! what is in flight end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::config::{LimitsConfig, TimeoutsConfig};
use crate::exchange::attend;
use crate::handles::Handles;

/// Pause after an accept that failed for lack of something, like file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long a TLS handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// How many headers hyper reads without an allocation.
const HEADERS_CHEAP: usize = 100;

/// The listener with what its connections need.
pub(crate) struct Server {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    handles: Arc<Handles>,
    http: auto::Builder<TokioExecutor>,
    connections: JoinSet<()>,
    room: Arc<Semaphore>,
}

impl Server {
    /// A server on a bound listener.
    pub(crate) fn new(listener: TcpListener, tls: Option<TlsAcceptor>, handles: Arc<Handles>) -> Self {
        let http = http(&handles.config.limits, &handles.config.timeouts);
        let room = Arc::new(Semaphore::new(handles.config.limits.connections_max));
        Self { listener, tls, handles, http, connections: JoinSet::new(), room }
    }

    /// Accepts until `stop`, then waits for what is in flight, at most as long as configured.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let graceful = GracefulShutdown::new();
        loop {
            // Beyond the bound, connections wait in the system's own queue.
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                // Those that ended are forgotten.
                Some(_) = self.connections.join_next() => continue,
                accepted = accept(&self.listener, &self.room) => accepted,
            };
            match accepted {
                Ok((stream, peer, permit)) => {
                    let connection = self.connection(stream, peer, graceful.watcher());
                    self.connections.spawn(async move {
                        connection.await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        let Self { listener, mut connections, handles, .. } = self;
        drop(listener);
        handles.sessions.close();
        let ended = async {
            graceful.shutdown().await;
            handles.sessions.wait().await;
        };
        if timeout(handles.config.timeouts.shutdown(), ended).await.is_err() {
            tracing::warn!(
                "requests are still in flight as the gateway stops; they are recorded as they stand"
            );
            handles.hurry();
            connections.abort_all();
        }
        while connections.join_next().await.is_some() {}
        handles.sessions.wait().await;
    }

    fn connection(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        watcher: Watcher,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (tls, http, handles) = (self.tls.clone(), self.http.clone(), Arc::clone(&self.handles));
        async move {
            let _counted = Counted::new(&handles);
            match tls {
                None => serve(http, stream, peer, &handles, watcher).await,
                Some(tls) => match timeout(HANDSHAKE_MAX, tls.accept(stream)).await {
                    Ok(Ok(stream)) => serve(http, stream, peer, &handles, watcher).await,
                    Ok(Err(error)) => tracing::debug!(%error, %peer, "a TLS handshake failed"),
                    Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
                },
            }
        }
    }
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer, permit))
}

/// An open connection, as long as it lives.
struct Counted(Arc<Handles>);

impl Counted {
    fn new(handles: &Arc<Handles>) -> Self {
        handles.metrics.connections.inc();
        Self(Arc::clone(handles))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.metrics.connections.dec();
    }
}

async fn serve<S>(
    http: auto::Builder<TokioExecutor>,
    stream: S,
    peer: SocketAddr,
    handles: &Arc<Handles>,
    watcher: Watcher,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handles = Arc::clone(handles);
    let service = service_fn(move |request| {
        let handles = Arc::clone(&handles);
        async move { Ok::<_, Infallible>(attend::serve(&handles, peer, request).await) }
    });
    let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(error, %peer, "a connection ended early");
    }
}

fn http(limits: &LimitsConfig, timeouts: &TimeoutsConfig) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    let mut first = http.http1();
    first
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.head())
        .max_buf_size(limits.header_bytes_max.max(8192));
    if limits.headers_max != HEADERS_CHEAP {
        first.max_headers(limits.headers_max);
    }
    let header_bytes_max = u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams_max)
        .max_header_list_size(header_bytes_max)
        .max_pending_accept_reset_streams(64)
        .max_local_error_reset_streams(256)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    http
}
