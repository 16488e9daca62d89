//! `POST /gateway/v1/stream`: a gateway says hello and hears of every revision from then on, one JSON object a line.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::header::CONTENT_TYPE;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use weir_contract::id::{GatewayId, Revision};
use weir_contract::policy::SCHEMA;
use weir_contract::sync::{HEARTBEAT_SECONDS, Hello, Revised, ToGateway};

use crate::api::json;
use crate::app::App;
use crate::auth::FromGateway;
use crate::error::AppError;
use crate::gateways::{self, retire};
use crate::publish::Published;

/// Opens the stream.
pub(crate) async fn open(
    from: FromGateway,
    State(app): State<App>,
    json::Json(hello): json::Json<Hello>,
) -> Result<Response, AppError> {
    gateways::greet(&app, &from, &hello).await?;
    if hello.schema != SCHEMA {
        let (theirs, ours) = (hello.schema, SCHEMA);
        let reason = format!("it understands snapshot schema {theirs}, this control plane writes {ours}");
        gateways::refused(&app, hello.gateway.as_str(), app.publisher.newest(), &reason).await?;
    }
    let newest = app.publisher.newest();
    if hello.revision > newest {
        let ours = format!(
            "it runs {}, newer than anything published here ({newest}): is this database a restored copy?",
            hello.revision
        );
        gateways::refused(&app, hello.gateway.as_str(), Revision(hello.revision.0 + 1), &ours).await?;
    }
    let listener = Listener::new(app, hello);
    let lines = stream::unfold(listener, |mut listener| async move {
        let message = listener.next().await?;
        Some((line(&message), listener))
    });
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

fn line(message: &ToGateway) -> Result<Bytes, serde_json::Error> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(Bytes::from(line))
}

/// One gateway's side of the stream.
struct Listener {
    app: App,
    gateway: GatewayId,
    newest: watch::Receiver<Option<Arc<Published>>>,
    lacking: watch::Receiver<u64>,
    drains: watch::Receiver<u64>,
    /// Whether it was told to take no new requests.
    is_drained: bool,
    /// Whether that may have changed.
    must_look: bool,
    is_welcome: bool,
    /// The revision it has or was sent.
    sent: Revision,
    /// Hashes of the sections it has or was sent.
    sections: HashSet<String>,
    heartbeat: Instant,
}

impl Listener {
    fn new(app: App, hello: Hello) -> Self {
        Self {
            newest: app.publisher.watch(),
            lacking: app.lacking.watch(hello.gateway.as_str()),
            drains: app.drains.watch(hello.gateway.as_str()),
            is_drained: hello.draining,
            must_look: true,
            gateway: hello.gateway,
            is_welcome: false,
            sent: hello.revision,
            sections: hello.sections.into_iter().collect(),
            heartbeat: Instant::now() + heartbeat(),
            app,
        }
    }

    /// What to say next; `None` ends the stream.
    async fn next(&mut self) -> Option<ToGateway> {
        if !self.is_welcome {
            self.is_welcome = true;
            return Some(ToGateway::Welcome {
                policy_secret: self.app.policy_secret.to_base64(),
                signing_key: self.app.signing_key.verifier().0,
            });
        }
        loop {
            if self.lacking.has_changed().unwrap_or(false) {
                self.lacking.mark_unchanged();
                self.sections.clear();
                self.sent = Revision(0);
            }
            let newest = self.newest.borrow_and_update().clone();
            if let Some(newest) = newest.filter(|newest| newest.revision() > self.sent) {
                return Some(self.revised(&newest));
            }
            if std::mem::take(&mut self.must_look)
                && let Some(message) = self.drained().await
            {
                return Some(message);
            }
            let stopping = self.app.stopping.clone();
            tokio::select! {
                () = stopping.cancelled() => return None,
                changed = self.newest.changed() => changed.ok()?,
                asked = self.lacking.changed() => {
                    self.lacking.mark_changed();
                    asked.ok()?;
                }
                rung = self.drains.changed() => {
                    self.must_look = true;
                    rung.ok()?;
                }
                () = sleep_until(self.heartbeat) => {
                    self.must_look = true;
                    self.heartbeat = Instant::now() + heartbeat();
                    return Some(ToGateway::Heartbeat { now_us: self.app.clock.now_us() });
                }
            }
        }
    }

    /// Whether it is to take requests, when that is news to it. A store that does not answer has not said so.
    async fn drained(&mut self) -> Option<ToGateway> {
        let wanted = retire::is_drained(&self.app, self.gateway.as_str()).await.ok()?;
        let is_news = std::mem::replace(&mut self.is_drained, wanted) != wanted;
        is_news.then_some(if wanted { ToGateway::Drain } else { ToGateway::Resume })
    }

    /// The revision, without the sections the gateway has.
    fn revised(&mut self, newest: &Published) -> ToGateway {
        self.sent = newest.revision();
        self.heartbeat = Instant::now() + heartbeat();
        let with_names = newest.header.sections.iter().zip(&newest.sections);
        let unknown = with_names.filter(|(named, _)| !self.sections.contains(&named.hash));
        let sections: Vec<_> = unknown.map(|(_, section)| section.clone()).collect();
        let is_whole = sections.len() == newest.sections.len();
        self.sections = newest.header.sections.iter().map(|named| named.hash.clone()).collect();
        let revised = Revised { signed: newest.signed.clone(), sections };
        if is_whole { ToGateway::Snapshot(revised) } else { ToGateway::Delta(revised) }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.app.lacking.forget(self.gateway.as_str());
        self.app.drains.forget(self.gateway.as_str());
        tracing::info!(gateway = %self.gateway, "a gateway's stream ended");
    }
}

const fn heartbeat() -> Duration {
    Duration::from_secs(HEARTBEAT_SECONDS)
}
