//! The listener: connections, the layers every answer passes, and the end.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::serve::ListenerExt as _;
use http::header::{self, HeaderName, HeaderValue};
use http::{Extensions, HeaderMap, StatusCode, Version};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::app::App;
use crate::{routes, tls};

/// What pages may load and do: our own files, nothing inline, nothing from elsewhere.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// The router with all its layers.
pub(crate) fn router(app: App) -> Router {
    let (router, _) = routes::all().finish();
    let is_https = app.is_https();
    router
        .fallback(crate::page::not_found)
        .layer(from_fn_with_state(app.clone(), crate::page::dress))
        .layer(from_fn_with_state(app.clone(), crate::api::keep))
        .layer(CompressionLayer::new().compress_when(is_worth_compressing))
        // Outermost: also what a handler did not foresee leaves with the headers below.
        .layer(from_fn(move |request, next| secured(request, next, is_https)))
        .layer(CatchPanicLayer::new())
        .with_state(app)
}

/// Documents that come whole. Streams of events must leave as they come, and files are compressed when they are built.
fn is_worth_compressing(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    ["text/html", "text/csv", "application/json"].iter().any(|kind| content_type.starts_with(kind))
}

async fn secured(request: Request, next: Next, is_https: bool) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "same-origin");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()");
    set(header::CACHE_CONTROL, "no-store");
    if is_https {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}

/// The same over TLS.
pub(crate) async fn serve_tls(
    listener: TcpListener,
    certificate: Arc<ServerConfig>,
    app: App,
) -> std::io::Result<()> {
    let stopping = app.stopping.clone();
    let router = router(app).layer(from_fn(tls::with_address));
    let service = router.into_make_service_with_connect_info::<tls::Peer>();
    let listener = tls::TlsListener::new(listener, certificate);
    axum::serve(listener, service).with_graceful_shutdown(stopping.cancelled_owned()).await
}

/// Serves until `app.stopping` is cancelled, then finishes what is in flight.
pub(crate) async fn serve(listener: TcpListener, app: App) -> std::io::Result<()> {
    let stopping = app.stopping.clone();
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stopping.cancelled_owned()).await
}
