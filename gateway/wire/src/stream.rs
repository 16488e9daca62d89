//! Reading an answer that comes as events. One reader for every dialect: what it tells is the same for all of them.

use std::borrow::Cow;

use memchr::memmem;
use weir_contract::usage::Usage;

use crate::{
    answer::Answer,
    anthropic,
    api::Work,
    dialect::Dialect,
    fault::UpstreamFault,
    gemini,
    model::{Citation, Signature},
    openai,
    quirks::Quirks,
    responses,
    sse::Event,
};

/// What an event of an answer means, in neutral words. Guards read these, whatever the route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent<'a> {
    /// The answer begins.
    Start {
        /// The provider's id of it.
        id: Cow<'a, str>,
        /// The model that says it answers.
        model: Cow<'a, str>,
    },
    /// More text.
    Text {
        /// The choice it belongs to.
        choice: u32,
        /// How many bytes of this choice's text came before.
        offset: usize,
        /// The text.
        text: Cow<'a, str>,
    },
    /// More reasoning the caller may see.
    Reasoning {
        /// The choice.
        choice: u32,
        /// The text.
        text: Cow<'a, str>,
    },
    /// The reasoning before it is proven.
    Signed {
        /// The choice.
        choice: u32,
        /// The proof.
        signature: Signature<'a>,
    },
    /// Reasoning only its provider can read.
    Sealed {
        /// The choice.
        choice: u32,
        /// The sealed thought.
        signature: Signature<'a>,
    },
    /// More of a refusal.
    Refusal {
        /// The choice.
        choice: u32,
        /// The text.
        text: Cow<'a, str>,
    },
    /// A tool call begins or goes on.
    ToolCall {
        /// The choice.
        choice: u32,
        /// Which call of the choice, or which block of the message.
        index: u32,
        /// The call's id, when it begins.
        id: Cow<'a, str>,
        /// The tool's name, when it begins.
        name: Cow<'a, str>,
        /// More of its arguments' JSON text.
        arguments: Cow<'a, str>,
        /// Whether the provider runs the tool itself; said when the call begins.
        hosted: bool,
    },
    /// What a piece of the text rests on.
    Citation {
        /// The choice.
        choice: u32,
        /// The page or document.
        citation: Citation<'a>,
    },
    /// A part we have no word for.
    Other {
        /// The choice.
        choice: u32,
        /// The provider's word for it.
        kind: Cow<'a, str>,
        /// The part as it came.
        raw: &'a str,
    },
    /// Usage as known so far; the last one counts.
    Usage(Usage),
    /// A choice ended.
    Finish {
        /// The choice.
        choice: u32,
        /// Why, in the provider's words.
        reason: Cow<'a, str>,
    },
    /// The provider failed inside the stream.
    Fault(UpstreamFault),
}

/// What a relay must know of one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// It carries content, and is the first that does: from here on no other target may be tried.
    pub first_content: bool,
    /// It carries usage and nothing else, so it may be dropped when the caller did not ask for it.
    pub usage_only_chunk: bool,
    /// It is the dialect's end mark.
    pub terminal: bool,
    /// The provider failed.
    pub error: Option<UpstreamFault>,
}

/// What a cheap look at an event says; see [`glance`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glance {
    /// A comment, or content: pass it on.
    Plain,
    /// The dialect's end mark.
    Terminal,
    /// Carries usage or an error: worth reading with a [`StreamReader`] before it is passed on.
    Look,
}

/// A look at an event that parses nothing: for relays that must only catch the end, usage and errors.
#[must_use]
pub fn glance(dialect: Dialect, event: &Event<'_>) -> Glance {
    if !event.has_data {
        return Glance::Plain;
    }
    match (dialect, event.name) {
        (_, "error") => Glance::Look,
        (Dialect::OpenAi | Dialect::Responses, _) if event.data.as_ref() == b"[DONE]" => Glance::Terminal,
        (Dialect::Responses, "response.completed" | "response.incomplete") => Glance::Terminal,
        (Dialect::Responses, "response.failed" | "") => Glance::Look,
        (Dialect::Gemini, _) if event.data.as_ref() == b"]" => Glance::Terminal,
        (Dialect::Gemini, _) if has_object(&event.data, b"\"error\"") => Glance::Look,
        (Dialect::OpenAi, _)
            if has_object(&event.data, b"\"usage\"") || has_object(&event.data, b"\"error\"") =>
        {
            Glance::Look
        }
        (Dialect::Anthropic, "message_stop") => Glance::Terminal,
        (Dialect::Anthropic, "message_start" | "message_delta" | "") => Glance::Look,
        _ => Glance::Plain,
    }
}

/// Whether a member of that name (quotes included) has a value other than null.
fn has_object(data: &[u8], name: &[u8]) -> bool {
    memmem::find_iter(data, name).any(|at| {
        let rest = data.get(at + name.len()..).unwrap_or_default().trim_ascii_start();
        let value = rest.strip_prefix(b":").map(<[u8]>::trim_ascii_start);
        value.is_some_and(|value| !value.starts_with(b"null"))
    })
}

/// Reads an answer event by event. Events it cannot read are counted, never fatal: reading may fail, relaying goes on.
#[derive(Debug)]
pub struct StreamReader {
    codec: Codec,
    answer: Answer,
    began: bool,
}

#[derive(Debug)]
enum Codec {
    OpenAi(openai::stream::Codec),
    Media(openai::media::Codec),
    Responses(responses::stream::Codec),
    Gemini(gemini::response::Codec),
    Anthropic(anthropic::stream::Codec),
}

/// What a codec's look at one event found.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) content: bool,
    pub(crate) usage_only: bool,
    pub(crate) terminal: bool,
    pub(crate) error: Option<UpstreamFault>,
}

/// Where a codec puts the neutral events.
pub(crate) type Sink<'s> = &'s mut dyn FnMut(StreamEvent<'_>);

impl StreamReader {
    /// A reader at the start of an answer.
    #[must_use]
    pub fn new(dialect: Dialect, quirks: Quirks) -> Self {
        let codec = match dialect {
            Dialect::OpenAi => Codec::OpenAi(openai::stream::Codec::new(quirks)),
            Dialect::Responses => Codec::Responses(responses::stream::Codec::new(quirks)),
            Dialect::Anthropic => Codec::Anthropic(anthropic::stream::Codec::default()),
            Dialect::Gemini => Codec::Gemini(gemini::response::Codec::default()),
        };
        Self { codec, answer: Answer::default(), began: false }
    }

    /// A reader of what a route of that kind answers: conversations by their dialect, pictures, speech and transcripts
    /// in OpenAI's own way.
    #[must_use]
    pub fn of_work(dialect: Dialect, work: Work, quirks: Quirks) -> Self {
        let mut reader = Self::new(dialect, quirks);
        if dialect == Dialect::OpenAi && matches!(work, Work::Image | Work::Speak | Work::Transcribe) {
            reader.codec = Codec::Media(openai::media::Codec::new(work, quirks));
        }
        reader
    }

    /// Reads one event; what it means goes to `sink` (use `&mut |_| ()` when nobody asks).
    pub fn read(&mut self, event: &Event<'_>, sink: Sink<'_>) -> Observed {
        if !event.has_data {
            return Observed::default();
        }
        let Ok(data) = std::str::from_utf8(&event.data) else {
            self.answer.unreadable += 1;
            return Observed::default();
        };
        let mut seen = match &mut self.codec {
            Codec::OpenAi(codec) => codec.read(event.name, data, &mut self.answer, sink),
            Codec::Media(codec) => codec.read(event.name, data, &mut self.answer, sink),
            Codec::Responses(codec) => codec.read(event.name, data, &mut self.answer, sink),
            Codec::Gemini(codec) => codec.read(event.name, data, &mut self.answer, sink),
            Codec::Anthropic(codec) => codec.read(event.name, data, &mut self.answer, sink),
        };
        if let Some(fault) = &seen.error {
            sink(StreamEvent::Fault(fault.clone()));
            self.answer.stopped_by_error.get_or_insert_with(|| fault.clone());
        }
        self.answer.complete |= seen.terminal;
        let first_content = seen.content && !self.began;
        self.began |= seen.content;
        Observed {
            first_content,
            usage_only_chunk: seen.usage_only,
            terminal: seen.terminal,
            error: seen.error.take(),
        }
    }

    /// What is known so far.
    #[must_use]
    pub const fn answer(&self) -> &Answer {
        &self.answer
    }

    /// Whether what was read would be whole if the stream ended here: with an end mark, or, where providers send none,
    /// with a finish reason; never after an error.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let unmarked = matches!(self.codec, Codec::OpenAi(_) | Codec::Media(_) | Codec::Gemini(_));
        let ended = unmarked && !self.answer.finish_reasons.is_empty();
        (self.answer.complete || ended) && self.answer.stopped_by_error.is_none()
    }

    /// The stream has ended: what was read, and whether that is whole (see [`StreamReader::is_complete`]).
    #[must_use]
    pub fn finish(mut self) -> Answer {
        self.answer.complete = self.is_complete();
        self.answer
    }
}
