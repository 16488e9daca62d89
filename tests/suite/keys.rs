//! Keys: a new secret under load, the old one good until its grace ends, the key's limits and figures its own throughout.

use http::Method;
use serde_json::json;
use weir_tests::wait;
use weir_tests::weir::Setup;

use crate::load::{Load, Target};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_rotated_with_no_failed_request_under_load() {
    let weir = Setup::default().up().await;
    let form = json!({ "workspace": "default", "name": "backend" });
    let key = weir.api(Method::POST, "/keys", Some(form)).await.ok().json();
    let id = key["id"].as_str().unwrap().to_owned();
    let hello = json!({ "model": "demo/fast", "messages": [{ "role": "user", "content": "Hello" }] });
    let url = format!("{}/v1/chat/completions", weir.gateway);
    let status_with = async |secret: &str| {
        let bearer = format!("Bearer {secret}");
        weir.client.post_json(&url, &[("authorization", &bearer)], &hello).await.status.as_u16()
    };
    let old = key["secret"].as_str().unwrap().to_owned();
    let works = async |secret: &str| (status_with(secret).await == 200).then_some(());
    wait::until("the key is in force", || works(&old)).await;

    let before = Load::start(&Target { gateway: weir.gateway.clone(), key: old.clone() }, 4, 0);
    let rotation = format!("/keys/{id}/rotation");
    let rotated = weir.api(Method::POST, &rotation, Some(json!({ "grace_seconds": 3600 }))).await.ok().json();
    let new = rotated["secret"].as_str().unwrap().to_owned();
    assert_ne!(new, old);
    assert_eq!(rotated["previous"]["ends_with"], key["ends_with"]);
    wait::until("the new secret is in force", || works(&new)).await;
    // The applications change over: both secrets are in use for a while.
    let after = Load::start(&Target { gateway: weir.gateway.clone(), key: new.clone() }, 4, 1);
    wait::until("both were used side by side", || async {
        (before.answered().await > 20 && after.answered().await > 20).then_some(())
    })
    .await;
    let with_old = before.finish().await;
    let _ = weir.api(Method::POST, &format!("{rotation}/end"), None).await.ok();
    wait::until("the old secret is refused", || async { (status_with(&old).await == 401).then_some(()) })
        .await;
    let with_new = after.finish().await;
    assert_eq!((with_old.broken, with_new.broken), (0, 0), "no request fails because of a rotation");

    let rows = weir.final_rows(with_old.answered.len() + with_new.answered.len()).await;
    let of = |id: &String| rows.iter().find(|row| row["request_id"] == id.as_str());
    for request in with_old.answered.keys().chain(with_new.answered.keys()) {
        assert_eq!(
            of(request).map(|row| row["key_id"].clone()),
            Some(json!(id)),
            "one key, whichever secret"
        );
    }
}
