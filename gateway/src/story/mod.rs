//! A gateway between a provider and a control plane of the tests' own: short stories about whole requests.

mod abilities;
mod batches;
mod control;
mod counting;
mod gemini;
mod gemini_kept;
mod hosts;
mod policy;
mod provider;
mod realtime;
mod requests;
mod responses;
mod routes;
mod streams;
mod translation;
mod words;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use weir_contract::clock::{Clock, Randomness};
use weir_contract::id::Revision;
use weir_contract::policy::Content;
use weir_contract::sync::BookLine;

use self::control::Control;
use self::provider::Provider;
use crate::config::{ControlLink, GatewayConfig, TimeoutsConfig};
use crate::{Ambient, Running, sample, start};

/// A clock that starts somewhere and moves a little with each look.
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now_us(&self) -> i64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// Random enough to tell two ids apart, and the same in every run.
struct Counting(AtomicU64);

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let next = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            chunk.copy_from_slice(&next.to_be_bytes()[..chunk.len()]);
        }
    }
}

/// Longer than any story.
const PATIENCE_MS: u64 = 30_000;

/// A gateway with its surroundings.
struct Story {
    gateway: Running,
    control: Control,
    provider: Provider,
    content: Content,
    client: Client<HttpConnector, Full<Bytes>>,
    data: tempfile::TempDir,
}

/// An answer, read to its end.
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answered {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}", self.body))
    }
}

impl Story {
    /// Both models are served by one provider.
    async fn begin() -> Self {
        Self::begin_with(|_| ()).await
    }

    /// The same with a change to the policy.
    async fn begin_with(change: impl FnOnce(&mut Content)) -> Self {
        Self::begin_patient(change, PATIENCE_MS).await
    }

    /// The same with a bound on how long a stop waits for requests in flight.
    async fn begin_patient(change: impl FnOnce(&mut Content), patience_ms: u64) -> Self {
        let provider = Provider::start().await;
        let base = format!("http://{}/v1", provider.address);
        let mut content = sample::content_at(&base, &base);
        change(&mut content);
        let control = Control::start(sample::revised(1, &content)).await;
        let data = tempfile::tempdir().unwrap();
        let gateway = start_at(&data, &format!("http://{}", control.address), patience_ms).await;
        control.acknowledged(Revision(1)).await;
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { gateway, control, provider, content, client, data }
    }

    async fn send(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Response<Incoming> {
        let mut request = Request::post(format!("http://{}{path}", self.gateway.address));
        request = request.header("authorization", format!("Bearer {}", sample::KEY));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.client.request(request.body(Full::from(body.to_owned())).unwrap()).await.unwrap()
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answered {
        read(self.send(path, headers, body).await).await
    }

    /// A request of any method, with the sample's key.
    async fn ask(&self, method: http::Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answered {
        let mut request = Request::builder().method(method);
        request = request.uri(format!("http://{}{path}", self.gateway.address));
        if !path.contains("?key=") {
            request = request.header("authorization", format!("Bearer {}", sample::KEY));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(self.client.request(request.body(Full::from(body.to_owned())).unwrap()).await.unwrap()).await
    }

    async fn get(&self, address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answered {
        let mut request = Request::get(format!("http://{address}{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(self.client.request(request.body(Full::default()).unwrap()).await.unwrap()).await
    }

    /// Closes the client's connections.
    fn without_client(mut self) -> Self {
        self.client = Client::builder(TokioExecutor::new()).build_http();
        self
    }

    /// Stops the gateway and its control plane, and starts the gateway alone.
    async fn restart_without_control(mut self) -> Self {
        self.gateway.shutdown().await;
        self.gateway = start_at(&self.data, "http://127.0.0.1:1", PATIENCE_MS).await;
        self
    }

    /// Stops the gateway; what the books were told in its life.
    async fn books(self) -> Vec<BookLine> {
        self.gateway.shutdown().await;
        self.control.lines()
    }
}

async fn read(response: Response<Incoming>) -> Answered {
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answered { status: head.status, headers: head.headers, body: String::from_utf8_lossy(&body).into_owned() }
}

async fn start_at(data: &tempfile::TempDir, control_url: &str, patience_ms: u64) -> Running {
    let config = GatewayConfig {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        admin_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        data: data.path().to_owned(),
        control: ControlLink { url: control_url.to_owned(), token: "wgt_story".to_owned().into() },
        allow_loopback: true,
        timeouts: TimeoutsConfig { shutdown_ms: patience_ms, ..TimeoutsConfig::default() },
        ..GatewayConfig::default()
    };
    let ambient = Ambient {
        clock: Arc::new(Ticking(AtomicI64::new(1_795_230_000_000_000))),
        random: Arc::new(Counting(AtomicU64::new(1))),
    };
    start(config, ambient).await.unwrap()
}
