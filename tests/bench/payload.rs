//! The questions and answers that travel: JSON of 1 KB and 100 KB, a stream of 50 events, and JSON of 1 KB that is translated to
//! Anthropic's format and back.

use std::time::Duration;

/// Events of a stream, without `[DONE]`.
pub const EVENTS: usize = 50;

/// Between two events of a stream.
pub const PACE: Duration = Duration::from_millis(2);

/// A kind of exchange.
pub struct Payload {
    /// Its name; also the model's, and the first segment of its path at the provider.
    pub name: &'static str,
    /// Characters of prompt.
    prompt: usize,
    /// Whether the answer is a stream.
    pub stream: bool,
    /// The format the provider answers in; clients speak OpenAI's.
    pub dialect: &'static str,
    /// Requests per second at the fixed rate.
    pub rate: u32,
    /// The most CPU a request may cost, in parts of what it costs nginx; `None` where no bar is set.
    pub cost_max: Option<f64>,
    /// The same in parts of what it costs a bare proxy of the same libraries.
    pub bare_max: Option<f64>,
    /// The most added to the 99th percentile at the fixed rate, µs.
    pub added_p99_max: Option<f64>,
}

/// All of them.
pub const ALL: [Payload; 4] = [
    Payload {
        name: "json-1k",
        prompt: 900,
        stream: false,
        dialect: "openai",
        rate: 500,
        cost_max: Some(2.5),
        bare_max: Some(4.0),
        added_p99_max: Some(1000.0),
    },
    Payload {
        name: "json-100k",
        prompt: 100 * 1024,
        stream: false,
        dialect: "openai",
        rate: 200,
        cost_max: None,
        bare_max: None,
        added_p99_max: None,
    },
    Payload {
        name: "sse-50",
        prompt: 900,
        stream: true,
        dialect: "openai",
        rate: 100,
        cost_max: Some(1.8),
        bare_max: Some(2.25),
        added_p99_max: None,
    },
    Payload {
        name: "cross-1k",
        prompt: 900,
        stream: false,
        dialect: "anthropic",
        rate: 500,
        cost_max: None,
        bare_max: None,
        added_p99_max: None,
    },
];

impl Payload {
    /// The path at the provider, and at nginx, which changes nothing.
    pub fn provider_path(&self) -> String {
        let path = if self.dialect == "anthropic" { "messages" } else { "chat/completions" };
        format!("/{}/v1/{path}", self.name)
    }

    /// A whole request as bytes.
    pub fn request(&self, path: &str, key: &str) -> Vec<u8> {
        let prompt = "Which of the seven gates was opened last, and who had ordered it? "
            .chars()
            .cycle()
            .take(self.prompt)
            .collect::<String>();
        let stream =
            if self.stream { r#""stream":true,"stream_options":{"include_usage":true},"# } else { "" };
        let body = format!(
            r#"{{"model":"{}",{stream}"user":"user-17","messages":[{{"role":"system","content":"You are a careful archivist."}},{{"role":"user","content":"{prompt}"}}]}}"#,
            self.name
        );
        format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: bench\r\naccept: application/json\r\n\
             content-type: application/json\r\nauthorization: Bearer {key}\r\nx-weir-customer: acme\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

/// The answer to a question that is not a stream, head and body.
pub fn answer() -> Vec<u8> {
    let text = "The seventh gate was opened by the warden of the weir, as the book of that spring tells. "
        .repeat(10);
    let body = format!(
        r#"{{"id":"chatcmpl-bench","object":"chat.completion","created":1764000000,"model":"bench-model","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":212,"completion_tokens":188,"total_tokens":400,"prompt_tokens_details":{{"cached_tokens":64}}}},"service_tier":"default"}}"#
    );
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The same answer in Anthropic's format.
pub fn message() -> Vec<u8> {
    let text = "The seventh gate was opened by the warden of the weir, as the book of that spring tells. "
        .repeat(10);
    let body = format!(
        r#"{{"id":"msg_bench","type":"message","role":"assistant","model":"bench-model","content":[{{"type":"text","text":"{text}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{"input_tokens":148,"cache_read_input_tokens":64,"cache_creation_input_tokens":0,"output_tokens":188}}}}"#
    );
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_bench\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The head of a stream.
pub fn stream_head() -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n"
        .to_vec()
}

/// The events of a stream as chunks; usage, `[DONE]` and the end travel with the last.
pub fn stream_events() -> Vec<Vec<u8>> {
    let event = |choices: &str, usage: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1764000000,\
             \"model\":\"bench-model\",\"choices\":[{choices}],\"usage\":{usage}}}\n\n"
        )
    };
    let word = |number| {
        let choices = format!(
            r#"{{"index":0,"delta":{{"content":" word {number}"}},"logprobs":null,"finish_reason":null}}"#
        );
        event(&choices, "null")
    };
    let mut events: Vec<String> = (1..EVENTS).map(word).collect();
    let stop = event(r#"{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}"#, "null");
    let usage = r#"{"prompt_tokens":212,"completion_tokens":49,"total_tokens":261}"#;
    events.push(format!("{stop}{}data: [DONE]\n\n", event("", usage)));
    let chunk = |text: String| format!("{:x}\r\n{text}\r\n", text.len()).into_bytes();
    let mut chunks: Vec<Vec<u8>> = events.into_iter().map(chunk).collect();
    if let Some(last) = chunks.last_mut() {
        last.extend_from_slice(b"0\r\n\r\n");
    }
    chunks
}
