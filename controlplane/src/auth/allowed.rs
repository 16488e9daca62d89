//! The door of every handler: [`Allowed<P>`] names the right it needs, [`Public`] says that it needs none, and
//! [`FromGateway`] that only gateways come here. [`crate::routes::Routes`] takes no handler without one of them.

use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::permission::{Permission, Right};
use super::{Actor, Presented, address, origin, session};
use crate::app::App;
use crate::error::AppError;
use crate::{api_tokens, gateways};

/// Whoever asks has the right `P` somewhere; where, the handler asks [`Actor::require`] or [`Actor::reach`].
#[derive(Debug)]
pub struct Allowed<P> {
    /// Whoever asks.
    pub actor: Actor,
    right: PhantomData<P>,
}

impl<P> Deref for Allowed<P> {
    type Target = Actor;
    fn deref(&self) -> &Actor {
        &self.actor
    }
}

impl<P: Permission> FromRequestParts<App> for Allowed<P> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AppError> {
        let actor = identify(parts, app).await?;
        if !actor.may(P::RIGHT) {
            return Err(AppError::Forbidden(P::RIGHT));
        }
        Ok(Self { actor, right: PhantomData })
    }
}

/// Whoever asks, whatever they may do.
pub(crate) async fn identify(parts: &Parts, app: &App) -> Result<Actor, AppError> {
    match presented(&parts.headers) {
        Presented::Bearer(token) => {
            app.throttle.token(address(parts, app), token, api_tokens::identify(app, token)).await
        }
        Presented::Session(token) => {
            origin::check(parts, app)?;
            session::identify(app, token).await?.ok_or_else(|| who(parts))
        }
        Presented::Nothing => Err(who(parts)),
    }
}

fn who(parts: &Parts) -> AppError {
    let is_page = !parts.uri.path().starts_with("/api/") && parts.method == http::Method::GET;
    if is_page {
        let return_to = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        AppError::SignIn { return_to: return_to.to_owned() }
    } else {
        AppError::Unauthenticated
    }
}

/// What the request carries to say who asks. A bearer token wins over a cookie: scripts are explicit.
pub(crate) fn presented(headers: &HeaderMap) -> Presented<'_> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(token) = bearer.and_then(|value| value.strip_prefix("Bearer ")) {
        return Presented::Bearer(token.trim());
    }
    session::cookie(headers).map_or(Presented::Nothing, Presented::Session)
}

/// Anybody may come here: sign-in, assets, health. Forms from other sites are refused all the same.
#[derive(Debug)]
pub struct Public;

impl FromRequestParts<App> for Public {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AppError> {
        origin::check(parts, app)?;
        Ok(Self)
    }
}

/// Somebody signed in, or nobody: for pages that look different to both.
#[derive(Debug)]
pub struct Visitor(pub Option<Actor>);

impl FromRequestParts<App> for Visitor {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AppError> {
        match presented(&parts.headers) {
            Presented::Session(token) => Ok(Self(session::identify(app, token).await?)),
            Presented::Bearer(_) | Presented::Nothing => Ok(Self(None)),
        }
    }
}

/// A gateway with a valid token.
#[derive(Debug)]
pub struct FromGateway {
    /// Its token's id.
    pub token: String,
    /// The gateway the token is tied to, from its first use on.
    pub gateway: Option<String>,
}

impl FromRequestParts<App> for FromGateway {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AppError> {
        match presented(&parts.headers) {
            Presented::Bearer(token) => {
                app.throttle.token(address(parts, app), token, gateways::identify(app, token)).await
            }
            Presented::Session(_) | Presented::Nothing => Err(AppError::Unauthenticated),
        }
    }
}

/// Who may come through a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Anybody.
    Public,
    /// Gateways.
    Gateway,
    /// People and scripts with that right.
    Right(Right),
}

/// A handler's list of arguments that begins with a door.
pub trait Guarded {
    /// Who may come through.
    const ENTRY: Entry;
}

/// An argument that is a door.
pub trait Door {
    /// Who may come through.
    const ENTRY: Entry;
}

impl Door for Public {
    const ENTRY: Entry = Entry::Public;
}
impl Door for FromGateway {
    const ENTRY: Entry = Entry::Gateway;
}
impl<P: Permission> Door for Allowed<P> {
    const ENTRY: Entry = Entry::Right(P::RIGHT);
}

macro_rules! guarded {
    ($($argument:ident)*) => {
        impl<M, D: Door, $($argument),*> Guarded for (M, D, $($argument,)*) {
            const ENTRY: Entry = D::ENTRY;
        }
    };
}
guarded!();
guarded!(A);
guarded!(A B);
guarded!(A B C);
guarded!(A B C E);
guarded!(A B C E F);
guarded!(A B C E F G);
