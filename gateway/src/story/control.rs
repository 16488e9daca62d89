//! A control plane that sends one policy, listens, and keeps books.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;
use weir_contract::id::Revision;
use weir_contract::sync::{BookLine, GatewayStatus, Receipt, Revised, ToControl, ToGateway};

use crate::sample;

#[derive(Clone)]
struct Heard {
    first: Arc<[Bytes; 2]>,
    lines: Arc<Mutex<Vec<BookLine>>>,
    acknowledged: watch::Sender<Revision>,
    refused: mpsc::UnboundedSender<(Revision, String)>,
    more: broadcast::Sender<Bytes>,
    status: watch::Sender<GatewayStatus>,
}

/// The control plane; gone when dropped.
pub(super) struct Control {
    pub(super) address: SocketAddr,
    heard: Heard,
    refusals: tokio::sync::Mutex<mpsc::UnboundedReceiver<(Revision, String)>>,
    _serving: JoinSet<()>,
}

impl Control {
    pub(super) async fn start(revised: Revised) -> Self {
        let line = |message: &ToGateway| Bytes::from(serde_json::to_string(message).unwrap() + "\n");
        let (policy_secret, signing_key) = sample::secrets();
        let first =
            [line(&ToGateway::Welcome { policy_secret, signing_key }), line(&ToGateway::Snapshot(revised))];
        let (refused, refusals) = mpsc::unbounded_channel();
        let heard = Heard {
            first: Arc::new(first),
            lines: Arc::default(),
            acknowledged: watch::Sender::new(Revision(0)),
            refused,
            more: broadcast::Sender::new(64),
            status: watch::Sender::default(),
        };
        let routes = axum::Router::new()
            .route("/gateway/v1/stream", post(stream_of))
            .route("/gateway/v1/messages", post(hear))
            .with_state(heard.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, heard, refusals: refusals.into(), _serving: serving }
    }

    /// Waits until that revision is in force.
    pub(super) async fn acknowledged(&self, wanted: Revision) {
        self.heard.acknowledged.subscribe().wait_for(|revision| *revision >= wanted).await.unwrap();
    }

    /// Sends a message to the gateway that listens.
    pub(super) fn push(&self, message: String) {
        self.heard.more.send(Bytes::from(message + "\n")).unwrap();
    }

    /// Sends a message that must be refused; the refusal.
    pub(super) async fn refusal_of(&self, message: String) -> (Revision, String) {
        self.push(message);
        self.refusals.lock().await.recv().await.unwrap()
    }

    /// Waits until the gateway says that of itself.
    pub(super) async fn said(&self, is_so: impl FnMut(&GatewayStatus) -> bool) {
        self.heard.status.subscribe().wait_for(is_so).await.unwrap();
    }

    /// What the books were told.
    pub(super) fn lines(&self) -> Vec<BookLine> {
        self.heard.lines.lock().unwrap().clone()
    }
}

async fn stream_of(State(heard): State<Heard>) -> Body {
    let messages = (*heard.first).clone().into_iter().map(Ok::<_, std::io::Error>);
    let more = stream::unfold(heard.more.subscribe(), |mut more| async move {
        let message = more.recv().await.ok()?;
        Some((Ok(message), more))
    });
    Body::from_stream(stream::iter(messages).chain(more))
}

async fn hear(State(heard): State<Heard>, Json(message): Json<ToControl>) -> Json<Receipt> {
    match message {
        ToControl::Ack { revision, .. } => {
            heard.acknowledged.send_replace(revision);
        }
        ToControl::Nack { revision, reason } => heard.refused.send((revision, reason)).unwrap(),
        ToControl::BatchPosted(batch) => heard.lines.lock().unwrap().extend(batch.lines),
        ToControl::Status(status) => drop(heard.status.send_replace(status)),
        _ => {}
    }
    Json(Receipt { taken: true })
}
