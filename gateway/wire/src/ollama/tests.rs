//! Requests and answers by hand: what is said, what is refused, and that lines say the same however they come.

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
    let told = Host::Ollama.tell(api, Dialect::OpenAi, body.to_string().as_bytes(), may_drop)?;
    Ok((serde_json::from_slice(&told.body).unwrap(), told))
}

fn heading() -> Heading {
    Heading { id: "chatcmpl-r".to_owned(), model: "llama".to_owned(), created_s: 7, packed: false }
}

#[test]
fn a_request_says_the_same_in_ollamas_words() {
    let body = json!({
        "model": "llama", "stream_options": {"include_usage": true}, "max_tokens": 9, "temperature": 0.5, "top_k": 3,
        "stop": "x", "seed": 1, "options": {"num_ctx": 4096, "temperature": 0.25}, "keep_alive": "5m",
        "reasoning_effort": "high", "logprobs": true, "top_logprobs": 2, "tool_choice": "auto",
        "messages": [
            {"role": "developer", "content": "s"},
            {"role": "user", "content": [
                {"type": "text", "text": "a"}, {"type": "text", "text": "b"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
            {"role": "assistant", "content": null, "reasoning_content": "t", "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
                {"id": "d", "type": "function", "function": {"name": "g", "arguments": ""}}]},
            {"role": "tool", "tool_call_id": "c", "content": "no"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    });
    let wanted = json!({
        "model": "llama", "stream": false, "keep_alive": "5m", "think": "high", "logprobs": true, "top_logprobs": 2,
        "format": {"type": "object"},
        "options": {"num_ctx": 4096, "temperature": 0.25, "num_predict": 9, "top_k": 3, "seed": 1, "stop": ["x"]},
        "messages": [
            {"role": "system", "content": "s"},
            {"role": "user", "content": "a\nb", "images": ["AAAA"]},
            {"role": "assistant", "content": "", "thinking": "t", "tool_calls": [
                {"id": "c", "function": {"name": "f", "arguments": {"a": 1}}},
                {"id": "d", "function": {"name": "g", "arguments": {}}}]},
            {"role": "tool", "content": "no", "tool_name": "f", "tool_call_id": "c"}],
        "tools": [{"type": "function", "function": {"name": "f", "description": "", "parameters": {"type": "object"}}}]
    });
    let (got, told) = asked(Api::ChatCompletions, &body, false).unwrap();
    assert_eq!(got, wanted);
    assert_eq!((told.losses.dropped, told.losses.adapted), (vec![], vec![]));
}

#[test]
fn what_ollama_cannot_be_told_is_refused_by_its_name_or_left_out_where_that_is_agreed() {
    let messages = json!([{"role": "user", "content": "hi"}]);
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "[1]"}});
    for (asks, param) in [
        (json!({"messages": messages, "n": 2}), "n"),
        (json!({"messages": messages, "options": "none"}), "options"),
        (json!({"messages": messages, "logit_bias": {"1": 2}}), "logit_bias"),
        (json!({"messages": messages, "tools": tools, "tool_choice": "required"}), "tool_choice"),
        (json!({"messages": messages, "tools": [{"type": "web_search"}]}), "tools[0]"),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://h/p"}}]}]}),
            "messages[0].content[0]",
        ),
        (
            json!({"messages": [{"role": "assistant", "tool_calls": [call]}]}),
            "messages[0].tool_calls[0].function.arguments",
        ),
    ] {
        let refused = asked(Api::ChatCompletions, &asks, false).unwrap_err();
        assert_eq!((refused.param.as_str(), refused.target), (param, "ollama"));
        let (got, told) = asked(Api::ChatCompletions, &asks, true).unwrap();
        assert_eq!(told.losses.dropped, [param]);
        assert!(got.get(param).is_none(), "{got}");
    }
    let none =
        json!({"messages": messages, "tools": tools, "tool_choice": "none", "reasoning_effort": "minimal"});
    let (got, told) = asked(Api::ChatCompletions, &none, false).unwrap();
    assert!(got.get("tools").is_none(), "not to call any is said by offering none");
    assert_eq!(told.losses.adapted, ["tool_choice=without_tools", "reasoning_effort=low"]);
}

const COUNTS: &str = r#""total_duration":9,"prompt_eval_count":5,"prompt_eval_duration":1,"eval_count":7"#;

#[test]
fn an_answer_is_told_with_all_its_parts_and_counts() {
    let body = format!(
        r#"{{"model":"llama","created_at":"2026-08-07T06:08:11Z","message":{{"role":"assistant","content":"","thinking":"t","tool_calls":[
            {{"function":{{"name":"f","arguments":{{"a": 1}}}}}},{{"id":"call_x","function":{{"index":1,"name":"g","arguments":{{}}}}}}]}},
            "logprobs":[{{"token":"a","logprob":-1.0}}],"done":true,"done_reason":"stop",{COUNTS}}}"#
    );
    let told = Host::Ollama.retold(Api::ChatCompletions, body.as_bytes(), &heading()).unwrap();
    let got: Value = serde_json::from_slice(&told).unwrap();
    let choice = &got["choices"][0];
    assert_eq!(
        (&choice["finish_reason"], &choice["native_finish_reason"]),
        (&json!("tool_calls"), &json!("stop"))
    );
    assert_eq!(
        (&choice["message"]["content"], &choice["message"]["reasoning_content"]),
        (&Value::Null, &json!("t"))
    );
    let calls = &choice["message"]["tool_calls"];
    assert_eq!((&calls[0]["id"], &calls[1]["id"]), (&json!("call_r_0"), &json!("call_x")));
    assert_eq!(calls[0]["function"]["arguments"], json!("{\"a\": 1}"));
    assert_eq!(choice["logprobs"]["content"][0]["token"], "a");
    let answer = read_answer(Dialect::OpenAi, &told, Quirks::default()).unwrap();
    assert_eq!(answer.usage.filled().collect::<Vec<_>>(), [(Bucket::Input, 5), (Bucket::Output, 7)]);
    assert!(!answer.usage.mismatch);
    assert_eq!(answer.usage_raw, format!("{{{COUNTS}}}"), "its own counts are kept");
    assert_eq!(answer.tool_calls, ["f", "g"]);

    let failed = Host::Ollama.retold(Api::ChatCompletions, br#"{"error":"no room"}"#, &heading()).unwrap();
    let answer = read_answer(Dialect::OpenAi, &failed, Quirks::default()).unwrap();
    assert_eq!(answer.stopped_by_error.unwrap().message, "no room");
    assert!(Host::Ollama.retold(Api::ChatCompletions, b"{}", &heading()).is_err());
    let silent = br#"{"message":{"content":"a"},"done":true}"#;
    let told = Host::Ollama.retold(Api::ChatCompletions, silent, &heading()).unwrap();
    assert!(!read_answer(Dialect::OpenAi, &told, Quirks::default()).unwrap().usage.is_known());
}

const LINES: &str = include_str!("../fixtures/ollama_stream.txt");

fn heard(pieces: &[&[u8]]) -> (String, String, Answer) {
    testing::heard(Host::Ollama.retelling("application/x-ndjson", heading()).unwrap(), pieces)
}

#[test]
fn lines_become_chunks_with_usage_and_an_end() {
    let (chunks, said, answer) = heard(&[LINES.as_bytes()]);
    assert_eq!(said, "<t>Yö!(other_content)[0call_r_0f{\"a\":1}][1call_xg{}]");
    assert!(answer.complete && answer.unreadable == 0 && chunks.ends_with("data: [DONE]\n\n"), "{chunks}");
    assert_eq!(answer.finish_reasons, ["tool_calls"]);
    assert_eq!((answer.usage.get(Bucket::Input), answer.usage.get(Bucket::Output)), (5, 7));
    assert!(
        chunks.contains(r#""choices":[],"usage":{"prompt_tokens":5"#),
        "apart, so that it can be left out"
    );
    let (ended, _, unknown) = heard(&[br#"{"message":{"content":"a"},"done":true}"#]);
    assert!(unknown.complete && !unknown.usage.is_known() && !ended.contains(r#""choices":[]"#), "{ended}");
    let unclosed = LINES.trim_end();
    assert_eq!(heard(&[unclosed.as_bytes()]).1, said, "the last line needs no end");
}

#[test]
fn what_was_cut_or_damaged_never_seems_whole() {
    let last = LINES.trim_end().rfind('\n').unwrap();
    assert!(!heard(&[&LINES.as_bytes()[..=last]]).2.complete);
    let broken = |pieces: &[&[u8]]| heard(pieces).2.stopped_by_error.unwrap().message;
    assert_eq!(broken(&[&LINES.as_bytes()[..last + 20]]), "a line of the stream cannot be read");
    assert_eq!(broken(&[b"{\"message\":\n", LINES.as_bytes()]), "a line of the stream cannot be read");
    assert!(broken(&[&vec![b' '; (16 << 20) + 1]]).contains("longer than"));
    let (chunks, _, answer) =
        heard(&[&LINES.as_bytes()[..=last], b"{\"error\":\"no room\"}\n", LINES.as_bytes()]);
    assert!(!answer.complete && !chunks.contains("[DONE]"), "{chunks}");
    assert_eq!(answer.stopped_by_error.unwrap().message, "no room");
}

proptest! {
    #[test]
    fn a_stream_says_the_same_however_it_is_cut(cuts in prop::collection::vec(0..LINES.len(), 0..6)) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let (mut pieces, mut from) = (Vec::new(), 0);
        for cut in cuts {
            pieces.push(&LINES.as_bytes()[from..cut]);
            from = cut;
        }
        pieces.push(&LINES.as_bytes()[from..]);
        prop_assert_eq!(heard(&pieces), heard(&[LINES.as_bytes()]));
    }
}

#[test]
fn vectors_are_asked_for_listed_and_packed_as_openai_does() {
    let body =
        json!({"model": "e", "input": "a", "dimensions": 64, "encoding_format": "base64", "keep_alive": 0});
    let (got, told) = asked(Api::Embeddings, &body, false).unwrap();
    assert_eq!(got, json!({"model": "e", "input": "a", "dimensions": 64, "keep_alive": 0}));
    assert!(told.losses.dropped.is_empty());
    assert_eq!(asked(Api::Embeddings, &json!({"input": [1]}), false).unwrap_err().param, "input");

    let body = br#"{"model":"e","embeddings":[[0.50,-2],[1]],"total_duration":3,"prompt_eval_count":4}"#;
    let told = Host::Ollama.retold(Api::Embeddings, body, &heading()).unwrap();
    let text = std::str::from_utf8(&told).unwrap();
    assert!(text.contains(r#""embedding":[0.50,-2]"#), "{text}");
    let answer = read_answer_of(Api::Embeddings, &told, Quirks::default()).unwrap();
    assert_eq!(answer.usage.filled().collect::<Vec<_>>(), [(Bucket::Input, 4)]);
    assert_eq!(answer.usage_raw, r#"{"total_duration":3,"prompt_eval_count":4}"#);
    let packed = Heading { packed: true, ..heading() };
    let told = Host::Ollama.retold(Api::Embeddings, body, &packed).unwrap();
    assert!(
        std::str::from_utf8(&told).unwrap().contains(r#""embedding":"AAAAPwAAAMA=""#),
        "0.5 and -2 in four bytes each"
    );
}
