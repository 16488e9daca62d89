//! What remains of an answer once it was read: enough for the record, the charge and the list of requests.

use weir_contract::usage::Usage;

use crate::{
    anthropic,
    api::{Api, Work},
    dialect::Dialect,
    error::WireError,
    fault::UpstreamFault,
    gemini, openai,
    quirks::Quirks,
    responses,
    stream::StreamEvent,
};

/// How many characters of an answer's text are kept for lists.
pub const PREVIEW_CHARS: usize = 200;
/// How many tool calls, finish reasons and the like are kept.
const LIST_MAX: usize = 128;

/// What was read of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The provider's id of it.
    pub response_id: String,
    /// The model that says it answered.
    pub model: String,
    /// Why each choice ended, in the order they ended, in the provider's words.
    pub finish_reasons: Vec<String>,
    /// What it consumed, in disjoint buckets; unknown when the provider did not say.
    pub usage: Usage,
    /// The provider's own usage object as text; empty when there was none.
    pub usage_raw: String,
    /// The tier that served it.
    pub service_tier: Option<String>,
    /// The first [`PREVIEW_CHARS`] characters of its text.
    pub preview: String,
    /// How long its text is, in bytes, over all choices.
    pub text_bytes: u64,
    /// The names of the tools it calls, in order.
    pub tool_calls: Vec<String>,
    /// The error that ended it, when one did inside a 200.
    pub stopped_by_error: Option<UpstreamFault>,
    /// Whether it says itself that it is whole: a body that was read, a stream with its end mark or finish reason.
    pub complete: bool,
    /// Events of a stream that could not be read.
    pub unreadable: u32,
}

impl Answer {
    pub(crate) fn note_text(&mut self, text: &str) {
        self.text_bytes = self.text_bytes.saturating_add(text.len() as u64);
        if self.preview.len() < PREVIEW_CHARS * 4 {
            let room = PREVIEW_CHARS.saturating_sub(self.preview.chars().count());
            self.preview.push_str(first_chars(text, room));
        }
    }

    pub(crate) fn note_finish(&mut self, reason: &str) {
        note(&mut self.finish_reasons, reason);
    }

    pub(crate) fn note_tool_call(&mut self, name: &str) {
        note(&mut self.tool_calls, name);
    }
}

/// The first characters of a text, at most so many.
#[must_use]
pub fn first_chars(text: &str, most: usize) -> &str {
    let as_many_bytes = text.get(..most.min(text.len())).filter(|start| start.is_ascii());
    as_many_bytes.unwrap_or_else(|| {
        let end = text.char_indices().nth(most).map_or(text.len(), |(end, _)| end);
        &text[..end]
    })
}

fn note(list: &mut Vec<String>, word: &str) {
    if list.len() < LIST_MAX && !word.is_empty() {
        list.push(word.to_owned());
    }
}

/// Reads the JSON body of a conversation's answer with a good status.
///
/// # Errors
///
/// When the body is not sound JSON (see [`crate::json::top_level`]).
pub fn read_answer(dialect: Dialect, body: &[u8], quirks: Quirks) -> Result<Answer, WireError> {
    read_answer_events(dialect, body, quirks, &mut |_| ())
}

/// The same, and what it means goes to `sink` as if the answer had come in events.
///
/// # Errors
///
/// As [`read_answer`]; events may have been given by then.
pub fn read_answer_events(
    dialect: Dialect,
    body: &[u8],
    quirks: Quirks,
    sink: &mut dyn FnMut(StreamEvent<'_>),
) -> Result<Answer, WireError> {
    match dialect {
        Dialect::OpenAi => openai::response::read(body, quirks, sink),
        Dialect::Responses => responses::response::read(body, quirks, sink),
        Dialect::Anthropic => anthropic::response::read(body, sink),
        Dialect::Gemini => gemini::response::read(body, Work::Generate, sink),
    }
}

/// Reads the body of any route's answer with a good status.
///
/// # Errors
///
/// When the body is not what the route answers.
pub fn read_answer_of(api: Api, body: &[u8], quirks: Quirks) -> Result<Answer, WireError> {
    match (api.work(), api.dialect()) {
        (Work::Generate, dialect) => read_answer(dialect, body, quirks),
        (Work::Embed, Dialect::Gemini) => gemini::response::read(body, Work::Embed, &mut |_| ()),
        (Work::Count | Work::Stored | Work::Batch | Work::Local, _) => {
            Ok(Answer { complete: true, ..Answer::default() })
        }
        (work, _) => openai::media::read(body, work, quirks),
    }
}
