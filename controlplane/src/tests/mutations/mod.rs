//! Everything that changes something is in the audit chain: each route that is not a `GET` is driven once with a valid
//! request, and must add to the chain. What takes a version in `If-Match` must refuse another one, give both back and
//! add nothing. A new route without a line here fails.

mod table;

use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::api::UNVERSIONED;
use crate::audit;
use crate::auth::session::COOKIE_NAME;
use crate::routes;
use crate::server;
use crate::store::audit::find_head;
use crate::testing::House;
use crate::workspaces;
use table::Hole::{
    self, ChangedModel, Default, Drained, Endpoint, Export, Gateway, GatewayToken, Gone, Invitation, Key,
    Model, Person, Revision, RotatedKey, Session, ShutOut, Stop, Token, View, Workspace,
};
use table::{CASES, NOTHING};

const HOUR_US: i64 = 3_600_000_000;

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
        // Whoever comes in is nobody yet: a session they had would be ended.
        if !matches!(path, "/sign-in" | "/invitation" | "/reset") {
            request = request.header(header::COOKIE, format!("{COOKIE_NAME}={}", self.cookie));
        }
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
        let mut body = body.replace("$n", &number).replace("$ws", &self.first().await);
        if body.contains("$ep") {
            body = body.replace("$ep", &Box::pin(self.hole(Endpoint)).await);
        }
        if body.contains("$invitation") {
            body = body.replace("$invitation", token_of(&Box::pin(self.invite()).await));
        }
        if body.contains("$email") {
            body = body.replace("$email", Box::pin(self.person()).await["email"].as_str().unwrap());
        }
        if body.contains("$reset") {
            let person = Box::pin(self.person()).await;
            let path = format!("/api/v1/people/{}/reset", person["id"].as_str().unwrap());
            body = body.replace("$reset", token_of(&Box::pin(self.make(&path, "")).await));
        }
        body.replace("$link", self.house.first.sign_in_link.split_once("token=").unwrap().1)
    }

    /// The tag in the form of a page: the last, since the bar above it has one to publish with.
    async fn tag_on(&mut self, path: &str) -> String {
        let path = if path == "/publish" { "/publishing" } else { path };
        let answer = self.send(("GET", path), "", None).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let bytes = axum::body::to_bytes(answer.into_body(), 4 << 20).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (_, tag) = text.rsplit_once("name=\"tag\" value=\"").unwrap_or_else(|| panic!("{path}: {text}"));
        let (tag, _) = tag.split_once('"').unwrap();
        form_urlencoded::byte_serialize(tag.replace("&quot;", "\"").replace("&#34;", "\"").as_bytes())
            .collect()
    }

    /// The first workspace, by its id.
    async fn first(&self) -> String {
        workspaces::list(&self.house.app).await.unwrap().remove(0).id.to_string()
    }

    /// A new invitation.
    async fn invite(&mut self) -> Value {
        const FORM: &str = r#"{"email":"p$n@example.com","roles":[{"workspace":"$ws","role":"viewer"}]}"#;
        self.make("/api/v1/invitations", FORM).await
    }

    /// Somebody who is signed in.
    async fn person(&mut self) -> Value {
        let invitation = self.invite().await;
        let body = format!("token={}&name=P&password=correct+horse+battery", token_of(&invitation));
        assert_eq!(self.send(("POST", "/invitation"), &body, None).await.status(), StatusCode::SEE_OTHER);
        let listed = json_of(self.send(("GET", "/api/v1/people?limit=500"), "", None).await).await;
        let mut people = listed["data"].as_array().unwrap().iter();
        people.find(|person| person["email"] == invitation["email"]).unwrap().clone()
    }

    /// A gateway that spoke a moment ago, by its id.
    async fn gateway(&mut self) -> String {
        let token = self.make("/api/v1/gateways/tokens", r#"{"name":"g$n"}"#).await;
        let gateway = format!("gw_{}", self.made);
        let secret = token["secret"].as_str().unwrap();
        let _stream = super::sync::Stream::open(&self.house, secret, &super::sync::hello(&gateway)).await;
        gateway
    }

    /// What the other holes of a path stand for.
    async fn fill(&mut self, path: &str, id: &str) -> String {
        let mut path = path.replace("{id}", id).replace("{revision}", id);
        path = path.replace("{kind}", "model").replace("{version}", "1");
        if path.contains("{person}") {
            path = path.replace("{person}", self.person().await["id"].as_str().unwrap());
        }
        if path.contains("{session}") {
            let listed = self.send(("GET", &format!("/api/v1/people/{id}/sessions")), "", None).await;
            path = path.replace("{session}", json_of(listed).await["data"][0]["id"].as_str().unwrap());
        }
        path
    }

    async fn hole(&mut self, hole: Hole) -> String {
        const ENDPOINT: &str = r#"{"name":"e$n","provider":"openai","credential":"sk-1","base_url":"http://127.0.0.1:9/v1","limits":{"allow_private":true}}"#;
        let (path, body) = match hole {
            Hole::None => return String::new(),
            Default => return self.first().await,
            Person | ShutOut => {
                let id = self.person().await["id"].as_str().unwrap().to_owned();
                if hole == ShutOut {
                    self.make(&format!("/api/v1/people/{id}/disablement"), "{}").await;
                }
                return id;
            }
            Gateway | Drained | Gone => {
                let id = self.gateway().await;
                if hole == Drained {
                    self.make(&format!("/api/v1/gateways/{id}/drain"), "").await;
                }
                if hole == Gone {
                    self.house.clock.advance(HOUR_US);
                }
                return id;
            }
            Invitation => return self.invite().await["id"].as_str().unwrap().to_owned(),
            Key | RotatedKey => ("/api/v1/keys", r#"{"name":"k$n","workspace":"$ws"}"#),
            Endpoint => ("/api/v1/endpoints", ENDPOINT),
            Model | ChangedModel => (
                "/api/v1/models",
                r#"{"name":"m$n","targets":[{"endpoint":"$ep","upstream_model":"gpt-x"}]}"#,
            ),
            Stop => {
                ("/api/v1/stops", r#"{"kind":"customer","target":"c$n","workspace":"$ws","reason":"why"}"#)
            }
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
        if hole == ChangedModel {
            let changed =
                self.filled(r#"{"name":"m$n","targets":[{"endpoint":"$ep","upstream_model":"gpt-y"}]}"#);
            let changed = changed.await;
            let answer = self.send(("PUT", &format!("/api/v1/models/{id}")), &changed, None).await;
            assert_eq!(answer.status(), StatusCode::OK);
        }
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

/// The token in the link of what was made.
fn token_of(made: &Value) -> &str {
    made["link"].as_str().unwrap().split_once("token=").unwrap().1
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
        let path = tour.fill(path, &id).await;
        let mut body = tour.filled(body).await;
        if body.contains("$tag") {
            body = body.replace("$tag", &tour.tag_on(&path).await);
        }
        let has_version = !UNVERSIONED.iter().any(|(name, _)| name == route);
        if path.starts_with("/api/") && matches!(method, "PUT" | "DELETE") && has_version {
            tour.refuse_another_version((method, &path), &body).await;
        }
        let before = tour.rows().await;
        let answer = tour.send((method, &path), &body, None).await;
        let status = answer.status();
        if matches!(*route, "POST /first-admin" | "POST /settings/password") {
            let mut set = answer.headers().get_all(header::SET_COOKIE).iter();
            let start = format!("{COOKIE_NAME}=");
            let token = set.find_map(|one| one.to_str().unwrap().strip_prefix(start.as_str()));
            token.unwrap().split(';').next().unwrap().clone_into(&mut tour.cookie);
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
