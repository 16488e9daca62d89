//! A proxy of the same libraries as the gateway that does nothing but pass on: hyper on tokio, a pool of connections.
//! What it costs is what no gateway on these libraries can go below; the rest is what Weir does.

use std::convert::Infallible;
use std::net::SocketAddr;

use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response, Uri, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The word that makes this program the bare proxy; the provider's address follows.
pub const COMMAND: &str = "bare";

/// Listens on a port of its choice, prints it, and passes on until killed.
pub fn serve(provider: &str) {
    let provider: SocketAddr = provider.parse().expect("the provider's address");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
        println!("{}", listener.local_addr().expect("an address").port());
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client: Client<HttpConnector, Incoming> = Client::builder(TokioExecutor::new()).build(connector);
        let authority: Authority = provider.to_string().parse().expect("an authority");
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let (client, authority) = (client.clone(), authority.clone());
            let service = service_fn(move |request| pass_on(client.clone(), authority.clone(), request));
            connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
}

async fn pass_on(
    client: Client<HttpConnector, Incoming>,
    authority: Authority,
    mut request: Request<Incoming>,
) -> Result<Response<Incoming>, Infallible> {
    let mut parts = request.uri().clone().into_parts();
    (parts.scheme, parts.authority) = (Some(Scheme::HTTP), Some(authority.clone()));
    *request.uri_mut() = Uri::from_parts(parts).expect("a URL");
    let host = HeaderValue::from_str(authority.as_str()).expect("a host");
    request.headers_mut().insert(header::HOST, host);
    Ok(client.request(request).await.expect("the provider answers"))
}
