//! Pages: each handler extracts, asks, fills a view of the web crate, answers. Folders are named like its screens.
//!
//! Every page works by plain links and forms. What failed becomes a page too: see [`dress`].

mod answer;
mod api;
mod appearance;
mod assets;
mod audit;
mod change;
mod customers;
mod draft;
mod dress;
mod example;
mod find;
mod first_admin;
mod flash;
mod frame;
mod freshness;
mod gateway;
mod gateways;
mod help;
mod history;
mod invitation;
mod keys;
mod models;
mod overview;
mod people;
mod price;
mod prices;
mod providers;
mod publish;
mod publishing;
mod requests;
mod reset;
mod settings;
mod sheet;
mod sign_in;
mod stops;
#[cfg(test)]
mod tests;
mod trail;
mod welcome;

use http::Uri;

use crate::auth::Public;
use crate::error::AppError;
use crate::routes::Routes;

pub(crate) use dress::dress;

/// All pages.
pub(crate) fn routes() -> Routes {
    Routes::default()
        .get("/", overview::show)
        .get("/assets/{*path}", assets::show)
        .get("/favicon.ico", assets::favicon)
        .post("/appearance", appearance::update)
        .get("/sign-in", sign_in::show)
        .post("/sign-in", sign_in::create)
        .post("/sign-out", sign_in::delete)
        .get("/first-admin", first_admin::show)
        .post("/first-admin", first_admin::create)
        .get("/invitation", invitation::show)
        .post("/invitation", invitation::create)
        .get("/reset", reset::show)
        .post("/reset", reset::create)
        .get("/welcome", welcome::show::show)
        .post("/welcome/test", welcome::test::create)
        .get("/welcome/events", welcome::events::show)
        .get("/palette", find::show)
        .get("/requests", requests::list::list)
        .get("/requests.csv", requests::export::show)
        .get("/requests/events", requests::events::show)
        .get("/requests/views", requests::views::list)
        .post("/requests/views", requests::views::create)
        .post("/requests/views/{id}", requests::views::update)
        .get("/requests/views/{id}/deletion", requests::views::ask)
        .post("/requests/views/{id}/deletion", requests::views::delete)
        .get("/requests/exports", requests::exports::list)
        .get("/requests/exports/new", requests::exports::new)
        .post("/requests/exports", requests::exports::create)
        .get("/requests/exports/{id}", requests::exports::show)
        .get("/requests/exports/{id}/events", requests::exports::events)
        .get("/requests/exports/{id}/file", requests::exports::download)
        .post("/requests/exports/{id}/deletion", requests::exports::delete)
        .get("/requests/{id}", requests::show::show)
        .get("/requests/{id}/bodies/{attempt}/{part}", requests::body::show)
        .get("/customers", customers::list::list)
        .get("/customers.csv", customers::export::list)
        .get("/customers/{id}", customers::show::show)
        .get("/customers/{id}/calls.csv", customers::export::calls)
        .get("/keys", keys::list::list)
        .post("/keys", keys::create::create)
        .get("/keys/{id}", keys::show::show)
        .post("/keys/{id}", keys::show::update)
        .get("/keys/{id}/rotation", keys::rotate::ask)
        .post("/keys/{id}/rotation", keys::rotate::create)
        .post("/keys/{id}/rotation/end", keys::rotate::end)
        .get("/keys/{id}/revocation", keys::revoke::ask)
        .post("/keys/{id}/revocation", keys::revoke::create)
        .get("/providers", providers::list::list)
        .get("/providers/endpoints/new", providers::endpoint::new)
        .post("/providers/endpoints", providers::endpoint::create)
        .get("/providers/endpoints/{id}", providers::endpoint::show)
        .post("/providers/endpoints/{id}", providers::endpoint::update)
        .post("/providers/endpoints/{id}/test", providers::endpoint::test)
        .post("/providers/endpoints/{id}/listing", providers::listing::ask)
        .post("/providers/endpoints/{id}/models", providers::listing::add)
        .get("/providers/endpoints/{id}/deletion", providers::delete::ask)
        .post("/providers/endpoints/{id}/deletion", providers::delete::delete)
        .get("/models", models::list::list)
        .get("/models/new", models::show::new)
        .post("/models", models::show::create)
        .get("/models/{id}", models::show::show)
        .post("/models/{id}", models::show::update)
        .get("/models/{id}/deletion", models::delete::ask)
        .post("/models/{id}/deletion", models::delete::delete)
        .get("/prices", prices::list)
        .get("/prices.csv", prices::export)
        .get("/audit", audit::list::list)
        .get("/audit.jsonl", audit::export::chain)
        .get("/audit.csv", audit::export::csv)
        .get("/publishing", publishing::list::list)
        .get("/publishing/{revision}", publishing::show::show)
        .get("/publishing/{revision}/events", publishing::events::show)
        .get("/publishing/{revision}/restoration", publishing::restore::ask)
        .post("/publishing/{revision}/restoration", publishing::restore::create)
        .get("/history/{kind}/{id}", history::show::show)
        .get("/history/{kind}/{id}/discard", history::discard::ask)
        .post("/history/{kind}/{id}/discard", history::discard::create)
        .get("/history/{kind}/{id}/versions/{version}/restoration", history::restore::ask)
        .post("/history/{kind}/{id}/versions/{version}/restoration", history::restore::create)
        .get("/gateways", gateways::list::list)
        .get("/gateways/{id}/drain", gateways::retire::ask_drain)
        .post("/gateways/{id}/drain", gateways::retire::drain)
        .post("/gateways/{id}/drain/end", gateways::retire::resume)
        .get("/gateways/{id}/deletion", gateways::retire::ask_forget)
        .post("/gateways/{id}/deletion", gateways::retire::forget)
        .post("/gateways/tokens", gateways::tokens::create)
        .get("/gateways/tokens/{id}/revocation", gateways::tokens::ask)
        .post("/gateways/tokens/{id}/revocation", gateways::tokens::revoke)
        .get("/settings", settings::show::show)
        .post("/settings/sessions/end", settings::sessions::end_others)
        .post("/settings/sessions/{id}/end", settings::sessions::end)
        .post("/settings/tokens", settings::tokens::create)
        .post("/settings/tokens/{id}/revocation", settings::tokens::revoke)
        .post("/settings/workspaces", settings::workspaces::create)
        .post("/settings/name", settings::account::rename)
        .post("/settings/password", settings::account::change_password)
        .get("/settings/people", settings::people::list::list)
        .get("/settings/people/{id}", settings::people::show::show)
        .post("/settings/people/{id}", settings::people::show::update)
        .get("/settings/people/{id}/disablement", settings::people::disablement::ask)
        .post("/settings/people/{id}/disablement", settings::people::disablement::create)
        .post("/settings/people/{id}/disablement/end", settings::people::disablement::end)
        .post("/settings/people/{id}/reset", settings::people::reset::create)
        .post("/settings/people/{id}/sessions/end", settings::people::sessions::end_all)
        .post("/settings/people/{id}/sessions/{session}/end", settings::people::sessions::end)
        .post("/settings/invitations", settings::people::invitations::create)
        .post("/settings/invitations/{id}/withdrawal", settings::people::invitations::withdraw)
        .get("/settings/workspaces/{id}/members", settings::people::members::list)
        .post("/settings/workspaces/{id}/members", settings::people::members::set)
        .post("/settings/workspaces/{id}/members/{person}/removal", settings::people::members::remove)
        .get("/settings/workspaces/{id}", settings::workspace::show)
        .post("/settings/workspaces/{id}", settings::workspace::update)
        .get("/stops", stops::list)
        .post("/stops", stops::create)
        .post("/stops/{id}/end", stops::end)
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
