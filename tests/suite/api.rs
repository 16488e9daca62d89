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
    // A run that tried nothing proves nothing.
    let tried = weir.process.log().len() + told.output.len();
    assert!(told.output.contains("Operations") && tried > 200, "{}", told.output);
}
