//! Recorded answers of Converse, other people's data read from where it is kept: told in the format's words they keep text, calls,
//! counts and why they ended.

use std::path::PathBuf;

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use weir_contract::usage::Bucket;
use weir_wire::converse::{Retelling, told};
use weir_wire::{Answer, Dialect, Quirks, SseDecoder, StreamEvent, StreamReader, read_answer_events};

use super::Unframer;

/// What must survive: texts, names of calls, what is cited (title and words), why it ended, and counts in Converse's order.
#[derive(Debug, Default, PartialEq)]
struct Said {
    text: String,
    calls: Vec<String>,
    cited: Vec<(String, String)>,
    finish: String,
    counts: [u64; 4],
}

impl Said {
    /// What one piece of Converse's JSON says.
    fn hear(&mut self, piece: &Value) {
        let of = |key: &str| piece[key].as_str().unwrap_or_default();
        self.text.push_str(of("text"));
        if let Some(cited) = piece["citationsContent"]["content"].as_array() {
            cited.iter().for_each(|one| self.text.push_str(one["text"].as_str().unwrap_or_default()));
        }
        let listed = piece["citationsContent"]["citations"].as_array().into_iter().flatten();
        for citation in listed.chain(piece.get("citation")) {
            let words = citation["sourceContent"].as_array().into_iter().flatten();
            let words = words.map(|one| one["text"].as_str().unwrap_or_default()).collect();
            self.cited.push((citation["title"].as_str().unwrap_or_default().to_owned(), words));
        }
        self.calls.extend(piece["toolUse"]["name"].as_str().map(str::to_owned));
        let reason = of("stopReason");
        if !reason.is_empty() {
            reason.clone_into(&mut self.finish);
        }
        if piece["usage"].is_object() {
            let names = ["inputTokens", "outputTokens", "cacheReadInputTokens", "cacheWriteInputTokens"];
            self.counts = names.map(|name| piece["usage"][name].as_u64().unwrap_or(0));
        }
    }

    fn told(answer: &Answer, noted: Noted) -> Self {
        let Noted { text, calls, cited } = noted;
        let usage = &answer.usage;
        let written = usage.get(Bucket::CacheWrite5m) + usage.get(Bucket::CacheWrite1h);
        let counts =
            [usage.get(Bucket::Input), usage.get(Bucket::Output), usage.get(Bucket::CacheRead), written];
        let finish = answer.finish_reasons.first().cloned().unwrap_or_default();
        let finish = if finish == "refusal" { "guardrail_intervened".to_owned() } else { finish };
        Self { text, calls, cited, finish, counts }
    }
}

/// What was heard on the way.
#[derive(Default)]
struct Noted {
    text: String,
    calls: Vec<String>,
    cited: Vec<(String, String)>,
}

impl Noted {
    fn note(&mut self, event: &StreamEvent<'_>) {
        match event {
            StreamEvent::Text { text: more, .. } => self.text.push_str(more),
            StreamEvent::ToolCall { name, .. } if !name.is_empty() => self.calls.push(name.to_string()),
            StreamEvent::Citation { citation, .. } => {
                self.cited.push((citation.title.to_string(), citation.cited.to_string()));
            }
            _ => {}
        }
    }
}

fn whole(body: &Value) -> (Said, Said) {
    let mut wanted = Said::default();
    wanted.hear(body);
    let content = body["output"]["message"]["content"].as_array();
    content.into_iter().flatten().for_each(|block| wanted.hear(block));
    let message = told(body.to_string().as_bytes(), "r", "m").unwrap();
    let mut noted = Noted::default();
    let mut take = |event: StreamEvent<'_>| noted.note(&event);
    let answer = read_answer_events(Dialect::Anthropic, &message, Quirks::default(), &mut take).unwrap();
    (wanted, Said::told(&answer, noted))
}

fn streamed(framed: &[u8]) -> (Said, Said) {
    let (mut wanted, mut rest) = (Said::default(), framed);
    let mut decoder = MessageFrameDecoder::new();
    while let Ok(DecodedFrame::Complete(message)) = decoder.decode_frame(&mut rest) {
        let event: Value = serde_json::from_slice(message.payload()).unwrap();
        [&event, &event["start"], &event["delta"]].into_iter().for_each(|piece| wanted.hear(piece));
    }
    let mut unframer = Unframer::retelling(Retelling::new("r".to_owned(), "m".to_owned()));
    let events: Vec<u8> =
        framed.chunks(97).flat_map(|piece| unframer.push(piece).unwrap().to_vec()).collect();
    let mut reader = StreamReader::new(Dialect::Anthropic, Quirks::default());
    let mut noted = Noted::default();
    let take = |event: weir_wire::Event<'_>| {
        reader.read(&event, &mut |event| noted.note(&event));
    };
    SseDecoder::default().push(&events, take).unwrap();
    let answer = reader.finish();
    assert!(answer.complete && answer.unreadable == 0, "{answer:?}");
    (wanted, Said::told(&answer, noted))
}

#[test]
fn recorded_answers_of_converse_say_the_same_in_the_formats_words() {
    let beside: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "shared", "recordings"].iter().collect();
    let folder = std::env::var_os("WEIR_RECORDINGS").map_or(beside, PathBuf::from);
    let Ok(recorded) = std::fs::read_to_string(folder.join("bedrock.jsonl")) else {
        assert!(
            std::env::var_os("WEIR_RECORDINGS_REQUIRED").is_none(),
            "WEIR_RECORDINGS names no recordings"
        );
        println!(
            "left out: recorded answers of Converse: there is no recorded traffic here (WEIR_RECORDINGS)"
        );
        return;
    };
    let (mut answers, mut streams, mut cited) = (0, 0, 0);
    for line in recorded.lines() {
        let exchange: Value = serde_json::from_str(line).unwrap();
        let response = &exchange["response"];
        let (wanted, got) = match exchange["api"].as_str() {
            Some("bedrock.converse") if response["body"]["output"].is_object() => {
                answers += 1;
                whole(&response["body"])
            }
            Some("bedrock.converse_stream") if response["body_base64"].is_string() => {
                streams += 1;
                streamed(&STANDARD.decode(response["body_base64"].as_str().unwrap()).unwrap())
            }
            _ => continue,
        };
        assert_eq!(wanted, got, "{}", exchange["id"]);
        cited += got.cited.len();
    }
    println!("recorded answers of Converse: {answers} in one piece, {streams} streams, {cited} citations");
    assert!(answers > 100 && streams > 30 && cited > 5, "they were found");
}
