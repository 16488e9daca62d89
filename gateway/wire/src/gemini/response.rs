//! What Gemini answers: each event of a stream is an answer of its own kind, so one reader serves both.

use std::borrow::Cow;

use crate::{
    answer::Answer,
    api::Work,
    dialect::Dialect,
    error::WireError,
    fault::read_stream_error,
    json::{View, top_level},
    model::Signature,
    stream::{Seen, Sink, StreamEvent},
};

/// Reads a whole answer; what it means goes to `sink`, as if it had come in events.
pub(crate) fn read(body: &[u8], work: Work, sink: Sink<'_>) -> Result<Answer, WireError> {
    let top = top_level(body)?;
    let mut answer = Answer { complete: true, ..Answer::default() };
    if work == Work::Embed {
        if let Some(usage) = top.get("usageMetadata") {
            answer.usage = super::usage::read_embedding(usage);
            usage.raw().clone_into(&mut answer.usage_raw);
        }
        return Ok(answer);
    }
    Codec::default().take(View::of_text(top.text()), &mut answer, sink);
    answer.stopped_by_error = read_stream_error(Dialect::Gemini, "", top.text());
    Ok(answer)
}

/// What must be remembered between events.
#[derive(Debug, Default)]
pub(crate) struct Codec {
    started: bool,
    text_bytes: Vec<usize>,
    calls: u32,
    searched: u64,
}

/// How many candidates are followed apart.
const CANDIDATES_MAX: usize = 128;

impl Codec {
    /// Reads one event of a stream, or one element of an array; `]` ends the latter.
    pub(crate) fn read(&mut self, name: &str, data: &str, answer: &mut Answer, sink: Sink<'_>) -> Seen {
        let mut seen = Seen::default();
        if data.trim() == "]" {
            seen.terminal = true;
            return seen;
        }
        let event = View::of_text(data);
        seen.content = self.take(event, answer, sink);
        answer.unreadable += u32::from(!event.is_object());
        seen.error = read_stream_error(Dialect::Gemini, name, data);
        seen
    }

    /// Reads an answer, or a part of one; whether it has content.
    fn take(&mut self, root: View<'_>, answer: &mut Answer, sink: Sink<'_>) -> bool {
        let mut any = false;
        let mut used = None;
        if !std::mem::replace(&mut self.started, true) {
            let text = |key: &str| root.get(key).and_then(|value| value.text()).unwrap_or_default();
            sink(StreamEvent::Start { id: text("responseId"), model: text("modelVersion") });
        }
        for (key, value) in root.members() {
            match key.as_ref() {
                "candidates" => {
                    for candidate in value.items() {
                        any |= self.take_candidate(candidate, answer, sink);
                    }
                }
                "usageMetadata" => used = Some(value),
                "modelVersion" => name(&mut answer.model, value),
                "responseId" => name(&mut answer.response_id, value),
                "promptFeedback" => take_block(value, answer, sink),
                _ => {}
            }
        }
        if let Some(used) = used {
            self.take_usage(used, answer, sink);
        }
        any
    }

    /// The last usage counts; one without counts changes nothing.
    fn take_usage(&mut self, used: View<'_>, answer: &mut Answer, sink: Sink<'_>) {
        let mut usage = super::usage::read(used);
        if !usage.is_known() {
            return;
        }
        usage.set(weir_contract::usage::Bucket::WebSearch, self.searches(&answer.model));
        answer.usage = usage;
        used.raw().clone_into(&mut answer.usage_raw);
        if let Some(tier) = used.get("serviceTier").and_then(|tier| tier.filled_text()) {
            answer.service_tier = Some(tier.to_ascii_lowercase()).filter(|tier| tier != "standard");
        }
        sink(StreamEvent::Usage(usage));
    }

    /// Searches as they are billed: each one since the third generation, before it each answer that rests on any.
    fn searches(&self, model: &str) -> u64 {
        let by_answer = model.starts_with("gemini-1") || model.starts_with("gemini-2");
        if by_answer { self.searched.min(1) } else { self.searched }
    }

    fn take_candidate(&mut self, candidate: View<'_>, answer: &mut Answer, sink: Sink<'_>) -> bool {
        let index = candidate.get("index").and_then(|index| index.count()).unwrap_or(0);
        let choice = u32::try_from(index).unwrap_or(u32::MAX);
        let parts = candidate.get("content").and_then(|content| content.get("parts"));
        let mut any = false;
        for part in parts.into_iter().flat_map(|parts| parts.items()) {
            any |= self.take_part(choice, part, answer, sink);
        }
        let queries = candidate.get("groundingMetadata").and_then(|grounds| grounds.get("webSearchQueries"));
        if let Some(queries) = queries {
            self.searched = self.searched.max(queries.items().count() as u64);
        }
        if let Some(reason) = candidate.get("finishReason") {
            // With `$alt=…enum-encoding=int` a reason is a number.
            let reason = reason.text().unwrap_or(Cow::Borrowed(reason.raw()));
            answer.note_finish(&reason);
            sink(StreamEvent::Finish { choice, reason });
        }
        any
    }

    fn take_part(&mut self, choice: u32, part: View<'_>, answer: &mut Answer, sink: Sink<'_>) -> bool {
        if let Some(proof) = part.get("thoughtSignature").and_then(|proof| proof.filled_text()) {
            sink(StreamEvent::Sealed { choice, signature: Signature::of_gemini(proof) });
        }
        if let Some(text) = part.get("text") {
            let Some(text) = text.filled_text() else { return false };
            if part.get("thought").and_then(|thought| thought.boolean()) == Some(true) {
                sink(StreamEvent::Reasoning { choice, text });
            } else {
                self.give_text(choice, text, answer, sink);
            }
            return true;
        }
        if let Some(call) = part.get("functionCall") {
            let text = |key: &str| call.get(key).and_then(|value| value.text()).unwrap_or_default();
            let (id, name, index) = (text("id"), text("name"), self.calls);
            self.calls += 1;
            answer.note_tool_call(&name);
            let arguments = Cow::Borrowed(call.get("args").map_or("{}", |args| args.raw()));
            sink(StreamEvent::ToolCall { choice, index, id, name, arguments, hosted: false });
            return true;
        }
        let kind = part.members().map(|(key, _)| key).find(|key| !key.starts_with("thought"));
        let Some(kind) = kind else { return false };
        sink(StreamEvent::Other { choice, kind, raw: part.raw() });
        true
    }

    fn give_text(&mut self, choice: u32, text: Cow<'_, str>, answer: &mut Answer, sink: Sink<'_>) {
        let place = usize::try_from(choice).unwrap_or(CANDIDATES_MAX).min(CANDIDATES_MAX);
        if self.text_bytes.len() <= place {
            self.text_bytes.resize(place + 1, 0);
        }
        let offset = self.text_bytes[place];
        self.text_bytes[place] += text.len();
        answer.note_text(&text);
        sink(StreamEvent::Text { choice, offset, text });
    }
}

fn name(place: &mut String, value: View<'_>) {
    if let Some(text) = value.filled_text().filter(|text| place != text) {
        *place = text.into_owned();
    }
}

/// A prompt that was not let through has no candidate, only the reason.
fn take_block(feedback: View<'_>, answer: &mut Answer, sink: Sink<'_>) {
    let Some(reason) = feedback.get("blockReason") else { return };
    let reason = reason.text().unwrap_or(Cow::Borrowed(reason.raw()));
    answer.note_finish(&reason);
    sink(StreamEvent::Finish { choice: 0, reason });
}
