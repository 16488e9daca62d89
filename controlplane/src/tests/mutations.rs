//! Everything that changes something is in the audit chain: each route that is not a `GET` is driven once with a valid
//! request, and must add to the chain. What takes a version in `If-Match` must refuse another one, give both back and
//! add nothing. A new route without a line here fails.

use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::audit;
use crate::auth::session::COOKIE_NAME;
use crate::routes;
use crate::server;
use crate::store::audit::find_head;
use crate::testing::House;

/// What `{id}` or `{revision}` in a path stands for: made anew for each route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hole {
    None,
    Key,
    RotatedKey,
    Endpoint,
    Model,
    Stop,
    View,
    Export,
    Token,
    GatewayToken,
    Workspace,
    Revision,
    Session,
}
use Hole::{
    Endpoint, Export, GatewayToken, Key, Model, Revision, RotatedKey, Session, Stop, Token, View, Workspace,
};

/// Route, what its hole stands for, and a valid body: `$n` is a new number, `$ep` a new endpoint, `$link` the first link.
const CASES: &[(&str, Hole, &str)] = &[
    (
        "POST /first-admin",
        Hole::None,
        "token=$link&name=Ada&email=ada%40example.com&password=correct+horse+battery",
    ),
    ("POST /sign-in", Hole::None, "email=ada%40example.com&password=correct+horse+battery"),
    ("POST /api/v1/workspaces", Hole::None, r#"{"name":"w$n"}"#),
    ("PUT /api/v1/workspaces/{id}", Workspace, r#"{"name":"w$n","retention_days":7,"calls_days":90}"#),
    ("POST /api/v1/keys", Hole::None, r#"{"name":"k$n","workspace":"default"}"#),
    ("PUT /api/v1/keys/{id}", Key, r#"{"name":"k$n","models":["gpt-x"]}"#),
    ("POST /api/v1/keys/{id}/rotation", Key, "{}"),
    ("POST /api/v1/keys/{id}/rotation/end", RotatedKey, ""),
    ("POST /api/v1/keys/{id}/revocation", Key, ""),
    ("POST /api/v1/endpoints", Hole::None, r#"{"name":"e$n","provider":"openai","credential":"sk-1"}"#),
    (
        "PUT /api/v1/endpoints/{id}",
        Endpoint,
        r#"{"name":"e$n","provider":"openai","base_url":"http://127.0.0.1:9/v1","limits":{"allow_private":true}}"#,
    ),
    ("DELETE /api/v1/endpoints/{id}", Endpoint, ""),
    ("POST /api/v1/endpoints/{id}/test", Endpoint, ""),
    (
        "POST /api/v1/models",
        Hole::None,
        r#"{"name":"m$n","targets":[{"endpoint":"$ep","upstream_model":"gpt-x"}]}"#,
    ),
    (
        "PUT /api/v1/models/{id}",
        Model,
        r#"{"name":"m$n","targets":[{"endpoint":"$ep","upstream_model":"gpt-x"}]}"#,
    ),
    ("DELETE /api/v1/models/{id}", Model, ""),
    ("POST /api/v1/revisions", Hole::None, r#"{"note":"why"}"#),
    ("POST /api/v1/revisions/{revision}/restoration", Revision, "{}"),
    ("POST /api/v1/gateways/tokens", Hole::None, r#"{"name":"g$n"}"#),
    ("POST /api/v1/gateways/tokens/{id}/revocation", GatewayToken, ""),
    (
        "POST /api/v1/stops",
        Hole::None,
        r#"{"kind":"customer","target":"c$n","workspace":"default","reason":"why"}"#,
    ),
    ("DELETE /api/v1/stops/{id}", Stop, ""),
    ("POST /api/v1/tokens", Hole::None, r#"{"name":"t$n","role":"viewer"}"#),
    ("POST /api/v1/tokens/{id}/revocation", Token, ""),
    ("POST /api/v1/views", Hole::None, r#"{"name":"v$n"}"#),
    ("PUT /api/v1/views/{id}", View, r#"{"name":"v$n","q":"status:error"}"#),
    ("DELETE /api/v1/views/{id}", View, ""),
    ("POST /api/v1/exports", Hole::None, "{}"),
    ("DELETE /api/v1/exports/{id}", Export, ""),
    ("POST /api/v1/account/sessions/end", Session, ""),
    ("POST /api/v1/account/sessions/{id}/end", Session, ""),
    ("POST /keys", Hole::None, "name=k$n&workspace=default"),
    ("POST /keys/{id}", Key, "name=k$n"),
    ("POST /keys/{id}/rotation", Key, "grace_seconds=60"),
    ("POST /keys/{id}/rotation/end", RotatedKey, ""),
    ("POST /keys/{id}/revocation", Key, ""),
    ("POST /requests/views", Hole::None, "name=v$n"),
    ("POST /requests/views/{id}", View, "name=v$n"),
    ("POST /requests/views/{id}/deletion", View, ""),
    ("POST /requests/exports", Hole::None, "format=csv"),
    ("POST /requests/exports/{id}/deletion", Export, ""),
    ("POST /providers/endpoints", Hole::None, "name=e$n&provider=openai&credential=sk-1"),
    (
        "POST /providers/endpoints/{id}",
        Endpoint,
        "name=e$n&provider=openai&base_url=http%3A%2F%2F127.0.0.1%3A9%2Fv1&allow_private=on",
    ),
    ("POST /providers/endpoints/{id}/deletion", Endpoint, ""),
    ("POST /providers/endpoints/{id}/test", Endpoint, ""),
    ("POST /models", Hole::None, "name=m$n&target_0_endpoint=$ep&target_0_model=gpt-x"),
    ("POST /models/{id}", Model, "name=m$n&target_0_endpoint=$ep&target_0_model=gpt-x"),
    ("POST /models/{id}/deletion", Model, ""),
    ("POST /publishing/{revision}/restoration", Revision, ""),
    ("POST /gateways/tokens", Hole::None, "name=g$n"),
    ("POST /gateways/tokens/{id}/revocation", GatewayToken, ""),
    ("POST /settings/sessions/end", Session, ""),
    ("POST /settings/sessions/{id}/end", Session, ""),
    ("POST /settings/tokens", Hole::None, "name=t$n&role=viewer"),
    ("POST /settings/tokens/{id}/revocation", Token, ""),
    (
        "POST /settings/workspaces",
        Hole::None,
        "workspace_name=w$n&log_level=meta&retention_days=7&calls_days=90",
    ),
    (
        "POST /settings/workspaces/{id}",
        Workspace,
        "workspace_name=w$n&log_level=meta&retention_days=7&calls_days=90",
    ),
    ("POST /stops", Hole::None, "kind=customer&target=c$n&workspace=default&reason=why"),
    ("POST /stops/{id}/end", Stop, ""),
    ("POST /publish", Hole::None, "note=why"),
    ("POST /sign-out", Hole::None, ""),
];

/// Routes that change nothing here, and why.
const NOTHING: &[(&str, &str)] = &[
    ("POST /appearance", "a cookie of one browser"),
    ("POST /welcome/test", "a request like any other: it is in the archive"),
    ("POST /gateway/v1/stream", "a gateway says how it is"),
    ("POST /gateway/v1/messages", "a gateway delivers; the books have their own proof"),
];

struct Tour {
    house: House,
    cookie: String,
    made: u32,
}

impl Tour {
    async fn send(&mut self, route: (&str, &str), body: &str, tag: Option<&str>) -> Response {
        let (method, path) = route;
        let kind =
            if path.starts_with("/api/") { "application/json" } else { "application/x-www-form-urlencoded" };
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("sec-fetch-site", "same-origin").header(header::CONTENT_TYPE, kind);
        request = request.header(header::COOKIE, format!("{COOKIE_NAME}={}", self.cookie));
        if let Some(tag) = tag {
            request = request.header(header::IF_MATCH, tag);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        server::router(self.house.app.clone()).oneshot(request).await.unwrap()
    }

    async fn make(&mut self, path: &str, body: &str) -> Value {
        let body = self.filled(body).await;
        let answer = self.send(("POST", path), &body, None).await;
        let status = answer.status();
        let made = json_of(answer).await;
        assert!(status.is_success(), "{path}: {made}");
        made
    }

    /// The body with its marks replaced.
    async fn filled(&mut self, body: &str) -> String {
        self.made += 1;
        let number = self.made.to_string();
        let mut body = body.replace("$n", &number);
        if body.contains("$ep") {
            body = body.replace("$ep", &Box::pin(self.hole(Endpoint)).await);
        }
        body.replace("$link", self.house.first.sign_in_link.split_once("token=").unwrap().1)
    }

    async fn hole(&mut self, hole: Hole) -> String {
        const ENDPOINT: &str = r#"{"name":"e$n","provider":"openai","credential":"sk-1","base_url":"http://127.0.0.1:9/v1","limits":{"allow_private":true}}"#;
        let (path, body) = match hole {
            Hole::None => return String::new(),
            Key | RotatedKey => ("/api/v1/keys", r#"{"name":"k$n","workspace":"default"}"#),
            Endpoint => ("/api/v1/endpoints", ENDPOINT),
            Model => (
                "/api/v1/models",
                r#"{"name":"m$n","targets":[{"endpoint":"$ep","upstream_model":"gpt-x"}]}"#,
            ),
            Stop => (
                "/api/v1/stops",
                r#"{"kind":"customer","target":"c$n","workspace":"default","reason":"why"}"#,
            ),
            View => ("/api/v1/views", r#"{"name":"v$n"}"#),
            Export => ("/api/v1/exports", "{}"),
            Token => ("/api/v1/tokens", r#"{"name":"t$n","role":"viewer"}"#),
            GatewayToken => ("/api/v1/gateways/tokens", r#"{"name":"g$n"}"#),
            Workspace => ("/api/v1/workspaces", r#"{"name":"w$n"}"#),
            Revision => ("/api/v1/revisions", "{}"),
            Session => return self.other_session().await,
        };
        let made = self.make(path, body).await;
        let id = made["id"].as_str().map_or_else(|| made["revision"].to_string(), str::to_owned);
        if hole == RotatedKey {
            self.make(&format!("/api/v1/keys/{id}/rotation"), "{}").await;
        }
        id
    }

    /// A session besides the one that asks, by its id.
    async fn other_session(&mut self) -> String {
        let form = "email=ada%40example.com&password=correct+horse+battery";
        assert_eq!(self.send(("POST", "/sign-in"), form, None).await.status(), StatusCode::SEE_OTHER);
        let listed = json_of(self.send(("GET", "/api/v1/account/sessions"), "", None).await).await;
        let other = listed["data"].as_array().unwrap().iter().find(|one| one["is_this"] == false);
        other.unwrap_or_else(|| panic!("{listed}"))["id"].as_str().unwrap().to_owned()
    }

    /// Rows of the audit chain.
    async fn rows(&self) -> i64 {
        find_head(&mut self.house.app.store.read().await.unwrap()).await.unwrap().0
    }

    /// Another version than the one that is there is refused with both, and nothing is done.
    async fn refuse_another_version(&mut self, route: (&str, &str), body: &str) {
        let before = self.rows().await;
        let refused = self.send(route, body, Some("\"another\"")).await;
        assert_eq!(refused.status(), StatusCode::PRECONDITION_FAILED, "{route:?}");
        let told = json_of(refused).await;
        assert!(told["current"].is_object(), "{route:?}: {told}");
        if !body.is_empty() {
            let sent: Value = serde_json::from_str(body).unwrap();
            assert_eq!(told["sent"]["name"], sent["name"], "{route:?}: {told}");
            assert!(!told.to_string().contains("sk-1"), "{told}");
        }
        assert_eq!(self.rows().await, before, "{route:?} was refused and is in the chain");
        let shown = self.send(("GET", route.1), "", None).await;
        let tag = shown.headers()[header::ETAG].to_str().unwrap().to_owned();
        assert!(tag.len() > 8, "{route:?} has the tag {tag}");
    }
}

async fn json_of(response: Response) -> Value {
    let bytes = axum::body::to_bytes(response.into_body(), 4 << 20).await.unwrap();
    serde_json::from_slice(&bytes).unwrap_or(json!(null))
}

#[tokio::test]
async fn every_change_by_page_or_api_is_in_the_audit_chain() {
    let house = House::with(|config| config.archive.url = "http://127.0.0.1:1".into()).await;
    let mut tour = Tour { house, cookie: String::new(), made: 0 };
    for (route, hole, body) in CASES {
        let (method, path) = route.split_once(' ').unwrap();
        let id = tour.hole(*hole).await;
        let path = path.replace("{id}", &id).replace("{revision}", &id);
        let body = tour.filled(body).await;
        if path.starts_with("/api/") && matches!(method, "PUT" | "DELETE") {
            tour.refuse_another_version((method, &path), &body).await;
        }
        let before = tour.rows().await;
        let answer = tour.send((method, &path), &body, None).await;
        let status = answer.status();
        if *route == "POST /first-admin" {
            let set = answer.headers()[header::SET_COOKIE].to_str().unwrap();
            set.split(['=', ';']).nth(1).unwrap().clone_into(&mut tour.cookie);
        }
        let said = json_of(answer).await;
        assert!(status.is_success() || status == StatusCode::SEE_OTHER, "{route}: {status} {said}");
        assert!(tour.rows().await > before, "{route} changed something and left nothing in the audit chain");
    }
    let rows = audit::verify(&mut tour.house.app.store.read().await.unwrap()).await.unwrap();
    assert_eq!(rows, tour.rows().await, "the chain holds");
}

#[test]
fn every_route_that_changes_something_is_driven() {
    let (_, list) = routes::all().finish();
    let names: Vec<String> = list.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let is_known = |name: &str| {
        CASES.iter().any(|(route, ..)| *route == name) || NOTHING.iter().any(|(route, _)| *route == name)
    };
    for name in names.iter().filter(|name| !name.starts_with("GET ")) {
        assert!(
            is_known(name),
            "{name} has no line in the table of changes: drive it, or say why it changes nothing"
        );
    }
    for name in CASES.iter().map(|(route, ..)| route).chain(NOTHING.iter().map(|(route, _)| route)) {
        assert!(names.iter().any(|served| served == name), "{name} is not served any more");
    }
}
