//! The port for operators and machines: is it alive, is it ready, how is it. Never reachable for clients by the same listener.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use axum::serve::ListenerExt as _;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use weir_contract::id::Revision;

use crate::handles::Handles;
use crate::spool::WhenFull;

/// Serves until `stop`.
pub(crate) async fn run(listener: TcpListener, handles: Arc<Handles>, stop: CancellationToken) {
    let routes = axum::Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/startupz", get(started))
        .route("/readyz", get(ready))
        .route("/statusz", get(status))
        .route("/metrics", get(metrics))
        .with_state(handles);
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    let served = axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(%error, "the admin port stopped");
    }
}

/// Why the gateway should get no traffic; empty when it should.
fn unready(handles: &Handles) -> Vec<&'static str> {
    let spool = handles.spool.status();
    let refuses = spool.full && handles.config.spool.when_full == WhenFull::Reject;
    let reasons = [
        (handles.running.revision() == Revision(0), "no policy has been received yet"),
        (refuses, "the journal cannot be written"),
        (handles.is_draining(), "the gateway is drained or about to stop"),
    ];
    reasons.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason).collect()
}

fn verdict(reasons: &[&str]) -> Response {
    if reasons.is_empty() {
        return "ok\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", reasons.join("\n"))).into_response()
}

async fn ready(State(handles): State<Arc<Handles>>) -> Response {
    verdict(&unready(&handles))
}

async fn started(State(handles): State<Arc<Handles>>) -> Response {
    let waiting = handles.running.revision() == Revision(0);
    verdict(if waiting { &["no policy has been received yet"] } else { &[] })
}

async fn metrics(State(handles): State<Arc<Handles>>) -> Response {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    handles.metrics.certificate_refused.set(i64::from(handles.certificate_refused().is_some()));
    ([(CONTENT_TYPE, content_type)], handles.metrics.text()).into_response()
}

async fn status(State(handles): State<Arc<Handles>>) -> Response {
    let spool = handles.spool.status();
    let running = handles.running.now();
    let body = json!({
        "gateway": handles.gateway.as_str(),
        "incarnation": handles.incarnation.as_str(),
        "version": env!("CARGO_PKG_VERSION"),
        "ready": unready(&handles).is_empty(),
        "waiting_for": unready(&handles),
        "policy": {
            "revision": handles.running.revision().0,
            "published_at_us": running.map(|running| running.policy.published_at_us),
            "control_connected": handles.metrics.control_connected.get() == 1,
        },
        "in_flight": handles.metrics.in_flight.get(),
        "connections": handles.metrics.connections.get(),
        "certificate_refused": handles.certificate_refused(),
        "spool": {
            "bytes": spool.bytes,
            "oldest_ms": spool.oldest_ms,
            "queue_bytes": spool.queue_bytes,
            "full": spool.full,
            "written": spool.written,
            "delivered": spool.delivered,
            "shed": spool.shed,
            "lost": spool.lost,
            "dead": spool.dead,
            "gaps": spool.gaps,
            "quarantined": spool.quarantined,
            "archive_lag_batches": spool.archive_lag,
            "archive_error": spool.archive_error,
            "books_lag_batches": spool.books_lag,
            "books_error": spool.books_error,
        },
    });
    Json(body).into_response()
}
