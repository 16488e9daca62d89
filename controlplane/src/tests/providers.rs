//! Endpoints and models: drafts with versions; credentials that go nowhere but where they were entered for.

use crate::precondition::Expected;
use weir_contract::policy::Ability;
use weir_contract::policy::snapshot::{Credential, credential_place};
use weir_web::form::FieldError;

use crate::endpoints::{self, CredentialSource, Endpoint, EndpointForm};
use crate::error::AppError;
use crate::models::{self, ModelForm, TargetForm};
use crate::testing::{House, openai, running};
use crate::{audit, publish};

async fn created(house: &House, form: EndpointForm) -> Endpoint {
    endpoints::create(&house.app, &house.admin(), form).await.unwrap()
}

#[tokio::test]
async fn a_provider_brings_its_defaults_and_its_models() {
    let house = House::new().await;
    let endpoint = created(&house, EndpointForm { add_models: true, ..openai("sk-secret") }).await;
    assert_eq!(endpoint.body.base_url, "https://api.openai.com/v1");
    assert_eq!((endpoint.name.as_str(), endpoint.body.dialect.as_str()), ("openai", "openai"));
    let models = models::list(&house.app, &house.admin()).await.unwrap();
    let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["openai/gpt-x"], "the chat models of the book, no embeddings, nobody else's");
    assert_eq!(models[0].body.max_output, Some(16_000));
}

#[tokio::test]
async fn a_credential_is_sealed_for_its_endpoint_and_told_to_nobody() {
    let house = House::new().await;
    let endpoint = created(&house, openai("sk-secret")).await;
    assert!(matches!(endpoint.body.credential, CredentialSource::Stored { .. }));
    publish::publish(&house.app, &house.admin(), "", &Expected::anything()).await.unwrap();
    let content = running(&house.app);
    let entry = content.endpoints.iter().find(|entry| entry.id == endpoint.id).unwrap();
    let Credential::Sealed(sealed) = &entry.credential else { panic!() };
    let place = credential_place(&endpoint.id, "https://api.openai.com/v1");
    assert_eq!(house.app.policy_secret.open(sealed, &place).unwrap(), b"sk-secret");
    let told = audit::state(&endpoint) + &format!("{content:?}");
    assert!(!told.contains("sk-secret"));
}

#[tokio::test]
async fn another_host_forgets_the_credential_and_another_path_keeps_it() {
    let house = House::new().await;
    let endpoint = created(&house, openai("sk-secret")).await;
    let moved = |url: &str| EndpointForm { base_url: Some(url.to_owned()), ..keep(openai("")) };
    let path = moved("https://api.openai.com/v2");
    let kept = endpoints::update(&house.app, &house.admin(), &endpoint.id, path, &Expected::anything())
        .await
        .unwrap();
    assert_eq!(kept.body.credential, endpoint.body.credential);
    let host = moved("https://evil.example/v1");
    let gone = endpoints::update(&house.app, &house.admin(), &endpoint.id, host, &Expected::anything())
        .await
        .unwrap();
    assert_eq!(gone.body.credential, CredentialSource::None);
    let refused = publish::publish(&house.app, &house.admin(), "", &Expected::anything()).await.unwrap_err();
    let AppError::Unpublishable(problems) = refused else { panic!() };
    assert!(
        problems[0].starts_with("endpoint `openai` has no credential for https://evil.example/v1"),
        "{problems:?}"
    );
}

fn keep(form: EndpointForm) -> EndpointForm {
    EndpointForm { credential: None, ..form }
}

#[tokio::test]
async fn references_are_kept_as_references() {
    let house = House::new().await;
    let endpoint = created(&house, openai("env:OPENAI_API_KEY")).await;
    assert_eq!(endpoint.body.credential, CredentialSource::Env { name: "OPENAI_API_KEY".to_owned() });
    let file = EndpointForm { name: "two".to_owned(), ..openai("file:/run/secrets/key") };
    let file = created(&house, file).await;
    assert_eq!(file.body.credential, CredentialSource::File { path: "/run/secrets/key".to_owned() });
}

#[tokio::test]
async fn a_target_stays_as_long_as_a_model_needs_it() {
    let house = House::new().await;
    let admin = house.admin();
    let endpoint = created(&house, openai("sk-secret")).await;
    let target = TargetForm { endpoint: endpoint.id.clone(), upstream_model: "gpt-x".to_owned() };
    let form = ModelForm { name: "fast".to_owned(), targets: vec![target], ..ModelForm::default() };
    let model = models::create(&house.app, &admin, form.clone()).await.unwrap();
    let refused =
        endpoints::delete(&house.app, &admin, &endpoint.id, "", &Expected::anything()).await.unwrap_err();
    assert!(refused.to_string().contains("model `fast` still has `openai` as a target"), "{refused}");
    models::delete(&house.app, &admin, &model.id, "", &Expected::anything()).await.unwrap();
    endpoints::delete(&house.app, &admin, &endpoint.id, "", &Expected::anything()).await.unwrap();
    let AppError::Invalid(errors) = models::create(&house.app, &admin, form).await.unwrap_err() else {
        panic!()
    };
    assert_eq!(errors.of("targets/0/endpoint"), Some(&FieldError::UnknownChoice));
}

#[tokio::test]
async fn the_second_of_two_editors_is_told() {
    let house = House::new().await;
    let endpoint = created(&house, openai("sk-secret")).await;
    let edit = |region: &str| EndpointForm {
        region: region.to_owned(),
        version: Some(endpoint.version),
        ..keep(openai(""))
    };
    endpoints::update(&house.app, &house.admin(), &endpoint.id, edit("eu"), &Expected::anything())
        .await
        .unwrap();
    let refused =
        endpoints::update(&house.app, &house.admin(), &endpoint.id, edit("us"), &Expected::anything())
            .await
            .unwrap_err();
    assert!(matches!(refused, AppError::Conflict(_)), "{refused}");
}

#[tokio::test]
async fn base_urls_that_are_none_are_refused() {
    let house = House::new().await;
    for url in ["ftp://a.example", "https://", "a.example/v1", "https://user:pw@a.example"] {
        let form = EndpointForm { base_url: Some(url.to_owned()), ..openai("sk") };
        let refused = endpoints::create(&house.app, &house.admin(), form).await.unwrap_err();
        let AppError::Invalid(errors) = refused else { panic!("{url}") };
        assert_eq!(errors.of("base_url"), Some(&FieldError::NotAUrl), "{url}");
    }
}

#[tokio::test]
async fn azures_base_url_may_name_a_version_and_no_base_url_anything_else() {
    let house = House::new().await;
    let form = |provider: &str, query: &str| EndpointForm {
        provider: provider.to_owned(),
        base_url: Some(format!("https://a.example{query}")),
        ..openai("sk")
    };
    for (provider, query, words) in [
        ("openai", "/?x=1", "only Azure's"),
        ("openai", "?api-version=2024-10-21", "only Azure's"),
        ("azure", "?api-version=2024-1-1", "a version of Azure's API and nothing else"),
        ("azure", "?api-version=2024-10-21&x=1", "a version of Azure's API and nothing else"),
    ] {
        let refused = endpoints::create(&house.app, &house.admin(), form(provider, query)).await.unwrap_err();
        let AppError::Invalid(errors) = refused else { panic!("{provider} {query}") };
        let error = errors.of("base_url").unwrap().to_string();
        assert!(error.contains(words), "{provider} {query}: {error}");
    }
    let query = "?api-version=2025-04-01-preview";
    let made = endpoints::create(&house.app, &house.admin(), form("azure", query)).await.unwrap();
    assert_eq!(made.body.base_url, format!("https://a.example{query}"));
    publish::publish(&house.app, &house.admin(), "", &Expected::anything()).await.unwrap();
    assert_eq!(running(&house.app).endpoints[0].base_url, made.body.base_url);
}

#[tokio::test]
async fn what_people_say_of_a_models_abilities_beats_the_book_and_reaches_the_gateways() {
    let house = House::new().await;
    let admin = house.admin();
    let endpoint = created(&house, openai("sk-secret")).await;
    let target = TargetForm { endpoint: endpoint.id.clone(), upstream_model: "gpt-x".to_owned() };
    let form = ModelForm {
        name: "fast".to_owned(),
        aliases: vec!["quick".to_owned()],
        targets: vec![target],
        can: vec![Ability::AudioInput],
        cannot: vec![Ability::Vision, Ability::Reasoning],
        ..ModelForm::default()
    };
    let both = ModelForm { can: vec![Ability::Vision], ..form.clone() };
    let AppError::Invalid(errors) = models::create(&house.app, &admin, both).await.unwrap_err() else {
        panic!()
    };
    assert!(errors.of("cannot/0").is_some(), "not both");
    models::create(&house.app, &admin, form).await.unwrap();
    publish::publish(&house.app, &admin, "", &Expected::anything()).await.unwrap();
    let content = running(&house.app);
    for name in ["fast", "quick"] {
        let entry = content.models.iter().find(|model| model.name == name).unwrap();
        assert_eq!(entry.can, [Ability::Tools, Ability::AudioInput], "the book's tools, and what was said");
        assert_eq!(entry.cannot, [Ability::Vision, Ability::Reasoning]);
    }
}
