//! The versions of an object: an earlier one comes back as the next, an unpublished change goes, nobody's draft is lost.

use crate::endpoints::{self, Endpoint, EndpointForm};
use crate::error::AppError;
use crate::models::{self, ModelForm, TargetForm};
use crate::precondition::{Expected, tag_of};
use crate::publish::{ObjectRef, draft_state, publish};
use crate::testing::{House, openai};
use crate::versions::{How, discard, list, preview, restore, standing};

async fn endpoint(house: &House) -> Endpoint {
    endpoints::create(&house.app, &house.admin(), openai("sk-secret")).await.unwrap()
}

async fn move_to(house: &House, endpoint: &Endpoint, base_url: &str) {
    let form =
        EndpointForm { base_url: Some(base_url.to_owned()), note: "moved".to_owned(), ..openai("sk-new") };
    endpoints::update(&house.app, &house.admin(), &endpoint.id, form, &Expected::anything()).await.unwrap();
}

async fn publish_all(house: &House) {
    publish(&house.app, &house.admin(), "", &Expected::anything()).await.unwrap();
}

fn version(endpoint: &Endpoint, version: i64) -> ObjectRef {
    ObjectRef { kind: "endpoint".to_owned(), id: endpoint.id.to_string(), version }
}

#[tokio::test]
async fn every_version_says_what_it_changed_and_why() {
    let house = House::new().await;
    let endpoint = endpoint(&house).await;
    move_to(&house, &endpoint, "https://second.example/v1").await;
    endpoints::delete(&house.app, &house.admin(), &endpoint.id, "not needed", &Expected::anything())
        .await
        .unwrap();
    let versions = list(&house.app, &house.admin(), "endpoint", endpoint.id.as_str()).await.unwrap();
    let told: Vec<(i64, How, &str)> =
        versions.iter().map(|version| (version.version, version.how, version.note.as_str())).collect();
    assert_eq!(told, [(3, How::Removed, "not needed"), (2, How::Changed, "moved"), (1, How::Added, "")]);
    let moved = "base url https://api.openai.com/v1 → https://second.example/v1".to_owned();
    assert!(versions[1].changes.contains(&moved), "{:?}", versions[1].changes);
    assert!(versions[0].body.is_none() && versions[2].body.is_some());
    let unknown = list(&house.app, &house.admin(), "model", endpoint.id.as_str()).await.unwrap_err();
    assert!(matches!(unknown, AppError::NotFound { .. }));
}

#[tokio::test]
async fn an_earlier_version_comes_back_as_the_next_one_and_runs_only_when_published() {
    let house = House::new().await;
    let (admin, endpoint) = (house.admin(), endpoint(&house).await);
    move_to(&house, &endpoint, "https://second.example/v1").await;
    publish_all(&house).await;
    let seen = standing(&house.app, &admin, "endpoint", endpoint.id.as_str()).await.unwrap();
    assert_eq!((seen.draft, seen.published, &seen.unpublished), (Some(2), Some(2), &None));
    let change = preview(&house.app, &admin, "endpoint", endpoint.id.as_str(), 1).await.unwrap().unwrap();
    assert!(change.lines[0].contains("second.example"), "{change:?}");
    let tag = Expected::tag(&tag_of(&seen));
    let now = restore(&house.app, &admin, &version(&endpoint, 1), "it was better", &tag).await.unwrap();
    assert_eq!((now.draft, now.published), (Some(3), Some(2)));
    let draft = endpoints::find(&house.app, &admin, &endpoint.id).await.unwrap().unwrap();
    assert_eq!(draft.body, endpoint.body, "its stored credential comes back with it");
    let problems = draft_state(&house.app).await.unwrap().problems;
    assert!(problems.is_empty(), "it can be published: {problems:?}");
    let again = restore(&house.app, &admin, &version(&endpoint, 1), "", &tag).await.unwrap_err();
    assert!(matches!(again, AppError::Overtaken { .. }), "the draft moved: {again}");
    let anything = Expected::anything();
    let same = restore(&house.app, &admin, &version(&endpoint, 1), "", &anything).await.unwrap_err();
    assert!(matches!(same, AppError::Conflict(_)), "{same}");
}

#[tokio::test]
async fn what_was_deleted_is_restored_and_its_deletion_is_not() {
    let house = House::new().await;
    let (admin, endpoint) = (house.admin(), endpoint(&house).await);
    endpoints::delete(&house.app, &admin, &endpoint.id, "", &Expected::anything()).await.unwrap();
    let anything = Expected::anything();
    let refused = restore(&house.app, &admin, &version(&endpoint, 2), "", &anything).await.unwrap_err();
    assert!(matches!(refused, AppError::Conflict(_)), "{refused}");
    let now = restore(&house.app, &admin, &version(&endpoint, 1), "", &anything).await.unwrap();
    assert_eq!((now.draft, now.published), (Some(3), None));
    endpoints::delete(&house.app, &admin, &endpoint.id, "", &Expected::anything()).await.unwrap();
    endpoints::create(&house.app, &admin, openai("sk-third")).await.unwrap();
    let taken = restore(&house.app, &admin, &version(&endpoint, 1), "", &anything).await.unwrap_err();
    assert!(matches!(taken, AppError::Invalid(_)), "its name belongs to another one by now: {taken}");
}

#[tokio::test]
async fn discarding_brings_one_draft_back_to_what_runs_and_leaves_the_others() {
    let house = House::new().await;
    let (admin, one) = (house.admin(), endpoint(&house).await);
    publish_all(&house).await;
    move_to(&house, &one, "https://second.example/v1").await;
    let form = EndpointForm { name: "other".to_owned(), ..openai("sk-other") };
    let other = endpoints::create(&house.app, &admin, form).await.unwrap();
    let anything = Expected::anything();
    let now = discard(&house.app, &admin, "endpoint", one.id.as_str(), &anything).await.unwrap();
    assert_eq!((now.draft, now.published, now.unpublished), (Some(3), Some(1), None));
    let state = draft_state(&house.app).await.unwrap();
    assert_eq!(state.changes, ["endpoint other: added"], "the same under a newer number is no change");
    let nothing = discard(&house.app, &admin, "endpoint", one.id.as_str(), &anything).await.unwrap_err();
    assert!(matches!(nothing, AppError::Conflict(_)), "{nothing}");
    endpoints::delete(&house.app, &admin, &one.id, "", &Expected::anything()).await.unwrap();
    discard(&house.app, &admin, "endpoint", one.id.as_str(), &anything).await.unwrap();
    assert!(endpoints::find(&house.app, &admin, &one.id).await.unwrap().is_some(), "the deletion is undone");
    let gone = discard(&house.app, &admin, "endpoint", other.id.as_str(), &anything).await.unwrap();
    assert_eq!((gone.draft, gone.published), (None, None), "what never ran leaves the draft");
    assert!(draft_state(&house.app).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn an_endpoint_that_a_model_needs_is_not_discarded() {
    let house = House::new().await;
    let (admin, endpoint) = (house.admin(), endpoint(&house).await);
    let target = TargetForm { endpoint: endpoint.id.clone(), upstream_model: "gpt-x".to_owned() };
    let form = ModelForm { name: "fast".to_owned(), targets: vec![target], ..ModelForm::default() };
    let model = models::create(&house.app, &admin, form).await.unwrap();
    let anything = Expected::anything();
    let refused = discard(&house.app, &admin, "endpoint", endpoint.id.as_str(), &anything).await.unwrap_err();
    assert!(refused.to_string().contains("model `fast`"), "{refused}");
    discard(&house.app, &admin, "model", &model.id, &anything).await.unwrap();
    discard(&house.app, &admin, "endpoint", endpoint.id.as_str(), &anything).await.unwrap();
}
