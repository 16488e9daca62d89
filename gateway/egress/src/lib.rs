//! The one way out to providers, with the same rules wherever a call is made from: a gateway's traffic, or the control
//! plane's test of an endpoint.
//!
//! | module | holds |
//! | --- | --- |
//! | [`credential`] | how a credential travels: a header, a signature, a token |
//! | [`connector`] | resolves a name once, checks the address it will dial, dials exactly that one |
//! | [`reach`] | which addresses may be dialled |
//! | [`roots`] | whom we believe, and who we are: TLS settings |

pub mod connector;
pub mod credential;
pub mod reach;
pub mod roots;

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

pub use connector::{Dial, Egress};
pub use credential::{SignError, Signer};
pub use reach::Reach;

/// Idle connections kept to one host; above any concurrency one gateway serves.
const IDLE_CONNECTIONS_MAX: usize = 4096;

/// A client of hyper's over our connector. It follows no redirects: it has no such notion.
pub type HttpClient = Client<HttpsConnector<Dial>, Full<Bytes>>;

/// A client for connections that become something else: HTTP/1.1 alone, which is what WebSockets are asked for in.
#[must_use]
pub fn upgrading_client(tls: rustls::ClientConfig, dial: Dial) -> HttpClient {
    let https = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(dial);
    Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).pool_max_idle_per_host(0).build(https)
}

/// A pool over a connector.
#[must_use]
pub fn client(tls: rustls::ClientConfig, dial: Dial) -> HttpClient {
    let https = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(dial);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(90))
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .http2_adaptive_window(true)
        .build(https)
}
