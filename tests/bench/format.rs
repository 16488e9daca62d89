//! The four formats, as far as the bench speaks them: a question, an answer in one piece, and the events of a stream. All say
//! the same and count the same.

use crate::payload::EVENTS;

/// How a client or a provider talks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenAI's chat completions.
    Chat,
    /// OpenAI's responses.
    Responses,
    /// Anthropic's messages.
    Messages,
    /// Gemini's `generateContent`.
    Gemini,
}

/// Tokens of every question; some of them were cached.
const ASKED: u32 = 212;
const CACHED: u32 = 64;
/// Tokens of an answer in one piece.
const SAID: u32 = 188;

impl Format {
    /// Its name in a policy.
    pub const fn dialect(self) -> &'static str {
        match self {
            Self::Chat => "openai",
            Self::Responses => "responses",
            Self::Messages => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    /// What stands before [`Format::path`] in the address of an endpoint, and of a gateway.
    pub const fn version(self) -> &'static str {
        if matches!(self, Self::Gemini) { "/v1beta" } else { "/v1" }
    }

    /// Where a question of it goes, below the version.
    pub fn path(self, model: &str, stream: bool) -> String {
        match (self, stream) {
            (Self::Chat, _) => "/chat/completions".to_owned(),
            (Self::Responses, _) => "/responses".to_owned(),
            (Self::Messages, _) => "/messages".to_owned(),
            (Self::Gemini, false) => format!("/models/{model}:generateContent"),
            (Self::Gemini, true) => format!("/models/{model}:streamGenerateContent?alt=sse"),
        }
    }

    /// The body of a question.
    pub fn question(self, model: &str, prompt: &str, stream: bool) -> String {
        let system = "You are a careful archivist.";
        let streamed = if stream { r#""stream":true,"# } else { "" };
        match self {
            Self::Chat => {
                let counted = if stream { r#""stream_options":{"include_usage":true},"# } else { "" };
                format!(
                    r#"{{"model":"{model}",{streamed}{counted}"user":"user-17","messages":[{{"role":"system","content":"{system}"}},{{"role":"user","content":"{prompt}"}}]}}"#
                )
            }
            Self::Responses => format!(
                r#"{{"model":"{model}",{streamed}"user":"user-17","instructions":"{system}","input":"{prompt}"}}"#
            ),
            Self::Messages => format!(
                r#"{{"model":"{model}",{streamed}"max_tokens":1024,"metadata":{{"user_id":"user-17"}},"system":"{system}","messages":[{{"role":"user","content":"{prompt}"}}]}}"#
            ),
            Self::Gemini => format!(
                r#"{{"systemInstruction":{{"parts":[{{"text":"{system}"}}]}},"contents":[{{"role":"user","parts":[{{"text":"{prompt}"}}]}}]}}"#
            ),
        }
    }

    /// The body of an answer in one piece.
    pub fn answer(self) -> String {
        let text =
            "The seventh gate was opened by the warden of the weir, as the book of that spring tells. "
                .repeat(10);
        match self {
            Self::Chat => format!(
                r#"{{"id":"chatcmpl-bench","object":"chat.completion","created":1764000000,"model":"bench-model","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"logprobs":null,"finish_reason":"stop"}}],"usage":{},"service_tier":"default"}}"#,
                self.usage(SAID)
            ),
            Self::Responses => self.response("completed", &said_in_items(&text), &self.usage(SAID)),
            Self::Messages => format!(
                r#"{{"id":"msg_bench","type":"message","role":"assistant","model":"bench-model","content":[{{"type":"text","text":"{text}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{}}}"#,
                self.usage(SAID)
            ),
            Self::Gemini => self.candidates(&text, r#""finishReason":"STOP","#, SAID),
        }
    }

    /// The events of a stream, one word each.
    pub fn events(self) -> Vec<String> {
        let words = (1..EVENTS).map(|number| self.word(&format!(" word {number}")));
        [self.begin()]
            .into_iter()
            .chain(words)
            .chain([self.end()])
            .filter(|event| !event.is_empty())
            .collect()
    }

    fn begin(self) -> String {
        match self {
            Self::Chat | Self::Gemini => String::new(),
            Self::Responses => {
                let created = self.response("in_progress", "[]", "null");
                let event = |name: &str, rest: &str| {
                    named(name, &format!(r#"{{"type":"{name}","sequence_number":0,{rest}}}"#))
                };
                let item = r#""output_index":0,"item":{"type":"message","id":"msg_bench","status":"in_progress","role":"assistant","content":[]}"#;
                let part = r#""item_id":"msg_bench","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}"#;
                let created = event("response.created", &format!(r#""response":{created}"#));
                let item = event("response.output_item.added", item);
                format!("{created}{item}{}", event("response.content_part.added", part))
            }
            Self::Messages => {
                let start = named(
                    "message_start",
                    r#"{"type":"message_start","message":{"id":"msg_bench","type":"message","role":"assistant","model":"bench-model","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":148,"cache_read_input_tokens":64,"cache_creation_input_tokens":0,"output_tokens":1}}}"#,
                );
                let block = named(
                    "content_block_start",
                    r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
                );
                format!("{start}{block}")
            }
        }
    }

    fn word(self, word: &str) -> String {
        match self {
            Self::Chat => chunk(
                &format!(
                    r#"{{"index":0,"delta":{{"content":"{word}"}},"logprobs":null,"finish_reason":null}}"#
                ),
                "null",
            ),
            Self::Responses => named(
                "response.output_text.delta",
                &format!(
                    r#"{{"type":"response.output_text.delta","item_id":"msg_bench","output_index":0,"content_index":0,"sequence_number":1,"logprobs":[],"delta":"{word}"}}"#
                ),
            ),
            Self::Messages => named(
                "content_block_delta",
                &format!(
                    r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{word}"}}}}"#
                ),
            ),
            Self::Gemini => format!("data: {}\n\n", self.candidates(word, "", 1)),
        }
    }

    fn end(self) -> String {
        let said = EVENTS as u32 - 1;
        match self {
            Self::Chat => {
                let stop = chunk(r#"{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}"#, "null");
                format!("{stop}{}data: [DONE]\n\n", chunk("", &self.usage(said)))
            }
            Self::Responses => {
                let whole = self.response("completed", &said_in_items("All of it."), &self.usage(said));
                named(
                    "response.completed",
                    &format!(r#"{{"type":"response.completed","sequence_number":2,"response":{whole}}}"#),
                )
            }
            Self::Messages => {
                let block = named("content_block_stop", r#"{"type":"content_block_stop","index":0}"#);
                let delta = named(
                    "message_delta",
                    &format!(
                        r#"{{"type":"message_delta","delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{{"output_tokens":{said}}}}}"#
                    ),
                );
                format!("{block}{delta}{}", named("message_stop", r#"{"type":"message_stop"}"#))
            }
            Self::Gemini => {
                format!("data: {}\n\n", self.candidates("", r#""finishReason":"STOP","#, said))
            }
        }
    }

    fn usage(self, said: u32) -> String {
        let total = ASKED + said;
        match self {
            Self::Chat => format!(
                r#"{{"prompt_tokens":{ASKED},"completion_tokens":{said},"total_tokens":{total},"prompt_tokens_details":{{"cached_tokens":{CACHED}}}}}"#
            ),
            Self::Responses => format!(
                r#"{{"input_tokens":{ASKED},"input_tokens_details":{{"cached_tokens":{CACHED}}},"output_tokens":{said},"output_tokens_details":{{"reasoning_tokens":0}},"total_tokens":{total}}}"#
            ),
            Self::Messages => format!(
                r#"{{"input_tokens":{},"cache_read_input_tokens":{CACHED},"cache_creation_input_tokens":0,"output_tokens":{said}}}"#,
                ASKED - CACHED
            ),
            Self::Gemini => format!(
                r#"{{"promptTokenCount":{ASKED},"cachedContentTokenCount":{CACHED},"candidatesTokenCount":{said},"totalTokenCount":{total}}}"#
            ),
        }
    }

    fn response(self, status: &str, items: &str, usage: &str) -> String {
        format!(
            r#"{{"id":"resp_bench","object":"response","created_at":1764000000,"status":"{status}","model":"bench-model","output":{items},"usage":{usage}}}"#
        )
    }

    fn candidates(self, text: &str, finish: &str, said: u32) -> String {
        format!(
            r#"{{"candidates":[{{"content":{{"role":"model","parts":[{{"text":"{text}"}}]}},{finish}"index":0}}],"usageMetadata":{},"modelVersion":"bench-model","responseId":"bench"}}"#,
            self.usage(said)
        )
    }
}

fn said_in_items(text: &str) -> String {
    format!(
        r#"[{{"type":"message","id":"msg_bench","status":"completed","role":"assistant","content":[{{"type":"output_text","text":"{text}","annotations":[]}}]}}]"#
    )
}

fn named(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

fn chunk(choices: &str, usage: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1764000000,\
         \"model\":\"bench-model\",\"choices\":[{choices}],\"usage\":{usage}}}\n\n"
    )
}
