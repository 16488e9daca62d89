//! Everything a page can do, a script can do too: each action of a page and its twin in the API, one line each.

use crate::routes;

/// What a page's action has in the API.
enum Twin {
    /// The same, through the same service.
    Api(&'static str),
    /// Nothing, and why.
    None(&'static str),
}
use Twin::{Api, None};

/// A new action of a page is a new line here.
const TWINS: &[(&str, Twin)] = &[
    ("POST /appearance", None("the colours of one browser")),
    ("POST /sign-in", None("a script presents a token")),
    ("POST /sign-out", None("a script presents a token")),
    ("POST /first-admin", None("the first token is made beside the first link")),
    ("POST /welcome/test", None("a script sends its request to the gateway itself")),
    ("POST /keys", Api("POST /api/v1/keys")),
    ("POST /keys/{id}", Api("PUT /api/v1/keys/{id}")),
    ("POST /keys/{id}/revocation", Api("POST /api/v1/keys/{id}/revocation")),
    ("POST /keys/{id}/rotation", Api("POST /api/v1/keys/{id}/rotation")),
    ("POST /keys/{id}/rotation/end", Api("POST /api/v1/keys/{id}/rotation/end")),
    ("POST /requests/views", Api("POST /api/v1/views")),
    ("POST /requests/views/{id}", Api("PUT /api/v1/views/{id}")),
    ("POST /requests/views/{id}/deletion", Api("DELETE /api/v1/views/{id}")),
    ("POST /requests/exports", Api("POST /api/v1/exports")),
    ("POST /requests/exports/{id}/deletion", Api("DELETE /api/v1/exports/{id}")),
    ("POST /providers/endpoints", Api("POST /api/v1/endpoints")),
    ("POST /providers/endpoints/{id}", Api("PUT /api/v1/endpoints/{id}")),
    ("POST /providers/endpoints/{id}/deletion", Api("DELETE /api/v1/endpoints/{id}")),
    ("POST /providers/endpoints/{id}/test", Api("POST /api/v1/endpoints/{id}/test")),
    ("POST /providers/endpoints/{id}/listing", Api("POST /api/v1/endpoints/{id}/models")),
    ("POST /providers/endpoints/{id}/models", Api("POST /api/v1/endpoints/{id}/models")),
    ("POST /models", Api("POST /api/v1/models")),
    ("POST /models/{id}", Api("PUT /api/v1/models/{id}")),
    ("POST /models/{id}/deletion", Api("DELETE /api/v1/models/{id}")),
    ("POST /publishing/{revision}/restoration", Api("POST /api/v1/revisions/{revision}/restoration")),
    (
        "POST /history/{kind}/{id}/versions/{version}/restoration",
        Api("POST /api/v1/objects/{kind}/{id}/versions/{version}/restoration"),
    ),
    ("POST /history/{kind}/{id}/discard", Api("POST /api/v1/objects/{kind}/{id}/discard")),
    ("POST /gateways/{id}/drain", Api("POST /api/v1/gateways/{id}/drain")),
    ("POST /gateways/{id}/drain/end", Api("DELETE /api/v1/gateways/{id}/drain")),
    ("POST /gateways/{id}/deletion", Api("DELETE /api/v1/gateways/{id}")),
    ("POST /gateways/tokens", Api("POST /api/v1/gateways/tokens")),
    ("POST /gateways/tokens/{id}/revocation", Api("POST /api/v1/gateways/tokens/{id}/revocation")),
    ("POST /settings/sessions/end", Api("POST /api/v1/account/sessions/end")),
    ("POST /settings/sessions/{id}/end", Api("POST /api/v1/account/sessions/{id}/end")),
    ("POST /settings/tokens", Api("POST /api/v1/tokens")),
    ("POST /settings/tokens/{id}/revocation", Api("POST /api/v1/tokens/{id}/revocation")),
    ("POST /settings/workspaces", Api("POST /api/v1/workspaces")),
    ("POST /settings/name", None("a script's name is its token's")),
    ("POST /settings/password", None("a script presents a token")),
    ("POST /settings/people/{id}", Api("PUT /api/v1/people/{id}")),
    ("POST /settings/people/{id}/disablement", Api("POST /api/v1/people/{id}/disablement")),
    ("POST /settings/people/{id}/disablement/end", Api("DELETE /api/v1/people/{id}/disablement")),
    ("POST /settings/people/{id}/reset", Api("POST /api/v1/people/{id}/reset")),
    ("POST /settings/people/{id}/sessions/end", Api("DELETE /api/v1/people/{id}/sessions")),
    (
        "POST /settings/people/{id}/sessions/{session}/end",
        Api("DELETE /api/v1/people/{id}/sessions/{session}"),
    ),
    ("POST /settings/invitations", Api("POST /api/v1/invitations")),
    ("POST /settings/invitations/{id}/withdrawal", Api("DELETE /api/v1/invitations/{id}")),
    ("POST /settings/workspaces/{id}/members", Api("PUT /api/v1/workspaces/{id}/members/{person}")),
    (
        "POST /settings/workspaces/{id}/members/{person}/removal",
        Api("DELETE /api/v1/workspaces/{id}/members/{person}"),
    ),
    ("POST /invitation", None("the person who is invited comes by a browser")),
    ("POST /reset", None("the person who forgot comes by a browser")),
    ("POST /settings/workspaces/{id}", Api("PUT /api/v1/workspaces/{id}")),
    ("POST /stops", Api("POST /api/v1/stops")),
    ("POST /stops/{id}/end", Api("DELETE /api/v1/stops/{id}")),
    ("POST /publish", Api("POST /api/v1/revisions")),
];

fn names() -> Vec<String> {
    let (_, list) = routes::all().finish();
    list.iter().map(|route| format!("{} {}", route.method, route.path)).collect()
}

#[test]
fn every_action_of_a_page_has_its_twin_in_the_api() {
    let is_action = |name: &&String| {
        !name.starts_with("GET ") && !name.contains(" /api/") && !name.contains(" /gateway/")
    };
    for action in names().iter().filter(is_action) {
        let known = TWINS.iter().any(|(page, _)| page == action);
        assert!(known, "{action} has no line in the table of twins: name its twin, or say why it has none");
    }
}

#[test]
fn the_table_of_twins_names_only_what_is_served() {
    let served = names();
    let is_served = |name: &str| served.iter().any(|other| other == name);
    for (page, twin) in TWINS {
        assert!(is_served(page), "{page} is not served any more");
        match twin {
            Api(twin) => assert!(is_served(twin), "{twin}, the twin of {page}, is not served"),
            None(why) => assert!(!why.is_empty(), "{page}: why has it no twin?"),
        }
    }
}
