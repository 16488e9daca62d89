//! One figure: a customer's calls = its rollup = its page = its CSV = the books, to the nano-dollar.

use serde_json::json;
use weir_tests::wait;
use weir_tests::weir::Setup;

/// A decimal text of dollars as nano-dollars, by other arithmetic than the product's.
fn nano(text: &str) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<9}").parse().unwrap_or_else(|_| panic!("`{text}` is not an amount"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calls_the_rollup_the_page_and_the_csv_are_one_figure() {
    let weir = Setup::default().up().await;
    for number in 0..40 {
        let model = ["demo/fast", "demo/smart", "demo/reasoner"][number % 3];
        let body = json!({ "model": model, "messages": [{ "role": "user", "content": format!("Question {number}") }] });
        let customer = if number % 2 == 0 { "acme" } else { "globex" };
        let _ = weir.ask("/v1/chat/completions", &[("x-weir-customer", customer)], &body).await.ok();
    }
    let _ = weir.final_rows(40).await;
    let archive = &weir.archive;
    let exact = async |sql: &str| nano(archive.rows(sql).await[0]["cost"].as_str().unwrap());
    let total = exact("SELECT toString(sum(cost)) AS cost FROM llm_calls WHERE customer_id = 'acme'").await;
    assert!(total > 0, "the demo provider has prices");

    let now = archive.rows("SELECT toString(toYYYYMM(now('UTC'))) AS period").await[0]["period"]
        .as_str()
        .unwrap()
        .to_owned();
    let period = format!("{}-{}", &now[..4], &now[4..]);
    // The rollup is written by the same insert as the calls, a moment after them: until then the page says that they differ.
    let customer = wait::until("the calls and the rollup agree", || async {
        let customer = weir.customer(&format!("acme?period={period}")).await?;
        (customer["tie"]["holds"] == true && customer["requests"] == 20).then_some(customer)
    })
    .await;
    let rollup =
        exact("SELECT toString(sum(cost)) AS cost FROM spend_customer_1h WHERE customer_id = 'acme'").await;
    assert_eq!(rollup, total);
    assert_eq!(nano(customer["cost_usd"].as_str().unwrap()), total, "{customer}");
    let days = customer["days"].as_array().unwrap().iter().map(|day| nano(day["cost_usd"].as_str().unwrap()));
    assert_eq!(days.sum::<i128>(), total, "the days add up");

    let bearer = format!("Bearer {}", weir.token);
    let url = format!("{}/customers/acme/calls.csv?period={period}", weir.dashboard);
    let csv = weir.client.get(&url, &[("authorization", &bearer)]).await.ok().text();
    let mut lines = csv.lines();
    let column =
        lines.next().unwrap().split(',').position(|name| name == "cost_usd").expect("a column cost_usd");
    let cells: Vec<&str> = lines.map(|line| line.split(',').nth(column).unwrap()).collect();
    assert_eq!(cells.len(), 20, "{csv}");
    assert_eq!(cells.into_iter().map(nano).sum::<i128>(), total);

    let calls = exact("SELECT toString(sum(cost)) AS cost FROM llm_calls").await;
    let workspaces = weir.api(http::Method::GET, "/workspaces", None).await.ok().json();
    let path = format!("/workspaces/{}/books/{now}", workspaces["data"][0]["id"].as_str().unwrap());
    wait::until("the books say what the calls say", || async {
        let books = weir.api(http::Method::GET, &path, None).await.ok().json();
        (i128::from(books["cost_nano"].as_i64()?) == calls).then_some(())
    })
    .await;
}
