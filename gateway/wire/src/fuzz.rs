//! Every decoder against damaged input: what fixtures say, with bytes flipped, pieces cut, doubled, swapped and put in from one
//! another. Nothing may panic, run on, or write what cannot be read; a stream says the same however it is cut.
//!
//! `WEIR_FUZZ_SECONDS` is how long each decoder is tried; without it a few hundred inputs are. The seed is printed and can be set
//! (`WEIR_FUZZ_SEED`), so that a finding comes again. Why this and no instrumented fuzzer: `docs/adr/0012-fuzzing.md`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use crate::{
    Api, Dialect, Elements, Quirks, SseDecoder, StreamReader,
    completion::Heading,
    converse::{Retelling, told},
    counter,
    host::Host,
    json::top_level,
    model::{Assembly, Reply, read_answer_messages, read_conversation},
    peek::{forward, peek_on},
    read_answer_events, read_error,
    translate::{StreamWriter, Target, Terms, translate_request, write_answer},
};

/// Inputs a decoder is tried with where no time is given.
const FEW: u64 = 400;
/// Longest input, bytes.
const BYTES_MAX: usize = 64 * 1024;

/// Pieces that decoders look for.
const WORDS: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0000",
    "\\ud83d",
    "null",
    "true",
    "-1e400",
    "0",
    "\n\n",
    "data: ",
    "event: error\n",
    "[DONE]",
    "\"type\":",
    "\"content\":",
    "\"role\":\"user\"",
    "\"usage\":{",
    "\u{feff}",
    "é",
];

/// Dice that fall the same way each time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % (most.max(1) as u64)).unwrap()
    }
}

/// The fixtures whose names begin and end so.
fn corpus(begin: &str, end: &str) -> Vec<Vec<u8>> {
    let folder = |parts: &[&str]| -> PathBuf {
        std::iter::once(env!("CARGO_MANIFEST_DIR")).chain(parts.iter().copied()).collect()
    };
    let folders = [folder(&["src", "fixtures"]), folder(&["src", "translate", "fixtures"])];
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with(begin) && name.ends_with(end)
    });
    paths.sort();
    assert!(!paths.is_empty(), "no fixture {begin}…{end}");
    paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn damaged(corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = corpus[dice.below(corpus.len())].clone();
    for _ in 0..=dice.below(6) {
        let at = dice.below(bytes.len() + 1);
        let length = dice.below(40).min(bytes.len() - at);
        match dice.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 => drop(bytes.drain(at..at + length)),
            2 => {
                let piece = bytes[at..at + length].to_vec();
                bytes.splice(at..at, piece);
            }
            3 => bytes.truncate(at),
            4 => {
                let other = &corpus[dice.below(corpus.len())];
                let from = dice.below(other.len());
                let piece = other[from..(from + 200).min(other.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => drop(bytes.splice(at..at, WORDS[dice.below(WORDS.len())].bytes())),
        }
    }
    bytes.truncate(BYTES_MAX);
    bytes
}

/// An input that is being tried: told when it is a finding.
struct Tried(Vec<u8>);

impl Drop for Tried {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input: {}", String::from_utf8_lossy(&self.0));
        }
    }
}

/// Tries one decoder, as long as is wanted.
fn tried(name: &str, corpus: &[Vec<u8>], mut decode: impl FnMut(&[u8], &mut Dice)) {
    let given = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = given("WEIR_FUZZ_SEED").unwrap_or(20_261_126);
    let until = given("WEIR_FUZZ_SECONDS").map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut dice = Dice(seed);
    let mut inputs = 0_u64;
    while until.map_or(inputs < FEW, |until| Instant::now() < until) {
        let input = Tried(damaged(corpus, &mut dice));
        decode(&input.0, &mut dice);
        inputs += 1;
    }
    println!("fuzzed {name}: {inputs} inputs, seed {seed}");
}

fn terms(caller: Dialect, stream: bool) -> Terms {
    Terms {
        caller,
        stream,
        array: stream && caller == Dialect::Gemini,
        include_usage: true,
        answer_tool: false,
        created_s: 0,
        echo: Default::default(),
        provider: "p".to_owned(),
        request_id: "r".to_owned(),
    }
}

fn others(dialect: Dialect) -> impl Iterator<Item = Dialect> {
    Dialect::ALL.into_iter().filter(move |other| *other != dialect)
}

#[test]
fn requests() {
    for dialect in Dialect::ALL {
        let corpus = corpus(dialect.name(), "_request.json");
        tried(&format!("requests, {}", dialect.name()), &corpus, |input, _| {
            let named = (dialect == Dialect::Gemini).then_some("m");
            if let Ok(peek) = peek_on(dialect.chat_api(), named, "", input) {
                let sent = forward(&peek, &bytes::Bytes::copy_from_slice(input), "other", true);
                assert!(is_json(&sent) || !is_json(input));
            }
            let Ok(said) = read_conversation(dialect, input) else { return };
            for to in others(dialect) {
                let target = Target { dialect: to, provider: "p", model: "m", max_output: Some(100) };
                let written = translate_request(&said, dialect, &target, true).unwrap();
                assert!(is_json(&written.body) || !is_json(input));
            }
        });
    }
}

/// What is asked of counters, at every host, and what they answer.
#[test]
fn counters() {
    let hosts =
        [Host::Vertex(Dialect::Anthropic), Host::Vertex(Dialect::Gemini), Host::Bedrock, Host::Converse];
    for dialect in [Dialect::Responses, Dialect::Anthropic, Dialect::Gemini] {
        let corpus = corpus(dialect.name(), "_request.json");
        tried(&format!("counters, {}", dialect.name()), &corpus, |input, _| {
            for host in hosts {
                let wrapped = host.wrap_question(bytes::Bytes::copy_from_slice(input), None);
                assert!(wrapped.is_err() || is_json(&wrapped.unwrap()) || !is_json(input));
                let _ = host.retold_count(input);
            }
            let _ = counter::translate_count(dialect, input, Dialect::Anthropic);
            let Ok(top) = top_level(input) else { return };
            let said = counter::conversation(dialect, &top);
            for to in others(dialect).filter(|to| to.count_api().dialect() != dialect) {
                let target = Target { dialect: to, provider: "p", model: "m", max_output: None };
                let written = counter::translate_question(&said, dialect, &target, true).unwrap();
                assert!(is_json(&written.body) || !is_json(input));
            }
        });
    }
}

/// Whether it is JSON by its grammar: how large a number may be is the reader's business.
fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(text).is_ok()
}

#[test]
fn answers() {
    for dialect in Dialect::ALL {
        let corpus = corpus(dialect.name(), "_answer.json");
        tried(&format!("answers, {}", dialect.name()), &corpus, |input, _| {
            let _ = read_answer_events(dialect, input, Quirks::default(), &mut |_| ());
            let _ = read_answer_messages(dialect, input);
            for status in [400, 429, 500] {
                let _ = read_error(dialect, status, |_| None, input);
            }
            for caller in others(dialect) {
                let written = write_answer(dialect, input, Quirks::default(), &terms(caller, false));
                assert!(written.is_err() || is_json(&written.unwrap().body) || !is_json(input));
            }
        });
    }
}

/// What a stream says, read in pieces.
fn heard(dialect: Dialect, pieces: &[&[u8]]) -> Option<Reply> {
    let mut reader = StreamReader::new(dialect, Quirks::default());
    let (mut assembly, mut decoder) = (Assembly::new(dialect), SseDecoder::default());
    let mut take = |event: crate::Event<'_>| {
        reader.read(&event, &mut |event| assembly.take(event));
    };
    for piece in pieces {
        decoder.push(piece, &mut take).ok()?;
    }
    decoder.finish(&mut take);
    Some(assembly.finish())
}

#[test]
fn streams() {
    for dialect in Dialect::ALL {
        let corpus = corpus(dialect.name(), ".sse");
        tried(&format!("streams, {}", dialect.name()), &corpus, |input, dice| {
            let (left, right) = input.split_at(dice.below(input.len() + 1));
            assert_eq!(heard(dialect, &[left, right]), heard(dialect, &[input]), "however it is cut");
            for caller in others(dialect) {
                let mut writer = StreamWriter::new(dialect, terms(caller, true));
                let mut reader = StreamReader::new(dialect, Quirks::default());
                let (mut out, mut decoder) = (Vec::new(), SseDecoder::default());
                let mut take = |event: crate::Event<'_>| {
                    reader.read(&event, &mut |event| writer.write(event, &mut out));
                };
                let _ = decoder.push(input, &mut take);
                decoder.finish(&mut take);
                writer.close(&mut out);
                if caller == Dialect::Gemini {
                    assert!(is_json(&out), "the array is whole: {}", String::from_utf8_lossy(&out));
                } else {
                    assert!(heard(caller, &[&out]).is_some(), "what is written can be read");
                }
            }
        });
    }
}

#[test]
fn arrays_and_forms() {
    let corpus = corpus("gemini", ".json");
    tried("arrays", &corpus, |input, dice| {
        let mut elements = Elements::default();
        let (left, right) = input.split_at(dice.below(input.len() + 1));
        for piece in [left, right] {
            let piece = bytes::Bytes::copy_from_slice(piece);
            let _ = elements.push(&piece, |_| ());
        }
        drop(elements.rest());
    });
    let form = b"--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nRIFF\r\n--b--\r\n";
    tried("forms", &[form.to_vec()], |input, _| {
        if let Ok(peek) = peek_on(Api::Transcriptions, None, "multipart/form-data; boundary=b", input) {
            drop(forward(&peek, &bytes::Bytes::copy_from_slice(input), "other", true));
        }
    });
}

/// Converse's words: whatever comes, what is told of it can be read.
#[test]
fn converse() {
    tried("requests, converse", &corpus("anthropic", "_request.json"), |input, _| {
        let written = Host::Converse.tell(Api::Messages, Dialect::Anthropic, input, true);
        assert!(written.is_err() || is_json(&written.unwrap().body) || !is_json(input));
    });
    let corpus = corpus("converse", ".json");
    tried("answers and events, converse", &corpus, |input, _| {
        let answer = told(input, "r", "m");
        assert!(answer.is_err() || is_json(&answer.unwrap()) || !is_json(input));
        let Ok(payload) = std::str::from_utf8(input) else { return };
        let (mut retelling, mut out) = (Retelling::new("r".to_owned(), "m".to_owned()), Vec::new());
        for kind in ["messageStart", "contentBlockStart", "contentBlockDelta", "messageStop", "metadata"] {
            retelling.take(kind, payload, &mut out);
        }
        assert!(heard(Dialect::Anthropic, &[&out]).is_some(), "what is told can be read");
    });
}

#[test]
fn cohere() {
    with_words_of_its_own(Host::Cohere, "cohere", "text/event-stream");
}

#[test]
fn ollama() {
    with_words_of_its_own(Host::Ollama, "ollama", "application/x-ndjson");
}

/// What such a host is told and what is told of it can be read, and its streams say the same however they are cut.
fn with_words_of_its_own(host: Host, name: &str, kind: &str) {
    let heading = |packed| Heading { id: "r".to_owned(), model: "m".to_owned(), created_s: 0, packed };
    let mut asked = corpus("openai", "_request.json");
    asked.extend(corpus("host", "_request.json"));
    tried(&format!("requests, {name}"), &asked, |input, _| {
        for api in [Api::ChatCompletions, Api::Embeddings] {
            let told = host.tell(api, Dialect::OpenAi, input, true);
            assert!(told.is_err() || is_json(&told.unwrap().body) || !is_json(input));
        }
    });
    tried(&format!("answers, {name}"), &corpus(name, "_answer.json"), |input, dice| {
        for api in [Api::ChatCompletions, Api::Embeddings] {
            let told = host.retold(api, input, &heading(dice.below(2) == 0));
            assert!(told.is_err() || is_json(&told.unwrap()) || !is_json(input));
        }
    });
    tried(&format!("streams, {name}"), &corpus(name, "_stream.txt"), |input, dice| {
        let (left, right) = input.split_at(dice.below(input.len() + 1));
        let chunks = retold(host, kind, heading(false), &[left, right]);
        assert_eq!(chunks, retold(host, kind, heading(false), &[input]), "however it is cut");
        assert!(heard(Dialect::OpenAi, &[&chunks]).is_some(), "what is told can be read");
    });
}

/// What is told of a host's stream that comes in pieces.
fn retold(host: Host, kind: &str, heading: Heading, pieces: &[&[u8]]) -> Vec<u8> {
    let mut retelling = host.retelling(kind, heading).unwrap();
    let mut chunks = Vec::new();
    for piece in pieces {
        chunks.extend(retelling.push(piece));
    }
    chunks.extend(retelling.finish());
    chunks
}
