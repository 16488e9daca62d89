//! Pages: each handler extracts, asks, fills a view of the web crate, answers. Folders are named like its screens.
//!
//! Every page works by plain links and forms. What failed becomes a page too: see [`dress`].

mod answer;
mod api;
mod appearance;
mod assets;
mod customers;
mod dress;
mod example;
mod first_admin;
mod flash;
mod frame;
mod freshness;
mod gateway;
mod help;
mod home;
mod keys;
mod people;
mod providers;
mod publish;
mod requests;
mod sheet;
mod sign_in;
#[cfg(test)]
mod tests;
mod welcome;

use http::Uri;

use crate::auth::Public;
use crate::error::AppError;
use crate::routes::Routes;

pub(crate) use dress::dress;

/// All pages.
pub(crate) fn routes() -> Routes {
    Routes::default()
        .get("/", home::show)
        .get("/assets/{*path}", assets::show)
        .get("/favicon.ico", assets::favicon)
        .post("/appearance", appearance::update)
        .get("/sign-in", sign_in::show)
        .post("/sign-in", sign_in::create)
        .post("/sign-out", sign_in::delete)
        .get("/first-admin", first_admin::show)
        .post("/first-admin", first_admin::create)
        .get("/welcome", welcome::show::show)
        .post("/welcome/test", welcome::test::create)
        .get("/welcome/events", welcome::events::show)
        .get("/requests", requests::list::list)
        .get("/requests.csv", requests::export::show)
        .get("/requests/{id}", requests::show::show)
        .get("/requests/{id}/bodies/{attempt}/{part}", requests::body::show)
        .get("/customers", customers::list::list)
        .get("/customers.csv", customers::export::list)
        .get("/customers/{id}", customers::show::show)
        .get("/customers/{id}/calls.csv", customers::export::calls)
        .get("/keys", keys::list::list)
        .post("/keys", keys::create::create)
        .get("/keys/{id}/revocation", keys::revoke::ask)
        .post("/keys/{id}/revocation", keys::revoke::create)
        .get("/providers", providers::list::list)
        .get("/providers/endpoints/new", providers::endpoint::new)
        .post("/providers/endpoints", providers::endpoint::create)
        .get("/providers/endpoints/{id}", providers::endpoint::show)
        .post("/providers/endpoints/{id}", providers::endpoint::update)
        .get("/providers/endpoints/{id}/deletion", providers::endpoint::ask)
        .post("/providers/endpoints/{id}/deletion", providers::endpoint::delete)
        .get("/models/new", providers::model::new)
        .post("/models", providers::model::create)
        .get("/models/{id}", providers::model::show)
        .post("/models/{id}", providers::model::update)
        .get("/models/{id}/deletion", providers::model::ask)
        .post("/models/{id}/deletion", providers::model::delete)
        .post("/publish", publish::create)
        .get("/api", api::show)
        .get("/help", help::list)
        .get("/help/errors/{slug}", help::error)
        .get("/help/{screen}", help::screen)
}

/// Everything that is no route.
pub(crate) async fn not_found(_: Public, uri: Uri) -> AppError {
    AppError::NotFound { what: "page", id: uri.path().to_owned() }
}
