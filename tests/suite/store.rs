//! PostgreSQL instead of SQLite, by URL: the same Weir.

use serde_json::json;
use tempfile::TempDir;
use weir_tests::postgres::Postgres;
use weir_tests::weir::Setup;

#[tokio::test(flavor = "multi_thread")]
async fn on_postgresql_everything_is_there_after_a_restart() {
    let postgres = Postgres::start().await;
    let folder = TempDir::new().unwrap();
    let archive = weir_tests::engine::database();
    let setup = || {
        Setup::default().archive(&archive).data(folder.path()).set("control.database_url", &postgres.url())
    };
    let mut first = setup().up().await;
    let hello = json!({ "model": "demo/fast", "messages": [{ "role": "user", "content": "Hello" }] });
    let _ = first.ask("/v1/chat/completions", &[("x-weir-customer", "acme")], &hello).await.ok();
    let _ = first.final_rows(1).await;
    let key = json!({ "workspace": "default", "name": "second" });
    let second_key = first.api(http::Method::POST, "/keys", Some(key)).await.ok().json()["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(first.process.stop(), "a clean stop");
    let (token, key) = (first.token.clone(), first.key.clone());
    let mut second = setup().up().await;
    (second.token, second.key) = (token, key);
    let _ = second.ask("/v1/chat/completions", &[("x-weir-customer", "acme")], &hello).await.ok();
    second.key = second_key;
    let _ = second.ask("/v1/chat/completions", &[("x-weir-customer", "acme")], &hello).await.ok();
    let rows = second.final_rows(3).await;
    assert_eq!(rows.len(), 3);
    weir_tests::wait::until("the customer's page counts them", || async {
        let customer = second.customer("acme").await?;
        (customer["requests"] == 3).then_some(())
    })
    .await;
}
