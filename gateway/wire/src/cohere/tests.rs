//! Requests and answers by hand: what is said, what is refused, and that a stream says the same however it comes.

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_contract::usage::Bucket;

use crate::{
    Answer, Api, Dialect, Quirks,
    completion::{Heading, Told, testing},
    host::Host,
    read_answer, read_answer_of,
    translate::Unsupported,
};

fn asked(api: Api, body: &Value, may_drop: bool) -> Result<(Value, Told), Unsupported> {
    let told = Host::Cohere.tell(api, Dialect::OpenAi, body.to_string().as_bytes(), may_drop)?;
    Ok((serde_json::from_slice(&told.body).unwrap(), told))
}

fn heading() -> Heading {
    Heading { id: "chatcmpl-r".to_owned(), model: "command".to_owned(), created_s: 7, packed: false }
}

#[test]
fn a_request_says_the_same_in_coheres_words() {
    let body = json!({
        "model": "command", "stream": true, "stream_options": {"include_usage": true}, "max_completion_tokens": 9,
        "temperature": 0.5, "top_p": 0.9, "top_k": 3, "seed": 1, "stop": "x", "frequency_penalty": 0.1, "logprobs": true,
        "n": 1, "documents": [{"data": {"text": "d"}}], "reasoning_effort": "none", "parallel_tool_calls": true,
        "messages": [
            {"role": "developer", "content": "s"},
            {"role": "user", "content": [
                {"type": "text", "text": "hi"},
                {"type": "image_url", "image_url": {"url": "https://h/p.png", "detail": "low"}}]},
            {"role": "assistant", "content": null, "reasoning_content": "look it up", "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "no"},
            {"role": "assistant", "content": "ah", "reasoning_content": "so"}],
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "strict": true}}],
        "tool_choice": "required",
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    });
    let wanted = json!({
        "model": "command", "stream": true, "max_tokens": 9, "temperature": 0.5, "p": 0.9, "k": 3, "seed": 1,
        "stop_sequences": ["x"], "frequency_penalty": 0.1, "logprobs": true, "documents": [{"data": {"text": "d"}}],
        "thinking": {"type": "disabled"},
        "messages": [
            {"role": "system", "content": "s"},
            {"role": "user", "content": [
                {"type": "text", "text": "hi"},
                {"type": "image_url", "image_url": {"url": "https://h/p.png", "detail": "low"}}]},
            {"role": "assistant", "tool_plan": "look it up", "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "no"},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "so"}, {"type": "text", "text": "ah"}]}],
        "strict_tools": true,
        "tools": [{"type": "function", "function": {"name": "f", "description": "d",
            "parameters": {"type": "object", "properties": {}}}}],
        "tool_choice": "REQUIRED",
        "response_format": {"type": "json_object", "json_schema": {"type": "object"}}
    });
    let (got, told) = asked(Api::ChatCompletions, &body, false).unwrap();
    assert_eq!(got, wanted);
    assert_eq!((told.losses.dropped, told.losses.adapted), (vec![], vec![]));
}

#[test]
fn one_tool_by_name_is_the_only_one_offered() {
    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "parameters": {}}});
    let mut body = json!({"model": "m", "messages": [], "tools": [tool("f"), tool("g")],
        "tool_choice": {"type": "function", "function": {"name": "g"}}, "reasoning_effort": "low", "user": "u"});
    let (got, told) = asked(Api::ChatCompletions, &body, false).unwrap();
    assert_eq!((&got["tools"], &got["tool_choice"]), (&json!([tool("g")]), &json!("REQUIRED")));
    assert_eq!(got["thinking"], json!({"type": "enabled", "token_budget": 1024}));
    assert_eq!(told.losses.adapted, ["tool_choice=REQUIRED", "reasoning_effort=token_budget:1024"]);
    assert_eq!(told.losses.dropped, ["user"]);
    body["tool_choice"]["function"]["name"] = json!("h");
    assert_eq!(asked(Api::ChatCompletions, &body, false).unwrap_err().param, "tool_choice");
}

#[test]
fn what_cohere_cannot_be_told_is_refused_by_its_name_or_left_out_where_that_is_agreed() {
    let messages = json!([{"role": "user", "content": "hi"}]);
    let part = |part: Value| json!([{"role": "user", "content": [part]}]);
    for (asks, param) in [
        (json!({"messages": messages, "n": 2}), "n"),
        (json!({"messages": messages, "logit_bias": {"1": 2}}), "logit_bias"),
        (json!({"messages": messages, "top_logprobs": 2}), "top_logprobs"),
        (json!({"messages": messages, "parallel_tool_calls": false}), "parallel_tool_calls"),
        (json!({"messages": messages, "tools": [{"type": "web_search"}]}), "tools[0]"),
        (json!({"messages": messages, "response_format": {"type": "grammar"}}), "response_format"),
        (json!({"messages": part(json!({"type": "input_audio"}))}), "messages[0].content[0]"),
        (json!({"messages": [{"role": "critic", "content": "x"}]}), "messages[0].role"),
    ] {
        let refused = asked(Api::ChatCompletions, &asks, false).unwrap_err();
        assert_eq!((refused.param.as_str(), refused.target), (param, "cohere"));
        let (got, told) = asked(Api::ChatCompletions, &asks, true).unwrap();
        assert_eq!(told.losses.dropped, [param]);
        assert!(got.get(param).is_none(), "{got}");
    }
    assert_eq!(asked(Api::ChatCompletions, &json!({}), true).unwrap_err().param, "messages");
    let said = json!({"messages": messages, "thinking": {"type": "enabled"}, "stop": ["a"], "metadata": {}});
    assert!(asked(Api::ChatCompletions, &said, false).unwrap().1.losses.dropped.is_empty());
}

#[test]
fn an_answer_is_told_with_all_its_parts_and_what_is_billed() {
    let body = json!({
        "id": "r1", "finish_reason": "TOOL_CALL",
        "message": {"role": "assistant", "tool_plan": " plan", "content": [
            {"type": "thinking", "thinking": "t"}, {"type": "text", "text": "yo"}, {"type": "map", "at": 1}],
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            "citations": [{"start": 0, "end": 2, "text": "yo", "sources": []}]},
        "logprobs": [{"text": "yo", "token_ids": [1, 2], "logprobs": [-0.5, -0.25]}],
        "usage": {"billed_units": {"input_tokens": 5, "output_tokens": 7.0},
            "tokens": {"input_tokens": 500, "output_tokens": 9, "reasoning_tokens": 3}, "cached_tokens": 448}
    });
    let told = Host::Cohere.retold(Api::ChatCompletions, body.to_string().as_bytes(), &heading()).unwrap();
    let got: Value = serde_json::from_slice(&told).unwrap();
    let choice = &got["choices"][0];
    assert_eq!((&got["id"], &got["model"], &got["created"]), (&json!("r1"), &json!("command"), &json!(7)));
    assert_eq!(
        (&choice["finish_reason"], &choice["native_finish_reason"]),
        (&json!("tool_calls"), &json!("TOOL_CALL"))
    );
    assert_eq!(choice["message"]["reasoning_content"], "t plan");
    assert_eq!(
        (&choice["message"]["content"], &choice["message"]["other_content"][0]["at"]),
        (&json!("yo"), &json!(1))
    );
    assert_eq!(choice["message"]["citations"], body["message"]["citations"]);
    assert_eq!(
        (&choice["message"]["refusal"], &choice["message"]["annotations"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(choice["logprobs"]["content"][0]["logprob"], json!(-0.75));
    assert_eq!((&got["usage"]["prompt_tokens"], &got["usage"]["total_tokens"]), (&json!(5), &json!(12)));

    let answer = read_answer(Dialect::OpenAi, &told, Quirks::default()).unwrap();
    let buckets: Vec<_> = answer.usage.filled().collect();
    assert_eq!(buckets, [(Bucket::Input, 5), (Bucket::Output, 4), (Bucket::Reasoning, 3)]);
    assert!(!answer.usage.mismatch);
    assert_eq!(
        serde_json::from_str::<Value>(&answer.usage_raw).unwrap(),
        body["usage"],
        "its own object is kept"
    );
}

#[test]
fn more_billed_than_counted_is_flagged_and_no_billing_means_counts() {
    let read = |usage: Value| {
        let body =
            json!({"message": {"content": []}, "finish_reason": "COMPLETE", "usage": usage}).to_string();
        let told = Host::Cohere.retold(Api::ChatCompletions, body.as_bytes(), &heading()).unwrap();
        read_answer(Dialect::OpenAi, &told, Quirks::default()).unwrap().usage
    };
    let both = |billed: u64| {
        json!({"billed_units": {"input_tokens": billed, "output_tokens": 1},
        "tokens": {"input_tokens": 3, "image_tokens": 2, "output_tokens": 1}})
    };
    assert!(!read(both(5)).mismatch);
    assert!(read(both(6)).mismatch);
    assert_eq!(read(json!({"tokens": {"input_tokens": 3, "output_tokens": 1}})).get(Bucket::Input), 3);
    assert!(!read(json!({"cached_tokens": 1})).is_known(), "unknown and not nothing");
}

#[test]
fn an_answer_that_broke_is_an_error() {
    let body = r#"{"id":"r","message":{"content":[{"type":"text","text":"y"}]},"finish_reason":"TIMEOUT"}"#;
    let told = Host::Cohere.retold(Api::ChatCompletions, body.as_bytes(), &heading()).unwrap();
    let answer = read_answer(Dialect::OpenAi, &told, Quirks::default()).unwrap();
    assert_eq!(answer.stopped_by_error.unwrap().message, "Cohere ended the answer with TIMEOUT");
    assert!(Host::Cohere.retold(Api::ChatCompletions, b"{}", &heading()).is_err());
}

const EVENTS: &str = include_str!("../fixtures/cohere_stream.txt");

fn heard(pieces: &[&[u8]]) -> (String, String, Answer) {
    testing::heard(Host::Cohere.retelling("text/event-stream; charset=utf-8", heading()).unwrap(), pieces)
}

#[test]
fn events_become_chunks_with_usage_and_an_end() {
    let (chunks, said, answer) = heard(&[EVENTS.as_bytes()]);
    assert_eq!(said, "<plan><t>Yö(citations)!(other_content)[0c1f][0{\"a\"][1c2g{}][0:1}]");
    assert!(answer.complete && answer.unreadable == 0 && chunks.ends_with("data: [DONE]\n\n"), "{chunks}");
    assert_eq!(
        (answer.response_id.as_str(), answer.finish_reasons.as_slice()),
        ("s1", &["tool_calls".to_owned()][..])
    );
    assert_eq!((answer.usage.get(Bucket::Input), answer.usage.get(Bucket::Output)), (5, 7));
    assert!(
        chunks.contains(r#""choices":[],"usage":{"prompt_tokens":5"#),
        "apart, so that it can be left out"
    );
    let silent = r#"data: {"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{}}}"#;
    let (ended, _, unknown) = heard(&[silent.as_bytes()]);
    assert!(unknown.complete && !unknown.usage.is_known() && !ended.contains(r#""choices":[]"#), "{ended}");
    assert_eq!(chunks.matches(r#""role":"assistant""#).count(), 1);
    assert_eq!(chunks.matches(r#""logprob":-0.5"#).count(), 1);
}

#[test]
fn what_was_cut_or_damaged_never_seems_whole() {
    let end = EVENTS.find("event: message-end").unwrap();
    let (_, _, answer) = heard(&[&EVENTS.as_bytes()[..end]]);
    assert!(!answer.complete);
    let broken = |piece: &[u8]| heard(&[piece]).2.stopped_by_error.unwrap().message;
    assert_eq!(broken(b"data: {\"type\":\"content-delta\",\n\n"), "an event of the stream cannot be read");
    let unbegun = br#"data: {"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"x"}}}}}"#;
    assert_eq!(broken(unbegun), "arguments came of a call that had not begun");
    assert!(broken(&[b"data: ", vec![b'x'; (16 << 20) + 1].as_slice()].concat()).contains("longer than"));
    let (chunks, said, answer) = heard(&[&EVENTS.as_bytes()[..end], b"data: no\n\n", EVENTS.as_bytes()]);
    assert!(said.starts_with("<plan>") && !chunks.contains("[DONE]") && answer.stopped_by_error.is_some());
    for failed in [
        r#"data: {"type":"message-end","delta":{"finish_reason":"ERROR","error":"Down."}}"#,
        r#"data: {"id":"e","message":"Down."}"#,
    ] {
        let (chunks, _, answer) = heard(&[EVENTS.as_bytes()[..end].as_ref(), failed.as_bytes(), b"\n\n"]);
        assert!(!answer.complete && !chunks.contains("[DONE]"), "{chunks}");
        assert_eq!(answer.stopped_by_error.unwrap().message, "Down.");
    }
}

proptest! {
    #[test]
    fn a_stream_says_the_same_however_it_is_cut(cuts in prop::collection::vec(0..EVENTS.len(), 0..6)) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let (mut pieces, mut from) = (Vec::new(), 0);
        for cut in cuts {
            pieces.push(&EVENTS.as_bytes()[from..cut]);
            from = cut;
        }
        pieces.push(&EVENTS.as_bytes()[from..]);
        prop_assert_eq!(heard(&pieces), heard(&[EVENTS.as_bytes()]));
    }
}

#[test]
fn vectors_are_asked_for_and_listed_as_openai_does() {
    let body = json!({"model": "e", "input": ["a", "b"], "dimensions": 64, "encoding_format": "base64"});
    let (got, told) = asked(Api::Embeddings, &body, false).unwrap();
    let wanted = json!({"model": "e", "texts": ["a", "b"], "input_type": "search_document",
        "embedding_types": ["base64"], "output_dimension": 64});
    assert_eq!((got, told.losses.adapted), (wanted, vec!["input_type=search_document".to_owned()]));
    let query = json!({"model": "e", "input": "a", "input_type": "search_query"});
    let (got, told) = asked(Api::Embeddings, &query, false).unwrap();
    assert_eq!((&got["texts"], &got["input_type"]), (&json!(["a"]), &json!("search_query")));
    assert!(told.losses.adapted.is_empty());
    assert_eq!(asked(Api::Embeddings, &json!({"input": [[1, 2]]}), false).unwrap_err().param, "input");

    let body = br#"{"id":"v","embeddings":{"float":[[0.10,1],[2]]},"meta":{"billed_units":{"input_tokens":7,"image_tokens":0}}}"#;
    let told = Host::Cohere.retold(Api::Embeddings, body, &heading()).unwrap();
    let text = std::str::from_utf8(&told).unwrap();
    assert!(text.contains(r#"{"object":"embedding","index":0,"embedding":[0.10,1]}"#), "{text}");
    let answer = read_answer_of(Api::Embeddings, &told, Quirks::default()).unwrap();
    assert_eq!(answer.usage.filled().collect::<Vec<_>>(), [(Bucket::Input, 7)]);
    assert_eq!(answer.usage_raw, r#"{"input_tokens":7,"image_tokens":0}"#);
    assert!(Host::Cohere.retold(Api::Embeddings, b"{}", &heading()).is_err());
}
