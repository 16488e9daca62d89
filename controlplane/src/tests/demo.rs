//! The demo provider: something to talk to from the first start, wherever it listens.

use crate::bootstrap::{first_steps, welcome_key};
use crate::endpoints::{self, EndpointForm};
use crate::publish::draft_state;
use crate::testing::{House, openai, running};

#[tokio::test]
async fn a_fresh_house_with_a_demo_runs_at_once_and_its_calls_have_a_price() {
    let house = House::with(|config| config.demo_url = Some("http://127.0.0.1:9000".to_owned())).await;
    let content = running(&house.app);
    assert_eq!(content.endpoints.len(), 2);
    assert_eq!(content.endpoints[0].base_url, "http://127.0.0.1:9000/v1");
    assert!(content.models.iter().any(|model| model.name == "demo/claude"));
    assert!(content.prices.iter().any(|price| price.provider == "demo" && price.model == "demo/fast"));
    assert!(draft_state(&house.app).await.unwrap().changed.is_empty());
    let key = welcome_key(&house.app).await.unwrap().unwrap();
    assert_eq!(*key, house.first.gateway_key);
    let hash = house.app.policy_secret.key_hash(&key).to_hex();
    assert!(content.keys.iter().any(|entry| entry.hash == hash));
}

#[tokio::test]
async fn the_demo_moves_and_nobodys_drafts_are_published_with_it() {
    let mut house = House::with(|config| config.demo_url = Some("http://127.0.0.1:9000".to_owned())).await;
    endpoints::create(&house.app, &house.admin(), EndpointForm { add_models: true, ..openai("sk") })
        .await
        .unwrap();
    house.move_demo("http://127.0.0.1:9001").await;
    first_steps(&house.app).await.unwrap();
    let content = running(&house.app);
    assert!(content.endpoints.iter().all(|entry| entry.base_url == "http://127.0.0.1:9001/v1"));
    assert_eq!(content.endpoints.len(), 2, "the draft stays a draft");
    let changes = draft_state(&house.app).await.unwrap().changes;
    assert_eq!(changes[..2], ["endpoint openai: added", "model openai/gpt-x: added"]);
    assert!(changes.len() == 3 && changes[2].starts_with("price: gpt-x at openai: added"), "{changes:?}");
    let revision = house.app.publisher.newest();
    first_steps(&house.app).await.unwrap();
    assert_eq!(house.app.publisher.newest(), revision, "standing still makes no revision");
}
