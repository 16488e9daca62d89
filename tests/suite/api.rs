//! The JSON API keeps to its own description: statuses, content types, bodies and headers, for what fits and what does not.

use tempfile::TempDir;
use weir_tests::script;
use weir_tests::weir::Setup;

#[tokio::test(flavor = "multi_thread")]
async fn the_api_does_what_its_description_says() {
    let weir = Setup::default().set("control.api_requests_per_minute", "0").up().await;
    let scratch = TempDir::new().unwrap();
    let environment = [
        ("CONTROL", weir.dashboard.as_str()),
        ("TOKEN", weir.token.as_str()),
        ("SCRATCH", scratch.path().to_str().unwrap()),
    ];
    let told = script::run("api/against_description.py", &environment).await;
    assert!(told.success, "{}\n{}", told.output, told.errors);
    // A run that left something out proves nothing about it.
    let tested = told
        .output
        .lines()
        .find_map(|line| line.trim().strip_prefix("Tested:")?.trim().parse::<usize>().ok());
    let described = weir.client.get(&format!("{}/api/openapi.json", weir.dashboard), &[]).await.json();
    let operations =
        described["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len());
    assert_eq!(tested, Some(operations.sum()), "{}", told.output);
}
