//! One figure: a customer's calls = its rollup = its page = its CSV = the books, to the nano-dollar.

use serde_json::json;
use weir_tests::wait;
use weir_tests::weir::Setup;

/// Sums decimal texts with nine digits behind the point, in integers.
fn sum_nano<'a>(texts: impl Iterator<Item = &'a str>) -> i128 {
    texts
        .map(|text| {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            format!("{whole}{fraction:0<9}")
                .parse::<i128>()
                .unwrap_or_else(|_| panic!("`{text}` is not an amount"))
        })
        .sum()
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
    let exact =
        |sql: &'static str| async { weir.archive.rows(sql).await[0]["cost"].as_str().unwrap().to_owned() };
    let calls = exact("SELECT toString(sum(cost)) AS cost FROM llm_calls WHERE customer_id = 'acme'").await;
    let rollup =
        exact("SELECT toString(sum(cost)) AS cost FROM spend_customer_1h WHERE customer_id = 'acme'").await;
    let total = sum_nano([calls.as_str()].into_iter());
    assert!(total > 0, "the demo provider has prices");
    assert_eq!(total, sum_nano([rollup.as_str()].into_iter()));

    let customer = weir.api(http::Method::GET, "/customers/acme?range=mtd", None).await.ok().json();
    assert_eq!(sum_nano([customer["cost"].as_str().unwrap()].into_iter()), total, "{customer}");

    let bearer = format!("Bearer {}", weir.token);
    let url = format!("{}/customers/acme.csv?range=mtd", weir.dashboard);
    let csv = weir.client.get(&url, &[("authorization", &bearer)]).await.ok().text();
    let mut lines = csv.lines();
    let column =
        lines.next().unwrap().split(',').position(|name| name == "cost_usd").expect("a column cost_usd");
    let cells: Vec<&str> = lines.map(|line| line.split(',').nth(column).unwrap()).collect();
    assert_eq!(cells.len(), 20, "{csv}");
    assert_eq!(sum_nano(cells.into_iter()), total);

    let books = wait::until("the books have every batch", || async {
        let books = weir.api(http::Method::GET, "/customers/acme?range=mtd", None).await.ok().json();
        let books = sum_nano([books["books_cost"].as_str()?].into_iter());
        (books == total).then_some(books)
    })
    .await;
    assert_eq!(books, total);
}
