//! Who asks, and whether they may: sign-in, sessions, rights. Deny by default: a route's handler names its right in
//! its type ([`Allowed`]), and the router takes no handler that does not.

mod actor;
mod allowed;
pub(crate) mod browser;
pub(crate) mod live;
pub(crate) mod origin;
pub(crate) mod password;
mod permission;
pub mod session;
pub mod sign_in;
pub(crate) mod throttle;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::HeaderMap;
use http::header::USER_AGENT;
use http::request::Parts;

use crate::app::App;
use crate::error::AppError;

pub use actor::{Actor, Reach};
pub use allowed::{Allowed, Door, Entry, FromGateway, Guarded, Public, Visitor};
pub(crate) use allowed::{identify, presented};
pub use password::PASSWORD_MIN;
pub use permission::{
    Grant, ManageGateways, ManageKeys, ManagePeople, ManageProviders, ManageTokens, ManageWorkspaces,
    OwnAccount, Permission, Publish, ReadAudit, ReadBodies, ReadFigures, ReadRevisions, ReadSetup, Right,
    Role,
};

/// What a request carries to say who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Presented<'a> {
    /// A token in `Authorization`.
    Bearer(&'a str),
    /// A session in the cookie.
    Session(&'a str),
    /// Nothing.
    Nothing,
}

/// The value of a cookie.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    session::named(headers, name)
}

/// Where a request comes from: address (through as many proxies as are trusted) and browser.
#[derive(Clone, Debug)]
pub struct Remote {
    /// The address.
    pub address: IpAddr,
    /// The browser.
    pub agent: String,
    mark: String,
    session: String,
}

impl Remote {
    /// As a session remembers it.
    #[must_use]
    pub fn origin(&self) -> session::Origin {
        session::Origin {
            address: self.address.to_string(),
            agent: self.agent.clone(),
            mark: self.mark.clone(),
            earlier: self.session.clone(),
        }
    }
}

impl FromRequestParts<App> for Remote {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AppError> {
        let headers = &parts.headers;
        let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Self {
            address: address(parts, app),
            agent: agent.to_owned(),
            mark: browser::cookie(headers).unwrap_or_default().to_owned(),
            session: session::cookie(headers).unwrap_or_default().to_owned(),
        })
    }
}

/// The address a request comes from, through as many proxies as are trusted.
fn address(parts: &Parts, app: &App) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    forwarded(&parts.headers, app.config.trusted_proxies).unwrap_or(peer)
}

/// The address that the outermost trusted proxy saw; what stands left of it in the header was said by strangers.
fn forwarded(headers: &HeaderMap, trusted: usize) -> Option<IpAddr> {
    let place = trusted.checked_sub(1)?;
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    hops.iter().rev().nth(place)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_trusted_proxies_saw_is_believed() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "6.6.6.6, 192.0.2.9, 10.0.0.1".parse().unwrap());
        assert_eq!(forwarded(&headers, 0), None);
        assert_eq!(forwarded(&headers, 1), Some("10.0.0.1".parse().unwrap()));
        assert_eq!(forwarded(&headers, 2), Some("192.0.2.9".parse().unwrap()));
        assert_eq!(forwarded(&headers, 9), None);
    }
}
