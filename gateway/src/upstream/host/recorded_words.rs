//! Recorded answers of hosts with words of their own, other people's data read from where it is kept: told as chat completions they
//! keep text, thoughts, calls with their arguments, why they ended, what is counted, and the provider's own object of it.

use std::path::PathBuf;

use serde_json::Value;
use weir_contract::usage::Bucket;
use weir_wire::completion::Heading;
use weir_wire::host::Host;
use weir_wire::{
    Answer, Api, Dialect, Quirks, SseDecoder, StreamEvent, StreamReader, read_answer_events, read_answer_of,
    read_error,
};

/// What must survive.
#[derive(Debug, Default, PartialEq)]
struct Said {
    text: String,
    thought: String,
    /// Names and arguments, as JSON where they are.
    calls: Vec<(String, Value)>,
    finish: String,
    /// Input, output with reasoning, and reasoning alone.
    counts: Option<[u64; 3]>,
    usage: Value,
    citations: usize,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn arguments(value: &Value) -> Value {
    value
        .as_str()
        .map_or_else(|| value.clone(), |text| serde_json::from_str(text).unwrap_or_else(|_| text.into()))
}

impl Said {
    fn hear_cohere(&mut self, message: &Value) {
        let content = &message["content"];
        let parts = content.as_array().map_or(std::slice::from_ref(content), Vec::as_slice);
        for part in parts {
            self.text.push_str(text(&part["text"]));
            self.thought.push_str(text(&part["thinking"]));
        }
        self.thought.push_str(text(&message["tool_plan"]));
        let cited = &message["citations"];
        self.citations += cited.as_array().map_or(usize::from(cited.is_object()), Vec::len);
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            self.calls.push((
                text(&call["function"]["name"]).to_owned(),
                arguments(&call["function"]["arguments"]),
            ));
        }
    }

    fn end_cohere(&mut self, end: &Value) {
        let words = [
            ("COMPLETE", "stop"),
            ("STOP_SEQUENCE", "stop"),
            ("MAX_TOKENS", "length"),
            ("TOOL_CALL", "tool_calls"),
        ];
        let word = words.iter().find(|(word, _)| *word == text(&end["finish_reason"])).unwrap();
        word.1.clone_into(&mut self.finish);
        let (billed, tokens) = (&end["usage"]["billed_units"], &end["usage"]["tokens"]);
        let count = |of: &Value| of.as_u64().unwrap_or(0);
        self.counts =
            Some([&billed["input_tokens"], &billed["output_tokens"], &tokens["reasoning_tokens"]].map(count));
        self.usage = end["usage"].clone();
    }

    fn hear_ollama(&mut self, line: &Value) {
        let message = &line["message"];
        self.text.push_str(text(&message["content"]));
        self.thought.push_str(text(&message["thinking"]));
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            self.calls
                .push((text(&call["function"]["name"]).to_owned(), call["function"]["arguments"].clone()));
        }
        if line["done"] == true {
            let reason = if self.calls.is_empty() { text(&line["done_reason"]) } else { "tool_calls" };
            reason.clone_into(&mut self.finish);
            let count = |key: &str| line[key].as_u64().unwrap_or(0);
            self.counts = Some([count("prompt_eval_count"), count("eval_count"), 0]);
            let mut usage = line.clone();
            let members = usage.as_object_mut().unwrap();
            members.retain(|key, _| key.ends_with("_count") || key.ends_with("_duration"));
            self.usage = usage;
        }
    }

    fn take(&mut self, event: &StreamEvent<'_>) {
        match event {
            StreamEvent::Text { text, .. } => self.text.push_str(text),
            StreamEvent::Reasoning { text, .. } => self.thought.push_str(text),
            StreamEvent::ToolCall { id, name, arguments, .. } if !id.is_empty() => {
                self.calls.push((name.to_string(), Value::from(arguments.as_ref())));
            }
            StreamEvent::ToolCall { arguments, .. } => {
                let (_, begun) = self.calls.last_mut().unwrap();
                *begun = Value::from(format!("{}{arguments}", text(begun)));
            }
            StreamEvent::Other { kind, raw, .. } if kind == "citations" => {
                self.citations += serde_json::from_str::<Vec<Value>>(raw).unwrap().len();
            }
            other => assert!(!matches!(other, StreamEvent::Other { .. }), "{other:?}"),
        }
    }

    fn end(mut self, answer: &Answer) -> Self {
        assert!(answer.complete && answer.unreadable == 0 && !answer.usage.mismatch, "{answer:?}");
        self.calls.iter_mut().for_each(|(_, written)| *written = arguments(&written.take()));
        self.finish = answer.finish_reasons.concat();
        let of = |bucket| answer.usage.get(bucket);
        let output = of(Bucket::Output) + of(Bucket::Reasoning);
        self.counts = answer.usage.is_known().then(|| [of(Bucket::Input), output, of(Bucket::Reasoning)]);
        let sum: u64 = answer.usage.filled().map(|(_, units)| units).sum();
        assert_eq!(sum, of(Bucket::Input) + output, "nothing else is counted");
        self.usage = serde_json::from_str(&answer.usage_raw).unwrap();
        self
    }
}

fn heading() -> Heading {
    Heading { id: "chatcmpl-r".to_owned(), model: "m".to_owned(), created_s: 0, packed: false }
}

fn told(host: Host, body: &Value) -> Said {
    let told = host.retold(Api::ChatCompletions, body.to_string().as_bytes(), &heading()).unwrap();
    let mut said = Said::default();
    let mut take = |event: StreamEvent<'_>| said.take(&event);
    let answer = read_answer_events(Dialect::OpenAi, &told, Quirks::default(), &mut take).unwrap();
    said.end(&answer)
}

fn streamed(host: Host, kind: &str, stream: &str) -> Said {
    let mut retelling = host.retelling(kind, heading()).unwrap();
    let mut chunks: Vec<u8> = stream.as_bytes().chunks(97).flat_map(|piece| retelling.push(piece)).collect();
    chunks.extend(retelling.finish());
    let mut reader = StreamReader::new(Dialect::OpenAi, Quirks::default());
    let mut said = Said::default();
    let take = |event: weir_wire::Event<'_>| {
        reader.read(&event, &mut |event| said.take(&event));
    };
    SseDecoder::default().push(&chunks, take).unwrap();
    said.end(&reader.finish())
}

fn cohere(response: &Value) -> (Said, Said) {
    let mut wanted = Said::default();
    let Some(stream) = response["sse"].as_str() else {
        wanted.hear_cohere(&response["body"]["message"]);
        wanted.end_cohere(&response["body"]);
        return (wanted, told(Host::Cohere, &response["body"]));
    };
    for line in stream.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|line| *line != "[DONE]")
    {
        let event: Value = serde_json::from_str(line).unwrap();
        let message = &event["delta"]["message"];
        let function = &message["tool_calls"]["function"];
        match text(&event["type"]) {
            "tool-call-start" => {
                wanted.calls.push((text(&function["name"]).to_owned(), function["arguments"].clone()));
            }
            "tool-call-delta" => {
                let (_, begun) = wanted.calls.last_mut().unwrap();
                *begun = Value::from(format!("{}{}", text(begun), text(&function["arguments"])));
            }
            "message-end" => wanted.end_cohere(&event["delta"]),
            _ => wanted.hear_cohere(message),
        }
    }
    wanted.calls.iter_mut().for_each(|(_, written)| *written = arguments(&written.take()));
    (wanted, streamed(Host::Cohere, "text/event-stream", stream))
}

fn ollama(response: &Value) -> (Said, Said) {
    let mut wanted = Said::default();
    let Some(stream) = response["body_text"].as_str() else {
        wanted.hear_ollama(&response["body"]);
        return (wanted, told(Host::Ollama, &response["body"]));
    };
    stream.lines().for_each(|line| wanted.hear_ollama(&serde_json::from_str(line).unwrap()));
    (wanted, streamed(Host::Ollama, "application/x-ndjson", stream))
}

/// Whether what the host wrote itself is told back to it as it was, where OpenAI's format has the same words for it.
fn refused(response: &Value) -> bool {
    let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
    let body = &response["body"];
    let message = body["message"].as_str().or_else(|| body["error"].as_str());
    let fault = read_error(Dialect::OpenAi, status, |_| None, body.to_string().as_bytes());
    assert_eq!(Some(fault.message.as_str()), message);
    if body["error_type"] == "TOO_MANY_TOKENS" {
        assert_eq!(fault.kind, weir_wire::FaultKind::ContextLength);
    }
    true
}

/// Vectors, and what they cost, told as OpenAI lists them.
fn vectors(host: Host, body: &Value) {
    let own = body["embeddings"]["float"].as_array().or_else(|| body["embeddings"].as_array()).unwrap();
    let told = host.retold(Api::Embeddings, body.to_string().as_bytes(), &heading()).unwrap();
    let got: Value = serde_json::from_slice(&told).unwrap();
    let listed: Vec<_> = got["data"].as_array().unwrap().iter().map(|one| &one["embedding"]).collect();
    assert_eq!(listed, own.iter().collect::<Vec<_>>());
    let counted =
        body["meta"]["billed_units"]["input_tokens"].as_u64().or(body["prompt_eval_count"].as_u64());
    let answer = read_answer_of(Api::Embeddings, &told, Quirks::default()).unwrap();
    assert_eq!(answer.usage.is_known().then(|| answer.usage.get(Bucket::Input)), counted);
    assert!(counted.is_some() && !answer.usage.mismatch);
}

/// How many answers in one piece, streams and refusals there were.
fn all_of(file: &str, api: &str, hear: impl Fn(&Value) -> Option<(Said, Said)>) -> Option<[u64; 3]> {
    let beside: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "shared", "recordings"].iter().collect();
    let folder = std::env::var_os("WEIR_RECORDINGS").map_or(beside, PathBuf::from);
    let Ok(recorded) = std::fs::read_to_string(folder.join(file)) else {
        let required = std::env::var_os("WEIR_RECORDINGS_REQUIRED").is_some();
        assert!(!required, "WEIR_RECORDINGS names no recordings");
        println!("left out: recorded answers of {api}: there is no recorded traffic here (WEIR_RECORDINGS)");
        return None;
    };
    let [mut answers, mut streams, mut refusals] = [0; 3];
    for line in recorded.lines() {
        let exchange: Value = serde_json::from_str(line).unwrap();
        let response = &exchange["response"];
        if exchange["api"] != api {
            continue;
        }
        if response["status"] != 200 {
            refusals += u64::from(refused(response));
            continue;
        }
        if let Some((wanted, got)) = hear(response) {
            assert_eq!(wanted, got, "{}", exchange["id"]);
        }
        if response["body"].is_object() { answers += 1 } else { streams += 1 }
    }
    println!("recorded answers of {api}: {answers} in one piece, {streams} streams, {refusals} refusals");
    Some([answers, streams, refusals])
}

#[test]
fn recorded_answers_of_cohere_and_ollama_say_the_same_as_chat_completions() {
    let of_vectors = |host: Host| {
        move |response: &Value| {
            vectors(host, &response["body"]);
            None
        }
    };
    let counts = [
        all_of("cohere.jsonl", "cohere.chat.v2", |response| Some(cohere(response))),
        all_of("ollama.jsonl", "ollama.chat", |response| Some(ollama(response))),
        all_of("cohere.jsonl", "cohere.embed.v2", of_vectors(Host::Cohere)),
        all_of("ollama.jsonl", "ollama.embed", of_vectors(Host::Ollama)),
    ];
    for (found, wanted) in counts.into_iter().flatten().zip([[60, 13, 2], [4, 10, 1], [6, 0, 1], [5, 0, 0]]) {
        assert_eq!(found, wanted, "all of them were found");
    }
}
