//! What travels: JSON of 1 KB and 100 KB, a stream of 50 events, JSON of 1 KB that is translated to Anthropic's format and back;
//! and JSON and streams of the formats beside chat completions.

use std::time::Duration;

use crate::format::Format;

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
    /// The format clients speak.
    pub asked: Format,
    /// The format the provider answers in.
    pub answered: Format,
    /// Requests per second at the fixed rate.
    pub rate: u32,
    /// The most CPU a request may cost, in parts of what it costs nginx; `None` where no bar is set.
    pub cost_max: Option<f64>,
    /// The same in parts of what it costs a bare proxy of the same libraries.
    pub bare_max: Option<f64>,
    /// The most added to the 99th percentile at the fixed rate, µs.
    pub added_p99_max: Option<f64>,
}

/// A payload without bars, whose provider speaks as its clients do.
const fn plain(name: &'static str, format: Format, stream: bool) -> Payload {
    let rate = if stream { 100 } else { 500 };
    let (cost_max, bare_max, added_p99_max) = (None, None, None);
    Payload {
        name,
        prompt: 900,
        stream,
        asked: format,
        answered: format,
        rate,
        cost_max,
        bare_max,
        added_p99_max,
    }
}

/// All of them; the first [`USUAL`] are measured where nothing else is asked for.
pub const ALL: [Payload; 10] = [
    Payload {
        cost_max: Some(2.5),
        bare_max: Some(4.0),
        added_p99_max: Some(1000.0),
        ..plain("json-1k", Format::Chat, false)
    },
    Payload { prompt: 100 * 1024, rate: 200, ..plain("json-100k", Format::Chat, false) },
    Payload { cost_max: Some(1.8), bare_max: Some(2.25), ..plain("sse-50", Format::Chat, true) },
    Payload { answered: Format::Messages, ..plain("cross-1k", Format::Chat, false) },
    plain("json-responses", Format::Responses, false),
    plain("json-messages", Format::Messages, false),
    plain("json-gemini", Format::Gemini, false),
    plain("sse-responses", Format::Responses, true),
    plain("sse-messages", Format::Messages, true),
    plain("sse-gemini", Format::Gemini, true),
];

/// How many are measured where nothing else is asked for.
pub const USUAL: usize = 4;

impl Payload {
    /// The base URL of its endpoint, below the provider's address.
    pub fn base(&self) -> String {
        format!("/{}{}", self.name, self.answered.version())
    }

    /// The path at the provider, and at nginx, which changes nothing.
    pub fn provider_path(&self) -> String {
        format!("{}{}", self.base(), self.answered.path(self.name, self.stream))
    }

    /// The path at the gateway.
    pub fn path(&self) -> String {
        format!("{}{}", self.asked.version(), self.asked.path(self.name, self.stream))
    }

    /// A whole request as bytes.
    pub fn request(&self, path: &str, key: &str) -> Vec<u8> {
        let prompt = "Which of the seven gates was opened last, and who had ordered it? "
            .chars()
            .cycle()
            .take(self.prompt)
            .collect::<String>();
        let body = self.asked.question(self.name, &prompt, self.stream);
        format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: bench\r\naccept: application/json\r\n\
             content-type: application/json\r\nauthorization: Bearer {key}\r\nx-weir-customer: acme\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    /// What the provider answers, in the pieces that it sends one after the other: all of it, or head and events of a stream.
    /// The end travels with the last.
    pub fn answer(&self) -> Vec<Vec<u8>> {
        if !self.stream {
            let body = self.answered.answer();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\n";
            return vec![format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()];
        }
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req_bench\r\n";
        let mut pieces = vec![format!("{head}transfer-encoding: chunked\r\n\r\n").into_bytes()];
        let events = self.answered.events();
        pieces.extend(events.iter().map(|text| format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()));
        if let Some(last) = pieces.last_mut() {
            last.extend_from_slice(b"0\r\n\r\n");
        }
        pieces
    }
}
