//! Clients that people's programs are made of, unmodified: official SDKs and the libraries above them, in every format they
//! speak, with a model that speaks one. Each asks the same things and hears the same.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};
use weir_tests::script;
use weir_tests::weir::{Setup, Weir};

/// The scripts, and how many clients each drives: a library counts once for each format it speaks.
const SCRIPTS: [(&str, usize); 9] = [
    ("sdk/clients_openai.py", 2),
    ("sdk/clients_official.mjs", 4),
    ("sdk/clients_vercel.mjs", 4),
    ("sdk/clients_langchain.py", 3),
    ("sdk/clients_pydantic_ai.py", 4),
    ("sdk/clients_litellm.py", 2),
    ("sdk/clients_mistralai.py", 1),
    ("sdk/older/clients_instructor.py", 2),
    ("sdk/older/clients_llama_index.py", 1),
];

/// What each is asked: a text, a stream, a loop over a tool that is called twice, an object of a given shape.
const CASES: [&str; 4] = ["plain", "stream", "tools", "object"];

/// The demo model under a name without a slash, as every client can say it.
pub(crate) async fn name_the_model(weir: &Weir) -> String {
    let endpoints = weir.api(Method::GET, "/endpoints", None).await.ok().json();
    let all = endpoints["data"].as_array().unwrap();
    let demo = all.iter().find(|one| one["provider"] == "demo" && one["dialect"] == "openai").unwrap();
    let target = json!({ "endpoint": demo["id"], "upstream_model": "demo/smart" });
    let _ =
        weir.api(Method::POST, "/models", Some(json!({ "name": "smart", "targets": [target] }))).await.ok();
    weir.in_force(weir.publish("a model for every client").await).await;
    demo["base_url"].as_str().unwrap().trim_end_matches("/v1").to_owned()
}

/// What every client of a script heard: client, case, words.
async fn heard(script: &str, base_url: &str, key: &str, model: &str) -> BTreeMap<(String, String), Value> {
    let environment = [("BASE_URL", base_url), ("API_KEY", key), ("MODEL", model)];
    let printed = script::run_ok(script, &environment).await;
    let lines = printed.lines().filter(|line| line.starts_with('{'));
    let told = lines.map(|line| {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{script}: {line}"));
        let word = |name: &str| line[name].as_str().unwrap().to_owned();
        ((word("client"), word("case")), line["got"].clone())
    });
    told.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_client_hears_in_its_own_format_what_the_model_says_in_another() {
    let weir = Setup::default().up().await;
    let demo = name_the_model(&weir).await;
    let direct = heard("sdk/clients_mistralai.py", &demo, "demo", "demo/smart").await;
    let wanted: BTreeMap<&str, &Value> = direct.iter().map(|((_, case), got)| (case.as_str(), got)).collect();
    assert_eq!(wanted.len(), CASES.len(), "{direct:?}");
    assert_eq!(wanted["tools"], &json!({ "cities": ["Paris", "Tokyo"], "told": [true, true] }));

    let mut clients = 0;
    for (script, expected) in SCRIPTS {
        let heard = heard(script, &weir.gateway, &weir.key, "smart").await;
        assert_eq!(heard.len(), expected * CASES.len(), "{script}: {heard:?}");
        for ((client, case), got) in &heard {
            assert_eq!(&got, &wanted[case.as_str()], "{client}: {case}");
        }
        clients += expected;
    }
    // A text, a stream, an object, and two for the tool.
    let requests = clients * (CASES.len() + 1);
    let rows = weir.final_rows(requests).await;
    assert_eq!(rows.len(), requests, "one row for each request");
    for row in rows {
        let told = (&row["http_status"], &row["usage_source"], &row["rated"]);
        assert_eq!(told, (&json!(200), &json!("provider"), &json!(true)), "{row}");
    }
    println!("{clients} clients, {requests} requests, the same answers");
}

/// A route of each format, and the smallest thing to say there.
fn routes() -> [(&'static str, Value); 4] {
    let said = json!([{ "role": "user", "content": "Hello" }]);
    [
        ("/v1/chat/completions", json!({ "model": "smart", "messages": said })),
        ("/v1/responses", json!({ "model": "smart", "input": "Hello" })),
        ("/v1/messages", json!({ "model": "smart", "max_tokens": 100, "messages": said })),
        (
            "/v1beta/models/smart:generateContent",
            json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hello" }] }] }),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_taken_in_every_header_on_every_route_and_a_wrong_one_in_none() {
    let weir = Setup::default().up().await;
    name_the_model(&weir).await;
    for (path, body) in routes() {
        for (key, wanted) in [(weir.key.as_str(), 200), ("wk_nobody", 401)] {
            let bearer = format!("Bearer {key}");
            let url = format!("{}{path}", weir.gateway);
            for (header, value) in [
                ("authorization", bearer.as_str()),
                ("x-api-key", key),
                ("api-key", key),
                ("x-goog-api-key", key),
            ] {
                let answer = weir.client.post_json(&url, &[(header, value)], &body).await;
                assert_eq!(answer.status, wanted, "{path} by {header}: {}", answer.text());
            }
            let answer = weir.client.post_json(&format!("{url}?key={key}"), &[], &body).await;
            assert_eq!(answer.status, wanted, "{path} by its query: {}", answer.text());
        }
    }
}
