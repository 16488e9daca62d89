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

fn other(dialect: Dialect) -> Dialect {
    if dialect == Dialect::OpenAi { Dialect::Anthropic } else { Dialect::OpenAi }
}

fn target(dialect: Dialect, model: &str) -> Target<'_> {
    Target { dialect, provider: dialect.name(), model, max_output: Some(8_192) }
}

fn terms(caller: Dialect, stream: bool) -> Terms {
    Terms {
        caller,
        stream,
        include_usage: true,
        answer_tool: false,
        created_s: 1_767_225_600,
        provider: "somebody".to_owned(),
        request_id: "req_1".to_owned(),
    }
}

fn pretty(body: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

const REQUESTS: [(&str, Dialect, &str); 4] = [
    ("openai_tools_request", Dialect::OpenAi, "claude-sonnet-4-5"),
    ("openai_schema_request", Dialect::OpenAi, "claude-3-5-haiku"),
    ("anthropic_agent_request", Dialect::Anthropic, "gpt-5"),
    ("openai_effort_request", Dialect::OpenAi, "claude-opus-4-6"),
];

#[test]
fn every_request_is_translated_as_accepted() {
    for (name, caller, model) in REQUESTS {
        let body = load(&format!("{name}.json"));
        let said = read_conversation(caller, &body).unwrap();
        let found = match translate_request(&said, caller, &target(other(caller), model), false) {
            Ok(found) => format!("{:?}\n{}\n", found.losses, pretty(&found.body)),
            Err(unsupported) => format!("{unsupported}\n"),
        };
        accepted(name, &found);
    }
}

const STREAMS: [(&str, Dialect); 8] = [
    ("openai_usage_apart", Dialect::OpenAi),
    ("openai_tools", Dialect::OpenAi),
    ("openai_copy", Dialect::OpenAi),
    ("openai_choices", Dialect::OpenAi),
    ("openai_error", Dialect::OpenAi),
    ("anthropic_text", Dialect::Anthropic),
    ("anthropic_tools", Dialect::Anthropic),
    ("anthropic_error", Dialect::Anthropic),
];

/// A stream of one dialect as the other's, its end included where it is whole.
fn crossed(source: Dialect, pieces: &[&[u8]]) -> Vec<u8> {
    let mut writer = StreamWriter::new(source, terms(other(source), true));
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
        let whole = crossed(source, &[&body]);
        accepted(&format!("{name}_crossed"), std::str::from_utf8(&whole).unwrap());
        for at in 1..body.len() {
            let (left, right) = body.split_at(at);
            assert!(crossed(source, &[left, right]) == whole, "{name} cut at {at}");
        }
    }
}

#[test]
fn interleaved_calls_each_keep_their_own_arguments() {
    let crossed = crossed(Dialect::OpenAi, &[&fixture("openai_tools.sse")]);
    let reply = reply_of(Dialect::Anthropic, &crossed);
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

#[test]
fn an_answer_in_one_piece_says_what_its_stream_says() {
    for (name, source) in [("openai_answer", Dialect::OpenAi), ("anthropic_answer", Dialect::Anthropic)] {
        let body = fixture(&format!("{name}.json"));
        let caller = other(source);
        let whole = write_answer(source, &body, Quirks::default(), &terms(caller, false)).unwrap();
        accepted(&format!("{name}_crossed"), &format!("{}\n", pretty(&whole.body)));
        let events = write_answer(source, &body, Quirks::default(), &terms(caller, true)).unwrap();
        let mut read = Assembly::new(caller);
        crate::read_answer_events(caller, &whole.body, Quirks::default(), &mut |event| read.take(event))
            .unwrap();
        let (mut one, many) = (read.finish(), reply_of(caller, &events.body));
        // A stream has no last word on citations' order; everything else is the same.
        one.choices.truncate(1);
        assert_eq!(one.usage, many.usage, "{name}");
        assert_eq!(one.choices[0].finish, many.choices[0].finish, "{name}");
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
    let refused = |caller: Dialect, body: &str| {
        let said = read_conversation(caller, body.as_bytes()).unwrap();
        let there = target(other(caller), "m");
        let first = translate_request(&said, caller, &there, false).unwrap_err().param;
        let dropped = translate_request(&said, caller, &there, true).unwrap().losses.dropped;
        assert!(dropped.contains(&first), "{body}");
        first
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
}
