//! Publishing: what runs is what was published; restoring is a new revision; other people's drafts stay where they are.

use crate::precondition::Expected;
use weir_contract::id::{Revision, WorkspaceId};
use weir_contract::policy::Content;

use crate::endpoints::{self, EndpointForm};
use crate::error::AppError;
use crate::keys::{self, KeyForm};
use crate::precondition::tag_of;
use crate::publish::{draft_state, follow, preview, publish, restore, revisions};
use crate::store;
use crate::testing::{House, openai, running};
use crate::{audit, workspaces};

async fn a_key(house: &House) {
    let workspace: WorkspaceId = workspaces::list(&house.app).await.unwrap().remove(0).id;
    let form = KeyForm { name: "k".to_owned(), workspace, ..KeyForm::default() };
    keys::create(&house.app, &house.admin(), form).await.unwrap();
}

fn with_models() -> EndpointForm {
    EndpointForm { add_models: true, ..openai("sk-secret") }
}

#[tokio::test]
async fn a_revision_is_signed_numbered_and_has_prices() {
    let house = House::new().await;
    endpoints::create(&house.app, &house.admin(), with_models()).await.unwrap();
    let state = draft_state(&house.app).await.unwrap();
    let price = "price: gpt-x at openai: added, cache read $1.25, input $2.50, output $10.00 for a million";
    assert_eq!(state.changes, ["endpoint openai: added", "model openai/gpt-x: added", price]);
    let ids: Vec<&str> = state.changed.iter().map(|change| change.id.split('_').next().unwrap()).collect();
    assert_eq!(ids, ["ep", "model", ""], "each change names its object");
    assert!(state.problems.is_empty(), "{:?}", state.problems);
    let info = publish(&house.app, &house.admin(), "openai for all", &Expected::anything()).await.unwrap();
    assert_eq!(info.revision, state.running + 1);
    let newest = house.app.publisher.watch().borrow().clone().unwrap();
    let header = newest.signed.verify(&house.app.signing_key.verifier()).unwrap();
    assert_eq!(header.revision, Revision(info.revision));
    let content = running(&house.app);
    assert_eq!(content.prices.len(), 1);
    assert_eq!(content.prices[0].price.version.as_str(), "test-1");
    assert!(draft_state(&house.app).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn what_did_not_change_is_the_same_section() {
    let house = House::new().await;
    endpoints::create(&house.app, &house.admin(), with_models()).await.unwrap();
    publish(&house.app, &house.admin(), "", &Expected::anything()).await.unwrap();
    let before = house.app.publisher.watch().borrow().clone().unwrap().header.sections.clone();
    publish(&house.app, &house.admin(), "", &Expected::anything()).await.unwrap();
    let after = house.app.publisher.watch().borrow().clone().unwrap().header.sections.clone();
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_key_acts_at_once_and_leaves_drafts_where_they_are() {
    let house = House::new().await;
    endpoints::create(&house.app, &house.admin(), with_models()).await.unwrap();
    a_key(&house).await;
    let content = running(&house.app);
    assert!(content.endpoints.is_empty(), "the draft is not published with somebody's key");
    assert_eq!(content.keys.len(), 2);
    assert_eq!(draft_state(&house.app).await.unwrap().changed.len(), 3);
}

#[tokio::test]
async fn restoring_is_a_new_revision_equal_to_the_old_one_but_for_keys() {
    let house = House::new().await;
    let admin = house.admin();
    let endpoint = endpoints::create(&house.app, &admin, with_models()).await.unwrap();
    let first = publish(&house.app, &admin, "first", &Expected::anything()).await.unwrap();
    let good = running(&house.app);
    let form = EndpointForm {
        base_url: Some("https://elsewhere.example/v1".to_owned()),
        credential: Some("sk-other".to_owned()),
        ..openai("")
    };
    endpoints::update(&house.app, &admin, &endpoint.id, form, &Expected::anything()).await.unwrap();
    let second = publish(&house.app, &admin, "second", &Expected::anything()).await.unwrap();
    assert_ne!(running(&house.app).endpoints, good.endpoints);
    a_key(&house).await;
    let third =
        restore(&house.app, &admin, Revision(first.revision), "back", &Expected::anything()).await.unwrap();
    assert_eq!((third.revision, third.restored_from), (second.revision + 2, Some(first.revision)));
    let Content { endpoints, models, prices, keys, .. } = running(&house.app);
    assert_eq!((endpoints, models, prices), (good.endpoints, good.models, good.prices));
    assert_eq!(keys.len(), 2, "keys of now stay");
    let state = draft_state(&house.app).await.unwrap();
    assert!(
        state.changes.is_empty() && state.problems.is_empty(),
        "the drafts are brought back too: {state:?}"
    );
    assert!(state.changed.is_empty(), "{:?}", state.changed);
}

#[tokio::test]
async fn restoring_brings_back_what_was_deleted_and_removes_what_was_not_there() {
    let house = House::new().await;
    let admin = house.admin();
    let empty = draft_state(&house.app).await.unwrap().running;
    let endpoint = endpoints::create(&house.app, &admin, openai("sk-secret")).await.unwrap();
    let with = publish(&house.app, &admin, "", &Expected::anything()).await.unwrap().revision;
    restore(&house.app, &admin, Revision(empty), "", &Expected::anything()).await.unwrap();
    assert!(endpoints::list(&house.app, &admin).await.unwrap().is_empty());
    assert!(running(&house.app).endpoints.is_empty());
    restore(&house.app, &admin, Revision(with), "", &Expected::anything()).await.unwrap();
    let back = endpoints::find(&house.app, &admin, &endpoint.id).await.unwrap().unwrap();
    assert_eq!((back.version, back.body), (3, endpoint.body));
}

#[tokio::test]
async fn every_revision_is_kept_and_follows_after_a_restart() {
    let house = House::new().await;
    a_key(&house).await;
    publish(&house.app, &house.admin(), "all", &Expected::anything()).await.unwrap();
    let history = revisions(&house.app, None, 10).await.unwrap();
    let causes: Vec<&str> = history.iter().map(|info| info.cause.as_str()).collect();
    assert_eq!(causes, ["publish", "at_once", "publish"]);
    let older = revisions(&house.app, Some(history[1].revision), 10).await.unwrap();
    assert_eq!(older, history[2..]);
    let before = house.app.publisher.watch().borrow().clone();
    follow(&house.app).await.unwrap();
    assert_eq!(*house.app.publisher.watch().borrow(), before);
}

#[tokio::test]
async fn every_change_is_in_the_audit_and_the_chain_holds() {
    let house = House::new().await;
    endpoints::create(&house.app, &house.admin(), openai("sk-secret")).await.unwrap();
    a_key(&house).await;
    publish(&house.app, &house.admin(), "", &Expected::anything()).await.unwrap();
    let mut reading = house.app.store.read().await.unwrap();
    let rows = store::audit::list_rows(&mut reading, 0, 100).await.unwrap();
    let actions: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    assert!(actions.ends_with(&["endpoint.create", "key.create", "revision.publish"]), "{actions:?}");
    assert_eq!(audit::verify(&mut reading).await.unwrap(), i64::try_from(rows.len()).unwrap());
    assert!(rows.iter().all(|row| !row.after_json.contains("sk-secret")));
}

/// An endpoint published, then moved and published, then moved again without publishing.
async fn moved_twice(house: &House) -> (endpoints::Endpoint, u64) {
    let admin = house.admin();
    let endpoint = endpoints::create(&house.app, &admin, openai("sk-secret")).await.unwrap();
    let first = publish(&house.app, &admin, "first", &Expected::anything()).await.unwrap().revision;
    move_to(house, &endpoint, "https://second.example/v1").await;
    publish(&house.app, &admin, "second", &Expected::anything()).await.unwrap();
    move_to(house, &endpoint, "https://third.example/v1").await;
    (endpoint, first)
}

async fn move_to(house: &House, endpoint: &endpoints::Endpoint, base_url: &str) {
    let form = EndpointForm { base_url: Some(base_url.to_owned()), ..openai("sk-other") };
    endpoints::update(&house.app, &house.admin(), &endpoint.id, form, &Expected::anything()).await.unwrap();
}

#[tokio::test]
async fn restoring_says_what_changes_on_the_gateways_and_which_drafts_are_lost() {
    let house = House::new().await;
    let (_, first) = moved_twice(&house).await;
    let found = preview(&house.app, Revision(first)).await.unwrap();
    let lines = |changes: &[crate::versions::Change]| -> Vec<String> {
        changes.iter().flat_map(|change| change.lines.clone()).filter(|line| line.contains("url")).collect()
    };
    assert_eq!(lines(&found.changed), ["base url https://second.example/v1 → https://api.openai.com/v1"]);
    assert_eq!(lines(&found.discarded), ["base url https://second.example/v1 → https://third.example/v1"]);
    let missing = preview(&house.app, Revision(999)).await.unwrap_err();
    assert!(matches!(missing, AppError::NotFound { .. }));
}

#[tokio::test]
async fn a_draft_that_was_not_seen_is_not_lost_to_a_restoration() {
    let house = House::new().await;
    let (endpoint, first) = moved_twice(&house).await;
    let seen = Expected::tag(&tag_of(&preview(&house.app, Revision(first)).await.unwrap()));
    move_to(&house, &endpoint, "https://fourth.example/v1").await;
    let refused = restore(&house.app, &house.admin(), Revision(first), "", &seen).await.unwrap_err();
    assert!(matches!(refused, AppError::Overtaken { .. }), "{refused}");
    let kept = endpoints::find(&house.app, &house.admin(), &endpoint.id).await.unwrap().unwrap();
    assert_eq!(kept.body.base_url, "https://fourth.example/v1", "nothing was done");
    let seen = Expected::tag(&tag_of(&preview(&house.app, Revision(first)).await.unwrap()));
    restore(&house.app, &house.admin(), Revision(first), "", &seen).await.unwrap();
    let back = endpoints::find(&house.app, &house.admin(), &endpoint.id).await.unwrap().unwrap();
    assert_eq!(back.body, endpoint.body);
}

#[tokio::test]
async fn a_problem_names_the_object_to_look_at() {
    let house = House::new().await;
    let endpoint = endpoints::create(&house.app, &house.admin(), openai("")).await.unwrap();
    let problems = draft_state(&house.app).await.unwrap().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!((problems[0].kind.as_str(), problems[0].id.as_str()), ("endpoint", endpoint.id.as_str()));
}

#[tokio::test]
async fn a_change_that_reads_the_same_is_not_taken_for_the_one_that_was_seen() {
    let house = House::new().await;
    let admin = house.admin();
    let endpoint = endpoints::create(&house.app, &admin, openai("sk-one")).await.unwrap();
    publish(&house.app, &admin, "", &Expected::anything()).await.unwrap();
    let key = async |credential: &str| {
        let form = openai(credential);
        endpoints::update(&house.app, &admin, &endpoint.id, form, &Expected::anything()).await.unwrap();
    };
    key("sk-two").await;
    let seen = draft_state(&house.app).await.unwrap();
    key("sk-three").await;
    assert_eq!(
        draft_state(&house.app).await.unwrap().changes,
        seen.changes,
        "both say that a credential changed"
    );
    let refused = publish(&house.app, &admin, "", &Expected::tag(&tag_of(&seen))).await.unwrap_err();
    assert!(matches!(refused, AppError::Overtaken { .. }), "{refused}");
}
