//! The control plane, as far as a gateway needs one: a welcome, one signed policy, heartbeats, and books that take all.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use weir_contract::id::Revision;
use weir_contract::policy::snapshot::{AuthStyle, Credential, credential_place};
use weir_contract::policy::{
    Content, EndpointEntry, Header, KeyEntry, ModelEntry, PolicySecret, PriceEntry, SCHEMA, SignedHeader,
    SigningKey, TargetEntry, WorkspaceEntry,
};
use weir_contract::price::{Price, Rates};
use weir_contract::record::LogLevel;
use weir_contract::sync::{HEARTBEAT_SECONDS, Receipt, Revised, ToGateway};
use weir_contract::usage::Bucket;

use crate::payload::{self, Payload};

/// The key the clients present.
pub const KEY: &str = "wk_bench_0123456789abcdefghijklmnop";

/// Starts it for a provider at that address.
pub async fn start(provider: SocketAddr) -> SocketAddr {
    let greeting = Bytes::from(greeting(provider));
    listen(move |request: Request<Incoming>| {
        let greeting = greeting.clone();
        async move {
            let stream = request.uri().path().ends_with("/stream");
            let _ = request.into_body().collect().await;
            let receipt = Bytes::from(serde_json::to_vec(&Receipt { taken: true }).expect("JSON"));
            let body = if stream { talk(greeting) } else { Full::new(receipt).boxed() };
            Ok::<_, Infallible>(Response::new(body))
        }
    })
    .await
}

/// The greeting, then a heartbeat now and then, for ever.
fn talk(greeting: Bytes) -> BoxBody<Bytes, Infallible> {
    let heartbeat = line(&ToGateway::Heartbeat { now_us: 0 });
    let beats = stream::repeat(Bytes::from(heartbeat)).then(|beat| async {
        tokio::time::sleep(Duration::from_secs(HEARTBEAT_SECONDS)).await;
        beat
    });
    let frames = stream::iter([greeting]).chain(beats).map(|data| Ok(Frame::data(data)));
    BodyExt::boxed(StreamBody::new(frames))
}

fn line(message: &ToGateway) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).expect("JSON");
    line.push(b'\n');
    line
}

fn greeting(provider: SocketAddr) -> Vec<u8> {
    let secret = PolicySecret::new([7; 32]).expect("a secret");
    let key = SigningKey::from_seed(&[3; 32]).expect("a key");
    let sections = content(provider, &secret).sections().expect("sections");
    let references = sections.iter().map(weir_contract::policy::Section::reference).collect();
    let header = Header { schema: SCHEMA, revision: Revision(1), published_at_us: 0, sections: references };
    let signed = SignedHeader::sign(&header, &key).expect("a signature");
    let welcome = ToGateway::Welcome { policy_secret: secret.to_base64(), signing_key: key.verifier().0 };
    [line(&welcome), line(&ToGateway::Snapshot(Revised { signed, sections }))].concat()
}

/// One workspace, one key, and for every payload an endpoint, a model and a price.
fn content(provider: SocketAddr, secret: &PolicySecret) -> Content {
    let names = payload::ALL.each_ref().map(|payload| payload.name);
    let endpoints = payload::ALL.each_ref().map(|payload| endpoint(payload, provider, secret)).to_vec();
    let model = |name: &str| ModelEntry {
        name: name.to_owned(),
        workspace: None,
        targets: vec![TargetEntry { endpoint: name.into(), upstream_model: name.to_owned() }],
        max_output: Some(16_384),
        context_window: Some(400_000),
        can: Vec::new(),
        cannot: Vec::new(),
    };
    let rates = Rates::from_iter([
        (Bucket::Input, 1_250_000_000),
        (Bucket::CacheRead, 125_000_000),
        (Bucket::Output, 10_000_000_000),
    ]);
    let price = |name: &str| PriceEntry {
        provider: "bench".to_owned(),
        model: name.to_owned(),
        price: Price { version: "bench".into(), rates: rates.clone(), ..Price::default() },
    };
    Content {
        workspaces: vec![workspace()],
        keys: vec![key(secret)],
        endpoints,
        models: names.map(model).to_vec(),
        prices: names.map(price).to_vec(),
        stops: Vec::new(),
    }
}

fn workspace() -> WorkspaceEntry {
    WorkspaceEntry {
        id: "ws_bench".into(),
        name: "bench".to_owned(),
        environment: "production".to_owned(),
        log_level: LogLevel::Full,
        retention_days: 30,
    }
}

fn key(secret: &PolicySecret) -> KeyEntry {
    KeyEntry {
        id: "key_bench".into(),
        workspace: "ws_bench".into(),
        name: "bench".to_owned(),
        hash: secret.key_hash(KEY).to_hex(),
        previous: None,
        expires_at_us: None,
        models: Vec::new(),
        endpoints: Vec::new(),
        regions: Vec::new(),
        networks: Vec::new(),
        customer: None,
        customer_source_min: None,
        customer_secret: None,
        tags: [("team".to_owned(), "archive".to_owned())].into(),
        log_level: None,
        requests_per_minute: None,
        concurrent_max: None,
        drop_unsupported: false,
    }
}

fn endpoint(payload: &Payload, provider: SocketAddr, secret: &PolicySecret) -> EndpointEntry {
    let (name, base_url) = (payload.name, format!("http://{provider}{}", payload.base()));
    let place = credential_place(&name.into(), &base_url);
    let credential = secret.seal(b"sk-bench", &place, [1; 12]).expect("a sealed credential");
    EndpointEntry {
        id: name.into(),
        workspace: None,
        name: name.to_owned(),
        provider: "bench".to_owned(),
        dialect: payload.answered.dialect().to_owned(),
        base_url,
        region: String::new(),
        auth: AuthStyle::Bearer,
        credential: Credential::Sealed(credential),
        connect_timeout_ms: 5_000,
        first_byte_timeout_ms: 20_000,
        idle_timeout_ms: 20_000,
        total_timeout_ms: 60_000,
        retries_max: 0,
        allow_private: true,
        proxy: None,
        ca_pem: None,
        client_cert: None,
    }
}

/// Serves requests on a port of its choice until the runtime ends.
pub async fn listen<F, A, B>(answer: F) -> SocketAddr
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
    let address = listener.local_addr().expect("an address");
    let accept = async move {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((connection, _)) = listener.accept().await {
            let _ = connection.set_nodelay(true);
            let service = service_fn(answer.clone());
            let serving = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(connection), service);
            connections.spawn(async move { drop(serving.await) });
        }
    };
    tokio::runtime::Handle::current().spawn(accept);
    address
}
