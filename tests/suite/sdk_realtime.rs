//! The official SDK in a session over a WebSocket: against a provider that answers by the book, then through the gateway to
//! that same provider. The events are the same, and the session is one row with the sum of its answers.

use futures_util::{SinkExt as _, StreamExt as _};
use http::Method;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use weir_tests::script;
use weir_tests::weir::Setup;

/// The model's name at the provider, which is asked for on both ways.
const MODEL: &str = "model";

/// A provider of sessions.
struct Line {
    url: String,
    asked: mpsc::UnboundedReceiver<String>,
    _serving: JoinSet<()>,
}

impl Line {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, asked) = mpsc::unbounded_channel();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut sessions = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                sessions.spawn(session(stream, tell.clone()));
            }
        });
        Self { url, asked, _serving: serving }
    }
}

/// One session: greets, takes settings, and answers whenever it is asked to.
async fn session(stream: TcpStream, tell: mpsc::UnboundedSender<String>) {
    #[expect(clippy::result_large_err, reason = "the shape is the library's")]
    let note = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let key = request.headers()["authorization"].to_str().unwrap();
        tell.send(format!("{} {key}", request.uri())).unwrap();
        Ok(response)
    };
    let mut socket = accept_hdr_async(stream, note).await.unwrap();
    let settings =
        json!({"type": "realtime", "object": "realtime.session", "id": "sess_1", "model": "model-1"});
    let created = json!({"type": "session.created", "event_id": "event_1", "session": settings});
    socket.send(Message::text(created.to_string())).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let event: Value = serde_json::from_str(&text).unwrap();
        for answer in answers(&event) {
            socket.send(Message::text(answer.to_string())).await.unwrap();
        }
    }
}

fn answers(event: &Value) -> Vec<Value> {
    let response = |status: &str, usage: Value| {
        json!({"id": "resp_1", "object": "realtime.response", "status": status, "status_details": null, "output": [],
            "conversation_id": "conv_1", "output_modalities": ["text"], "max_output_tokens": "inf", "usage": usage, "metadata": null})
    };
    let usage = json!({"total_tokens": 17, "input_tokens": 12, "output_tokens": 5,
        "input_token_details": {"text_tokens": 9, "audio_tokens": 3, "image_tokens": 0, "cached_tokens": 4,
            "cached_tokens_details": {"text_tokens": 3, "audio_tokens": 1, "image_tokens": 0}},
        "output_token_details": {"text_tokens": 2, "audio_tokens": 3}});
    match event["type"].as_str() {
        Some("session.update") => {
            vec![json!({"type": "session.updated", "event_id": "event_2", "session": event["session"]})]
        }
        Some("response.create") => vec![
            json!({"type": "response.created", "event_id": "event_3", "response": response("in_progress", Value::Null)}),
            json!({"type": "response.output_text.delta", "event_id": "event_4", "response_id": "resp_1", "item_id": "item_1",
                "output_index": 0, "content_index": 0, "delta": "Grüße 🌊 von der Wehr."}),
            json!({"type": "response.done", "event_id": "event_5", "response": response("completed", usage)}),
        ],
        _ => Vec::new(),
    }
}

async fn run(base_url: &str, key: &str) -> String {
    let environment = [("BASE_URL", base_url), ("API_KEY", key), ("MODEL", MODEL)];
    script::run_ok("sdk/openai_realtime.py", &environment).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_the_sdk_gives_the_providers_events_and_is_one_row() {
    let weir = Setup::default().up().await;
    let mut line = Line::start().await;
    let direct = run(&line.url, "sk-played").await;
    assert_eq!(direct.lines().count(), 8, "{direct}");
    let endpoint = json!({
        "name": "line", "provider": "openai", "dialect": "openai", "credential": "sk-played",
        "base_url": format!("{}/v1", line.url), "limits": { "allow_private": true, "retries_max": 0 },
    });
    let endpoint = weir.api(Method::POST, "/endpoints", Some(endpoint)).await.ok().json();
    let target = json!({ "endpoint": endpoint["id"], "upstream_model": MODEL });
    let _ = weir.api(Method::POST, "/models", Some(json!({ "name": MODEL, "targets": [target] }))).await.ok();
    let revision = weir.publish("a line for sessions").await;
    weir.in_force(revision).await;
    assert_eq!(run(&weir.gateway, &weir.key).await, direct);
    let wanted = "/v1/realtime?model=model Bearer sk-played";
    assert_eq!([line.asked.recv().await.unwrap(), line.asked.recv().await.unwrap()], [wanted, wanted]);
    let rows = weir.final_rows(1).await;
    assert_eq!(rows.len(), 1, "one row a session");
    let row = &rows[0];
    let said =
        json!([row["outcome"], row["operation"], row["stream"], row["model_requested"], row["usage_source"]]);
    assert_eq!(said, json!(["ok", "realtime", true, MODEL, "provider"]), "{row}");
    let counts =
        ["input_tokens", "cache_read_tokens", "audio_input_tokens", "output_tokens", "audio_output_tokens"];
    let counts = counts.map(|name| row[name].to_string().trim_matches('"').to_owned());
    assert_eq!(counts, ["12", "8", "4", "4", "6"], "{row}");
    assert_eq!(
        serde_json::from_str::<Value>(row["usage_raw"].as_str().unwrap()).unwrap().as_array().unwrap().len(),
        2
    );
}
