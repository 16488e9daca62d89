//! Official SDKs with models that speak another format, or are served by a host with a wrapping of its own: each lets a model call two tools on a stream and tells it what they
//! gave. What it hears is the same, whoever answers.

mod bedrock;

use http::Method;
use serde_json::{Value, json};
use weir_tests::provider::{Arrived, Pieces, Provider, Reply};
use weir_tests::script;
use weir_tests::weir::{Setup, Weir};

/// A script, and the format its SDK speaks.
const SDKS: [(&str, &str); 4] = [
    ("sdk/crossed_openai.py", "openai"),
    ("sdk/crossed_anthropic.py", "anthropic"),
    ("sdk/crossed_gemini.py", "gemini"),
    ("sdk/crossed_responses.py", "responses"),
];

/// Who answers.
struct Played {
    /// How its bodies are written: a format, or Converse's words for one.
    words: &'static str,
    /// Its provider and the format of its endpoint.
    provider: &'static str,
    dialect: &'static str,
    /// What its address ends in.
    version: &'static str,
    /// The model's name there.
    model: &'static str,
    answers: fn() -> [Reply; 2],
}

impl Played {
    const fn of(
        words: &'static str,
        version: &'static str,
        model: &'static str,
        answers: fn() -> [Reply; 2],
    ) -> Self {
        Self { words, provider: "played", dialect: words, version, model, answers }
    }

    const fn on_bedrock(words: &'static str, model: &'static str, answers: fn() -> [Reply; 2]) -> Self {
        Self { words, provider: "bedrock", dialect: "anthropic", version: "", model, answers }
    }

    fn name(&self) -> String {
        format!("{}-{}", self.provider, self.words)
    }

    fn is_bedrock(&self) -> bool {
        self.provider == "bedrock"
    }

    /// Whether that SDK speaks the format of its bodies: then nothing is crossed.
    fn is_spoken_by(&self, dialect: &str) -> bool {
        !self.is_bedrock() && self.words == dialect
    }
}

const PLAYED: [Played; 6] = [
    Played::of("openai", "/v1", "gpt-5", openai),
    Played::of("anthropic", "/v1", "claude-opus-4-6", anthropic),
    Played::of("gemini", "/v1beta", "gemini-3-pro", gemini),
    Played::of("responses", "/v1", "gpt-5", responses),
    Played::on_bedrock("anthropic", "eu.anthropic.claude-opus-4-6-v1:0", bedrock::invoked),
    Played::on_bedrock("converse", "us.amazon.nova-pro-v1:0", bedrock::conversed),
];

/// What proves a thought.
const PROOF: &str = "c2ln";

/// What every SDK hears.
const HEARD: [&str; 2] = [
    r#"{"text": "I look.", "calls": [["level", {"at": 1}], ["level", {"at": 2}]], "whole": true, "usage": [10, 6]}"#,
    r#"{"text": "2.4 and 3.1 m.", "calls": [], "whole": true, "usage": [20, 5]}"#,
];

fn events(words: &[Value], line: &str) -> Reply {
    let event = |word: &Value| match word["type"].as_str() {
        Some(kind) => format!("event: {kind}{line}data: {word}{line}{line}"),
        None => format!("data: {word}{line}{line}"),
    };
    Reply::events(words.iter().map(event).collect::<String>(), Pieces::new(7))
}

fn openai() -> [Reply; 2] {
    let chunk = |delta: Value, reason: Value| {
        json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
    };
    let call = |index: u64, id: &str, arguments: &str| json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": {"name": "level", "arguments": arguments}}]});
    let more = |index: u64, arguments: &str| json!({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]});
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 6, "total_tokens": 16});
    let counted = json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5", "choices": [], "usage": usage});
    let stream = [
        chunk(json!({"role": "assistant", "content": "I "}), Value::Null),
        chunk(json!({"content": "look."}), Value::Null),
        chunk(call(0, "call_a", "{\"at\""), Value::Null),
        chunk(more(0, ":1}"), Value::Null),
        chunk(call(1, "call_b", "{\"at\":2}"), Value::Null),
        chunk(json!({}), json!("tool_calls")),
        counted,
    ];
    let whole = json!({"id": "c2", "object": "chat.completion", "created": 1, "model": "gpt-5",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "2.4 and 3.1 m."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}});
    [events(&stream, "\n"), Reply::json(200, &whole)]
}

fn anthropic() -> [Reply; 2] {
    let (stream, whole) = anthropic_words();
    [events(&stream, "\n"), Reply::json(200, &whole)]
}

/// The events of its first answer, and the whole of its second.
fn anthropic_words() -> (Vec<Value>, Value) {
    let start = |index: u64, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let delta =
        |index: u64, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let stop = |index: u64| json!({"type": "content_block_stop", "index": index});
    let call = |id: &str| json!({"type": "tool_use", "id": id, "name": "level", "input": {}});
    let arguments = |text: &str| json!({"type": "input_json_delta", "partial_json": text});
    let message = json!({"id": "m1", "type": "message", "role": "assistant", "model": "claude-opus-4-6", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 10, "output_tokens": 1}});
    let stream = vec![
        json!({"type": "message_start", "message": message}),
        start(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
        delta(0, json!({"type": "thinking_delta", "thinking": "The "})),
        delta(0, json!({"type": "thinking_delta", "thinking": "gauge."})),
        delta(0, json!({"type": "signature_delta", "signature": PROOF})),
        stop(0),
        start(1, json!({"type": "text", "text": ""})),
        delta(1, json!({"type": "text_delta", "text": "I look."})),
        stop(1),
        start(2, call("toolu_a")),
        delta(2, arguments("{\"at\"")),
        delta(2, arguments(":1}")),
        stop(2),
        start(3, call("toolu_b")),
        delta(3, arguments("{\"at\":2}")),
        stop(3),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": {"output_tokens": 6}}),
        json!({"type": "message_stop"}),
    ];
    let whole = json!({"id": "m2", "type": "message", "role": "assistant", "model": "claude-opus-4-6",
        "content": [{"type": "text", "text": "2.4 and 3.1 m."}], "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 20, "output_tokens": 5}});
    (stream, whole)
}

fn gemini() -> [Reply; 2] {
    let said = |parts: Value, reason: Value, usage: Value| {
        json!({"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": reason, "index": 0}],
            "usageMetadata": usage, "modelVersion": "gemini-3-pro", "responseId": "r1"})
    };
    let call = |at: u64| json!({"functionCall": {"name": "level", "args": {"at": at}}});
    let mut first = call(1);
    first["thoughtSignature"] = json!(PROOF);
    let usage = json!({"promptTokenCount": 10, "candidatesTokenCount": 4, "thoughtsTokenCount": 2, "totalTokenCount": 16});
    let stream = [
        said(
            json!([{"text": "The gauge.", "thought": true}]),
            Value::Null,
            json!({"promptTokenCount": 10, "totalTokenCount": 10}),
        ),
        said(
            json!([{"text": "I look."}]),
            Value::Null,
            json!({"promptTokenCount": 10, "totalTokenCount": 10}),
        ),
        said(json!([first, call(2)]), json!("STOP"), usage),
    ];
    let usage = json!({"promptTokenCount": 20, "candidatesTokenCount": 5, "totalTokenCount": 25});
    let whole = said(json!([{"text": "2.4 and 3.1 m."}]), json!("STOP"), usage);
    [events(&stream, "\r\n"), Reply::json(200, &whole)]
}

fn responses() -> [Reply; 2] {
    let response = |id: &str, status: &str, output: Value, usage: Value| {
        json!({"id": id, "object": "response", "created_at": 1, "status": status, "model": "gpt-5", "output": output,
            "parallel_tool_calls": true, "tool_choice": "auto", "tools": [], "usage": usage})
    };
    let usage = |input: u64, output: u64| {
        json!({"input_tokens": input, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": output,
            "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": input + output})
    };
    let message = |text: &str| {
        json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}]})
    };
    let thought = json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": PROOF});
    let call = |id: &str, call: &str, arguments: &str| json!({"type": "function_call", "id": id, "call_id": call, "name": "level", "arguments": arguments, "status": "completed"});
    let items = [
        thought,
        message("I look."),
        call("fc_1", "call_a", "{\"at\":1}"),
        call("fc_2", "call_b", "{\"at\":2}"),
    ];
    let mut stream = vec![
        json!({"type": "response.created", "response": response("resp_1", "in_progress", json!([]), Value::Null)}),
    ];
    for (place, item) in items.iter().enumerate() {
        let mut begun = item.clone();
        for (key, empty) in [("arguments", json!("")), ("content", json!([]))] {
            if begun.get(key).is_some() {
                begun[key] = empty;
            }
        }
        stream.push(json!({"type": "response.output_item.added", "output_index": place, "item": begun}));
        if let Some(arguments) = item.get("arguments") {
            stream.push(json!({"type": "response.function_call_arguments.delta", "item_id": item["id"], "output_index": place, "delta": arguments}));
        }
        if item["type"] == "message" {
            stream.push(json!({"type": "response.output_text.delta", "item_id": "msg_1", "output_index": place, "content_index": 0, "delta": "I look.", "logprobs": []}));
        }
        stream.push(json!({"type": "response.output_item.done", "output_index": place, "item": item}));
    }
    stream.push(json!({"type": "response.completed", "response": response("resp_1", "completed", json!(items), usage(10, 6))}));
    let whole = response("resp_2", "completed", json!([message("2.4 and 3.1 m.")]), usage(20, 5));
    [events(&stream, "\n"), Reply::json(200, &whole)]
}

/// Each answer of a tool in the last request: the place of its call among the calls, and what it says.
fn answered(words: &str, arrived: &Arrived) -> Vec<(usize, String)> {
    let body: Value = serde_json::from_slice(&arrived.body).unwrap();
    let (said, call, answer, id, told) = match words {
        "openai" => ("/messages", "/tool_calls", "tool", ["/id", "/tool_call_id"], "/content"),
        "anthropic" => ("/messages", "/content", "tool_result", ["/id", "/tool_use_id"], "/content"),
        "gemini" => (
            "/contents",
            "/parts",
            "functionResponse",
            ["/functionCall/id", "/functionResponse/id"],
            "/functionResponse/response/output",
        ),
        "converse" => (
            "/messages",
            "/content",
            "toolResult",
            ["/toolUse/toolUseId", "/toolResult/toolUseId"],
            "/toolResult/content/0/text",
        ),
        _ => ("/input", "", "function_call_output", ["/call_id", "/call_id"], "/output"),
    };
    let entries = body.pointer(said).unwrap().as_array().unwrap().clone();
    let inner =
        entries.iter().filter_map(|entry| entry.pointer(call)?.as_array().filter(|_| !call.is_empty()));
    let all: Vec<&Value> = entries.iter().chain(inner.flatten()).collect();
    let text = |one: &Value, at: &str| one.pointer(at).and_then(Value::as_str).map(str::to_owned);
    let is_answer = |one: &Value| one.get(answer).is_some() || one["role"] == answer || one["type"] == answer;
    let calls: Vec<String> =
        all.iter().filter(|one| !is_answer(one)).filter_map(|one| text(one, id[0])).collect();
    let answers = all.iter().filter(|one| is_answer(one));
    answers
        .map(|one| {
            let named = text(one, id[1]).unwrap();
            let place = calls.iter().position(|call| *call == named).unwrap();
            (place, text(one, told).unwrap_or_else(|| one["content"][0]["text"].as_str().unwrap().to_owned()))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sdk_calls_tools_of_every_other_formats_models() {
    let weir = Setup::default().up().await;
    let provider = Provider::start().await;
    let mut requests = 0;
    for played in &PLAYED {
        let name = played.name();
        serve(&weir, &provider, played).await;
        for (script, dialect) in SDKS.into_iter().filter(|(_, dialect)| !played.is_spoken_by(dialect)) {
            provider.script((played.answers)());
            let model = format!("{name}/crossed");
            let environment =
                [("BASE_URL", weir.gateway.as_str()), ("API_KEY", &weir.key), ("MODEL", &model)];
            let heard = script::run_ok(script, &environment).await;
            assert_eq!(heard.lines().collect::<Vec<_>>(), HEARD, "{dialect} with {name}");
            let reached = provider.arrived();
            assert_eq!(reached.len(), 2, "{dialect} with {name}");
            let told = [(0, "2.4".to_owned()), (1, "3.1".to_owned())];
            assert_eq!(answered(played.words, &reached[1]), told, "{dialect} with {name}");
            if played.words != "openai" && matches!(dialect, "openai" | "responses") {
                let sent = String::from_utf8_lossy(&reached[1].body);
                assert!(sent.contains(&format!("\":\"{PROOF}\"")), "the thought's proof comes back: {sent}");
            }
            if played.is_bedrock() {
                bedrock_is_asked(&reached, played);
            }
            requests += reached.len();
        }
    }
    let rows = weir.final_rows(requests).await;
    assert_eq!(rows.len(), requests, "one final row a request");
    assert!(rows.iter().all(|row| row["usage_source"] == "provider"));
    println!("{requests} requests of official SDKs to models of other formats");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_converse_is_not_told_stands_in_the_header_and_in_the_trace() {
    let weir = Setup::default().up().await;
    let provider = Provider::start().await;
    let [.., played] = &PLAYED;
    serve(&weir, &provider, played).await;
    let ask = json!({
        "model": format!("{}/crossed", played.name()), "max_tokens": 9, "metadata": {"user_id": "u"},
        "messages": [{"role": "user", "content": [{"type": "text", "text": "See."},
            {"type": "image", "source": {"type": "url", "url": "https://example.org/p.png"}}]}],
    });
    let refused = weir.ask("/v1/messages", &[], &ask).await;
    assert_eq!(refused.json()["error"]["param"], "messages[0].content[1]", "{}", refused.text());
    let [_, whole] = (played.answers)();
    provider.script([whole]);
    let answered = weir.ask("/v1/messages", &[("x-weir-drop-unsupported", "true")], &ask).await.ok();
    assert_eq!(answered.header("x-weir-dropped"), "metadata.user_id,messages[0].content[1]");
    let sent: Value = serde_json::from_slice(&provider.arrived()[0].body).unwrap();
    assert_eq!(sent["messages"], json!([{"role": "user", "content": [{"text": "See."}]}]));
    let rows = weir.final_rows(2).await;
    let explained: Vec<&str> = rows.iter().map(|row| row["explain"].as_str().unwrap()).collect();
    assert!(
        explained[0].contains("`messages[0].content[1]` cannot be said in the converse format"),
        "{explained:?}"
    );
    assert!(explained[1].contains("metadata.user_id, messages[0].content[1]"), "{explained:?}");
}

/// Signed calls to the model's own address, first for a stream, then for a whole answer.
fn bedrock_is_asked(reached: &[Arrived], played: &Played) {
    let verbs = match played.words {
        "converse" => ["converse-stream", "converse"],
        _ => ["invoke-with-response-stream", "invoke"],
    };
    let model = played.model.replace(':', "%3A");
    for (arrived, verb) in reached.iter().zip(verbs) {
        assert_eq!(arrived.path, format!("/model/{model}/{verb}"));
        let signed = arrived.headers["authorization"].to_str().unwrap();
        assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIAPLAYED/"), "{signed}");
        assert!(signed.contains("/eu-central-1/bedrock/aws4_request"), "{signed}");
    }
}

/// An endpoint that speaks that format, and one model that it serves.
async fn serve(weir: &Weir, provider: &Provider, played: &Played) {
    let name = played.name();
    let (auth, credential) = if played.is_bedrock() {
        (json!("aws_sigv4"), "AKIAPLAYED:secret")
    } else {
        (Value::Null, "sk-played")
    };
    let endpoint = json!({
        "name": name, "provider": played.provider, "dialect": played.dialect, "auth": auth, "credential": credential,
        "region": "eu-central-1", "base_url": format!("{}{}", provider.url, played.version),
        "limits": { "allow_private": true, "retries_max": 0 },
    });
    let endpoint = weir.api(Method::POST, "/endpoints", Some(endpoint)).await.ok().json();
    let target = json!({ "endpoint": endpoint["id"], "upstream_model": played.model });
    let model = json!({ "name": format!("{name}/crossed"), "targets": [target] });
    let _ = weir.api(Method::POST, "/models", Some(model)).await.ok();
    let revision = weir.publish("models of another format").await;
    weir.in_force(revision).await;
}
