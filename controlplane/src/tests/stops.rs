//! What is stopped is in the next revision, what goes on is not; both are on record, and nobody stops what is not theirs.

use weir_contract::policy::Stopped;

use crate::auth::{Actor, Grant, Role};
use crate::error::AppError;
use crate::precondition::Expected;
use crate::stops::{self, StopForm, StopKind};
use crate::testing::House;
use crate::{audit, keys, publish, workspaces};

fn form(kind: StopKind, target: &str, workspace: &str) -> StopForm {
    StopForm { kind, target: target.to_owned(), workspace: workspace.to_owned(), reason: "leaked".to_owned() }
}

fn stopped(house: &House) -> Vec<Stopped> {
    let newest = house.app.publisher.watch().borrow().clone().unwrap();
    let content = weir_contract::policy::Content::read(&newest.header, &newest.sections).unwrap();
    content.stops.into_iter().map(|entry| entry.what).collect()
}

#[tokio::test]
async fn a_stop_is_in_force_at_once_and_gone_at_once() {
    let house = House::new().await;
    let actor = house.admin();
    let workspace = workspaces::list(&house.app).await.unwrap().remove(0);
    let key = keys::list(&house.app, &actor).await.unwrap().remove(0);
    let before = house.app.publisher.newest();
    let acme =
        stops::create(&house.app, &actor, form(StopKind::Customer, "acme", &workspace.name)).await.unwrap();
    house.clock.advance(1);
    stops::create(&house.app, &actor, form(StopKind::Key, key.id.as_str(), "")).await.unwrap();
    assert_eq!(house.app.publisher.newest().0, before.0 + 2, "each is a revision of its own");
    let customer = Stopped::Customer { workspace: workspace.id.clone(), customer: "acme".into() };
    assert_eq!(stopped(&house), [customer, Stopped::Key { key: key.id.clone() }]);
    assert!(publish::draft_state(&house.app).await.unwrap().changes.is_empty(), "it is nobody's draft");
    let again =
        stops::create(&house.app, &actor, form(StopKind::Customer, "acme", workspace.id.as_str())).await;
    assert!(matches!(again, Err(AppError::Conflict(_))), "it is stopped already");
    stops::end(&house.app, &actor, &acme.id, &Expected::anything()).await.unwrap();
    assert_eq!(stopped(&house), [Stopped::Key { key: key.id }]);
    assert!(audit::verify(&mut house.app.store.read().await.unwrap()).await.unwrap() > 3);
}

#[tokio::test]
async fn nobody_stops_what_is_not_theirs() {
    let house = House::new().await;
    let elsewhere = Grant { workspace: Some("ws_elsewhere".into()), role: Role::Admin, read_bodies: false };
    let other = Actor { grants: vec![elsewhere], ..house.admin() };
    let key = keys::list(&house.app, &house.admin()).await.unwrap().remove(0);
    let refused = stops::create(&house.app, &other, form(StopKind::Key, key.id.as_str(), "")).await;
    assert!(matches!(refused, Err(AppError::NotFound { .. })), "not even that it exists is told");
    let made =
        stops::create(&house.app, &house.admin(), form(StopKind::Key, key.id.as_str(), "")).await.unwrap();
    assert!(stops::list(&house.app, &other).await.unwrap().is_empty());
    assert!(matches!(
        stops::end(&house.app, &other, &made.id, &Expected::anything()).await,
        Err(AppError::Forbidden(_))
    ));
    let unsaid = StopForm { reason: " ".to_owned(), ..form(StopKind::Key, key.id.as_str(), "") };
    let refused = stops::create(&house.app, &house.admin(), unsaid).await;
    assert!(matches!(refused, Err(AppError::Invalid(_))), "a stop has a reason");
}
