//! Official SDKs on the routes the demo provider lacks: against a provider that answers by the book, then through the
//! gateway to that same provider. The objects are the same, and each request is in the archive.

use http::Method;
use serde_json::{Value, json};
use weir_tests::provider::{Pace, Pieces, Provider, Reply};
use weir_tests::script;
use weir_tests::weir::{Setup, Weir};

const MODEL: &str = "played/model";

/// A script, what an endpoint for it speaks and is reached at, and the answers to its requests in their order.
struct Sdk {
    script: &'static str,
    dialect: &'static str,
    version: &'static str,
    answers: fn() -> Vec<Reply>,
}

const SDKS: [Sdk; 2] = [
    Sdk { script: "sdk/google_genai.py", dialect: "gemini", version: "/v1beta", answers: gemini },
    Sdk { script: "sdk/openai_routes.py", dialect: "openai", version: "/v1", answers: openai },
];

fn whole(body: Value) -> Reply {
    Reply::json(200, &body)
}

fn events(words: &[Value], named: bool, line: &str) -> Reply {
    let event = |word: &Value| match word["type"].as_str().filter(|_| named) {
        Some(kind) => format!("event: {kind}{line}data: {word}{line}{line}"),
        None => format!("data: {word}{line}{line}"),
    };
    Reply::events(words.iter().map(event).collect::<String>(), Pieces::new(7))
}

fn gemini() -> Vec<Reply> {
    let usage = json!({"promptTokenCount": 4, "candidatesTokenCount": 3, "totalTokenCount": 9, "thoughtsTokenCount": 2});
    let said = |part: Value, reason: Value| {
        json!({"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": reason, "index": 0}],
            "usageMetadata": usage, "modelVersion": "model-1", "responseId": "r1"})
    };
    let stop = || json!("STOP");
    let call = json!({"functionCall": {"name": "look", "args": {"at": "Paris"}}, "thoughtSignature": "c2ln"});
    let refused = json!({"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}});
    vec![
        whole(said(json!({"text": "Grüße 🌊"}), stop())),
        events(
            &[said(json!({"text": "A weir "}), Value::Null), said(json!({"text": "is low."}), stop())],
            false,
            "\r\n",
        ),
        whole(said(call, stop())),
        whole(json!({"totalTokens": 4})),
        whole(json!({"embeddings": [{"values": [0.5, 0.25]}]})),
        Reply::json(429, &refused).header("retry-after", "60"),
    ]
}

fn openai() -> Vec<Reply> {
    let usage = json!({"input_tokens": 4, "input_tokens_details": {"cached_tokens": 1}, "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 7});
    let text = json!({"type": "output_text", "text": "A weir.", "annotations": []});
    let message = json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text]});
    let response = |status: &str, output: Value, usage: Value| {
        json!({"id": "resp_1", "object": "response", "created_at": 1, "status": status, "model": "model-1", "output": output,
            "parallel_tool_calls": true, "tool_choice": "auto", "tools": [], "usage": usage})
    };
    let done = response("completed", json!([message]), usage);
    let at = json!({"item_id": "msg_1", "output_index": 0, "content_index": 0});
    let event = |kind: &str, number: u64, more: Value| {
        let mut event = json!({"type": kind, "sequence_number": number});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let with = |more: Value| {
        let mut at = at.clone();
        at.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        at
    };
    let part = json!({"type": "output_text", "text": "", "annotations": []});
    let begun = json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "in_progress", "content": []});
    let stream = || {
        let words = [
            event(
                "response.created",
                0,
                json!({"response": response("in_progress", json!([]), Value::Null)}),
            ),
            event("response.output_item.added", 1, json!({"output_index": 0, "item": begun})),
            event("response.content_part.added", 2, with(json!({"part": part}))),
            event("response.output_text.delta", 3, with(json!({"delta": "A weir.", "logprobs": []}))),
            event("response.output_text.done", 4, with(json!({"text": "A weir.", "logprobs": []}))),
            event("response.content_part.done", 5, with(json!({"part": text}))),
            event("response.output_item.done", 6, json!({"output_index": 0, "item": message})),
            event("response.completed", 7, json!({"response": done})),
        ];
        events(&words, true, "\n")
    };
    let vector = |index: u64| json!({"object": "embedding", "index": index, "embedding": "AACAPwAAAEA="});
    let speech = Reply {
        status: 200,
        headers: vec![("content-type".to_owned(), "audio/mpeg".to_owned())],
        body: vec![0xff_u8; 70_000].into(),
        pace: Pace::Pieces(Pieces::new(3)),
    };
    let refused =
        json!({"error": {"message": "no", "type": "invalid_request_error", "param": "input", "code": null}});
    vec![
        whole(done.clone()),
        stream(),
        stream(),
        whole(json!({"object": "list", "model": "model-1", "data": [vector(0), vector(1)],
            "usage": {"prompt_tokens": 2, "total_tokens": 2}})),
        whole(json!({"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "model-1",
            "choices": [{"text": " is low", "index": 0, "logprobs": null, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}})),
        whole(json!({"id": "modr-1", "model": "model-1", "results": []})),
        whole(json!({"created": 1, "data": [{"b64_json": "AAAA"}],
            "usage": {"input_tokens": 2, "output_tokens": 9, "total_tokens": 11}})),
        speech,
        whole(json!({"text": "Hello", "usage": {"type": "duration", "seconds": 2}})),
        Reply::json(400, &refused),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn sdks_of_gemini_and_of_openais_other_routes_get_the_objects_the_provider_gives() {
    let weir = Setup::default().up().await;
    let provider = Provider::start().await;
    let mut requests = 0;
    for sdk in SDKS {
        let model = format!("{}-{MODEL}", sdk.dialect);
        let _ = serve(&weir, &provider, &sdk, &model).await;
        provider.script((sdk.answers)());
        let direct = run(&sdk, &provider.url, "sk-direct", "model").await;
        let asked = provider.arrived();
        provider.script((sdk.answers)());
        let through = run(&sdk, &weir.gateway, &weir.key, &model).await;
        assert_eq!(through, direct, "{}", sdk.script);
        let reached = provider.arrived();
        assert_eq!(reached.len(), asked.len(), "{}", sdk.script);
        for (reached, asked) in reached.iter().zip(&asked) {
            assert_eq!(
                (&reached.method, &reached.path, &reached.query),
                (&asked.method, &asked.path, &asked.query)
            );
            let secret = weir.key.as_str();
            let leaks = reached
                .headers
                .values()
                .any(|value| String::from_utf8_lossy(value.as_bytes()).contains(secret));
            assert!(!leaks, "{}: the key reached the provider", reached.path);
        }
        requests += reached.len();
        println!("{}: {} requests, the same objects", sdk.script, reached.len());
    }
    let rows = weir.final_rows(requests).await;
    assert_eq!(rows.len(), requests, "one final row a request");
    for row in rows.iter().filter(|row| row["http_status"] == 200 && row["operation"] != "embeddings") {
        assert_ne!(row["usage_source"], "none", "{row}");
    }
}

/// Cohere's own format: a chat, a stream, a tool that is called, a refusal.
fn cohere() -> Vec<Reply> {
    let usage = json!({"billed_units": {"input_tokens": 4, "output_tokens": 3}, "tokens": {"input_tokens": 9, "output_tokens": 3}});
    let said = |message: Value, reason: &str| {
        whole(json!({"id": "c1", "finish_reason": reason, "message": message, "usage": usage}))
    };
    let text = json!({"role": "assistant", "content": [{"type": "text", "text": "Grüße 🌊"}]});
    let call = json!({"id": "look_1", "type": "function", "function": {"name": "look", "arguments": "{\"at\":\"Paris\"}"}});
    let begun = json!({"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}});
    let stream = [
        json!({"type": "message-start", "id": "c1", "delta": begun}),
        json!({"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}}),
        json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "A weir."}}}}),
        json!({"type": "content-end", "index": 0}),
        json!({"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": usage}}),
    ];
    vec![
        said(text, "COMPLETE"),
        events(&stream, true, "\n"),
        said(json!({"role": "assistant", "tool_plan": "I look.", "tool_calls": [call]}), "TOOL_CALL"),
        Reply::json(429, &json!({"message": "slow down"})).header("retry-after", "60"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_sdk_of_a_format_we_lack_gets_the_providers_objects_below_the_providers_own_path() {
    let weir = Setup::default().up().await;
    let provider = Provider::start().await;
    let sdk = Sdk {
        script: "sdk/cohere_chat.py",
        dialect: "openai",
        version: "/compatibility/v1",
        answers: cohere,
    };
    let endpoint = serve(&weir, &provider, &sdk, "played").await;
    provider.script((sdk.answers)());
    let direct = run(&sdk, &provider.url, "sk-played", "model").await;
    assert_eq!(direct.lines().count(), 4, "{direct}");
    let asked = provider.arrived();
    provider.script((sdk.answers)());
    let through = run(&sdk, &format!("{}/passthrough/{endpoint}", weir.gateway), &weir.key, "model").await;
    assert_eq!(through, direct);
    let reached = provider.arrived();
    assert_eq!(reached.len(), asked.len());
    for (reached, asked) in reached.iter().zip(&asked) {
        assert_eq!(
            (&reached.method, &reached.path, &reached.body),
            (&asked.method, &asked.path, &asked.body)
        );
        assert_eq!(reached.headers["authorization"], "Bearer sk-played", "the endpoint's credential");
    }
    let rows = weir.final_rows(reached.len()).await;
    assert_eq!(rows.len(), reached.len(), "one final row a request");
}

/// An endpoint at that provider, whose id it gives, and one model that stands for `model` there.
async fn serve(weir: &Weir, provider: &Provider, sdk: &Sdk, name: &str) -> String {
    let endpoint = json!({
        "name": sdk.script, "provider": "openai", "dialect": sdk.dialect, "credential": "sk-played",
        "base_url": format!("{}{}", provider.url, sdk.version), "limits": { "allow_private": true, "retries_max": 0 },
    });
    let endpoint = weir.api(Method::POST, "/endpoints", Some(endpoint)).await.ok().json();
    let target = json!({ "endpoint": endpoint["id"], "upstream_model": "model" });
    let _ = weir.api(Method::POST, "/models", Some(json!({ "name": name, "targets": [target] }))).await.ok();
    let revision = weir.publish("routes of an SDK").await;
    weir.in_force(revision).await;
    endpoint["id"].as_str().unwrap().to_owned()
}

async fn run(sdk: &Sdk, base_url: &str, key: &str, model: &str) -> String {
    script::run_ok(sdk.script, &[("BASE_URL", base_url), ("API_KEY", key), ("MODEL", model)]).await
}
