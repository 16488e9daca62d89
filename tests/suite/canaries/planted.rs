//! The secrets: what a person, a client, a gateway or an endpoint proves itself with.

use http::Method;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use weir_tests::client::Answer;
use weir_tests::provider::{Chance, Reply};
use weir_tests::visitor::{EMAIL, PASSWORD, Visitor};

use super::House;
use super::sinks::Sink;

/// The variable of the gateway's environment that holds a credential.
pub(super) const ENVIRONMENT: &str = "PLANTED_CREDENTIAL";

/// Secrets that clients present and nobody made, and the header they come in.
pub(super) const PRESENTED: [(&str, &str); 6] = [
    ("wrong key as bearer", "authorization"),
    ("wrong key in x-api-key", "x-api-key"),
    ("wrong key in api-key", "api-key"),
    ("wrong key in x-goog-api-key", "x-goog-api-key"),
    ("wrong key in helicone-auth", "helicone-auth"),
    ("wrong key in x-portkey-api-key", "x-portkey-api-key"),
];

/// Others that only arrive.
const ARRIVING: [&str; 10] = [
    "wrong key in the query",
    "wrong customer token",
    "wrong API token",
    "wrong gateway token",
    "wrong session",
    "wrong password",
    "wrong link",
    "any header",
    "cookie to the gateway",
    "new password",
];

/// Where one is shown on purpose: the first page's snippets work as they stand, for whoever may make keys.
const MEANT: [&str; 1] = ["first key: page /welcome"];

/// A service account's key, made for tests.
const KEY: &str = include_str!("../../../gateway/egress/src/credential/test_key.pem");

/// All of them, by name.
pub(super) struct Planted {
    secrets: Vec<(String, String)>,
    /// A model each endpoint serves, and the secrets its provider repeats.
    pub(super) served: Vec<(String, Vec<String>)>,
    endpoints: Vec<String>,
    chance: Chance,
}

impl Default for Planted {
    fn default() -> Self {
        let mut planted =
            Self { secrets: Vec::new(), served: Vec::new(), endpoints: Vec::new(), chance: Chance(40) };
        for name in PRESENTED.map(|(name, _)| name).into_iter().chain(ARRIVING) {
            planted.made(name);
        }
        planted
    }
}

impl Planted {
    /// Makes a secret up.
    pub(super) fn made(&mut self, name: &str) -> String {
        let secret = format!("canary{:016x}{:016x}", self.chance.next(), self.chance.next());
        self.plant(name, secret.clone());
        secret
    }

    fn plant(&mut self, name: &str, secret: impl Into<String>) {
        let secret = secret.into();
        assert!(secret.len() > 15, "{name} is no secret: {secret}");
        assert!(!self.secrets.iter().any(|(known, _)| known == name), "{name} twice");
        self.secrets.push((name.to_owned(), secret));
    }

    /// Plants what an answer tells once.
    fn plant_from(&mut self, name: &str, answer: &Value, member: &str) {
        self.plant(name, answer[member].as_str().unwrap_or_else(|| panic!("no {member} in {answer}")));
    }

    pub(super) fn of(&self, name: &str) -> &str {
        let found = self.secrets.iter().find(|(known, _)| known == name);
        found.map(|(_, secret)| secret.as_str()).unwrap_or_else(|| panic!("nobody planted {name}"))
    }

    pub(super) fn count(&self) -> usize {
        self.secrets.len()
    }

    /// What the program prints once, and what it keeps for itself.
    pub(super) fn at_the_first_start(&mut self, house: &House) {
        let weir = &house.weir;
        self.plant("first key", &weir.key);
        self.plant("first API token", &weir.token);
        self.plant("gateway token", &weir.gateway_token);
        self.plant("first link", token_of(&weir.sign_in_link));
        self.plant("password", PASSWORD);
        self.plant("session", house.ada.cookie().split_once('=').unwrap().1);
        self.plant("known browser", house.ada.browser().split_once('=').unwrap().1);
        self.plant("archive's password", &weir.archive.password);
    }

    pub(super) async fn people(&mut self, house: &House) {
        let weir = &house.weir;
        let roles = json!([{"workspace": null, "role": "viewer"}]);
        let invited = house.made("/invitations", json!({"email": "bea@example.com", "roles": roles})).await;
        self.plant("invitation used", token_of(invited["link"].as_str().unwrap()));
        let password = self.made("her password");
        let bea = Visitor::accept(&weir.dashboard, invited["link"].as_str().unwrap(), "Bea", &password).await;
        self.plant("her session", bea.cookie().split_once('=').unwrap().1);
        let new_password = self.of("new password").to_owned();
        let changed = [("current", password.as_str()), ("new_password", new_password.as_str())];
        let changed = bea.post("/settings/password", &changed).await;
        assert!(changed.status.is_redirection(), "{}", changed.text());
        let ended = Visitor::sign_in(&weir.dashboard).await;
        self.plant("ended session", ended.cookie().split_once('=').unwrap().1);
        assert!(ended.post("/sign-out", &[]).await.status.is_redirection());
        let invited = house.made("/invitations", json!({"email": "cy@example.com", "roles": roles})).await;
        self.plant("invitation open", token_of(invited["link"].as_str().unwrap()));
        let people = weir.api(Method::GET, "/people", None).await.ok().json();
        let all = people["data"].as_array().unwrap();
        let ada = all.iter().find(|person| person["email"] == EMAIL).unwrap()["id"].as_str().unwrap();
        let reset = house.made(&format!("/people/{ada}/reset"), json!({})).await;
        self.plant("reset link", token_of(reset["link"].as_str().unwrap()));
    }

    pub(super) async fn keys(&mut self, house: &House) {
        let key = json!({"workspace": "default", "name": "rotated", "signs_customers": true});
        let rotated = house.made("/keys", key).await;
        self.plant_from("old secret of a key", &rotated, "secret");
        self.plant_from("secret of customer tokens", &rotated, "customer_secret");
        let path = format!("/keys/{}/rotation", rotated["id"].as_str().unwrap());
        let again = house.made(&path, json!({"grace_seconds": 3600})).await;
        self.plant_from("new secret of a key", &again, "secret");
        let revoked = house.made("/keys", json!({"workspace": "default", "name": "revoked"})).await;
        self.plant_from("revoked key", &revoked, "secret");
        let path = format!("/keys/{}/revocation", revoked["id"].as_str().unwrap());
        let _ = house.weir.api(Method::POST, &path, None).await.ok();
        let in_an_hour = 4_000_000_000_000_000_i64;
        for name in ["API token", "revoked API token"] {
            let form = json!({"name": name, "role": "viewer", "expires_us": in_an_hour});
            let made = house.made("/tokens", form).await;
            self.plant_from(name, &made, "secret");
            if name.starts_with("revoked") {
                let path = format!("/tokens/{}/revocation", made["id"].as_str().unwrap());
                let _ = house.weir.api(Method::POST, &path, None).await.ok();
            }
        }
        let enrolled = house.made("/gateways/tokens", json!({"name": "second"})).await;
        self.plant_from("second gateway's token", &enrolled, "secret");
    }

    /// An endpoint for each way a credential travels, and one whose credential was replaced.
    pub(super) async fn endpoints(&mut self, house: &House) {
        let url = house.provider.url.clone();
        let v1 = format!("{url}/v1");
        for (name, provider, dialect, base, auth) in [
            ("bearer", "openai", "openai", v1.as_str(), "bearer"),
            ("x-api-key", "anthropic", "anthropic", v1.as_str(), "x_api_key"),
            ("api-key", "openai", "openai", v1.as_str(), "api_key"),
            ("x-goog-api-key", "google", "gemini", v1.as_str(), "x_goog_api_key"),
        ] {
            let secret = self.made(&format!("credential in {name}"));
            let form = json!({"name": name, "provider": provider, "dialect": dialect, "base_url": base, "auth": auth, "credential": secret});
            self.serve(house, form, vec![secret]).await;
        }
        let (id, secret, session) =
            (self.made("access key id"), self.made("secret access key"), self.made("session token"));
        let keys = json!({"name": "signed", "provider": "bedrock", "dialect": "anthropic", "base_url": url, "region": "eu-west-1",
            "auth": "aws_sigv4", "credential": format!("{id}:{secret}:{session}")});
        self.serve(house, keys, vec![session]).await;
        let secret = self.made("client secret");
        let client = json!({"tenant_id": "t", "client_id": "c", "client_secret": secret, "authority": url})
            .to_string();
        let entra = json!({"name": "entra", "provider": "openai", "dialect": "openai", "base_url": v1, "auth": "entra_client", "credential": client});
        self.serve(house, entra, vec![secret]).await;
        let key_line = KEY.lines().nth(4).unwrap();
        self.plant("service account's key", key_line);
        let account =
            json!({"client_email": "a@b.example", "private_key": KEY, "token_uri": format!("{url}/token")})
                .to_string();
        let google = json!({"name": "account", "provider": "google", "dialect": "gemini", "base_url": v1, "auth": "google_service_account", "credential": account});
        self.serve(house, google, vec![]).await;
        let file = house.outside.path().join("credential");
        let sources = [
            ("in the environment", format!("env:{ENVIRONMENT}")),
            ("in a file", format!("file:{}", file.display())),
        ];
        for (name, source) in sources {
            let planted = format!("credential {name}");
            let form = json!({"name": name, "provider": "openai", "dialect": "openai", "base_url": v1, "credential": source});
            self.serve(house, form, vec![self.of(&planted).to_owned()]).await;
        }
        self.replaced(house, &v1).await;
        house.weir.in_force(house.weir.publish("planted").await).await;
    }

    /// A credential that was replaced, and a client certificate beside it.
    async fn replaced(&mut self, house: &House, base: &str) {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["client".to_owned()]).unwrap().self_signed(&key).unwrap();
        let pem = format!("{}{}", certificate.pem(), key.serialize_pem());
        self.plant("client certificate's key", key.serialize_pem().lines().nth(1).unwrap());
        let (old, new) = (self.made("replaced credential"), self.made("credential after it"));
        let form = |credential: &str| {
            json!({"name": "replaced", "provider": "openai", "dialect": "openai", "base_url": base,
            "credential": credential, "client_certificate": pem, "limits": {"allow_private": true, "retries_max": 0}})
        };
        let id = self.serve(house, form(&old), vec![new.clone()]).await;
        let path = format!("/endpoints/{id}");
        let _ = house.weir.api(Method::PUT, &path, Some(form(&new))).await.ok();
    }

    async fn serve(&mut self, house: &House, mut form: Value, repeats: Vec<String>) -> String {
        form["limits"] = json!({"allow_private": true, "retries_max": 0});
        let model = format!("{}/model", form["name"].as_str().unwrap());
        let endpoint = house.made("/endpoints", form).await;
        let id = endpoint["id"].as_str().unwrap().to_owned();
        let targets = json!([{"endpoint": id, "upstream_model": "m"}]);
        let _ = house.made("/models", json!({"name": model, "targets": targets})).await;
        self.served.push((model, repeats));
        self.endpoints.push(id.clone());
        id
    }

    /// Tests every endpoint while its provider repeats what it is sent. Gives what the tests show.
    pub(super) async fn tests_of_endpoints(&self, house: &House) -> Vec<Answer> {
        let mut shown = Vec::new();
        // What gateways read themselves the control plane does not know, and does not send.
        let served =
            self.endpoints.iter().zip(&self.served).filter(|(_, (model, _))| !model.starts_with("in "));
        for (id, (_, repeats)) in served {
            let words = json!({"error": {"message": format!("no: {}", repeats.join(" "))}});
            house.provider.answer(Reply::json(401, &words));
            shown.push(house.weir.api(Method::POST, &format!("/endpoints/{id}/test"), None).await.ok());
            shown.push(house.ada.post(&format!("/providers/endpoints/{id}/test"), &[]).await);
        }
        shown
    }

    /// Which of them are where, in words.
    pub(super) fn found_in(&self, sinks: &[Sink]) -> Vec<String> {
        let mut found = Vec::new();
        for Sink { place, bytes } in sinks {
            let held = self.secrets.iter().filter(|(_, secret)| holds(bytes, core(secret)));
            let held = held.map(|(name, _)| format!("{name}: {place}"));
            found.extend(held.filter(|held| !MEANT.contains(&held.as_str())));
        }
        found
    }
}

/// What is looked for: a secret without its prefix and without the ending by which lists tell it apart.
fn core(secret: &str) -> &[u8] {
    let from = if secret.len() > 40 { 6 } else { 0 };
    &secret.as_bytes()[from..secret.len() - 6]
}

fn holds(bytes: &[u8], secret: &[u8]) -> bool {
    memchr::memmem::find(bytes, secret).is_some()
}

fn token_of(link: &str) -> &str {
    link.split_once("token=").unwrap_or_else(|| panic!("no token in {link}")).1
}
