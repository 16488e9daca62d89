//! Every URL of the control plane on one page, each with who may come through it.
//!
//! [`Routes`] takes only handlers whose first argument is a door ([`crate::auth::Allowed`], `Public`, `FromGateway`):
//! a route without a permission does not compile, and a test reads the list.
//!
//! ```
//! use weir_controlplane::auth::Public;
//! use weir_controlplane::routes::Routes;
//! async fn open(_: Public) {}
//! let (_, list) = Routes::default().get("/open", open).finish();
//! assert_eq!(list.len(), 1);
//! ```
//!
//! ```compile_fail,E0277
//! use weir_controlplane::routes::Routes;
//! async fn naked() {}
//! let _ = Routes::default().get("/naked", naked);
//! ```

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};

use crate::api::{sync, v1};
use crate::app::App;
use crate::auth::{Entry, Guarded};
use crate::{api, page};

/// One route and who may come through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// The path, with its holes.
    pub path: &'static str,
    /// Who may come through.
    pub entry: Entry,
}

/// The router while it is being built.
#[derive(Default)]
pub struct Routes {
    router: Router<App>,
    list: Vec<Route>,
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident $filter:ident)+) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name<H, T>(self, path: &'static str, handler: H) -> Self
        where
            H: Handler<T, App>,
            T: Guarded + 'static,
        {
            self.on(MethodFilter::$filter, stringify!($filter), path, handler)
        }
    )+};
}

impl Routes {
    methods! {
        /// Reads.
        get GET
        /// Creates, or does.
        post POST
        /// Replaces.
        put PUT
        /// Removes.
        delete DELETE
    }

    fn on<H, T>(mut self, filter: MethodFilter, method: &'static str, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: Guarded + 'static,
    {
        self.list.push(Route { method, path, entry: T::ENTRY });
        self.router = self.router.route(path, on(filter, handler));
        self
    }

    /// Another list of routes joined to this one.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.list.extend(other.list);
        self.router = self.router.merge(other.router);
        self
    }

    /// A larger or smaller limit for the bodies of all routes so far, bytes.
    #[must_use]
    pub fn body_limit(self, bytes: usize) -> Self {
        self.map(|router| router.layer(DefaultBodyLimit::max(bytes)))
    }

    /// Layers around all routes so far.
    #[must_use]
    pub fn map(mut self, change: impl FnOnce(Router<App>) -> Router<App>) -> Self {
        self.router = change(self.router);
        self
    }

    /// What was built: the router, and the list of its routes.
    pub fn finish(self) -> (Router<App>, Vec<Route>) {
        (self.router, self.list)
    }
}

const MESSAGE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// All routes.
#[must_use]
pub fn all() -> Routes {
    gateways().join(setup_api()).join(operations_api()).join(people_api()).join(page::routes())
}

fn gateways() -> Routes {
    Routes::default()
        .post("/gateway/v1/stream", sync::stream::open)
        .post("/gateway/v1/messages", sync::messages::take)
        .body_limit(MESSAGE_BYTES_MAX)
}

/// What is set up, its versions, and what runs.
fn setup_api() -> Routes {
    Routes::default()
        .get("/api/v1/workspaces", v1::workspaces::list)
        .post("/api/v1/workspaces", v1::workspaces::create)
        .get("/api/v1/workspaces/{id}", v1::workspaces::show)
        .put("/api/v1/workspaces/{id}", v1::workspaces::update)
        .get("/api/v1/workspaces/{id}/books/{period}", v1::workspaces::books)
        .get("/api/v1/keys", v1::keys::list)
        .post("/api/v1/keys", v1::keys::create)
        .get("/api/v1/keys/{id}", v1::keys::show)
        .put("/api/v1/keys/{id}", v1::keys::update)
        .post("/api/v1/keys/{id}/rotation", v1::keys::rotate)
        .post("/api/v1/keys/{id}/rotation/end", v1::keys::end_old_secret)
        .post("/api/v1/keys/{id}/revocation", v1::keys::revoke)
        .get("/api/v1/providers", v1::endpoints::providers)
        .get("/api/v1/endpoints", v1::endpoints::list)
        .post("/api/v1/endpoints", v1::endpoints::create)
        .get("/api/v1/endpoints/{id}", v1::endpoints::show)
        .put("/api/v1/endpoints/{id}", v1::endpoints::update)
        .delete("/api/v1/endpoints/{id}", v1::endpoints::delete)
        .get("/api/v1/prices", v1::prices::list)
        .get("/api/v1/prices/unrated", v1::prices::unrated)
        .post("/api/v1/endpoints/{id}/test", v1::endpoints::test)
        .post("/api/v1/endpoints/{id}/models", v1::endpoints::sync_models)
        .get("/api/v1/endpoints/observed", v1::endpoints::observed)
        .get("/api/v1/models/observed", v1::models::observed)
        .get("/api/v1/models", v1::models::list)
        .post("/api/v1/models", v1::models::create)
        .get("/api/v1/models/{id}", v1::models::show)
        .put("/api/v1/models/{id}", v1::models::update)
        .delete("/api/v1/models/{id}", v1::models::delete)
        .get("/api/v1/objects/{kind}/{id}", v1::versions::show)
        .get("/api/v1/objects/{kind}/{id}/versions", v1::versions::list)
        .post("/api/v1/objects/{kind}/{id}/versions/{version}/restoration", v1::versions::restore)
        .post("/api/v1/objects/{kind}/{id}/discard", v1::versions::discard)
        .get("/api/v1/draft", v1::revisions::draft)
        .get("/api/v1/revisions", v1::revisions::list)
        .post("/api/v1/revisions", v1::revisions::publish)
        .get("/api/v1/revisions/{revision}/restoration", v1::revisions::preview)
        .post("/api/v1/revisions/{revision}/restoration", v1::revisions::restore)
}

/// What happens, what it costs, and what acts at once.
fn operations_api() -> Routes {
    Routes::default()
        .get("/healthz", api::health::live)
        .get("/readyz", api::health::ready)
        .get("/api/openapi.json", api::openapi::show)
        .get("/api/v1/gateways", v1::gateways::list)
        .get("/api/v1/gateways/{id}", v1::gateways::show)
        .delete("/api/v1/gateways/{id}", v1::gateways::forget)
        .post("/api/v1/gateways/{id}/drain", v1::gateways::drain)
        .delete("/api/v1/gateways/{id}/drain", v1::gateways::resume)
        .get("/api/v1/gateways/tokens", v1::gateways::list_tokens)
        .post("/api/v1/gateways/tokens", v1::gateways::create_token)
        .post("/api/v1/gateways/tokens/{id}/revocation", v1::gateways::revoke_token)
        .get("/api/v1/stops", v1::stops::list)
        .post("/api/v1/stops", v1::stops::create)
        .get("/api/v1/stops/{id}", v1::stops::show)
        .delete("/api/v1/stops/{id}", v1::stops::end)
        .get("/api/v1/tokens", v1::tokens::list)
        .post("/api/v1/tokens", v1::tokens::create)
        .post("/api/v1/tokens/{id}/revocation", v1::tokens::revoke)
        .get("/api/v1/requests", v1::requests::list)
        .get("/api/v1/requests/groups", v1::figures::groups)
        .get("/api/v1/requests/histogram", v1::figures::bars)
        .get("/api/v1/requests/{id}", v1::requests::show)
        .get("/api/v1/overview", v1::overview::show)
        .get("/api/v1/views", v1::views::list)
        .post("/api/v1/views", v1::views::create)
        .get("/api/v1/views/{id}", v1::views::show)
        .put("/api/v1/views/{id}", v1::views::update)
        .delete("/api/v1/views/{id}", v1::views::delete)
        .get("/api/v1/exports", v1::exports::list)
        .post("/api/v1/exports", v1::exports::create)
        .get("/api/v1/exports/{id}", v1::exports::show)
        .get("/api/v1/exports/{id}/file", v1::exports::file)
        .delete("/api/v1/exports/{id}", v1::exports::delete)
        .get("/api/v1/customers", v1::customers::list)
        .get("/api/v1/customers/{id}", v1::customers::show)
        .get("/api/v1/account", v1::account::show)
        .get("/api/v1/account/sessions", v1::account::sessions)
        .post("/api/v1/account/sessions/end", v1::account::end_other_sessions)
        .post("/api/v1/account/sessions/{id}/end", v1::account::end_session)
        .get("/api/v1/audit", v1::audit::list)
        .get("/api/v1/audit/verification", v1::audit::verify)
        .get("/api/v1/audit/export", v1::audit::export)
}

fn people_api() -> Routes {
    Routes::default()
        .get("/api/v1/people", v1::people::list)
        .get("/api/v1/people/{id}", v1::people::show)
        .put("/api/v1/people/{id}", v1::people::update)
        .post("/api/v1/people/{id}/disablement", v1::people::disable)
        .delete("/api/v1/people/{id}/disablement", v1::people::enable)
        .post("/api/v1/people/{id}/reset", v1::people::reset)
        .get("/api/v1/people/{id}/sessions", v1::people::list_sessions)
        .delete("/api/v1/people/{id}/sessions", v1::people::end_sessions)
        .delete("/api/v1/people/{id}/sessions/{session}", v1::people::end_session)
        .get("/api/v1/invitations", v1::invitations::list)
        .post("/api/v1/invitations", v1::invitations::create)
        .delete("/api/v1/invitations/{id}", v1::invitations::withdraw)
        .get("/api/v1/workspaces/{id}/members", v1::members::list)
        .put("/api/v1/workspaces/{id}/members/{person}", v1::members::set)
        .delete("/api/v1/workspaces/{id}/members/{person}", v1::members::remove)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Right;

    #[test]
    fn every_route_names_who_may_come_through() {
        let (_, list) = all().finish();
        let entry = |method: &str, path: &str| {
            list.iter().find(|route| route.method == method && route.path == path).map(|route| route.entry)
        };
        assert_eq!(entry("POST", "/api/v1/keys"), Some(Entry::Right(Right::ManageKeys)));
        assert_eq!(entry("POST", "/api/v1/revisions"), Some(Entry::Right(Right::Publish)));
        assert_eq!(entry("POST", "/gateway/v1/messages"), Some(Entry::Gateway));
        for route in &list {
            let changes = route.method != "GET" && route.path.starts_with("/api/");
            let reads = matches!(
                route.entry,
                Entry::Right(
                    Right::ReadFigures
                        | Right::ReadBodies
                        | Right::ReadSetup
                        | Right::ReadRevisions
                        | Right::ReadAudit
                )
            );
            assert!(!(changes && reads), "{route:?} changes something with a right to read");
        }
    }

    #[test]
    fn only_these_are_open_to_anybody() {
        let (_, list) = all().finish();
        let open: Vec<String> = list
            .iter()
            .filter(|route| route.entry == Entry::Public)
            .map(|route| format!("{} {}", route.method, route.path))
            .collect();
        let known = [
            "GET /healthz",
            "GET /readyz",
            "GET /api/openapi.json",
            "GET /sign-in",
            "POST /sign-in",
            "POST /sign-out",
            "GET /first-admin",
            "POST /first-admin",
            "GET /invitation",
            "POST /invitation",
            "GET /reset",
            "POST /reset",
            "POST /appearance",
            "GET /assets/{*path}",
            "GET /favicon.ico",
        ];
        for route in &open {
            assert!(known.contains(&route.as_str()), "{route} lets everybody in: is that meant?");
        }
    }
}
