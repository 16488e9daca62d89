//! Keys: shown once, kept as hashes, in force at once.

use weir_contract::id::WorkspaceId;
use weir_web::form::FieldError;

use crate::auth::{Actor, Grant, Role};
use crate::error::AppError;
use crate::keys::{KeySettings, NewKey, create, list, revoke};
use crate::testing::{House, NOW_US, running};
use crate::{token, workspaces};

async fn workspace(house: &House) -> WorkspaceId {
    workspaces::list(&house.app).await.unwrap().remove(0).id
}

fn named(name: &str, workspace: &WorkspaceId) -> NewKey {
    NewKey { name: name.to_owned(), workspace: workspace.clone(), ..NewKey::default() }
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
    let form = NewKey { settings, expires_us: Some(NOW_US), ..named(" ", &workspace(&house).await) };
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
    let form = NewKey { settings, ..named("signer", &workspace) };
    let created = create(&house.app, &admin, form).await.unwrap();
    let content = running(&house.app);
    let entry = content.keys.iter().find(|key| key.id == created.key.id).unwrap();
    let place = format!("key:{}", entry.id);
    let opened = house.app.policy_secret.open(entry.customer_secret.as_ref().unwrap(), &place).unwrap();
    assert_eq!(opened, created.customer_secret.unwrap().as_bytes());
    assert!(content.keys.iter().filter(|key| key.id != entry.id).all(|key| key.customer_secret.is_none()));
}
