//! Endpoints and models as they are set up: a client certificate a provider demands, a test that says which step failed,
//! models taken from a provider's list, what one of them cannot do, an alias that is published and used at once.

use std::sync::Arc;

use http::Method;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;
use weir_tests::provider::{Provider, Reply};
use weir_tests::visitor::{Visitor, between};
use weir_tests::wait;
use weir_tests::weir::{Setup, Weir};

/// An authority that signs leaves for this host.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Certificate and key of a leaf, PEM.
    fn leaf(&self) -> String {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        format!("{}{}", params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// Stands before a provider, speaks TLS, and lets nobody in who shows no certificate of that authority.
#[expect(clippy::disallowed_methods, reason = "the handle ends the task when it is dropped")]
async fn door(provider: &Provider, authority: &Authority) -> (u16, AbortOnDropHandle<()>) {
    let leaf = authority.leaf();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&crypto)).build().unwrap();
    let config = ServerConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(leaf.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(leaf.as_bytes()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let behind = provider.url.trim_start_matches("http://").to_owned();
    let serve = async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, behind) = (acceptor.clone(), behind.clone());
            tokio::spawn(async move {
                let Ok(mut inside) = acceptor.accept(socket).await else { return };
                let mut outside = TcpStream::connect(behind).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
            });
        }
    };
    (port, AbortOnDropHandle::new(tokio::spawn(serve)))
}

fn answer() -> Value {
    json!({
        "id": "c1", "object": "chat.completion", "created": 1, "model": "gpt-x",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": "Hi" }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
    })
}

async fn tested(weir: &Weir, id: &str) -> Value {
    weir.api(Method::POST, &format!("/endpoints/{id}/test"), None).await.ok().json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_demands_a_client_certificate_gets_it() {
    let weir = Setup::default().up().await;
    let (provider, authority) = (Provider::start().await, Authority::new());
    let (port, _door) = door(&provider, &authority).await;
    provider.answer(Reply::json(200, &json!({ "object": "list", "data": [{ "id": "gpt-x" }] })));
    let mut form = json!({
        "name": "behind a door", "provider": "openai", "base_url": format!("https://localhost:{port}/v1"),
        "credential": "sk-behind", "limits": { "allow_private": true, "ca_pem": authority.pem },
    });
    let endpoint = weir.api(Method::POST, "/endpoints", Some(form.clone())).await.ok().json();
    let id = endpoint["id"].as_str().unwrap();
    let refused = tested(&weir, id).await;
    assert_eq!(refused["ok"], false, "without a certificate the door stays shut: {refused}");
    assert!(provider.arrived().is_empty());

    form["client_certificate"] = json!(authority.leaf());
    form.as_object_mut().unwrap().remove("credential");
    let path = format!("/endpoints/{id}");
    let saved = weir.api(Method::PUT, &path, Some(form)).await.ok().text();
    assert!(!saved.contains("PRIVATE KEY") && saved.contains("client_certificate"), "{saved}");
    let passed = tested(&weir, id).await;
    assert_eq!((&passed["ok"], &passed["step"]), (&json!(true), &json!("done")), "{passed}");
    assert_eq!(provider.arrived()[0].headers["authorization"], "Bearer sk-behind");

    provider.answer(Reply::json(200, &answer()));
    let model = json!({ "name": "gated", "targets": [{ "endpoint": id, "upstream_model": "gpt-x" }] });
    let _ = weir.api(Method::POST, "/models", Some(model)).await.ok();
    let revision = weir.publish("through the door").await;
    weir.in_force(revision).await;
    let hello = json!({ "model": "gated", "messages": [{ "role": "user", "content": "Hello" }] });
    let answered = weir.ask("/v1/chat/completions", &[], &hello).await;
    assert!(answered.status.is_success(), "{}", answered.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_says_which_step_failed_and_never_the_credential() {
    let weir = Setup::default().up().await;
    let provider = Provider::start().await;
    let secret = "sk-repeated-by-the-provider";
    let said = format!("Incorrect API key provided: {secret}.");
    provider.answer(Reply::json(401, &json!({ "error": { "message": said } })));
    let form = json!({
        "name": "mine", "provider": "openai", "base_url": format!("{}/v1", provider.url), "credential": secret,
        "limits": { "allow_private": true },
    });
    let endpoint = weir.api(Method::POST, "/endpoints", Some(form.clone())).await.ok().json();
    let found = tested(&weir, endpoint["id"].as_str().unwrap()).await;
    assert_eq!((&found["step"], &found["status"]), (&json!("credential"), &json!(401)), "{found}");
    assert_eq!(found["message"], "Incorrect API key provided: ….");
    let audit = weir.api(Method::GET, "/audit?limit=500", None).await.ok().text();
    assert!(audit.contains("endpoint.test") && !audit.contains(secret));

    let mut closed = form.clone();
    closed["name"] = json!("not granted");
    closed["base_url"] = json!("http://10.255.255.1:9/v1");
    closed["limits"]["allow_private"] = json!(false);
    let endpoint = weir.api(Method::POST, "/endpoints", Some(closed)).await.ok().json();
    let found = tested(&weir, endpoint["id"].as_str().unwrap()).await;
    assert_eq!(found["step"], "connect", "{found}");
    assert!(found["message"].as_str().unwrap().contains("an administrator must allow it"), "{found}");
    assert!(!weir.process.log().contains(secret), "the key is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn models_a_provider_lists_are_chosen_on_its_page_and_a_limit_of_one_is_kept() {
    let weir = Setup::default().up().await;
    let visitor = Visitor::first_admin(&weir.dashboard, &weir.sign_in_link).await;
    let provider = Provider::start().await;
    let listed =
        json!({ "object": "list", "data": [{ "id": "gpt-x" }, { "id": "gpt-y" }, { "id": "gpt-z" }] });
    provider.answer(Reply::json(200, &listed));
    let form = json!({
        "name": "mine", "provider": "openai", "base_url": format!("{}/v1", provider.url), "credential": "sk-1",
        "limits": { "allow_private": true },
    });
    let endpoint = weir.api(Method::POST, "/endpoints", Some(form)).await.ok().json();
    let page = format!("/providers/endpoints/{}", endpoint["id"].as_str().unwrap());
    let shown = visitor.post(&format!("{page}/listing"), &[]).await.ok().text();
    assert!(shown.contains("value=\"gpt-y\"") && shown.contains("openai/gpt-z"), "{shown}");
    let none = visitor.post(&format!("{page}/models"), &[]).await;
    assert!(none.status == 422 && none.text().contains("Choose at least one model."), "{}", none.text());
    let chosen = [("model_0", "gpt-x"), ("model_2", "gpt-z")];
    assert_eq!(visitor.post(&format!("{page}/models"), &chosen).await.status, 303);
    let models = weir.api(Method::GET, "/models?limit=500", None).await.ok().json();
    let made: Vec<&Value> = models["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|model| model["targets"][0]["endpoint"] == endpoint["id"])
        .collect();
    assert_eq!(made.len(), 2, "{models}");

    let model = visitor.page(&format!("/models/{}", made[0]["id"].as_str().unwrap())).await;
    let tag = between(&model, "class=\"stack\"", "name=\"tag\" value=\"", "\"").unwrap().to_owned();
    let fields = [
        ("tag", tag.as_str()),
        ("name", "openai/gpt-x"),
        ("target_0_endpoint", endpoint["id"].as_str().unwrap()),
        ("target_0_model", "gpt-x"),
        ("ability_vision", "cannot"),
        ("ability_tools", "can"),
    ];
    let saved = visitor.post(&format!("/models/{}", made[0]["id"].as_str().unwrap()), &fields).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let revision = weir.publish("one without eyes").await;
    weir.in_force(revision).await;
    let picture = json!({ "type": "image_url", "image_url": { "url": "https://example.org/a.png" } });
    let look = json!({ "model": "openai/gpt-x", "messages": [{ "role": "user", "content": [picture] }] });
    let refused = weir.ask("/v1/chat/completions", &[], &look).await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()["error"]["code"].as_str()),
        (400, Some("model_not_able"))
    );
    provider.answer(Reply::json(200, &answer()));
    let hello = json!({ "model": "openai/gpt-x", "messages": [{ "role": "user", "content": "Hello" }] });
    let _ = weir.ask("/v1/chat/completions", &[], &hello).await.ok();
    let rows = weir.final_rows(2).await;
    let (look, hello) = (&rows[0], &rows[1]);
    assert_eq!((&look["outcome"], &hello["outcome"]), (&json!("client_error"), &json!("ok")), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_is_published_and_used_at_once() {
    let weir = Setup::default().up().await;
    let models = weir.api(Method::GET, "/models", None).await.ok().json();
    let fast = models["data"].as_array().unwrap().iter().find(|model| model["name"] == "demo/fast").unwrap();
    let form = json!({ "name": "demo/fast", "aliases": ["our-default"], "targets": fast["targets"] });
    let path = format!("/models/{}", fast["id"].as_str().unwrap());
    let _ = weir.api(Method::PUT, &path, Some(form)).await.ok();
    let revision = weir.publish("an alias").await;
    weir.in_force(revision).await;
    let ask = async |model: &str| {
        let hello = json!({ "model": model, "messages": [{ "role": "user", "content": "Hello" }] });
        weir.ask("/v1/chat/completions", &[], &hello).await.status.as_u16()
    };
    assert_eq!((ask("our-default").await, ask("demo/fast").await, ask("our-other").await), (200, 200, 404));
    let rows = weir.final_rows(2).await;
    let by_alias = rows.iter().find(|row| row["model_requested"] == "our-default").unwrap();
    assert_eq!(by_alias["model"], "demo/fast", "the alias leads to the same target");
    let taken = json!({ "name": "our-default", "targets": fast["targets"] });
    let refused = weir.api(Method::POST, "/models", Some(taken)).await;
    assert_eq!(refused.status.as_u16(), 422, "{}", refused.text());
    let observed = wait::until("the figures are in the rollup", || async {
        let observed = weir.api(Method::GET, "/models/observed", None).await.ok().json();
        observed["data"].as_array().filter(|list| !list.is_empty()).cloned()
    })
    .await;
    let fast = observed.iter().find(|one| one["model"] == "demo/fast").unwrap();
    assert!(fast["requests"].as_u64().unwrap() >= 2 && fast["total_p95_us"].as_u64().unwrap() > 0, "{fast}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_revision_is_brought_back_and_answers_as_it_did() {
    let weir = Setup::default().up().await;
    let models = weir.api(Method::GET, "/models", None).await.ok().json();
    let fast = models["data"].as_array().unwrap().iter().find(|model| model["name"] == "demo/fast").unwrap();
    let path = format!("/models/{}", fast["id"].as_str().unwrap());
    let hello = json!({ "model": "demo/fast", "messages": [{ "role": "user", "content": "Hello" }] });
    let status = async || weir.ask("/v1/chat/completions", &[], &hello).await.status.as_u16();
    assert_eq!(status().await, 200);
    let _ = weir.api(Method::DELETE, &path, None).await.ok();
    let without = weir.publish("a mistake").await;
    weir.in_force(without).await;
    assert_eq!(status().await, 404);
    let back = format!("/revisions/{}/restoration", without - 1);
    let restored = weir.api(Method::POST, &back, Some(json!({ "note": "undo" }))).await.ok().json();
    let revision = restored["revision"].as_u64().unwrap();
    assert!(revision > without, "a new revision, not an old number: {restored}");
    weir.in_force(revision).await;
    assert_eq!(status().await, 200);
    let known = weir.api(Method::GET, &path, None).await;
    assert!(known.status.is_success(), "the draft has it again: {}", known.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_on_this_machine_works_as_it_comes() {
    let weir = Setup::default().up().await;
    let provider = Provider::start().await;
    for (name, base, list, said) in [
        ("vllm", "/v1", json!({ "object": "list", "data": [{ "id": "qwen", "object": "model" }] }), answer()),
        (
            "ollama",
            "",
            json!({ "models": [{ "name": "qwen", "model": "qwen" }] }),
            json!({ "model": "qwen", "message": { "role": "assistant", "content": "Hi" }, "done": true,
                "done_reason": "stop", "prompt_eval_count": 1, "eval_count": 1 }),
        ),
    ] {
        provider.answer(Reply::json(200, &list));
        let form = json!({ "name": name, "provider": name, "base_url": format!("{}{base}", provider.url) });
        let endpoint = weir.api(Method::POST, "/endpoints", Some(form)).await.ok().json();
        let path = format!("/endpoints/{}/models", endpoint["id"].as_str().unwrap());
        let synced = weir.api(Method::POST, &path, Some(json!({}))).await.ok().json();
        assert_eq!(synced["added"], json!([format!("{name}/qwen")]), "{synced}");
        weir.in_force(weir.publish("a model at home").await).await;
        provider.answer(Reply::json(200, &said));
        let hello =
            json!({ "model": format!("{name}/qwen"), "messages": [{ "role": "user", "content": "Hello" }] });
        let answered = weir.ask("/v1/chat/completions", &[], &hello).await.ok().json();
        assert_eq!(answered["choices"][0]["message"]["content"], "Hi", "{answered}");
        assert_eq!(answered["usage"]["total_tokens"], 2, "{answered}");
    }
}
