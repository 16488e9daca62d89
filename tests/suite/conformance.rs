//! Conformance suites of others, unmodified. Behind a gateway they judge the model too: so what passes as it is gets the report
//! the provider itself gets, and what is translated must be without fault, since then every word of it is ours.

use http::Method;
use serde_json::{Value, json};
use weir_tests::script;
use weir_tests::weir::{Setup, Weir};

use crate::sdk_clients::name_the_model;

/// The suite's name of each format, and what its base URL ends in.
const FORMATS: [(&str, &str); 4] =
    [("openai-chat", "/v1"), ("open-responses", "/v1"), ("anthropic", "/v1"), ("google-genai", "")];

/// The fewest checks a report has.
const CHECKS_MIN: usize = 9;

/// What the suite finds at an address: a line for each check.
async fn report(base_url: &str, key: &str, model: &str, format: &str) -> Vec<String> {
    let environment = [("BASE_URL", base_url), ("API_KEY", key), ("MODEL", model), ("FORMAT", format)];
    let printed = script::run_ok("sdk/conformance.py", &environment).await;
    let lines: Vec<String> = printed.lines().map(str::to_owned).collect();
    assert!(lines.len() >= CHECKS_MIN, "{format}: {lines:?}");
    lines
}

/// A check's name and verdict: its words quote the answer, which is another each time.
fn verdicts(report: &[String]) -> Vec<String> {
    let verdict = |line: &String| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    report.iter().map(verdict).collect()
}

/// The demo provider's endpoint of Anthropic's format, with a model under a name of its own.
async fn messages_as_they_are(weir: &Weir) -> String {
    let endpoints = weir.api(Method::GET, "/endpoints", None).await.ok().json();
    let all: &Vec<Value> = endpoints["data"].as_array().unwrap();
    let demo = all.iter().find(|one| one["provider"] == "demo" && one["dialect"] == "anthropic").unwrap();
    let target = json!({ "endpoint": demo["id"], "upstream_model": "demo/smart" });
    let model = json!({ "name": "messages", "targets": [target] });
    let _ = weir.api(Method::POST, "/models", Some(model)).await.ok();
    weir.in_force(weir.publish("messages").await).await;
    demo["base_url"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suite_finds_the_provider_behind_the_gateway_and_no_fault_in_a_translation() {
    let weir = Setup::default().up().await;
    let demo = name_the_model(&weir).await;
    let messages = messages_as_they_are(&weir).await;
    let gateway = |path: &str| format!("{}{path}", weir.gateway);

    for (format, base, asked, model) in [
        ("openai-chat", format!("{demo}/v1"), "demo/smart", "smart"),
        ("anthropic", messages, "demo/smart", "messages"),
    ] {
        let direct = report(&base, "demo", asked, format).await;
        let through = report(&gateway("/v1"), &weir.key, model, format).await;
        assert_eq!(verdicts(&through), verdicts(&direct), "{format}: {through:#?}");
    }
    for (format, path) in FORMATS {
        let found = report(&gateway(path), &weir.key, "smart", format).await;
        let faults: Vec<&String> = found.iter().filter(|line| line.contains(" failed")).collect();
        assert!(faults.is_empty(), "{format}: {faults:#?}");
        println!("{format}: {} checks, no fault", found.len());
    }

    let environment =
        [("BASE_URL", gateway("/v1")), ("API_KEY", weir.key.clone()), ("MODEL", "smart".to_owned())];
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let probes = script::run_ok("sdk/conformance.mjs", &environment).await;
    assert_eq!(probes.lines().filter(|line| line.ends_with(" pass")).count(), 7, "{probes}");
}
