//! The promises of translating: small requests and answers of our own beside what becomes of them (`fixtures/*.out`, written
//! anew by `WEIR_ACCEPT=1`; read the difference), and what holds for each of them.

mod recorded;

use std::path::PathBuf;

use super::*;
use crate::{
    Quirks, SseDecoder, StreamReader,
    model::{Assembly, Reply, read_conversation},
};

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "src", "translate", "fixtures", name].iter().collect()
}

fn load(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

fn accepted(name: &str, found: &str) {
    let file = path(&format!("{name}.out"));
    if std::env::var_os("WEIR_ACCEPT").is_some() {
        std::fs::write(&file, found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(file).unwrap(), "{name}");
}

fn others(dialect: Dialect) -> impl Iterator<Item = Dialect> {
    Dialect::ALL.into_iter().filter(move |other| *other != dialect)
}

/// The name of a file of `out` for what `name` becomes in that dialect.
fn crossed_name(name: &str, to: Dialect) -> String {
    format!("{name}_to_{}", to.name())
}

fn target(dialect: Dialect, model: &str) -> Target<'_> {
    Target { dialect, provider: dialect.name(), model, max_output: Some(8_192) }
}

fn terms(caller: Dialect, stream: bool) -> Terms {
    Terms {
        caller,
        stream,
        array: false,
        include_usage: true,
        answer_tool: false,
        created_s: 1_767_225_600,
        echo: Default::default(),
        provider: "somebody".to_owned(),
        request_id: "req_1".to_owned(),
    }
}

fn pretty(body: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

const REQUESTS: [(&str, Dialect, &str); 6] = [
    ("openai_tools_request", Dialect::OpenAi, "claude-sonnet-4-5"),
    ("openai_schema_request", Dialect::OpenAi, "claude-3-5-haiku"),
    ("anthropic_agent_request", Dialect::Anthropic, "gpt-5"),
    ("openai_effort_request", Dialect::OpenAi, "claude-opus-4-6"),
    ("gemini_agent_request", Dialect::Gemini, "gpt-5"),
    ("responses_agent_request", Dialect::Responses, "gpt-5"),
];

/// A model of that dialect, where a request names none of it.
fn model_of(dialect: Dialect, named: &'static str) -> &'static str {
    match dialect {
        Dialect::Gemini => "gemini-3-pro-preview",
        Dialect::Anthropic if !named.starts_with("claude") => "claude-opus-4-6",
        Dialect::OpenAi | Dialect::Responses if !named.starts_with("gpt") => "gpt-5",
        _ => named,
    }
}

#[test]
fn every_request_is_translated_as_accepted() {
    for (name, caller, model) in REQUESTS {
        let body = load(&format!("{name}.json"));
        let said = read_conversation(caller, &body).unwrap();
        for to in others(caller) {
            let found = match translate_request(&said, caller, &target(to, model_of(to, model)), false) {
                Ok(found) => format!("{:?}\n{}\n", found.losses, pretty(&found.body)),
                Err(unsupported) => format!("{unsupported}\n"),
            };
            accepted(&crossed_name(name, to), &found);
        }
    }
}

const STREAMS: [(&str, Dialect); 12] = [
    ("openai_usage_apart", Dialect::OpenAi),
    ("openai_tools", Dialect::OpenAi),
    ("openai_copy", Dialect::OpenAi),
    ("openai_choices", Dialect::OpenAi),
    ("openai_error", Dialect::OpenAi),
    ("anthropic_text", Dialect::Anthropic),
    ("anthropic_tools", Dialect::Anthropic),
    ("anthropic_error", Dialect::Anthropic),
    ("gemini_text", Dialect::Gemini),
    ("gemini_error", Dialect::Gemini),
    ("responses_text", Dialect::Responses),
    ("responses_failed", Dialect::Responses),
];

/// A stream of one dialect as another's, its end included where it is whole.
fn crossed(source: Dialect, to: Dialect, pieces: &[&[u8]]) -> Vec<u8> {
    let mut writer = StreamWriter::new(source, terms(to, true));
    let mut reader = StreamReader::new(source, Quirks::default());
    let (mut out, mut decoder) = (Vec::new(), SseDecoder::default());
    let mut take = |event: crate::Event<'_>| {
        reader.read(&event, &mut |event| writer.write(event, &mut out));
    };
    for piece in pieces {
        decoder.push(piece, &mut take).unwrap();
    }
    decoder.finish(&mut take);
    if reader.is_complete() {
        writer.close(&mut out);
    }
    out
}

/// What a stream says.
fn reply_of(dialect: Dialect, body: &[u8]) -> Reply {
    let mut reader = StreamReader::new(dialect, Quirks::default());
    let (mut assembly, mut decoder) = (Assembly::new(dialect), SseDecoder::default());
    let mut take = |event: crate::Event<'_>| {
        reader.read(&event, &mut |event| assembly.take(event));
    };
    decoder.push(body, &mut take).unwrap();
    decoder.finish(&mut take);
    assembly.finish()
}

fn fixture(name: &str) -> Vec<u8> {
    let file: PathBuf = [env!("CARGO_MANIFEST_DIR"), "src", "fixtures", name].iter().collect();
    std::fs::read(file).unwrap()
}

#[test]
fn every_stream_is_translated_as_accepted_however_it_is_cut() {
    for (name, source) in STREAMS {
        let body = fixture(&format!("{name}.sse"));
        for to in others(source) {
            let whole = crossed(source, to, &[&body]);
            accepted(&crossed_name(name, to), std::str::from_utf8(&whole).unwrap());
            for at in 1..body.len() {
                let (left, right) = body.split_at(at);
                assert!(crossed(source, to, &[left, right]) == whole, "{name} cut at {at}");
            }
        }
    }
}

#[test]
fn interleaved_calls_each_keep_their_own_arguments() {
    for to in others(Dialect::OpenAi) {
        let crossed = crossed(Dialect::OpenAi, to, &[&fixture("openai_tools.sse")]);
        let reply = reply_of(to, &crossed);
        let calls: Vec<(&str, &str)> = reply.choices[0]
            .message
            .parts
            .iter()
            .filter_map(|part| match part {
                crate::model::Part::ToolCall { id, arguments, .. } => {
                    Some((id.as_ref(), arguments.text.as_ref()))
                }
                _ => None,
            })
            .collect();
        assert_eq!(calls, [("call_a", "{\"river\":\"Elbe\"}"), ("call_b", "{\"at\":\"lock 3\"}")]);
    }
}

#[test]
fn an_answer_in_one_piece_says_what_its_stream_says() {
    for (source, caller) in Dialect::ALL.into_iter().flat_map(|one| others(one).map(move |to| (one, to))) {
        let name = &format!("{}_answer", source.name());
        let body = fixture(&format!("{name}.json"));
        let whole = write_answer(source, &body, Quirks::default(), &terms(caller, false)).unwrap();
        accepted(&crossed_name(name, caller), &format!("{}\n", pretty(&whole.body)));
        let events = write_answer(source, &body, Quirks::default(), &terms(caller, true)).unwrap();
        let mut read = Assembly::new(caller);
        crate::read_answer_events(caller, &whole.body, Quirks::default(), &mut |event| read.take(event))
            .unwrap();
        let (mut one, mut many) = (read.finish(), reply_of(caller, &events.body));
        // A stream has no last word on citations' order; everything else is the same.
        one.choices.truncate(1);
        // An event is one line: white space between an argument's members may change.
        for part in &mut one.choices[0].message.parts {
            if let crate::model::Part::ToolCall { arguments, .. } = part {
                let spaced = caller == Dialect::Gemini;
                arguments.text = arguments.text.replace('\n', if spaced { " " } else { "\n" }).into();
            }
        }
        assert_eq!(one.usage, many.usage, "{name}");
        assert_eq!(one.choices[0].finish, many.choices[0].finish, "{name}");
        // A message in one piece has members, not an order of what was said.
        for reply in [&mut one, &mut many] {
            let parts = &mut reply.choices[0].message.parts;
            for part in parts.iter_mut() {
                if let crate::model::Part::ToolCall { arguments, .. } = part
                    && arguments.text == "{}"
                {
                    arguments.text = "".into();
                }
            }
            parts.sort_by_key(|part| format!("{part:?}"));
        }
        assert_eq!(one.choices[0].message, many.choices[0].message, "{name}");
    }
}

#[test]
fn thoughts_and_their_proofs_survive_a_turn_in_openais_format() {
    let body = br#"{"id":"m","model":"claude-opus-4-6","content":[{"type":"thinking","thinking":"Hm.","signature":"c2ln"},
        {"type":"redacted_thinking","data":"c2Vh"},{"type":"text","text":"Yes."}],"stop_reason":"end_turn"}"#;
    let written =
        write_answer(Dialect::Anthropic, body, Quirks::default(), &terms(Dialect::OpenAi, false)).unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&written.body).unwrap();
    let again = serde_json::json!({"model": "m", "messages": [
        {"role": "user", "content": "?"}, answer["choices"][0]["message"], {"role": "user", "content": "And?"}]})
    .to_string();
    let said = read_conversation(Dialect::OpenAi, again.as_bytes()).unwrap();
    let sent =
        translate_request(&said, Dialect::OpenAi, &target(Dialect::Anthropic, "claude-opus-4-6"), false);
    let sent: serde_json::Value = serde_json::from_slice(&sent.unwrap().body).unwrap();
    let expected = serde_json::json!([
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "c2Vh"},
        {"type": "text", "text": "Yes."}]);
    assert_eq!(sent["messages"][1]["content"], expected);
}

#[test]
fn what_a_dialect_cannot_say_is_named_where_the_caller_wrote_it() {
    let refused_by = |caller: Dialect, to: Dialect, body: &str| {
        let said = read_conversation(caller, body.as_bytes()).unwrap();
        let there = target(to, "m");
        let first = translate_request(&said, caller, &there, false).unwrap_err().param;
        let dropped = translate_request(&said, caller, &there, true).unwrap().losses.dropped;
        assert!(dropped.contains(&first), "{body}");
        first
    };
    let refused = |caller: Dialect, body: &str| {
        let to = if caller == Dialect::OpenAi { Dialect::Anthropic } else { Dialect::OpenAi };
        refused_by(caller, to, body)
    };
    for (param, body) in [
        ("n", r#"{"messages":[],"n":2}"#),
        ("logprobs", r#"{"messages":[],"logprobs":true}"#),
        ("seed", r#"{"messages":[],"seed":1}"#),
        ("temperature", r#"{"messages":[],"temperature":1.5}"#),
        ("stop[1]", r#"{"messages":[],"stop":["a","\n"]}"#),
        ("hologram", r#"{"messages":[],"hologram":1}"#),
        ("tools[0]", r#"{"messages":[],"tools":[{"type":"web_search"}]}"#),
        (
            "messages[0].content[1]",
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"input_audio","input_audio":{"data":"AA","format":"wav"}}]}]}"#,
        ),
    ] {
        assert_eq!(refused(Dialect::OpenAi, body), param);
    }
    for (param, body) in [
        ("stop_sequences", r#"{"messages":[],"stop_sequences":["a","b","c","d","e"]}"#),
        ("top_k", r#"{"messages":[],"top_k":5}"#),
        ("mcp_servers", r#"{"messages":[],"mcp_servers":[{"url":"u"}]}"#),
        ("tools[0]", r#"{"messages":[],"tools":[{"type":"bash_20250124","name":"bash"}]}"#),
    ] {
        assert_eq!(refused(Dialect::Anthropic, body), param);
    }
    for (param, body) in [
        ("logprobs", r#"{"messages":[],"logprobs":true}"#),
        ("stop", r#"{"messages":[],"stop":["a","b","c","d","e","f"]}"#),
        ("parallel_tool_calls", r#"{"messages":[],"parallel_tool_calls":false}"#),
        ("tools[0].name", r#"{"messages":[],"tools":[{"type":"function","function":{"name":"a b"}}]}"#),
    ] {
        assert_eq!(refused_by(Dialect::OpenAi, Dialect::Gemini, body), param);
    }
    for (param, body) in [
        ("generationConfig.topK", r#"{"contents":[],"generationConfig":{"topK":5}}"#),
        ("cachedContent", r#"{"contents":[],"cachedContent":"cachedContents/1"}"#),
        ("tools[0]", r#"{"contents":[],"tools":[{"googleSearch":{}}]}"#),
        ("generationConfig.speechConfig", r#"{"contents":[],"generationConfig":{"speechConfig":{"a":1}}}"#),
        (
            "contents[0].parts[1]",
            r#"{"contents":[{"parts":[{"text":"a"},{"executableCode":{"code":"1"}}]}]}"#,
        ),
    ] {
        assert_eq!(refused(Dialect::Gemini, body), param);
    }
}

#[test]
fn geminis_proofs_come_back_on_the_call_they_prove_whatever_format_the_caller_speaks() {
    let body = br#"{"responseId":"r","modelVersion":"gemini-3-pro","candidates":[{"index":0,"finishReason":"STOP","content":{"role":"model","parts":[
        {"functionCall":{"name":"level","args":{"at":1}},"thoughtSignature":"c2ln"},{"functionCall":{"name":"level","args":{"at":2}}}]}}]}"#;
    let written =
        write_answer(Dialect::Gemini, body, Quirks::default(), &terms(Dialect::OpenAi, false)).unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&written.body).unwrap();
    let message = &answer["choices"][0]["message"];
    assert_eq!(message["tool_calls"][1]["id"], "call_req1_2");
    let again = serde_json::json!({"model": "m", "messages": [{"role": "user", "content": "?"}, message,
        {"role": "tool", "tool_call_id": "call_req1_1", "content": "2.4"},
        {"role": "tool", "tool_call_id": "call_req1_2", "content": "{\"m\":3.1}"}]})
    .to_string();
    let said = read_conversation(Dialect::OpenAi, again.as_bytes()).unwrap();
    let there = target(Dialect::Gemini, "gemini-3-pro");
    let sent = translate_request(&said, Dialect::OpenAi, &there, false).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
    let expected = serde_json::json!([
        {"functionCall": {"id": "call_req1_1", "name": "level", "args": {"at": 1}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"id": "call_req1_2", "name": "level", "args": {"at": 2}}}]);
    assert_eq!(sent["contents"][1]["parts"], expected);
    let expected = serde_json::json!([
        {"functionResponse": {"id": "call_req1_1", "name": "level", "response": {"output": "2.4"}}},
        {"functionResponse": {"id": "call_req1_2", "name": "level", "response": {"m": 3.1}}}]);
    assert_eq!(sent["contents"][2]["parts"], expected);
}

#[test]
fn calls_without_ids_and_their_answers_find_each_other() {
    let body = r#"{"contents":[{"role":"user","parts":[{"text":"?"}]},
        {"role":"model","parts":[{"functionCall":{"name":"a","args":{}}},{"functionCall":{"name":"b","args":{}}},{"functionCall":{"name":"a","args":{}}}]},
        {"role":"user","parts":[{"functionResponse":{"name":"a","response":{"output":"1"}}},{"functionResponse":{"name":"a","response":{"output":"2"}}},
            {"functionResponse":{"name":"b","response":{"error":"no"}}}]}]}"#;
    let said = read_conversation(Dialect::Gemini, body.as_bytes()).unwrap();
    let sent = translate_request(&said, Dialect::Gemini, &target(Dialect::OpenAi, "m"), false).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
    let told: Vec<(&str, &str)> = sent["messages"].as_array().unwrap()[2..]
        .iter()
        .map(|one| (one["tool_call_id"].as_str().unwrap(), one["content"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("call_1", "1"), ("call_3", "2"), ("call_2", "Error: no")]);
}

#[test]
fn an_answer_that_names_only_its_function_finds_a_call_that_has_an_id() {
    let body = r#"{"contents":[{"role":"user","parts":[{"text":"?"}]},
        {"role":"model","parts":[{"functionCall":{"id":"x1","name":"a","args":{}}},{"functionCall":{"id":"x2","name":"a","args":{}}},{"functionCall":{"name":"b","args":{}}}]},
        {"role":"user","parts":[{"functionResponse":{"id":"x2","name":"a","response":{"output":"2"}}},{"functionResponse":{"name":"b","response":{"output":"3"}}},
            {"functionResponse":{"name":"a","response":{"output":"1"}}}]}]}"#;
    let said = read_conversation(Dialect::Gemini, body.as_bytes()).unwrap();
    let sent = translate_request(&said, Dialect::Gemini, &target(Dialect::OpenAi, "m"), false).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
    let told: Vec<(&str, &str)> = sent["messages"].as_array().unwrap()[2..]
        .iter()
        .map(|one| (one["tool_call_id"].as_str().unwrap(), one["content"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("x2", "2"), ("call_1", "3"), ("x1", "1")]);
}

#[test]
fn a_choice_among_all_functions_is_any_and_a_promise_that_is_lost_is_told() {
    let tools = r#""tools":[{"functionDeclarations":[{"name":"a"},{"name":"b"}]}]"#;
    let found = |choice: &str| {
        let body = format!(r#"{{"contents":[],{tools},"toolConfig":{{"functionCallingConfig":{choice}}}}}"#);
        let said = read_conversation(Dialect::Gemini, body.as_bytes()).unwrap();
        let sent = translate_request(&said, Dialect::Gemini, &target(Dialect::OpenAi, "m"), false)?;
        let body: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
        Ok::<_, Unsupported>((body["tool_choice"].clone(), sent.losses.dropped))
    };
    let all = r#"{"mode":"ANY","allowedFunctionNames":["b","a"]}"#;
    assert_eq!(found(all).unwrap(), ("required".into(), Vec::new()));
    let validated = vec!["toolConfig.functionCallingConfig.mode".to_owned()];
    assert_eq!(found(r#"{"mode":"VALIDATED"}"#).unwrap(), ("auto".into(), validated));
    assert_eq!(
        found(r#"{"mode":"AUTO","allowedFunctionNames":["a"]}"#).unwrap_err().param,
        "toolConfig.functionCallingConfig"
    );
}

#[test]
fn a_gemini_caller_who_does_not_ask_for_events_gets_the_same_in_an_array() {
    for (name, source) in STREAMS.into_iter().filter(|(_, source)| *source != Dialect::Gemini) {
        let written = |array: bool| {
            let terms = Terms { array, ..terms(Dialect::Gemini, true) };
            let mut writer = StreamWriter::new(source, terms);
            let mut reader = StreamReader::new(source, Quirks::default());
            let (mut out, mut decoder) = (Vec::new(), SseDecoder::default());
            let mut take = |event: crate::Event<'_>| {
                reader.read(&event, &mut |event| writer.write(event, &mut out));
            };
            decoder.push(&fixture(&format!("{name}.sse")), &mut take).unwrap();
            decoder.finish(&mut take);
            if reader.is_complete() {
                writer.close(&mut out);
            }
            String::from_utf8(out).unwrap()
        };
        let events = written(false);
        let events: Vec<serde_json::Value> = events
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .map(|data| serde_json::from_str(data).unwrap())
            .collect();
        let array: Vec<serde_json::Value> = serde_json::from_str(&written(true)).unwrap();
        assert_eq!(array, events, "{name}");
    }
}

#[test]
fn a_thought_by_budget_goes_on_only_from_a_thought_that_was_kept() {
    let ask = |proof: &str| {
        let body = format!(
            r#"{{"reasoning_effort":"high","messages":[{{"role":"user","content":"?"}},
            {{"role":"assistant","content":null,{proof}"tool_calls":[{{"id":"a","type":"function","function":{{"name":"f","arguments":"{{}}"}}}}]}},
            {{"role":"tool","tool_call_id":"a","content":"1"}}],"tools":[{{"type":"function","function":{{"name":"f"}}}}]}}"#
        );
        let said = read_conversation(Dialect::OpenAi, body.as_bytes()).unwrap();
        ["claude-sonnet-4-5", "claude-opus-4-6"].map(|model| {
            let sent =
                translate_request(&said, Dialect::OpenAi, &target(Dialect::Anthropic, model), false).unwrap();
            let body: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
            (body["thinking"]["type"].as_str().map(str::to_owned), sent.losses.dropped)
        })
    };
    let thinks = |how: &str| (Some(how.to_owned()), Vec::new());
    let kept = r#""reasoning_details":[{"type":"reasoning.text","text":"Hm.","signature":"c2ln","format":"anthropic-claude-v1"}],"#;
    assert_eq!(ask(kept), [thinks("enabled"), thinks("adaptive")]);
    assert_eq!(ask(""), [(None, vec!["reasoning_effort".to_owned()]), thinks("adaptive")]);
}

#[test]
fn proofs_and_citations_that_a_caller_cannot_keep_are_told() {
    let lost = |source: Dialect, caller: Dialect, body: &str| {
        write_answer(source, body.as_bytes(), Quirks::default(), &terms(caller, false)).unwrap().lost
    };
    let claude = r#"{"id":"m","model":"claude-opus-4-6","content":[{"type":"thinking","thinking":"Hm.","signature":"c2ln"},
        {"type":"text","text":"Yes.","citations":[{"type":"char_location","cited_text":"y","document_title":"t"}]}],"stop_reason":"end_turn"}"#;
    assert_eq!(lost(Dialect::Anthropic, Dialect::Gemini, claude), ["signature", "citation"]);
    assert!(lost(Dialect::Anthropic, Dialect::OpenAi, claude).is_empty());
    let gemini = r#"{"candidates":[{"index":0,"finishReason":"STOP","content":{"parts":[{"text":"Yes.","thoughtSignature":"c2ln"}]}}]}"#;
    assert_eq!(lost(Dialect::Gemini, Dialect::Anthropic, gemini), ["signature"]);
}

#[test]
fn a_proof_of_geminis_that_comes_through_another_format_stands_on_its_call() {
    let body = [
        r#"{"id":"c","choices":[{"index":0,"delta":{"reasoning_details":[{"type":"reasoning.encrypted","data":"c2ln","format":"google-gemini-v1"}]}}]}"#,
        r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}"#,
        r#"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        "[DONE]",
    ]
    .map(|data| format!("data: {data}\n\n"))
    .concat();
    let told = String::from_utf8(crossed(Dialect::OpenAi, Dialect::Gemini, &[body.as_bytes()])).unwrap();
    let call = r#"{"functionCall":{"id":"a","name":"f","args":{}},"thoughtSignature":"c2ln"}"#;
    assert!(told.contains(call), "{told}");
}

#[test]
fn a_gemini_model_is_asked_as_its_generation_takes_it() {
    let ask = |model: &str, body: &str| {
        let said = read_conversation(Dialect::Anthropic, body.as_bytes()).unwrap();
        let sent = translate_request(&said, Dialect::Anthropic, &target(Dialect::Gemini, model), false)?;
        let body: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
        Ok::<_, Unsupported>((body["generationConfig"]["thinkingConfig"].clone(), sent.losses.adapted))
    };
    let long = r#"{"messages":[],"thinking":{"type":"enabled","budget_tokens":31999}}"#;
    let config =
        |key: &str, value: serde_json::Value| serde_json::json!({"includeThoughts": true, key: value});
    assert_eq!(
        ask("gemini-2.5-flash", long).unwrap(),
        (config("thinkingBudget", 24_576.into()), vec!["thinking=thinkingBudget:24576".to_owned()])
    );
    assert_eq!(ask("gemini-2.5-pro", long).unwrap(), (config("thinkingBudget", 31_999.into()), Vec::new()));
    assert_eq!(ask("gemini-flash-latest", long).unwrap().0, config("thinkingLevel", "high".into()));
    let shaped = r#"{"messages":[],"tools":[{"name":"a","input_schema":{"type":"object"}}],
        "output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}}"#;
    assert_eq!(ask("gemini-2.5-pro", shaped).unwrap_err().param, "output_config.format");
    assert!(ask("gemini-3-pro", shaped).is_ok());
}
