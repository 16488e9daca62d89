//! A control plane that sends one policy, listens, and keeps books.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use weir_contract::id::Revision;
use weir_contract::sync::{BookLine, Receipt, Revised, ToControl, ToGateway};

use crate::sample;

#[derive(Clone)]
struct Heard {
    first: Arc<[Bytes; 2]>,
    lines: Arc<Mutex<Vec<BookLine>>>,
    acknowledged: watch::Sender<Revision>,
}

/// The control plane; gone when dropped.
pub(super) struct Control {
    pub(super) address: SocketAddr,
    heard: Heard,
    _serving: JoinSet<()>,
}

impl Control {
    pub(super) async fn start(revised: Revised) -> Self {
        let line = |message: &ToGateway| Bytes::from(serde_json::to_string(message).unwrap() + "\n");
        let (policy_secret, signing_key) = sample::secrets();
        let first =
            [line(&ToGateway::Welcome { policy_secret, signing_key }), line(&ToGateway::Snapshot(revised))];
        let heard = Heard {
            first: Arc::new(first),
            lines: Arc::default(),
            acknowledged: watch::Sender::new(Revision(0)),
        };
        let routes = axum::Router::new()
            .route("/gateway/v1/stream", post(stream_of))
            .route("/gateway/v1/messages", post(hear))
            .with_state(heard.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, heard, _serving: serving }
    }

    /// Waits until the policy is in force.
    pub(super) async fn acknowledged(&self) {
        self.heard.acknowledged.subscribe().wait_for(|revision| *revision > Revision(0)).await.unwrap();
    }

    /// What the books were told.
    pub(super) fn lines(&self) -> Vec<BookLine> {
        self.heard.lines.lock().unwrap().clone()
    }
}

async fn stream_of(State(heard): State<Heard>) -> Body {
    let messages = (*heard.first).clone().into_iter().map(Ok::<_, std::io::Error>);
    let endless = futures_util::StreamExt::chain(stream::iter(messages), stream::pending());
    Body::from_stream(endless)
}

async fn hear(State(heard): State<Heard>, Json(message): Json<ToControl>) -> Json<Receipt> {
    match message {
        ToControl::Ack { revision, .. } => {
            heard.acknowledged.send_replace(revision);
        }
        ToControl::Nack { reason, .. } => panic!("the gateway refused the policy: {reason}"),
        ToControl::BatchPosted(batch) => heard.lines.lock().unwrap().extend(batch.lines),
        _ => {}
    }
    Json(Receipt { taken: true })
}
