//! Keys: shown once, kept as hashes, in force at once.

use weir_contract::id::WorkspaceId;
use weir_web::form::FieldError;

use crate::auth::{Actor, Grant, Role};
use crate::error::AppError;
use crate::keys::rotation::{Rotation, end_old_secret, rotate};
use crate::keys::{Key, KeyForm, KeySettings, create, find, list, revoke, update};
use crate::precondition::Expected;
use crate::testing::{House, NOW_US, running};
use crate::{token, workspaces};

async fn workspace(house: &House) -> WorkspaceId {
    workspaces::list(&house.app).await.unwrap().remove(0).id
}

fn named(name: &str, workspace: &WorkspaceId) -> KeyForm {
    KeyForm { name: name.to_owned(), workspace: workspace.clone(), ..KeyForm::default() }
}

#[tokio::test]
async fn a_key_acts_at_once_and_only_its_hash_is_kept() {
    let house = House::new().await;
    let (admin, workspace) = (house.admin(), workspace(&house).await);
    let before = house.app.publisher.newest();
    let created = create(&house.app, &admin, named("backend", &workspace)).await.unwrap();
    assert!(token::is_well_formed(token::KEY, &created.secret));
    assert!(house.app.publisher.newest() > before);
    let content = running(&house.app);
    let entry = content.keys.iter().find(|key| key.id == created.key.id).unwrap();
    assert_eq!(entry.hash, house.app.policy_secret.key_hash(&created.secret).to_hex());
    let told = format!("{:?}", list(&house.app, &admin).await.unwrap());
    assert!(!told.contains(&created.secret) && !told.contains(&entry.hash));
}

#[tokio::test]
async fn a_revoked_key_leaves_the_policy_and_stays_in_the_list() {
    let house = House::new().await;
    let (admin, workspace) = (house.admin(), workspace(&house).await);
    let key = create(&house.app, &admin, named("backend", &workspace)).await.unwrap().key;
    let revoked = revoke(&house.app, &admin, &key.id).await.unwrap();
    assert_eq!(revoked.revoked_us, Some(NOW_US));
    assert!(running(&house.app).keys.iter().all(|entry| entry.id != key.id));
    let listed = list(&house.app, &admin).await.unwrap();
    assert!(listed.iter().any(|listed| listed.id == key.id && listed.revoked_us.is_some()));
    let newest = house.app.publisher.newest();
    revoke(&house.app, &admin, &key.id).await.unwrap();
    assert_eq!(house.app.publisher.newest(), newest, "revoking twice is one revision");
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_told_field_by_field() {
    let house = House::new().await;
    let settings = KeySettings { requests_per_minute: Some(0), ..KeySettings::default() };
    let form = KeyForm { settings, expires_us: Some(NOW_US), ..named(" ", &workspace(&house).await) };
    let AppError::Invalid(errors) = create(&house.app, &house.admin(), form).await.unwrap_err() else {
        panic!()
    };
    assert_eq!(errors.of("name"), Some(&FieldError::Required));
    assert_eq!(errors.of("expires_us"), Some(&FieldError::NotADate));
    assert_eq!(errors.of("requests_per_minute"), Some(&FieldError::NotANumber { min: 1 }));
    let AppError::Invalid(errors) =
        create(&house.app, &house.admin(), named("a", &"ws_none".into())).await.unwrap_err()
    else {
        panic!()
    };
    assert_eq!(errors.of("workspace"), Some(&FieldError::UnknownChoice));
}

#[tokio::test]
async fn a_member_of_one_workspace_reaches_no_other() {
    let house = House::new().await;
    let admin = house.admin();
    let form = workspaces::WorkspaceForm {
        name: "other".to_owned(),
        environment: String::new(),
        log_level: weir_contract::record::LogLevel::Full,
        retention_days: 30,
        calls_days: 400,
    };
    let other = workspaces::create(&house.app, &admin, form).await.unwrap().id;
    let grant = Grant { workspace: Some(other.clone()), role: Role::Member, read_bodies: false };
    let member = Actor { grants: vec![grant], ..house.admin() };
    assert!(matches!(
        create(&house.app, &member, named("a", &workspace(&house).await)).await,
        Err(AppError::Forbidden(_))
    ));
    create(&house.app, &member, named("mine", &other)).await.unwrap();
    let names: Vec<String> =
        list(&house.app, &member).await.unwrap().into_iter().map(|key| key.name).collect();
    assert_eq!(names, ["mine"]);
}

#[tokio::test]
async fn a_key_that_signs_customers_has_a_secret_gateways_can_open() {
    let house = House::new().await;
    let (admin, workspace) = (house.admin(), workspace(&house).await);
    let settings = KeySettings { signs_customers: true, ..KeySettings::default() };
    let form = KeyForm { settings, ..named("signer", &workspace) };
    let created = create(&house.app, &admin, form).await.unwrap();
    let content = running(&house.app);
    let entry = content.keys.iter().find(|key| key.id == created.key.id).unwrap();
    let place = format!("key:{}", entry.id);
    let opened = house.app.policy_secret.open(entry.customer_secret.as_ref().unwrap(), &place).unwrap();
    assert_eq!(opened, created.customer_secret.unwrap().as_bytes());
    assert!(content.keys.iter().filter(|key| key.id != entry.id).all(|key| key.customer_secret.is_none()));
}

async fn made(house: &House, name: &str) -> Key {
    let workspace = workspace(house).await;
    create(&house.app, &house.admin(), named(name, &workspace)).await.unwrap().key
}

#[tokio::test]
async fn a_rotated_key_has_two_secrets_until_its_grace_ends() {
    let house = House::new().await;
    let (admin, key) = (house.admin(), made(&house, "backend").await);
    let entry = || running(&house.app).keys.into_iter().find(|entry| entry.id == key.id).unwrap();
    let old_hash = entry().hash;
    let how = Rotation { grace_seconds: Some(60) };
    let rotated = rotate(&house.app, &admin, &key.id, &how).await.unwrap();
    assert_eq!(entry().hash, house.app.policy_secret.key_hash(&rotated.secret).to_hex());
    let previous = entry().previous.unwrap();
    assert_eq!((previous.hash, previous.ends_at_us), (old_hash, NOW_US + 60_000_000));
    let shown = rotated.key.old_secret(NOW_US).unwrap();
    assert_eq!(shown.ends_with, key.ends_with);
    house.clock.advance(60_000_000);
    let listed = find(&house.app, &admin, &key.id).await.unwrap().unwrap();
    assert_eq!(listed.old_secret(NOW_US + 60_000_000), None);
    made(&house, "another, so that a revision is made").await;
    assert_eq!(entry().previous, None, "what is over is in no snapshot");
}

#[tokio::test]
async fn an_old_secret_ends_at_once_when_asked() {
    let house = House::new().await;
    let (admin, key) = (house.admin(), made(&house, "backend").await);
    rotate(&house.app, &admin, &key.id, &Rotation::default()).await.unwrap();
    let ended = end_old_secret(&house.app, &admin, &key.id).await.unwrap();
    assert_eq!(ended.previous, None);
    let entry = running(&house.app).keys.into_iter().find(|entry| entry.id == key.id).unwrap();
    assert_eq!(entry.previous, None);
    let at_once = Rotation { grace_seconds: Some(0) };
    assert_eq!(rotate(&house.app, &admin, &key.id, &at_once).await.unwrap().key.previous, None);
    let endless = Rotation { grace_seconds: Some(u64::MAX) };
    assert!(matches!(
        rotate(&house.app, &admin, &key.id, &endless).await.unwrap_err(),
        AppError::Invalid(errors) if errors.of("grace_seconds").is_some()
    ));
}

#[tokio::test]
async fn a_change_of_a_key_acts_at_once_and_an_older_one_is_refused() {
    let house = House::new().await;
    let (admin, key) = (house.admin(), made(&house, "backend").await);
    let seen = Expected::tag(&key.tag());
    let settings = KeySettings { concurrent_max: Some(3), drop_unsupported: true, ..KeySettings::default() };
    let form = KeyForm { name: "renamed".to_owned(), settings, ..KeyForm::default() };
    let after = update(&house.app, &admin, &key.id, form.clone(), &seen).await.unwrap();
    assert_eq!((after.name.as_str(), after.workspace.clone()), ("renamed", key.workspace.clone()));
    let entry = running(&house.app).keys.into_iter().find(|entry| entry.id == key.id).unwrap();
    assert_eq!((entry.concurrent_max, entry.drop_unsupported), (Some(3), true));
    let refused = update(&house.app, &admin, &key.id, form.clone(), &seen).await.unwrap_err();
    assert!(matches!(refused, AppError::Overtaken { .. }), "{refused}");
    let moved = KeyForm { workspace: "ws_elsewhere".into(), ..form };
    let refused = update(&house.app, &admin, &key.id, moved, &Expected::anything()).await.unwrap_err();
    assert!(matches!(refused, AppError::Invalid(errors) if errors.of("workspace").is_some()));
}

#[tokio::test]
async fn a_revoked_key_is_neither_changed_nor_rotated() {
    let house = House::new().await;
    let (admin, key) = (house.admin(), made(&house, "backend").await);
    revoke(&house.app, &admin, &key.id).await.unwrap();
    let rotated = rotate(&house.app, &admin, &key.id, &Rotation::default()).await.unwrap_err();
    assert!(rotated.to_string().contains("is revoked"), "{rotated}");
    let form = KeyForm { name: "b".to_owned(), ..KeyForm::default() };
    let updated = update(&house.app, &admin, &key.id, form, &Expected::anything()).await.unwrap_err();
    assert!(matches!(updated, AppError::Conflict(_)), "{updated}");
}

#[test]
fn the_flat_form_of_the_api_refuses_what_it_does_not_know() {
    let read = |text: &str| serde_json::from_str::<KeyForm>(text);
    let form = read(
        r#"{"name":"a","workspace":"default","models":["gpt-x"],"concurrent_max":2,"drop_unsupported":true}"#,
    )
    .unwrap();
    assert_eq!((form.name.as_str(), form.settings.concurrent_max), ("a", Some(2)));
    assert!(form.settings.drop_unsupported);
    let refused = read(r#"{"name":"a","model":["gpt-x"]}"#).unwrap_err().to_string();
    assert!(refused.contains("unknown field `model`"), "{refused}");
}
