//! The one way out of this process: resolves a name once, checks the address it will dial, dials exactly that one.
//!
//! Redirects are followed by nobody: the client above has no such notion. An outbound proxy is used only where an endpoint
//! names one, by `CONNECT`, and its own address is checked like any other.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::Service;
use weir_contract::policy::EndpointEntry;

use crate::Reach;

/// What the operator grants all endpoints.
#[derive(Clone, Copy, Debug)]
pub struct Egress {
    /// Whether loopback may be dialled without a grant of the endpoint's own.
    pub allow_loopback: bool,
}

/// A connector with what it was granted.
#[derive(Clone, Debug)]
pub struct Dial {
    direct: Direct,
    proxy: Option<Uri>,
}

#[derive(Clone, Debug)]
struct Direct {
    reach: Reach,
    connect_max: Duration,
}

type Connecting = Pin<Box<dyn Future<Output = Result<TokioIo<TcpStream>, io::Error>> + Send>>;

impl Dial {
    /// For one endpoint, with its grants, its proxy and its timeout.
    ///
    /// # Errors
    /// When its proxy is not a URL.
    pub fn to_endpoint(entry: &EndpointEntry, egress: Egress) -> Result<Self, String> {
        let reach = Reach::granted(entry.allow_private, egress.allow_loopback);
        Self::with(reach, Duration::from_millis(entry.connect_timeout_ms.max(1)), entry.proxy.as_deref())
    }

    /// With a reach, a time to connect, and through a proxy (`http://host:port`) where one is named.
    ///
    /// # Errors
    /// When the proxy is not a URL.
    pub fn with(reach: Reach, connect_max: Duration, proxy: Option<&str>) -> Result<Self, String> {
        let proxy = proxy.map(str::parse::<Uri>).transpose();
        let proxy = proxy.map_err(|error| format!("its proxy is not a URL: {error}"))?;
        Ok(Self { direct: Direct { reach, connect_max }, proxy })
    }

    /// For an address the operator wrote into the gateway's configuration.
    #[must_use]
    pub const fn anywhere(connect_max: Duration) -> Self {
        Self { direct: Direct { reach: Reach::Anywhere, connect_max }, proxy: None }
    }
}

impl Service<Uri> for Dial {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Connecting {
        let mut direct = self.direct.clone();
        match self.proxy.clone() {
            None => direct.call(target),
            Some(proxy) => Box::pin(async move {
                direct.refuse_literal(&target)?;
                let connect_max = direct.connect_max;
                let tunnel = async {
                    Tunnel::new(proxy, direct).call(with_port(target)).await.map_err(io::Error::other)
                };
                bounded(connect_max, tunnel).await
            }),
        }
    }
}

impl Service<Uri> for Direct {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Connecting {
        let direct = self.clone();
        Box::pin(async move { bounded(direct.connect_max, direct.connect(&target)).await.map(TokioIo::new) })
    }
}

impl Direct {
    async fn connect(&self, target: &Uri) -> io::Result<TcpStream> {
        let host = host_of(target)?;
        let port = port_of(target);
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await?.collect();
        let allowed: Vec<SocketAddr> =
            found.iter().copied().filter(|at| self.reach.allows(at.ip())).collect();
        if allowed.is_empty() && !found.is_empty() {
            return Err(refused(host));
        }
        let mut last = io::Error::new(io::ErrorKind::NotFound, format!("`{host}` has no address"));
        for address in allowed {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Err(error) => last = io::Error::new(error.kind(), format!("{address}: {error}")),
            }
        }
        Err(last)
    }

    /// Through a proxy we do not see what a name resolves to, but an address written out we do.
    fn refuse_literal(&self, target: &Uri) -> io::Result<()> {
        let host = host_of(target)?;
        match host.parse::<IpAddr>() {
            Ok(address) if !self.reach.allows(address) => Err(refused(host)),
            _ => Ok(()),
        }
    }
}

fn refused(host: &str) -> io::Error {
    let words = format!(
        "`{host}` is an address of this machine or of a private network; an administrator must allow it for this endpoint"
    );
    io::Error::new(io::ErrorKind::PermissionDenied, words)
}

fn host_of(target: &Uri) -> io::Result<&str> {
    let host =
        target.host().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the URL has no host"))?;
    Ok(host.trim_start_matches('[').trim_end_matches(']'))
}

fn port_of(target: &Uri) -> u16 {
    target.port_u16().unwrap_or(if target.scheme_str() == Some("https") { 443 } else { 80 })
}

/// `CONNECT` needs the port written out.
fn with_port(target: Uri) -> Uri {
    let host = target.host().unwrap_or_default();
    let authority = format!("{host}:{}", port_of(&target));
    let scheme = target.scheme_str().unwrap_or("http");
    Uri::builder().scheme(scheme).authority(authority).path_and_query("/").build().unwrap_or(target)
}

async fn bounded<T>(most: Duration, connecting: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late =
        |_| io::Error::new(io::ErrorKind::TimedOut, format!("not connected within {} ms", most.as_millis()));
    tokio::time::timeout(most, connecting).await.map_err(late)?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dial(reach: Reach) -> Dial {
        Dial { direct: Direct { reach, connect_max: Duration::from_secs(5) }, proxy: None }
    }

    #[tokio::test]
    async fn an_address_that_was_not_granted_is_not_dialled() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target: Uri = format!("http://{}/v1", listener.local_addr().unwrap()).parse().unwrap();
        let refused = dial(Reach::Public).call(target.clone()).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
        assert!(dial(Reach::Loopback).call(target).await.is_ok());
    }

    #[tokio::test]
    async fn a_proxy_does_not_open_what_was_not_granted() {
        let mut dial = dial(Reach::Public);
        dial.proxy = Some("http://127.0.0.1:1".parse().unwrap());
        let error = dial.call("http://169.254.169.254/".parse().unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn a_tunnel_is_asked_for_with_its_port() {
        assert_eq!(
            with_port("https://api.example/v1".parse().unwrap()).authority().unwrap(),
            "api.example:443"
        );
        assert_eq!(
            with_port("http://api.example:81/".parse().unwrap()).authority().unwrap(),
            "api.example:81"
        );
    }
}
