//! Requests and answers, by hand and as recorded.

use serde_json::{Value, json};
use weir_contract::usage::Bucket;

use super::{Retelling, is_spoken_to, told, write_request};
use crate::{Dialect, Quirks, SseDecoder, StreamReader, error::WireError, read_answer};

#[test]
fn a_models_name_tells_whether_it_is_spoken_to_by_converse() {
    for model in [
        "amazon.nova-lite-v1:0",
        "us.meta.llama3-1-8b-instruct-v1:0",
        "mistral.mistral-large-2402-v1:0",
        "us-gov.amazon.nova-pro-v1:0",
        "arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-micro-v1:0",
    ] {
        assert!(is_spoken_to(model), "{model}");
    }
    for model in [
        "anthropic.claude-3-haiku-20240307-v1:0",
        "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "arn:aws:bedrock:us-east-1:1:application-inference-profile/1arbu5hu2sjr",
        "claude",
    ] {
        assert!(!is_spoken_to(model), "{model}");
    }
}

fn written(body: &Value) -> Result<Value, WireError> {
    write_request(body.to_string().as_bytes()).map(|body| serde_json::from_slice(&body).unwrap())
}

#[test]
fn a_request_says_the_same_in_converses_words() {
    let asked = json!({
        "model": "amazon.nova-lite-v1:0", "stream": true, "max_tokens": 9, "temperature": 0.5, "top_k": 3,
        "stop_sequences": ["x"], "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "t", "signature": "p"},
                {"type": "thinking", "thinking": "t", "signature": ""},
                {"type": "redacted_thinking", "data": "AA=="},
                {"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c", "is_error": true, "content": "no"},
                {"type": "tool_result", "tool_use_id": "d", "content": ""},
                {"type": "text", "text": ""},
                {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "AAAA"}},
                {"type": "document", "title": "a b.pdf", "source": {"type": "base64", "media_type": "application/pdf", "data": "BBBB"}}]}
        ],
        "tools": [{"name": "f", "description": "d", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "tool", "name": "f"}
    });
    let wanted = json!({
        "messages": [
            {"role": "user", "content": [{"text": "hi"}]},
            {"role": "assistant", "content": [
                {"reasoningContent": {"reasoningText": {"text": "t", "signature": "p"}}},
                {"reasoningContent": {"redactedContent": "AA=="}},
                {"toolUse": {"toolUseId": "c", "name": "f", "input": {"a": 1}}}]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": "c", "content": [{"text": "no"}], "status": "error"}},
                {"toolResult": {"toolUseId": "d", "content": []}},
                {"image": {"format": "jpeg", "source": {"bytes": "AAAA"}}},
                {"document": {"format": "pdf", "name": "abpdf-5", "source": {"bytes": "BBBB"}}}]}
        ],
        "system": [{"text": "s"}, {"cachePoint": {"type": "default"}}],
        "inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "stopSequences": ["x"]},
        "toolConfig": {
            "tools": [{"toolSpec": {"name": "f", "description": "d", "inputSchema": {"json": {"type": "object"}}}}],
            "toolChoice": {"tool": {"name": "f"}}
        },
        "additionalModelRequestFields": {"inferenceConfig": {"topK": 3}}
    });
    assert_eq!(written(&asked).unwrap(), wanted);
}

#[test]
fn what_converse_cannot_say_is_refused_by_its_name() {
    let messages = json!([{"role": "user", "content": "hi"}]);
    for (asked, what) in [
        (json!({"messages": messages, "thinking": {"type": "enabled", "budget_tokens": 1024}}), "thinking"),
        (
            json!({"messages": messages, "tools": [{"name": "f"}], "tool_choice": {"type": "none"}}),
            "tool_choice none",
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": "https://h"}}]}]}),
            "image from url",
        ),
        (
            json!({"messages": messages, "tools": [{"type": "web_search_1", "name": "w"}]}),
            "a tool of type web_search_1",
        ),
    ] {
        assert_eq!(written(&asked), Err(WireError::Unsaid { what: what.to_owned() }));
    }
    assert!(written(&json!({"messages": messages, "thinking": {"type": "disabled"}})).is_ok());
}

#[test]
fn an_answer_is_told_with_all_its_parts_and_counts() {
    let body = json!({
        "output": {"message": {"role": "assistant", "content": [
            {"reasoningContent": {"reasoningText": {"text": "t", "signature": "p"}}},
            {"text": "yo"},
            {"toolUse": {"toolUseId": "c", "name": "f", "input": {"a": 1}}}]}},
        "stopReason": "tool_use",
        "usage": {"inputTokens": 5, "outputTokens": 7, "totalTokens": 25, "cacheReadInputTokens": 3,
            "cacheWriteInputTokens": 10, "cacheDetails": [{"ttl": "1h", "inputTokens": 4}, {"ttl": "5m", "inputTokens": 6}]}
    });
    let body = told(body.to_string().as_bytes(), "r1", "m").unwrap();
    let answer = read_answer(Dialect::Anthropic, &body, Quirks::default()).unwrap();
    assert_eq!((answer.response_id.as_str(), answer.model.as_str()), ("msg_r1", "m"));
    let buckets: Vec<_> = answer.usage.filled().collect();
    let wanted = [
        (Bucket::Input, 5),
        (Bucket::CacheRead, 3),
        (Bucket::CacheWrite5m, 6),
        (Bucket::CacheWrite1h, 4),
        (Bucket::Output, 7),
    ];
    wanted.iter().for_each(|one| assert!(buckets.contains(one), "{one:?} in {buckets:?}"));
    assert_eq!(buckets.len(), wanted.len());
    assert!(answer.usage_raw.contains("totalTokens"));
    assert!(told(b"{}", "r", "m").is_err());
}

/// What the events say, and whether they are whole.
fn retold(events: &[(&str, Value)]) -> (String, crate::Answer) {
    let (mut retelling, mut out) = (Retelling::new("r".to_owned(), "m".to_owned()), Vec::new());
    events.iter().for_each(|(kind, payload)| retelling.take(kind, &payload.to_string(), &mut out));
    let mut reader = StreamReader::new(Dialect::Anthropic, Quirks::default());
    let take = |event: crate::Event<'_>| {
        reader.read(&event, &mut |_| ());
    };
    SseDecoder::default().push(&out, take).unwrap();
    (String::from_utf8(out).unwrap(), reader.finish())
}

#[test]
fn events_open_every_block_and_end_with_usage() {
    let events = [
        ("messageStart", json!({"role": "assistant"})),
        ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "t"}}})),
        (
            "contentBlockDelta",
            json!({"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "p"}}}),
        ),
        ("contentBlockStop", json!({"contentBlockIndex": 0})),
        ("contentBlockDelta", json!({"contentBlockIndex": 1, "delta": {"text": "y"}})),
        ("contentBlockDelta", json!({"contentBlockIndex": 1, "delta": {"text": "o"}})),
        ("contentBlockStop", json!({"contentBlockIndex": 1})),
        (
            "contentBlockStart",
            json!({"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "c", "name": "f"}}}),
        ),
        ("contentBlockDelta", json!({"contentBlockIndex": 2, "delta": {"toolUse": {"input": "{}"}}})),
        ("contentBlockStop", json!({"contentBlockIndex": 2})),
        ("messageStop", json!({"stopReason": "tool_use"})),
        ("metadata", json!({"usage": {"inputTokens": 5, "outputTokens": 7, "totalTokens": 12}})),
    ];
    let (text, answer) = retold(&events);
    assert!(answer.complete, "{text}");
    assert_eq!(text.matches("event: content_block_start").count(), 3);
    assert_eq!(text.matches("event: content_block_stop").count(), 3);
    assert_eq!((answer.usage.get(Bucket::Input), answer.usage.get(Bucket::Output)), (5, 7));
    assert_eq!(answer.finish_reasons, ["tool_use"]);
    let (_, cut) = retold(&events[..10]);
    assert!(!cut.complete);
    let mut without_end = events.to_vec();
    without_end.remove(10);
    assert!(!retold(&without_end).1.complete);
}
