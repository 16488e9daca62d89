//! Every route for everybody: who comes in where, with their own things and with somebody else's.
//!
//! Two workspaces with the same things in each. Every route is asked by nobody, and by each role, once everywhere and once
//! in the one workspace only, for the things of their own workspace and of the other. What must come out follows from
//! the right the route names; a new route with a hole in its path needs a line in [`Things::fill`], one that changes
//! something with a body needs one in [`Things::body`].

use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use weir_contract::id::WorkspaceId;

use crate::api_tokens::{self, NewApiToken};
use crate::auth::session::Origin;
use crate::auth::{Entry, Grant, Role};
use crate::endpoints::{self, EndpointForm};
use crate::people::invitation::{self, InvitationForm};
use crate::routes::{self, Route};
use crate::testing::House;
use crate::workspaces::{self, WorkspaceForm};
use crate::{keys, models, people, server, stops, views};

const PASSWORD: &str = "correct horse battery";

/// What makes something for the whole installation with a right that people have in one workspace too.
const FOR_ALL: &[&str] = &["POST /api/v1/workspaces", "POST /settings/workspaces"];

/// Whether a role in one workspace does not reach the route, whatever it carries.
fn is_for_all(route: &Route) -> bool {
    let name = format!("{} {}", route.method, route.path);
    FOR_ALL.contains(&name.as_str()) || matches!(route.entry, Entry::Right(right) if right.is_for_all())
}

/// What only its owner, or whoever rules its workspace, may change: others of the same workspace see it.
const OF_THE_OWNER: &[&str] = &["PUT /api/v1/views/{id}", "DELETE /api/v1/views/{id}"];

/// The things of one workspace.
struct Things {
    workspace: WorkspaceId,
    key: String,
    endpoint: String,
    model: String,
    stop: String,
    token: String,
    view: String,
    person: String,
    invitation: String,
    name: &'static str,
}

fn form_of<T: DeserializeOwned>(text: Value) -> T {
    serde_json::from_value(text).unwrap()
}

async fn things(house: &House, workspace: WorkspaceId, name: &'static str) -> Things {
    let (app, admin) = (&house.app, house.admin());
    let key =
        keys::create(app, &admin, form_of(json!({ "name": name, "workspace": workspace }))).await.unwrap();
    let endpoint = EndpointForm {
        name: name.to_owned(),
        workspace: Some(workspace.clone()),
        provider: "openai".to_owned(),
        ..EndpointForm::default()
    };
    let endpoint = endpoints::create(app, &admin, endpoint).await.unwrap().id.to_string();
    let model = json!({ "name": name, "workspace": workspace,
        "targets": [{ "endpoint": endpoint, "upstream_model": "gpt-x" }] });
    let model = models::create(app, &admin, form_of(model)).await.unwrap();
    let stop = json!({ "kind": "key", "target": key.key.id, "reason": name });
    let stop = stops::create(app, &admin, form_of(stop)).await.unwrap();
    let view = json!({ "name": name, "workspace": workspace });
    let view = views::create(app, &admin, form_of(view)).await.unwrap();
    let (token, _) = token(house, name, Role::Viewer, Some(workspace.clone())).await;
    let invite = |who: &str| -> InvitationForm {
        let role = json!({ "workspace": workspace, "role": "viewer" });
        form_of(json!({ "email": format!("{who}-{name}@example.com"), "roles": [role] }))
    };
    let operator = people::operator::of(app.clone());
    let (_, link) = operator.invite(invite("came")).await.unwrap();
    let (_, opened) = link.split_once("token=").unwrap();
    let accepted =
        form_of(json!({ "token": opened, "name": format!("Person of {name}"), "password": PASSWORD }));
    invitation::accept(app, &accepted, &Origin::default()).await.unwrap();
    let came = people::list(app, &admin).await.unwrap();
    let person = came.iter().find(|one| one.email == format!("came-{name}@example.com")).unwrap().id.clone();
    let (waiting, _) = operator.invite(invite("waits")).await.unwrap();
    Things {
        workspace,
        key: key.key.id.to_string(),
        endpoint,
        model: model.id.to_string(),
        stop: stop.id,
        token,
        view: view.id,
        person,
        invitation: waiting.id,
        name,
    }
}

/// A token's id and secret. It is made by whoever may do everything, so that its scope alone decides.
async fn token(house: &House, name: &str, role: Role, workspace: Option<WorkspaceId>) -> (String, String) {
    let form = NewApiToken {
        name: name.to_owned(),
        workspace,
        role: role.name().to_owned(),
        read_bodies: false,
        expires_us: None,
    };
    let mut writing = house.app.store.write().await.unwrap();
    let made =
        api_tokens::create_in(&house.app, &mut writing, crate::bootstrap::OURSELVES, form).await.unwrap();
    writing.commit().await.unwrap();
    (made.0.id, made.1)
}

impl Things {
    /// The path with its holes filled by these things; whether it had one that names a thing of a workspace.
    fn fill(&self, path: &str) -> (String, bool) {
        let thing = |start: &str| path.starts_with(start);
        let id = if thing("/api/v1/keys/") || thing("/keys/") {
            &self.key
        } else if thing("/api/v1/endpoints/") || thing("/providers/endpoints/") {
            &self.endpoint
        } else if ["/api/v1/models/", "/models/", "/api/v1/objects/", "/history/"].into_iter().any(thing) {
            &self.model
        } else if thing("/api/v1/people/") || thing("/settings/people/") {
            &self.person
        } else if thing("/api/v1/invitations/") || thing("/settings/invitations/") {
            &self.invitation
        } else if thing("/api/v1/workspaces/") || thing("/settings/workspaces/") {
            self.workspace.as_str()
        } else if thing("/api/v1/stops/") || thing("/stops/") {
            &self.stop
        } else if thing("/api/v1/tokens/") || thing("/settings/tokens/") {
            &self.token
        } else if thing("/api/v1/views/") || thing("/requests/views/") {
            &self.view
        } else {
            ""
        };
        let filled = path
            .replace("{id}", if id.is_empty() { "0192f0c1-2345-7890-abcd-0123456789ab" } else { id })
            .replace("{kind}", "model")
            .replace("{period}", "202611")
            .replace("{revision}", "1")
            .replace("{version}", "1")
            .replace("{person}", &self.person)
            .replace("{session}", "unknown")
            .replace("{attempt}", "1")
            .replace("{part}", "request")
            .replace("{slug}", "forbidden")
            .replace("{screen}", "keys")
            .replace("{*path}", "nothing");
        assert!(!filled.contains('{'), "{path} has a hole the matrix cannot fill: add it to Things::fill");
        let named = path.contains("{id}") && !id.is_empty();
        (filled, named)
    }

    /// A sound body for that route, so that nothing but the right decides.
    fn body(&self, route: &Route) -> Value {
        let Self { workspace, endpoint, name, key, .. } = self;
        match (route.method, route.path) {
            (_, "/api/v1/keys" | "/api/v1/keys/{id}") => {
                json!({ "name": format!("{name} 2"), "workspace": workspace })
            }
            (_, "/api/v1/endpoints" | "/api/v1/endpoints/{id}") => {
                json!({ "name": format!("{name} 2"), "workspace": workspace, "provider": "openai" })
            }
            (_, "/api/v1/models" | "/api/v1/models/{id}") => json!({ "name": format!("{name}-2"),
                "workspace": workspace, "targets": [{ "endpoint": endpoint, "upstream_model": "gpt-x" }] }),
            (_, "/api/v1/workspaces" | "/api/v1/workspaces/{id}") => json!({ "name": format!("{name} 2") }),
            (_, "/api/v1/views" | "/api/v1/views/{id}") => {
                json!({ "name": format!("{name} 2"), "workspace": workspace })
            }
            (_, "/api/v1/stops") => json!({ "kind": "key", "target": key, "reason": "matrix" }),
            (_, "/api/v1/tokens") => json!({ "name": "n", "role": "viewer", "workspace": workspace }),
            (_, "/api/v1/gateways/tokens") => json!({ "name": "n" }),
            (_, "/api/v1/people/{id}") => json!({ "roles": [{ "workspace": workspace, "role": "viewer" }] }),
            (_, "/api/v1/invitations") => json!({ "email": format!("more-{name}@example.com"),
                "roles": [{ "workspace": workspace, "role": "viewer" }] }),
            (_, "/api/v1/workspaces/{id}/members/{person}") => json!({ "role": "viewer" }),
            _ => json!({}),
        }
    }
}

/// Somebody who asks.
struct Asker {
    words: String,
    secret: String,
    grant: Grant,
}

async fn askers(house: &House, own: &WorkspaceId) -> Vec<Asker> {
    let mut askers = Vec::new();
    for role in [Role::Viewer, Role::Member, Role::Admin] {
        for workspace in [None, Some(own.clone())] {
            let place = workspace.as_ref().map_or("everywhere", |_| "in one workspace");
            let words = format!("{} {place}", role.name());
            let (_, secret) = token(house, &words, role, workspace.clone()).await;
            let grant = Grant { workspace, role, read_bodies: false };
            askers.push(Asker { words, secret, grant });
        }
    }
    askers
}

async fn ask(house: &House, route: &Route, path: &str, body: &Value, secret: Option<&str>) -> Response {
    let mut request = Request::builder().method(route.method).uri(path);
    if let Some(secret) = secret {
        request = request.header(header::AUTHORIZATION, format!("Bearer {secret}"));
    }
    let changes = route.method != "GET";
    let is_json = path.starts_with("/api/") || path.starts_with("/gateway/");
    let (kind, text) = match (changes, is_json) {
        (false, _) => ("", String::new()),
        (true, true) => ("application/json", body.to_string()),
        (true, false) => ("application/x-www-form-urlencoded", String::new()),
    };
    if changes {
        request = request.header(header::CONTENT_TYPE, kind);
    }
    let request = request.body(Body::from(text)).unwrap();
    server::router(house.app.clone()).oneshot(request).await.unwrap()
}

/// Whether whoever asked was known, and nothing broke.
fn is_answer(status: StatusCode) -> bool {
    status != StatusCode::UNAUTHORIZED && status != StatusCode::INTERNAL_SERVER_ERROR
}

/// What is wrong with an answer, in words.
fn judge(route: &Route, asker: &Asker, named: bool, is_own: bool, status: StatusCode) -> Option<String> {
    let name = format!("{} {}", route.method, route.path);
    let right = match route.entry {
        Entry::Public => return None,
        Entry::Gateway => {
            let wanted = StatusCode::UNAUTHORIZED;
            return (status != wanted).then(|| format!("{name}: {} got {status}, not {wanted}", asker.words));
        }
        Entry::Right(right) => right,
    };
    let carries = asker.grant.carries(right);
    let reaches = asker.grant.workspace.is_none() || (is_own && !is_for_all(route));
    // A page's form is sent empty: it asks for nothing, or for what all share. What is decided beyond the door is asked of its
    // twin in the API, with a sound body.
    let is_form = route.method != "GET" && !route.path.starts_with("/api/");
    let is_shut = matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
    let is_fine = match (carries, reaches) {
        (false, _) => status == StatusCode::FORBIDDEN,
        (true, true) if is_form => is_answer(status),
        (true, true) if OF_THE_OWNER.contains(&name.as_str()) => is_answer(status),
        (true, true) => is_answer(status) && status != StatusCode::FORBIDDEN,
        (true, false) if is_form => {
            let is_refused = matches!(status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST);
            is_refused || is_shut || !named
        }
        (true, false) if is_for_all(route) => status == StatusCode::FORBIDDEN,
        (true, false) if named => is_shut,
        (true, false) => is_answer(status),
    };
    let whose = if is_own { "their own" } else { "another's" };
    (!is_fine).then(|| format!("{name} ({right:?}) for {whose}: {} got {status}", asker.words))
}

async fn two_workspaces(house: &House) -> (Things, Things) {
    let admin = house.admin();
    let form = |name: &str| -> WorkspaceForm { form_of(json!({ "name": name })) };
    let own = workspaces::create(&house.app, &admin, form("Red")).await.unwrap().id;
    let other = workspaces::create(&house.app, &admin, form("Blue")).await.unwrap().id;
    (things(house, own, "red-thing").await, things(house, other, "blue-thing").await)
}

/// Routes that end a thing come last, so that everything is there while the others are asked.
fn in_order() -> Vec<Route> {
    let (_, mut list) = routes::all().finish();
    let ends = |route: &Route| {
        route.method == "DELETE"
            || ["/revocation", "/deletion", "/end", "/disablement", "/withdrawal", "/removal"]
                .iter()
                .any(|end| route.path.ends_with(end))
    };
    list.sort_by_key(ends);
    list
}

#[tokio::test]
async fn nobody_and_every_role_get_exactly_what_the_routes_rights_say() {
    let house = House::with(|config| config.api_requests_per_minute = 0).await;
    let (own, other) = two_workspaces(&house).await;
    let mut askers = askers(&house, &own.workspace).await;
    // Those who may do most come last: they end things.
    askers.sort_by_key(|asker| (asker.grant.role, asker.grant.workspace.is_none()));
    let mut wrong = Vec::new();
    for route in in_order() {
        let body = own.body(&route);
        let (path, _) = own.fill(route.path);
        let status = ask(&house, &route, &path, &body, None).await.status();
        let is_page = route.method == "GET" && !route.path.starts_with("/api/");
        let is_shut =
            if is_page { status == StatusCode::SEE_OTHER } else { status == StatusCode::UNAUTHORIZED };
        if route.entry != Entry::Public && !is_shut {
            wrong.push(format!("{} {}: nobody got {status}", route.method, route.path));
        }
        for asker in &askers {
            for (things, is_own) in [(&other, false), (&own, true)] {
                if asker.grant.workspace.is_none() && !is_own {
                    continue;
                }
                let (path, named) = things.fill(route.path);
                let answer = ask(&house, &route, &path, &body, Some(&asker.secret)).await;
                wrong.extend(judge(&route, asker, named, is_own, answer.status()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} unexpected:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn no_list_shows_what_belongs_to_another_workspace() {
    let house = House::with(|config| config.api_requests_per_minute = 0).await;
    let (own, other) = two_workspaces(&house).await;
    let admin_here = askers(&house, &own.workspace).await.pop().unwrap();
    let mut leaks = Vec::new();
    for route in in_order().into_iter().filter(|route| route.method == "GET" && !route.path.contains('{')) {
        let answer = ask(&house, &route, route.path, &json!({}), Some(&admin_here.secret)).await;
        if answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream") {
            continue;
        }
        let bytes = axum::body::to_bytes(answer.into_body(), 8 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let secrets = [
            other.name,
            other.key.as_str(),
            other.workspace.as_str(),
            other.endpoint.as_str(),
            other.person.as_str(),
        ];
        leaks.extend(
            secrets
                .iter()
                .filter(|secret| text.contains(**secret))
                .map(|secret| format!("{}: {secret}", route.path)),
        );
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

#[tokio::test]
async fn no_change_is_taken_from_another_site_whatever_the_route() {
    let house = House::with(|config| config.api_requests_per_minute = 0).await;
    let session = super::doors::ada(&house).await;
    let (own, _) = two_workspaces(&house).await;
    let cookie = format!("{}={session}", crate::auth::session::COOKIE_NAME);
    let mut taken = Vec::new();
    let foreign = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("x-nothing", "said"),
    ];
    for route in in_order().into_iter().filter(|route| route.method != "GET" && route.entry != Entry::Gateway)
    {
        for (name, value) in foreign {
            let request = Request::builder()
                .method(route.method)
                .uri(own.fill(route.path).0)
                .header(header::COOKIE, &cookie)
                .header(header::HOST, "weir.example")
                .header(name, value)
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(own.body(&route).to_string()))
                .unwrap();
            let status = server::router(house.app.clone()).oneshot(request).await.unwrap().status();
            if status != StatusCode::FORBIDDEN {
                taken.push(format!("{} {} with {name}: {value} got {status}", route.method, route.path));
            }
        }
    }
    assert!(taken.is_empty(), "{}", taken.join("\n"));
}
