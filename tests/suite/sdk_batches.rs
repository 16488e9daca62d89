//! Official SDKs hand in files and batches and read what came of them: against a provider that answers by the book, then
//! through the gateway to that same provider, which learns the models' own names and no key of ours. What a batch consumed
//! is in the archive once.

use http::Method;
use serde_json::{Value, json};
use weir_tests::provider::{Pace, Pieces, Provider, Reply};
use weir_tests::script;
use weir_tests::weir::{Setup, Weir};

/// A script, what its endpoint speaks and is reached at, the answers to its requests in their order, and the tokens that
/// its batches consumed.
struct Sdk {
    script: &'static str,
    dialect: &'static str,
    version: &'static str,
    answers: fn(&str) -> Vec<Reply>,
    tokens: &'static [(u64, u64)],
}

const SDKS: [Sdk; 3] = [
    Sdk {
        script: "sdk/openai_batches.py",
        dialect: "openai",
        version: "v1",
        answers: openai,
        tokens: &[(14, 5)],
    },
    Sdk {
        script: "sdk/anthropic_batches.py",
        dialect: "anthropic",
        version: "v1",
        answers: anthropic,
        tokens: &[(9, 4)],
    },
    Sdk {
        script: "sdk/google_batches.py",
        dialect: "gemini",
        version: "v1beta",
        answers: google,
        tokens: &[(10, 2), (11, 5)],
    },
];

fn whole(body: &Value) -> Reply {
    Reply::json(200, body)
}

fn lines(kind: &str, lines: &[Value]) -> Reply {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    Reply {
        status: 200,
        headers: vec![("content-type".to_owned(), kind.to_owned())],
        body: text.into(),
        pace: Pace::Pieces(Pieces::new(5)),
    }
}

fn openai(_: &str) -> Vec<Reply> {
    let file = json!({"id": "file-1", "object": "file", "bytes": 120, "created_at": 1, "filename": "asked.jsonl",
        "purpose": "batch", "status": "processed"});
    let batch = |status: &str, output: Value| {
        json!({"id": "batch_1", "object": "batch", "endpoint": "/v1/chat/completions", "completion_window": "24h",
            "created_at": 1, "input_file_id": "file-1", "status": status, "output_file_id": output})
    };
    let done = || batch("completed", json!("file-2"));
    let result = |id: &str, input: u64, output: u64| {
        let message = json!({"role": "assistant", "content": "Grüße 🌊"});
        let body = json!({"id": "c1", "object": "chat.completion", "created": 1, "model": "model",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output}});
        json!({"id": id, "custom_id": id, "response": {"status_code": 200, "request_id": id, "body": body}, "error": null})
    };
    let results = || lines("application/octet-stream", &[result("1", 10, 2), result("2", 4, 3)]);
    let upload = |status: &str, file: Value| {
        json!({"id": "upload_1", "object": "upload", "bytes": 6, "created_at": 1, "expires_at": 2,
            "filename": "large.jsonl", "purpose": "batch", "status": status, "file": file})
    };
    let part =
        |id: &str| json!({"id": id, "object": "upload.part", "created_at": 1, "upload_id": "upload_1"});
    vec![
        whole(&file),
        whole(&file),
        whole(&batch("validating", Value::Null)),
        whole(&done()),
        results(),
        results(),
        whole(&batch("cancelling", json!("file-2"))),
        whole(
            &json!({"object": "list", "data": [done()], "has_more": false, "first_id": "batch_1", "last_id": "batch_1"}),
        ),
        whole(&json!({"object": "list", "data": [file], "has_more": false})),
        whole(&upload("pending", Value::Null)),
        whole(&part("part_1")),
        whole(&part("part_2")),
        whole(&upload("completed", file.clone())),
        whole(&upload("cancelled", Value::Null)),
        whole(&json!({"id": "file-1", "object": "file", "deleted": true})),
    ]
}

fn anthropic(url: &str) -> Vec<Reply> {
    let counts = json!({"processing": 0, "succeeded": 1, "errored": 0, "canceled": 0, "expired": 1});
    let batch = |status: &str| {
        json!({"id": "msgbatch_1", "type": "message_batch", "processing_status": status, "request_counts": counts,
            "ended_at": null, "created_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-02T00:00:00Z",
            "archived_at": null, "cancel_initiated_at": null,
            "results_url": format!("{url}/v1/messages/batches/msgbatch_1/results")})
    };
    let message = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "model", "stop_sequence": null,
        "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn",
        "usage": {"input_tokens": 9, "output_tokens": 4}});
    let results = [
        json!({"custom_id": "1", "result": {"type": "succeeded", "message": message}}),
        json!({"custom_id": "2", "result": {"type": "expired"}}),
    ];
    vec![
        whole(&batch("in_progress")),
        whole(&batch("ended")),
        whole(&batch("ended")),
        lines("application/x-jsonl", &results),
        whole(&batch("canceling")),
        whole(
            &json!({"data": [batch("ended")], "has_more": false, "first_id": "msgbatch_1", "last_id": "msgbatch_1"}),
        ),
    ]
}

fn google(url: &str) -> Vec<Reply> {
    let named = |name: &str| {
        json!({"name": name, "displayName": "asked", "mimeType": "application/jsonl", "sizeBytes": "80",
            "state": "ACTIVE", "uri": format!("https://google.invalid/v1beta/{name}")})
    };
    let there = format!("{url}/upload/v1beta/files?upload_id=u1&upload_protocol=resumable");
    let state = |reply: Reply, state: &str| reply.header("x-goog-upload-status", state);
    let begun = || state(whole(&json!({})), "active").header("x-goog-upload-url", &there);
    let sent = |name: &str| state(whole(&json!({"file": named(name)})), "final");
    let batch = |name: &str, state: &str, output: Option<Value>| {
        let mut batch = json!({"name": name, "done": output.is_some(), "metadata": {
            "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
            "model": "models/model", "displayName": "d", "name": name, "state": state,
            "createTime": "2026-01-01T00:00:00Z"}});
        if let Some(output) = output {
            batch["metadata"]["output"] = output.clone();
            batch["response"] = output;
        }
        batch
    };
    let answer = |input: u64, output: u64| {
        json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "Grüße 🌊"}]}, "finishReason": "STOP"}],
            "modelVersion": "model", "usageMetadata": {"promptTokenCount": input, "candidatesTokenCount": output,
            "totalTokenCount": input + output}})
    };
    let pending = |name: &str| whole(&batch(name, "BATCH_STATE_PENDING", None));
    let done = |name: &str, output: Value| whole(&batch(name, "BATCH_STATE_SUCCEEDED", Some(output)));
    let inlined = || {
        let results = [json!({"response": answer(4, 2)}), json!({"response": answer(7, 3)})];
        done("batches/b2", json!({"inlinedResponses": {"inlinedResponses": results}}))
    };
    let failed = json!({"key": "2", "error": {"code": 3, "message": "no"}});
    let results = || {
        lines("application/octet-stream", &[json!({"key": "1", "response": answer(10, 2)}), failed.clone()])
    };
    let mut made = named("files/out");
    made["downloadUri"] = json!(format!("{url}/download/v1beta/files/out:download?alt=media"));
    vec![
        begun(),
        sent("files/f1"),
        whole(&named("files/f1")),
        pending("batches/b1"),
        done("batches/b1", json!({"responsesFile": "files/out"})),
        results(),
        results(),
        pending("batches/b2"),
        inlined(),
        inlined(),
        whole(&json!({})),
        whole(&json!({"operations": [batch("batches/b2", "BATCH_STATE_CANCELLED", None)]})),
        whole(&json!({})),
        begun(),
        state(whole(&json!({})), "active"),
        sent("files/f2"),
        whole(&json!({"files": [named("files/f1"), made]})),
        whole(&json!({})),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn sdks_hand_in_batches_through_the_gateway_and_what_they_consumed_is_in_the_archive_once() {
    let weir = Setup::default().up().await;
    let provider = Provider::start().await;
    let (mut requests, mut already) = (0, 0);
    for sdk in SDKS {
        let model = format!("{}-batched", sdk.dialect);
        serve(&weir, &provider, &sdk, &model).await;
        provider.script((sdk.answers)(&provider.url));
        let direct = run(&sdk, &provider.url, "sk-direct", "model").await;
        let asked = provider.arrived();
        provider.script((sdk.answers)(&provider.url));
        let through = run(&sdk, &weir.gateway, &weir.key, &model).await;
        // Where results are is said by a path, else the SDK would take its key to the provider.
        assert_eq!(through, direct.replace(&provider.url, ""), "{}", sdk.script);
        let reached = provider.arrived();
        assert_eq!(reached.len(), asked.len(), "{}", sdk.script);
        for (reached, asked) in reached.iter().zip(&asked) {
            let place = (&reached.method, &reached.path, &reached.query);
            assert_eq!(place, (&asked.method, &asked.path, &asked.query));
            let text = String::from_utf8_lossy(&reached.body);
            assert!(!text.contains(&model), "the provider's own names: {text}");
            let mut values = reached.headers.values().map(|value| String::from_utf8_lossy(value.as_bytes()));
            assert!(!values.any(|value| value.contains(weir.key.as_str())), "{}: the key", reached.path);
        }
        requests += reached.len();
        let rows = weir.final_rows(requests).await;
        assert_eq!(rows.len(), requests, "one final row a request");
        let number = |value: &Value| value.to_string().trim_matches('"').parse::<u64>().unwrap();
        let counted = rows.iter().filter(|row| row["service_tier"] == "batch");
        let counted = counted.map(|row| (number(&row["input_tokens"]), number(&row["output_tokens"])));
        let last: Vec<_> = counted.skip(already).collect();
        assert_eq!(last, sdk.tokens, "{}", sdk.script);
        already += sdk.tokens.len();
    }
}

/// An endpoint at that provider, and one model that stands for `model` there.
async fn serve(weir: &Weir, provider: &Provider, sdk: &Sdk, name: &str) {
    let endpoint = json!({
        "name": sdk.script, "provider": sdk.dialect, "dialect": sdk.dialect, "credential": "sk-played",
        "base_url": format!("{}/{}", provider.url, sdk.version), "limits": { "allow_private": true, "retries_max": 0 },
    });
    let endpoint = weir.api(Method::POST, "/endpoints", Some(endpoint)).await.ok().json();
    let target = json!({ "endpoint": endpoint["id"], "upstream_model": "model" });
    let _ = weir.api(Method::POST, "/models", Some(json!({ "name": name, "targets": [target] }))).await.ok();
    let revision = weir.publish("batches of an SDK").await;
    weir.in_force(revision).await;
}

async fn run(sdk: &Sdk, base_url: &str, key: &str, model: &str) -> String {
    script::run_ok(sdk.script, &[("BASE_URL", base_url), ("API_KEY", key), ("MODEL", model)]).await
}
