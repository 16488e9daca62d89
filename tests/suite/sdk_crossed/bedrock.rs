//! Amazon Bedrock as it answers: its own framing around Anthropic's words, and Converse's words for everybody else's models.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use weir_tests::provider::{Pieces, Reply};

use super::PROOF;

fn frame(kind: &str, payload: &Value) -> Vec<u8> {
    let header =
        |name: &'static str, value: &str| Header::new(name, HeaderValue::String(value.to_owned().into()));
    let message = Message::new(payload.to_string().into_bytes())
        .add_header(header(":message-type", "event"))
        .add_header(header(":event-type", kind));
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}

fn framed(frames: impl Iterator<Item = Vec<u8>>) -> Reply {
    let mut reply = Reply::events(frames.collect::<Vec<_>>().concat(), Pieces::new(7));
    reply.headers = vec![("content-type".to_owned(), "application/vnd.amazon.eventstream".to_owned())];
    reply
}

/// Anthropic's own events, each in a frame.
pub(super) fn invoked() -> [Reply; 2] {
    let (stream, whole) = super::anthropic_words();
    let wrapped = |event: &Value| frame("chunk", &json!({"bytes": STANDARD.encode(event.to_string())}));
    [framed(stream.iter().map(wrapped)), Reply::json(200, &whole)]
}

/// The same conversation as Converse tells it.
pub(super) fn conversed() -> [Reply; 2] {
    let delta =
        |block: u64, delta: Value| ("contentBlockDelta", json!({"contentBlockIndex": block, "delta": delta}));
    let stop = |block: u64| ("contentBlockStop", json!({"contentBlockIndex": block}));
    let call = |block: u64, id: &str| {
        let start = json!({"toolUse": {"toolUseId": id, "name": "level"}});
        ("contentBlockStart", json!({"contentBlockIndex": block, "start": start}))
    };
    let arguments = |block: u64, text: &str| delta(block, json!({"toolUse": {"input": text}}));
    let usage = |input: u64, output: u64| json!({"inputTokens": input, "outputTokens": output, "totalTokens": input + output});
    let stream = [
        ("messageStart", json!({"role": "assistant"})),
        delta(0, json!({"reasoningContent": {"text": "The gauge."}})),
        delta(0, json!({"reasoningContent": {"signature": PROOF}})),
        stop(0),
        delta(1, json!({"text": "I "})),
        delta(1, json!({"text": "look."})),
        stop(1),
        call(2, "tooluse_a"),
        arguments(2, "{\"at\""),
        arguments(2, ":1}"),
        stop(2),
        call(3, "tooluse_b"),
        arguments(3, "{\"at\":2}"),
        stop(3),
        ("messageStop", json!({"stopReason": "tool_use"})),
        ("metadata", json!({"usage": usage(10, 6), "metrics": {"latencyMs": 1}})),
    ];
    let message = json!({"role": "assistant", "content": [{"text": "2.4 and 3.1 m."}]});
    let whole = json!({"output": {"message": message}, "stopReason": "end_turn", "usage": usage(20, 5),
        "metrics": {"latencyMs": 1}});
    [framed(stream.iter().map(|(kind, payload)| frame(kind, payload))), Reply::json(200, &whole)]
}
