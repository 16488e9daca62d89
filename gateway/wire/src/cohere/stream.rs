//! An answer in events: Cohere's as chunks of a chat completion.

use super::{answer, failure, finish_reason, usage};
use crate::{
    completion::{Chunks, Heading, done, fail, text, without_likelihood},
    json::{JsonText, View},
    sse::{Event, SseDecoder, SseLimits},
};

/// How many calls of an answer are numbered apart.
const CALLS_MAX: usize = 1024;

/// Tells Cohere's stream as chunks. It remembers the numbers of calls, and nothing of what was said.
#[derive(Debug)]
pub(crate) struct Stream {
    decoder: SseDecoder,
    telling: Telling,
}

#[derive(Debug)]
struct Telling {
    chunks: Chunks,
    /// Cohere's numbers of the calls that have begun: it numbers them with all content.
    calls: Vec<u64>,
    /// Whether the answer is over, well or not: nothing is said after that.
    over: bool,
    broken: Option<String>,
}

impl Stream {
    /// At the start of an answer.
    pub(crate) const fn new(heading: Heading) -> Self {
        let chunks = Chunks::new(heading);
        let telling = Telling { chunks, calls: Vec::new(), over: false, broken: None };
        Self { decoder: SseDecoder::new(SseLimits::ROOMY), telling }
    }

    /// Takes more of the stream; what it means is appended to `out`.
    ///
    /// # Errors
    ///
    /// Says what cannot be read: left out, the answer would seem whole.
    pub(crate) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let Self { decoder, telling } = self;
        decoder.push(piece, |event| telling.take(&event, out)).map_err(|error| error.to_string())?;
        telling.broken.take().map_or(Ok(()), Err)
    }

    /// The stream is over: reads the event that nothing closed.
    ///
    /// # Errors
    ///
    /// As [`Stream::push`].
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), String> {
        let Self { decoder, telling } = self;
        std::mem::take(decoder).finish(|event| telling.take(&event, out));
        telling.broken.take().map_or(Ok(()), Err)
    }
}

impl Telling {
    fn take(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        let ended = event.data.trim_ascii() == b"[DONE]";
        if !event.has_data || ended || self.over || self.broken.is_some() {
            return;
        }
        let Ok(root) = View::of_object(&event.data) else {
            self.broken = Some("an event of the stream cannot be read".to_owned());
            return;
        };
        let named = root.get("type").and_then(|kind| kind.filled_text());
        let delta = root.get("delta");
        let message = delta.and_then(|delta| delta.get("message"));
        let part = |key: &str| message.and_then(|message| message.get(key));
        match named.as_deref() {
            Some("message-start") => {
                if let Some(id) = root.get("id").and_then(|id| id.filled_text()) {
                    self.chunks.heading.id = id.into_owned();
                }
                self.chunks.greet(out);
            }
            Some("content-start" | "content-delta") => {
                let pieces = delta.and_then(|delta| delta.get("logprobs")).or_else(|| root.get("logprobs"));
                part("content").into_iter().for_each(|content| self.say(content, pieces, out));
            }
            Some("tool-plan-delta") => self.grow("reasoning_content", part("tool_plan"), out),
            Some("tool-call-start") => self.call(root, part("tool_calls"), out),
            Some("tool-call-delta") => self.argue(root, part("tool_calls"), out),
            Some("citation-start") => {
                if let Some(cited) = part("citations") {
                    self.chunks.delta(out, without_likelihood, |json| {
                        json.key("citations").array(|json| json.raw(cited.raw()));
                    });
                }
            }
            Some("message-end") => delta.into_iter().for_each(|delta| self.end(delta, out)),
            Some(_) => {}
            None => self.break_off(&text(root, "message"), out),
        }
    }

    /// What says only a message is a failure.
    fn break_off(&mut self, message: &str, out: &mut Vec<u8>) {
        if !message.is_empty() {
            self.over = true;
            fail(message, "server_error", out);
        }
    }

    fn say(&mut self, content: View<'_>, pieces: Option<View<'_>>, out: &mut Vec<u8>) {
        let kind = text(content, "type");
        if !matches!(kind.as_ref(), "" | "text" | "thinking") {
            self.chunks.delta(out, without_likelihood, |json| {
                json.key("other_content").array(|json| json.raw(content.raw()));
            });
            return;
        }
        self.grow("reasoning_content", content.get("thinking"), out);
        let Some(said) = content.get("text").filter(|said| said.filled_text().is_some()) else { return };
        // One piece, or a list of them.
        let one = pieces.filter(View::is_object).into_iter();
        let all = one.chain(pieces.into_iter().flat_map(|pieces| pieces.items()));
        let likelihood = |json: &mut JsonText| answer::write_likelihood(all, json);
        self.chunks.delta(out, likelihood, |json| json.key("content").raw(said.raw()));
    }

    fn grow(&mut self, key: &str, more: Option<View<'_>>, out: &mut Vec<u8>) {
        if let Some(more) = more.filter(|more| more.filled_text().is_some()) {
            self.chunks.delta(out, without_likelihood, |json| json.key(key).raw(more.raw()));
        }
    }

    fn call(&mut self, root: View<'_>, call: Option<View<'_>>, out: &mut Vec<u8>) {
        let Some(call) = call else { return };
        if self.calls.len() >= CALLS_MAX {
            self.broken = Some(format!("an answer of the stream calls more than {CALLS_MAX} tools"));
            return;
        }
        let number = self.calls.len() as u64;
        self.calls.push(root.get("index").and_then(|index| index.count()).unwrap_or(number));
        self.chunks.delta(out, without_likelihood, |json| {
            json.key("tool_calls").array(|json| answer::write_call(call, Some(number), json));
        });
    }

    fn argue(&mut self, root: View<'_>, call: Option<View<'_>>, out: &mut Vec<u8>) {
        let arguments = call.and_then(|call| call.get("function")?.get("arguments"));
        let Some(arguments) = arguments else { return };
        let own = root.get("index").and_then(|index| index.count());
        let number = self.calls.iter().rposition(|begun| own.is_none_or(|own| own == *begun));
        let Some(number) = number else {
            self.broken = Some("arguments came of a call that had not begun".to_owned());
            return;
        };
        self.chunks.delta(out, without_likelihood, |json| {
            json.key("tool_calls").array(|json| {
                json.object(|json| {
                    json.key("index").count(number as u64);
                    json.key("function").object(|json| json.key("arguments").raw(arguments.raw()));
                });
            });
        });
    }

    /// The answer is over only where it says why: what was cut must not seem whole.
    fn end(&mut self, delta: View<'_>, out: &mut Vec<u8>) {
        let word = text(delta, "finish_reason");
        if word.is_empty() {
            return;
        }
        self.over = true;
        let reason = finish_reason(&word);
        if let Some(reason) = reason {
            self.chunks.end(reason, &word, out);
        }
        if let Some(counts) = delta.get("usage").filter(|counts| usage::counts(*counts).is_some()) {
            self.chunks.usage(out, |json| usage::write(counts, json));
        }
        if reason.is_none() {
            let (message, code) =
                failure(&word, delta.get("error").and_then(|told| Some(told.text()?.into_owned())));
            return fail(&message, code, out);
        }
        done(out);
    }
}
