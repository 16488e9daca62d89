//! Official SDKs, unmodified but for base URL and key: through the gateway they give the very objects they give at the
//! provider itself, and each of their requests is in the archive.

use http::Method;
use serde_json::{Value, json};
use weir_tests::script;
use weir_tests::weir::{Setup, Weir};

/// A script, the format it speaks, and the demo models it asks for.
struct Sdk {
    script: &'static str,
    dialect: &'static str,
}

const SDKS: [Sdk; 3] = [
    Sdk { script: "sdk/openai_chat.py", dialect: "openai" },
    Sdk { script: "sdk/openai_chat.mjs", dialect: "openai" },
    Sdk { script: "sdk/anthropic_messages.py", dialect: "anthropic" },
];

#[tokio::test(flavor = "multi_thread")]
async fn official_sdks_get_the_objects_the_provider_gives_and_every_request_is_recorded() {
    let weir = Setup::default().up().await;
    let demo = demo_url(&weir, "openai").await;
    name_models_for_messages(&weir).await;
    let mut requests = 0;
    for Sdk { script, dialect } in SDKS {
        let direct = run(script, &demo, "demo", "demo").await;
        let through =
            run(script, &weir.gateway, &weir.key, if dialect == "anthropic" { "messages" } else { "demo" })
                .await;
        let (direct, through): (Vec<&str>, Vec<&str>) = (direct.lines().collect(), through.lines().collect());
        assert!(direct.len() >= 10, "{script} tells too little");
        for (wanted, got) in direct.iter().zip(&through) {
            let (got, wanted) = (named_alike(got), named_alike(wanted));
            assert_eq!(got, wanted, "{script}");
        }
        assert_eq!(direct.len(), through.len(), "{script}");
        requests += through.len();
        println!("{script}: {} requests, the same objects", through.len());
    }
    let rows = weir.final_rows(requests).await;
    assert_eq!(rows.len(), requests, "one final row a request");
    let good = rows.iter().filter(|row| row["http_status"] == 200);
    for row in good {
        assert_eq!(row["usage_source"], "provider", "{row}");
        assert_eq!(row["rated"], true, "{row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_sdk_is_told_of_a_model_that_is_not_there_in_its_own_terms() {
    let weir = Setup::default().up().await;
    let openai = weir.ask("/v1/chat/completions", &[], &json!({"model": "no/such", "messages": []})).await;
    assert_eq!(
        (openai.status.as_u16(), &openai.json()["error"]["code"]),
        (404, &json!("model_not_found")),
        "{}",
        openai.text()
    );
    let body = json!({"model": "no/such", "max_tokens": 1, "messages": []});
    let anthropic = weir.ask("/v1/messages", &[("anthropic-version", "2023-06-01")], &body).await;
    assert_eq!(anthropic.status, 404);
    assert_eq!(anthropic.json()["type"], "error");
    assert_eq!(anthropic.json()["error"]["type"], "not_found_error", "{}", anthropic.text());
}

/// Runs a script against a base URL; `provider` is what stands before the slash in the models' names there.
async fn run(script: &str, base_url: &str, key: &str, provider: &str) -> String {
    let names = ["smart", "reasoner", "429"].map(|model| format!("{provider}/{model}"));
    let environment = [
        ("BASE_URL", base_url),
        ("API_KEY", key),
        ("MODEL", names[0].as_str()),
        ("MODEL_REASONER", names[1].as_str()),
        ("MODEL_429", names[2].as_str()),
    ];
    script::run_ok(script, &environment).await
}

/// The line without what differs by design: the id a request has of its own (the provider's there, ours here), and the
/// empty `usage` that OpenAI's format puts into every chunk once somebody, here the gateway, asks for usage.
fn named_alike(line: &str) -> Value {
    let mut line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
    if let Some(body) = line.pointer_mut("/got/body").and_then(Value::as_object_mut) {
        body.remove("request_id");
    }
    drop_empty_usage(&mut line);
    line
}

fn drop_empty_usage(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, value| name != "usage" || !value.is_null());
            members.values_mut().for_each(drop_empty_usage);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_empty_usage),
        _ => {}
    }
}

/// The base URL of the demo provider, without `/v1`.
async fn demo_url(weir: &Weir, dialect: &str) -> String {
    let endpoint = demo_endpoint(weir, dialect).await;
    endpoint["base_url"].as_str().unwrap().trim_end_matches("/v1").to_owned()
}

async fn demo_endpoint(weir: &Weir, dialect: &str) -> Value {
    let endpoints = weir.api(Method::GET, "/endpoints", None).await.ok().json();
    let list = endpoints["data"].as_array().unwrap_or_else(|| panic!("{endpoints}"));
    let found = list.iter().find(|endpoint| endpoint["provider"] == "demo" && endpoint["dialect"] == dialect);
    found.unwrap_or_else(|| panic!("no demo endpoint for {dialect} in {endpoints}")).clone()
}

/// The demo models once more, under names of their own, at the endpoint that speaks Anthropic's format.
async fn name_models_for_messages(weir: &Weir) {
    let endpoint = demo_endpoint(weir, "anthropic").await;
    for model in ["smart", "reasoner", "429"] {
        let target = json!({"endpoint": endpoint["id"], "upstream_model": format!("demo/{model}")});
        let model = json!({"name": format!("messages/{model}"), "targets": [target]});
        let _ = weir.api(Method::POST, "/models", Some(model)).await.ok();
    }
    let revision = weir.publish("models for messages").await;
    weir.in_force(revision).await;
}
