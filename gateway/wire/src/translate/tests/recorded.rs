//! Recorded traffic, other people's data read from where it is kept: each chat exchange of either dialect goes to the other
//! one and back, and keeps text, tool calls, ids, usage and why it ended, or is refused by name.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::*;
use crate::model::{Conversation, Finish, Part};

#[derive(Deserialize)]
struct Exchange {
    id: String,
    api: String,
    request: Sent,
    response: Received,
}

#[derive(Deserialize)]
struct Sent {
    body: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Received {
    status: u16,
    body: Option<Box<RawValue>>,
    sse: Option<String>,
}

/// The folder of recordings; `None` after one line that says why they are left out.
fn folder() -> Option<PathBuf> {
    let beside: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "..", "..", "..", "shared", "recordings"].iter().collect();
    let folder = std::env::var_os("WEIR_RECORDINGS").map_or(beside, PathBuf::from);
    if folder.join("README.md").exists() {
        return Some(folder);
    }
    let required = std::env::var_os("WEIR_RECORDINGS_REQUIRED").is_some_and(|value| value == "1");
    assert!(!required, "translated recordings need WEIR_RECORDINGS to name their folder");
    println!("left out: translated recordings: there is no recorded traffic here (WEIR_RECORDINGS names it)");
    None
}

fn exchanges(each: &mut dyn FnMut(Dialect, Exchange)) {
    let Some(folder) = folder() else { return };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    for file in files {
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            let exchange: Exchange = serde_json::from_str(line).unwrap();
            match exchange.api.as_str() {
                "openai.chat_completions" => each(Dialect::OpenAi, exchange),
                "openai.responses" => each(Dialect::Responses, exchange),
                "anthropic.messages" => each(Dialect::Anthropic, exchange),
                "gemini.generate_content" | "gemini.stream_generate_content" => {
                    each(Dialect::Gemini, exchange);
                }
                _ => {}
            }
        }
    }
}

/// Every text a conversation says but reasoning, and every call: what must survive.
fn said(conversation: &Conversation<'_>) -> (String, Vec<String>) {
    let parts = || conversation.system.iter().chain(conversation.messages.iter().flat_map(|m| &m.parts));
    let mut text: Vec<String> = parts().flat_map(texts).filter(|text| !text.trim().is_empty()).collect();
    text.sort();
    let mut calls: Vec<String> =
        parts().map(|part| with_fitting_id(part.clone())).filter_map(|part| call(&part)).collect();
    calls.sort();
    (text.concat(), calls)
}

/// An id that one side does not take has a stable name instead: the same for every mention.
fn with_fitting_id(mut part: Part<'_>) -> Part<'_> {
    if let Part::ToolCall { id, .. } = &mut part {
        let fits = |id: &str| is_plain_name(id, 40);
        *id = fitting_id(id, fits, 32).into_owned().into();
    }
    part
}

fn texts(part: &Part<'_>) -> Vec<String> {
    match part {
        Part::Text(text) | Part::Refusal(text) => vec![text.text.to_string()],
        Part::ToolResult { parts, hosted: false, .. } => parts.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// A call with its arguments as JSON, so that white space does not count.
fn call(part: &Part<'_>) -> Option<String> {
    let Part::ToolCall { id, name, arguments, hosted: false } = part else { return None };
    let arguments: Value = serde_json::from_str(&arguments.text).unwrap_or(Value::Object(Default::default()));
    // Where a provider gives no ids, ours stand in for them.
    let id = if id.starts_with("call_req1_") { "" } else { id.as_ref() };
    Some(format!("{id} {name} {arguments}"))
}

/// The ids of tools' answers that answer no call.
fn strays<'c>(conversation: &'c Conversation<'_>) -> Vec<&'c str> {
    let parts = || conversation.messages.iter().flat_map(|message| &message.parts);
    let is_call =
        |wanted: &str| parts().any(|part| matches!(part, Part::ToolCall { id, .. } if id == wanted));
    let answers = parts().filter_map(|part| match part {
        Part::ToolResult { id, hosted: false, .. } if !is_call(id) => Some(id.as_ref()),
        _ => None,
    });
    answers.collect()
}

#[test]
fn recorded_requests_go_there_and_back_or_are_refused_by_name() {
    let mut wrong = Vec::new();
    let (mut translated, mut refused) = (0_u32, std::collections::BTreeMap::<String, u32>::new());
    exchanges(&mut |caller, exchange| {
        let Some(body) = exchange.request.body else { return };
        let Ok(asked) = read_conversation(caller, body.get().as_bytes()) else { return };
        for to in others(caller) {
            let there = target(to, "m");
            match translate_request(&asked, caller, &there, false) {
                Err(unsupported) => {
                    let param = unsupported.param.split(['[', ']']).next().unwrap_or_default().to_owned();
                    *refused.entry(format!("{} to {}: {param}", caller.name(), to.name())).or_default() += 1;
                }
                Ok(found) => {
                    translated += 1;
                    let read = read_conversation(to, &found.body).unwrap();
                    if strays(&read).len() > strays(&asked).len()
                        || caller == Dialect::Gemini && !strays(&asked).is_empty()
                    {
                        wrong.push(format!(
                            "{} to {}: no call for {:?}",
                            exchange.id,
                            to.name(),
                            strays(&read)
                        ));
                    }
                    let back = translate_request(&read, to, &target(caller, "m"), true).unwrap();
                    let again = read_conversation(caller, &back.body).unwrap();
                    // Words that were added, and things that were moved, are said to be.
                    let moved = |line: &String| line.ends_with("=text") || line.ends_with("=user");
                    let reworded = found.losses.adapted.iter().any(moved);
                    if !reworded && said(&asked) != said(&again) {
                        let (asked, again) = (said(&asked), said(&again));
                        wrong.push(format!("{} to {}: {asked:?}\n became {again:?}", exchange.id, to.name()));
                    }
                }
            }
        }
    });
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(12)].join("\n"));
    println!("recorded requests: {translated} translated, refused by member: {refused:?}");
}

fn is_whole(dialect: Dialect, body: &[u8]) -> bool {
    let mut reader = StreamReader::new(dialect, Quirks::default());
    let mut decoder = SseDecoder::default();
    let mut take = |event: crate::Event<'_>| {
        reader.read(&event, &mut |_| ());
    };
    decoder.push(body, &mut take).unwrap();
    decoder.finish(&mut take);
    reader.is_complete()
}

/// What of a reply must survive.
fn heard(reply: &Reply) -> (String, Vec<String>, Finish, [u64; 2]) {
    let parts = reply.choices.first().map(|choice| choice.message.parts.as_slice()).unwrap_or_default();
    let text = parts.iter().flat_map(texts).collect();
    let calls: Vec<String> = parts.iter().filter_map(call).collect();
    let finish = reply.choices.first().and_then(|choice| choice.finish).unwrap_or_default();
    let finish = if calls.is_empty() || finish != Finish::Stop { finish } else { Finish::ToolCalls };
    (text, calls, finish, [reply.usage.input_total(), reply.usage.output_total()])
}

/// What became of a recorded answer in another dialect.
enum Crossed {
    /// A stream; one that breaks off ends in an error of the caller's dialect.
    Stream { same: Result<(), String>, whole: bool },
    /// An answer in one piece.
    Whole(Result<(), String>),
    /// It says nothing that could be translated.
    Nothing,
}

fn cross(source: Dialect, caller: Dialect, response: &Received) -> Crossed {
    if let Some(sse) = &response.sse {
        let wanted = reply_of(source, sse.as_bytes());
        let got = reply_of(caller, &crossed(source, caller, &[sse.as_bytes()]));
        return Crossed::Stream {
            same: same(caller, &wanted, &got),
            whole: is_whole(source, sse.as_bytes()),
        };
    }
    let Some(body) = response.body.as_ref().map(|body| body.get().as_bytes()) else {
        return Crossed::Nothing;
    };
    let mut wanted = Assembly::new(source);
    let read = crate::read_answer_events(source, body, Quirks::default(), &mut |event| wanted.take(event));
    if !read.is_ok_and(|answer| answer.stopped_by_error.is_none()) {
        return Crossed::Nothing;
    }
    let written = write_answer(source, body, Quirks::default(), &terms(caller, false)).unwrap();
    let mut got = Assembly::new(caller);
    crate::read_answer_events(caller, &written.body, Quirks::default(), &mut |event| got.take(event))
        .unwrap();
    Crossed::Whole(same(caller, &wanted.finish(), &got.finish()))
}

fn same(caller: Dialect, wanted: &Reply, got: &Reply) -> Result<(), String> {
    let (wanted, got) = (heard(wanted), heard(got));
    if wanted == got { Ok(()) } else { Err(format!("to {}: {wanted:?}\n became {got:?}", caller.name())) }
}

#[test]
fn recorded_answers_say_the_same_in_the_other_dialect() {
    let (mut answers, mut streams, mut broken, mut wrong) = (0_u32, 0_u32, 0_u32, Vec::new());
    exchanges(&mut |source, exchange| {
        if exchange.response.status != 200 {
            return;
        }
        for caller in others(source) {
            match cross(source, caller, &exchange.response) {
                Crossed::Stream { same, whole } => {
                    (streams, broken) = (streams + 1, broken + u32::from(!whole));
                    wrong.extend(same.err().filter(|_| whole).map(|why| format!("{}: {why}", exchange.id)));
                }
                Crossed::Whole(same) => {
                    answers += 1;
                    wrong.extend(same.err().map(|why| format!("{}: {why}", exchange.id)));
                }
                Crossed::Nothing => {}
            }
        }
    });
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(12)].join("\n"));
    println!(
        "recorded answers in the other dialect: {answers} in one piece, {streams} streams, {broken} of them broken off"
    );
}
