//! Chat completions that a host says in words of its own ([`crate::cohere`], [`crate::ollama`]): what is the same for all of
//! them. Their requests are accounted for like translations, their answers and events are written here.

mod request;
#[cfg(test)]
pub(crate) mod testing;

use bytes::Bytes;

use crate::{
    cohere,
    json::JsonText,
    ollama,
    translate::{Losses, frame},
};

pub(crate) use request::{
    Choice, chosen, has_filled, leftovers, raw, refuse_settings, strictness, text, thought, tools,
    write_settings,
};

/// What an answer says of itself first, where the host does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heading {
    /// Stands for the answer's id, and is part of the ids of calls that have none.
    pub id: String,
    /// The model that was asked.
    pub model: String,
    /// When it was asked, seconds since 1970.
    pub created_s: i64,
    /// Whether vectors were asked for as base64, as OpenAI's libraries do unasked.
    pub packed: bool,
}

/// A request in a host's own words.
#[derive(Clone, Debug)]
pub struct Told {
    /// The body to send.
    pub body: Bytes,
    /// What became of it on the way.
    pub losses: Losses,
}

/// Tells a host's stream as chunks of a chat completion, whatever the pieces it comes in. What cannot be read ends it with an error:
/// left out, the answer would seem whole.
#[derive(Debug)]
pub struct Retelling {
    words: Words,
    broken: bool,
}

#[derive(Debug)]
pub(crate) enum Words {
    Cohere(cohere::Stream),
    Ollama(ollama::Stream),
}

impl Retelling {
    pub(crate) const fn new(words: Words) -> Self {
        Self { words, broken: false }
    }

    /// Takes more of the stream; gives what is whole, as events.
    pub fn push(&mut self, piece: &[u8]) -> Bytes {
        self.take(|words, out| match words {
            Words::Cohere(stream) => stream.push(piece, out),
            Words::Ollama(stream) => stream.push(piece, out),
        })
    }

    /// The stream is over: gives what nothing closed.
    pub fn finish(&mut self) -> Bytes {
        self.take(|words, out| match words {
            Words::Cohere(stream) => stream.finish(out),
            Words::Ollama(stream) => stream.finish(out),
        })
    }

    fn take(&mut self, read: impl FnOnce(&mut Words, &mut Vec<u8>) -> Result<(), String>) -> Bytes {
        let mut out = Vec::new();
        if self.broken {
            return Bytes::new();
        }
        if let Err(why) = read(&mut self.words, &mut out) {
            self.broken = true;
            fail(&why, "stream_broken", &mut out);
        }
        out.into()
    }
}

/// Why an answer ended without being one.
pub(crate) fn write_failure(message: &str, code: &str, json: &mut JsonText) {
    json.key("error").object(|json| {
        json.key("message").text(message);
        json.key("type").text("server_error");
        json.key("param").null();
        json.key("code").text(code);
    });
}

/// A whole answer. `choice` writes the one choice beside its number, `rest` what follows.
pub(crate) fn write_completion(
    heading: &Heading,
    choice: impl FnOnce(&mut JsonText),
    rest: impl FnOnce(&mut JsonText),
) -> Bytes {
    let mut json = JsonText::default();
    json.object(|json| {
        write_head(heading, "chat.completion", json);
        json.key("choices").array(|json| {
            json.object(|json| {
                json.key("index").count(0);
                choice(json);
            });
        });
        rest(json);
    });
    json.into_bytes().into()
}

fn write_head(heading: &Heading, object: &str, json: &mut JsonText) {
    json.key("id").text(&heading.id);
    json.key("object").text(object);
    json.key("created").raw(&heading.created_s.to_string());
    json.key("model").text(&heading.model);
}

/// Vectors as OpenAI lists them; each is JSON already.
pub(crate) fn write_embeddings<'v>(
    heading: &Heading,
    vectors: impl Iterator<Item = std::borrow::Cow<'v, str>>,
    usage: impl FnOnce(&mut JsonText),
) -> Bytes {
    let mut json = JsonText::default();
    json.object(|json| {
        json.key("object").text("list");
        json.key("data").array(|json| {
            for (place, vector) in vectors.enumerate() {
                json.object(|json| {
                    json.key("object").text("embedding");
                    json.key("index").count(place as u64);
                    json.key("embedding").raw(&vector);
                });
            }
        });
        json.key("model").text(&heading.model);
        usage(json);
    });
    json.into_bytes().into()
}

/// Counts as OpenAI says them, and the host's own beside them as they came: the record keeps those.
pub(crate) fn write_usage(
    (input, output): (u64, Option<u64>),
    reasoning: Option<u64>,
    own: impl FnOnce(&mut JsonText),
    json: &mut JsonText,
) {
    json.key("usage").object(|json| {
        json.key("prompt_tokens").count(input);
        if let Some(output) = output {
            json.key("completion_tokens").count(output);
        }
        json.key("total_tokens").count(input.saturating_add(output.unwrap_or(0)));
        if let Some(reasoning) = reasoning {
            json.key("completion_tokens_details").object(|json| {
                json.key("reasoning_tokens").count(reasoning);
            });
        }
        own(json.key("provider_usage"));
    });
}

/// Writes an answer's chunks.
#[derive(Debug)]
pub(crate) struct Chunks {
    pub(crate) heading: Heading,
    greeted: bool,
}

impl Chunks {
    pub(crate) const fn new(heading: Heading) -> Self {
        Self { heading, greeted: false }
    }

    /// A chunk of the one choice: `delta` fills its delta, `beside` writes what stands beside that.
    fn choice(
        &self,
        out: &mut Vec<u8>,
        delta: impl FnOnce(&mut JsonText),
        beside: impl FnOnce(&mut JsonText),
    ) {
        frame(out, None, |json| {
            write_head(&self.heading, "chat.completion.chunk", json);
            json.key("choices").array(|json| {
                json.object(|json| {
                    json.key("index").count(0);
                    json.key("delta").object(delta);
                    beside(json);
                });
            });
        });
    }

    /// Says who speaks, once.
    pub(crate) fn greet(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.greeted, true) {
            let hello = |json: &mut JsonText| {
                json.key("role").text("assistant");
                json.key("content").text("");
            };
            self.choice(out, hello, |json| {
                without_likelihood(json);
                json.key("finish_reason").null();
            });
        }
    }

    /// More of the answer, with the likelihood of its tokens where that was asked for.
    pub(crate) fn delta(
        &mut self,
        out: &mut Vec<u8>,
        likelihood: impl FnOnce(&mut JsonText),
        fill: impl FnOnce(&mut JsonText),
    ) {
        self.greet(out);
        self.choice(out, fill, |json| {
            likelihood(json);
            json.key("finish_reason").null();
        });
    }

    /// Why the answer ended, in OpenAI's word and in the host's.
    pub(crate) fn end(&mut self, reason: &str, own: &str, out: &mut Vec<u8>) {
        self.greet(out);
        self.choice(
            out,
            |_| (),
            |json| {
                without_likelihood(json);
                write_reason(reason, own, json);
            },
        );
    }

    /// What it consumed.
    pub(crate) fn usage(&self, out: &mut Vec<u8>, usage: impl FnOnce(&mut JsonText)) {
        frame(out, None, |json| {
            write_head(&self.heading, "chat.completion.chunk", json);
            json.key("choices").array(|_| ());
            usage(json);
        });
    }
}

/// Nothing is said of how likely the tokens were.
pub(crate) fn without_likelihood(json: &mut JsonText) {
    json.key("logprobs").null();
}

/// What a message has in OpenAI's format also where the host has no such thing.
pub(crate) fn write_rest_of_message(json: &mut JsonText) {
    json.key("refusal").null();
    json.key("annotations").array(|_| ());
}

pub(crate) fn write_reason(reason: &str, own: &str, json: &mut JsonText) {
    json.key("finish_reason").text(reason);
    json.key("native_finish_reason").text(own);
}

/// The answer broke; nothing comes after.
pub(crate) fn fail(message: &str, code: &str, out: &mut Vec<u8>) {
    frame(out, None, |json| write_failure(message, code, json));
}

/// The end mark.
pub(crate) fn done(out: &mut Vec<u8>) {
    out.extend_from_slice(b"data: [DONE]\n\n");
}
