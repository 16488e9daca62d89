//! Requests and answers, by hand and as recorded.

use serde_json::{Value, json};
use weir_contract::usage::Bucket;

use super::{Retelling, is_spoken_to, told};
use crate::{
    Api, Dialect, Quirks, SseDecoder, StreamReader, completion::Told, host::Host, read_answer,
    translate::Unsupported,
};

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

fn asked_by(caller: Dialect, body: &Value, may_drop: bool) -> Result<(Value, Told), Unsupported> {
    let told = Host::Converse.tell(Api::Messages, caller, body.to_string().as_bytes(), may_drop)?;
    Ok((serde_json::from_slice(&told.body).unwrap(), told))
}

fn asked(body: &Value, may_drop: bool) -> Result<(Value, Told), Unsupported> {
    asked_by(Dialect::Anthropic, body, may_drop)
}

#[test]
fn a_request_says_the_same_in_converses_words() {
    let body = json!({
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
    let (got, told) = asked(&body, false).unwrap();
    assert_eq!(got, wanted);
    assert_eq!(told.losses.dropped, ["messages[1].content[1]"], "a thought that nobody vouches for");
    assert_eq!(told.losses.adapted, ["messages[2].content[4].title=abpdf-5"]);
}

#[test]
fn documents_are_told_whole_and_marks_stand_where_they_may() {
    let mark = json!({"type": "ephemeral", "ttl": "1h"});
    let source = json!({"type": "text", "media_type": "text/plain", "data": "hi"});
    let body = json!({
        "system": "", "temperature": null, "thinking": {"type": "disabled"}, "service_tier": "auto", "metadata": {},
        "tools": [{"name": "f", "description": "", "cache_control": mark}],
        "messages": [
            {"role": "user", "content": [
                {"type": "document", "title": "report", "context": "c", "citations": {"enabled": true}, "source": source},
                {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "x", "cache_control": mark}]}]},
            {"role": "assistant", "content": ""}]
    });
    let (got, told) = asked(&body, false).unwrap();
    let wanted = json!({
        "messages": [{"role": "user", "content": [
            {"document": {"format": "txt", "name": "report-1", "context": "c", "citations": {"enabled": true},
                "source": {"bytes": "aGk="}}},
            {"toolResult": {"toolUseId": "t", "content": [{"text": "x"}]}}]}],
        "inferenceConfig": {},
        "toolConfig": {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}},
            {"cachePoint": {"type": "default"}}]}
    });
    assert_eq!(got, wanted);
    assert_eq!(told.losses.dropped, ["cache_control", "cache_control.ttl"]);
    assert!(told.losses.adapted.is_empty());
}

/// What each request asks for beside words, and the member that is named for it.
fn unsayable() -> Vec<(Value, &'static str)> {
    let messages = json!([{"role": "user", "content": "hi"}]);
    let part = |part: Value| json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}, part]}]});
    let with = |key: &str, value: Value| {
        let mut body = json!({"messages": messages, "tools": [{"name": "f"}]});
        body[key] = value;
        body
    };
    let picture = json!({"type": "image", "source": {"type": "url", "url": "https://h"}});
    let results = |content: Value| json!({"type": "tool_result", "tool_use_id": "t", "content": [content]});
    vec![
        (with("thinking", json!({"type": "enabled", "budget_tokens": 1024})), "thinking"),
        (with("thinking", json!({"type": "adaptive"})), "thinking"),
        (with("output_config", json!({"effort": "low"})), "output_config.effort"),
        (with("output_config", json!({"format": {"type": "json_schema"}})), "output_config.format"),
        (with("output_format", json!({"type": "json_schema"})), "output_format"),
        (with("container", json!("c")), "container"),
        (with("mcp_servers", json!([{"type": "url"}])), "mcp_servers"),
        (with("a_word_of_tomorrow", json!(1)), "a_word_of_tomorrow"),
        (with("tool_choice", json!({"type": "none"})), "tool_choice"),
        (with("tool_choice", json!({"type": "tool", "name": "g"})), "tool_choice"),
        (with("tool_choice", json!({"type": "whim"})), "tool_choice"),
        (json!({"messages": messages, "tool_choice": {"type": "any"}}), "tool_choice"),
        (
            with("tool_choice", json!({"type": "auto", "disable_parallel_tool_use": true})),
            "tool_choice.disable_parallel_tool_use",
        ),
        (with("tools", json!([{"type": "web_search_1", "name": "w"}])), "tools[0]"),
        (with("tools", json!([{"name": "f", "input_examples": [{}]}])), "tools[0].input_examples"),
        (with("system", json!([{"type": "text", "text": "s"}, {"type": "image"}])), "system[1]"),
        (part(picture.clone()), "messages[0].content[1]"),
        (
            part(json!({"type": "image", "source": {"type": "file", "file_id": "f"}})),
            "messages[0].content[1]",
        ),
        (part(json!({"type": "document", "source": {"type": "content"}})), "messages[0].content[1]"),
        (part(json!({"type": "search_result"})), "messages[0].content[1]"),
        (part(results(picture)), "messages[0].content[1].content[0]"),
        (part(results(json!({"type": "tool_reference"}))), "messages[0].content[1].content[0]"),
        (part(json!({"type": "text", "text": "x", "tone": "low"})), "messages[0].content[1].tone"),
        (with("messages", json!([{"role": "user", "content": "hi", "name": "n"}])), "messages[0].name"),
        (with("messages", json!([{"role": "system", "content": "x"}])), "messages[0].role"),
        (with("messages", json!([{"role": "user"}])), "messages[0].content"),
        (with("messages", json!([{"role": "user", "content": {"type": "text"}}])), "messages[0].content"),
        (with("messages", json!(["hi"])), "messages[0].content"),
        (with("system", json!({"type": "text"})), "system"),
    ]
}

#[test]
fn what_converse_cannot_be_told_is_refused_by_its_name_or_left_out_where_that_is_agreed() {
    for (body, param) in unsayable() {
        let refused = asked(&body, false).unwrap_err();
        assert_eq!((refused.param.as_str(), refused.target), (param, "converse"));
        let (got, told) = asked(&body, true).unwrap();
        assert_eq!(told.losses.dropped, [param]);
        let without = ["https://h", "\"low\"", "json_schema", "\"tool\"", "web_search_1", "input_examples"];
        without.iter().for_each(|gone| assert!(!got.to_string().contains(gone), "{param}: {got}"));
        assert!(got["messages"].as_array().unwrap().iter().all(|one| one["content"] != json!([])), "{got}");
    }
    assert_eq!(asked(&json!({}), true).unwrap_err().param, "messages");
}

#[test]
fn hints_are_left_out_with_a_word_and_members_that_ask_for_nothing_without() {
    let said = json!([
        {"type": "text", "text": "a", "citations": [{"type": "char_location"}]},
        {"type": "tool_use", "id": "c", "name": "f", "input": {}, "caller": {"type": "direct"}}]);
    let body = json!({
        "model": "m", "anthropic_version": "v", "stream": false, "anthropic_beta": ["b"], "betas": [], "service_tier": "priority",
        "metadata": {"user_id": "u"}, "context_management": {"edits": [1]}, "inference_geo": "eu", "cache_control": {"type": "ephemeral"},
        "container": null, "mcp_servers": [], "tools": [{"name": "f", "strict": true, "defer_loading": false}],
        "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": said}]
    });
    let (got, told) = asked(&body, false).unwrap();
    let lost = [
        "messages[1].content[0].citations",
        "messages[1].content[1].caller",
        "tools[0].strict",
        "metadata.user_id",
        "service_tier",
        "anthropic_beta",
        "context_management",
        "inference_geo",
        "cache_control",
    ];
    assert_eq!(
        told.losses.dropped.iter().collect::<std::collections::BTreeSet<_>>(),
        lost.map(str::to_owned).iter().collect()
    );
    assert_eq!(got["messages"][1]["content"][0], json!({"text": "a"}));
    assert_eq!(got["toolConfig"]["tools"][0]["toolSpec"].get("strict"), None);
}

#[test]
fn a_caller_of_another_format_reads_its_own_words() {
    let body = json!({
        "max_tokens": 9, "metadata": {"user_id": "u"}, "tools": [{"name": "f"}],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": true},
        "messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": "https://h"}}]}]
    });
    for (caller, first, lost) in [
        (Dialect::OpenAi, "messages", ["messages", "parallel_tool_calls", "user"]),
        (Dialect::Gemini, "contents", ["contents", "parallel_tool_calls", "user"]),
        (Dialect::Responses, "input", ["input", "parallel_tool_calls", "user"]),
    ] {
        assert_eq!(asked_by(caller, &body, false).unwrap_err().param, first);
        let mut dropped = asked_by(caller, &body, true).unwrap().1.losses.dropped;
        dropped.sort();
        let mut lost = lost.map(str::to_owned);
        lost.sort();
        assert_eq!(dropped, lost);
    }
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
