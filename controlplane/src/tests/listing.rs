//! The models a provider lists: what is new is added as a draft, what is gone is named, and the rest stays as it is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use weir_contract::policy::snapshot::AuthStyle;

use crate::endpoints::listing::{SyncForm, sync};
use crate::endpoints::probe::probe;
use crate::endpoints::{self, Endpoint, EndpointForm, EndpointLimits};
use crate::error::AppError;
use crate::models::{self, ModelForm, TargetForm};
use crate::publish;
use crate::store::audit::find_head;
use crate::testing::{House, openai};

type Answers = HashMap<String, Value>;

/// A provider that answers each page of its list (named by its cursor) as it is told, and refuses other credentials.
struct Lister {
    url: String,
    answers: Arc<Mutex<Answers>>,
    _serving: JoinSet<()>,
}

async fn answer(
    State(answers): State<Arc<Mutex<Answers>>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> (StatusCode, Json<Value>) {
    let shown = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let credential = [shown("authorization").trim_start_matches("Bearer "), shown("x-api-key")].concat();
    if credential != "sk-good" {
        let message = format!("Incorrect API key provided: {credential}.");
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": { "message": message } })));
    }
    let cursor = query.get("after_id").cloned().unwrap_or_default();
    let found = answers.lock().unwrap().get(&cursor).cloned();
    found.map_or((StatusCode::NOT_FOUND, Json(Value::Null)), |list| (StatusCode::OK, Json(list)))
}

impl Lister {
    async fn start(pages: &[(&str, Value)]) -> Self {
        let pages = pages.iter().map(|(cursor, list)| ((*cursor).to_owned(), list.clone())).collect();
        let answers = Arc::new(Mutex::new(pages));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/v1/models", get(answer))
            .route("/api/tags", get(answer))
            .with_state(Arc::clone(&answers));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, answers, _serving: serving }
    }

    async fn endpoint(&self, house: &House, form: EndpointForm) -> Endpoint {
        let limits = EndpointLimits { allow_private: true, ..EndpointLimits::default() };
        let form = EndpointForm { base_url: Some(self.url.clone()), limits, ..form };
        endpoints::create(&house.app, &house.admin(), form).await.unwrap()
    }
}

fn list(names: &[&str]) -> Value {
    json!({ "object": "list", "data": names.iter().map(|name| json!({ "id": name })).collect::<Vec<_>>() })
}

async fn names(house: &House) -> Vec<String> {
    models::list(&house.app, &house.admin()).await.unwrap().into_iter().map(|model| model.name).collect()
}

#[tokio::test]
async fn what_is_new_becomes_a_draft_and_what_is_gone_is_named_and_stays() {
    let house = House::new().await;
    let lister = Lister::start(&[("", list(&["gpt-x", "gpt-new", "gpt-named"]))]).await;
    let endpoint = lister.endpoint(&house, openai("sk-good")).await;
    let target = |name: &str| TargetForm { endpoint: endpoint.id.clone(), upstream_model: name.to_owned() };
    for (name, upstream) in [("best", "gpt-old"), ("openai/gpt-named", "other")] {
        let form =
            ModelForm { name: name.to_owned(), targets: vec![target(upstream)], ..ModelForm::default() };
        models::create(&house.app, &house.admin(), form).await.unwrap();
    }
    publish::publish(&house.app, &house.admin(), "", &crate::precondition::Expected::anything())
        .await
        .unwrap();
    let before = (names(&house).await, crate::testing::running(&house.app).models.len());

    let dry = SyncForm { dry_run: true, ..SyncForm::default() };
    let rows = find_head(&mut house.app.store.read().await.unwrap()).await.unwrap().0;
    let seen = sync(&house.app, &house.admin(), &endpoint.id, &dry).await.unwrap();
    let told: Vec<_> = seen.new.iter().map(|one| (one.name.as_str(), one.problem.is_some())).collect();
    assert_eq!(told, [("openai/gpt-named", true), ("openai/gpt-new", false), ("openai/gpt-x", false)]);
    assert_eq!(
        (seen.listed, seen.gone.as_slice()),
        (3, ["gpt-old".to_owned(), "other".to_owned()].as_slice())
    );
    assert!(seen.added.is_empty() && names(&house).await == before.0, "a dry run adds nothing");
    let after = find_head(&mut house.app.store.read().await.unwrap()).await.unwrap().0;
    assert_eq!(after, rows + 1, "the call with the credential is on record");

    let all = sync(&house.app, &house.admin(), &endpoint.id, &SyncForm::default()).await.unwrap();
    assert_eq!(all.added, ["openai/gpt-new", "openai/gpt-x"]);
    let models = models::list(&house.app, &house.admin()).await.unwrap();
    let known = models.iter().find(|model| model.name == "openai/gpt-x").unwrap();
    assert_eq!(known.body.max_output, Some(16_000), "with the figures of the book");
    assert_eq!(known.body.targets[0].endpoint, endpoint.id);
    assert!(models.iter().any(|model| model.name == "best"), "what is gone stays");
    assert_eq!(crate::testing::running(&house.app).models.len(), before.1, "nothing is published");

    let again = sync(&house.app, &house.admin(), &endpoint.id, &SyncForm::default()).await.unwrap();
    assert_eq!((again.new.len(), again.added.len()), (1, 0), "the second time finds nothing to add");
}

#[tokio::test]
async fn only_the_chosen_are_added_and_a_wrong_choice_adds_none() {
    let house = House::new().await;
    let lister = Lister::start(&[("", list(&["a", "b", "c"]))]).await;
    let endpoint = lister.endpoint(&house, openai("sk-good")).await;
    let before = names(&house).await.len();
    let only = |names: &[&str]| SyncForm {
        only: names.iter().map(|name| (*name).to_owned()).collect(),
        ..SyncForm::default()
    };
    let refused = sync(&house.app, &house.admin(), &endpoint.id, &only(&["b", "z"])).await.unwrap_err();
    let AppError::Invalid(errors) = refused else { panic!("{refused}") };
    assert!(errors.of("only/1").is_some() && errors.of("only/0").is_none());
    assert_eq!(names(&house).await.len(), before);
    let chosen = sync(&house.app, &house.admin(), &endpoint.id, &only(&["b"])).await.unwrap();
    assert_eq!(chosen.added, ["openai/b"]);
    assert_eq!(names(&house).await.len(), before + 1);
}

#[tokio::test]
async fn a_list_in_pages_is_read_to_its_end() {
    let house = House::new().await;
    let first = json!({ "data": [{ "id": "claude-a" }], "has_more": true, "last_id": "claude-a" });
    let last = json!({ "data": [{ "id": "claude-b" }], "has_more": false, "last_id": "claude-b" });
    let lister = Lister::start(&[("", first.clone()), ("claude-a", last)]).await;
    let form = EndpointForm { provider: "anthropic".to_owned(), ..openai("sk-good") };
    let endpoint = lister.endpoint(&house, form).await;
    let all = sync(&house.app, &house.admin(), &endpoint.id, &SyncForm::default()).await.unwrap();
    assert_eq!((all.listed, all.added.len()), (2, 2), "{all:?}");
    lister.answers.lock().unwrap().insert("claude-a".to_owned(), first);
    let endless = sync(&house.app, &house.admin(), &endpoint.id, &SyncForm::default()).await.unwrap();
    assert!(!endless.asked.ok && endless.asked.message.contains("pages"), "{endless:?}");
}

#[tokio::test]
async fn a_refusal_is_told_in_the_providers_words_without_the_credential() {
    let house = House::new().await;
    let lister = Lister::start(&[("", json!({ "hello": "world" }))]).await;
    let before = names(&house).await;
    let endpoint = lister.endpoint(&house, openai("sk-wrong-one")).await;
    let refused = sync(&house.app, &house.admin(), &endpoint.id, &SyncForm::default()).await.unwrap();
    assert_eq!((refused.asked.ok, refused.asked.status), (false, Some(401)));
    assert_eq!(refused.asked.message, "Incorrect API key provided: ….");
    assert!(!format!("{refused:?}").contains("sk-wrong-one"));
    let other = lister.endpoint(&house, EndpointForm { name: "other".to_owned(), ..openai("sk-good") }).await;
    let strange = sync(&house.app, &house.admin(), &other.id, &SyncForm::default()).await.unwrap();
    assert_eq!(strange.asked.message, "it answered, but not with a list of models");
    assert_eq!(names(&house).await, before);
}

#[tokio::test]
async fn a_host_without_a_list_says_so_before_anything_is_called() {
    let house = House::new().await;
    let form = EndpointForm {
        provider: "azure".to_owned(),
        base_url: Some("https://weir-test.openai.azure.com".to_owned()),
        ..openai("sk-good")
    };
    let endpoint = endpoints::create(&house.app, &house.admin(), form).await.unwrap();
    let told = sync(&house.app, &house.admin(), &endpoint.id, &SyncForm::default()).await.unwrap();
    assert!(!told.asked.ok && told.asked.call.is_empty(), "{told:?}");
    assert!(told.asked.message.contains("by hand"), "{told:?}");
}

#[tokio::test]
async fn a_host_with_words_of_its_own_is_asked_for_its_own_list() {
    let house = House::new().await;
    let tags = json!({ "models": [{ "name": "llama3.2:3b", "model": "llama3.2:3b" }] });
    let lister = Lister::start(&[("", tags)]).await;
    let endpoint = lister.endpoint(&house, openai("sk-good")).await;
    let limits = EndpointLimits { allow_private: true, ..EndpointLimits::default() };
    let form = EndpointForm {
        name: "at home".to_owned(),
        provider: "ollama".to_owned(),
        base_url: Some(lister.url.replace("/v1", "")),
        auth: Some(AuthStyle::Bearer),
        limits,
        ..openai("sk-good")
    };
    let own = endpoints::create(&house.app, &house.admin(), form).await.unwrap();
    for (endpoint, path) in [(&endpoint, "/v1/models"), (&own, "/api/tags")] {
        let listed = sync(&house.app, &house.admin(), &endpoint.id, &SyncForm::default()).await.unwrap();
        assert!(listed.asked.ok && listed.asked.call.ends_with(path), "{listed:?}");
        assert_eq!(listed.added, [format!("{}/llama3.2:3b", endpoint.body.provider)], "{listed:?}");
        let tested = probe(&house.app, &house.admin(), &endpoint.id).await.unwrap();
        assert!(tested.ok && tested.call.ends_with(path), "{tested:?}");
    }
}
