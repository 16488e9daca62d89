//! OpenAI's Realtime API: what the events of a session say of what it consumed and how it went. The sound in them is not
//! looked at.

use weir_contract::usage::{Bucket, Usage, UsageSource};

use crate::{
    answer::Answer, api::Work, dialect::Dialect, fault::read_stream_error, json::View, quirks::Quirks,
};

use super::usage;

/// How many bytes of usage objects are kept of one session; what is beyond is summed all the same.
const RAW_BYTES_MAX: usize = 64 * 1024;

/// Listens to what a provider says in a session.
#[derive(Debug, Default)]
pub struct Listener {
    answer: Answer,
    quirks: Quirks,
    /// Answers that have begun and are not done.
    open: u32,
    done: u32,
    transcripts: u32,
}

impl Listener {
    /// Nothing heard yet.
    #[must_use]
    pub fn new(quirks: Quirks) -> Self {
        Self { quirks, ..Self::default() }
    }

    /// Takes one of the provider's events; what is none is passed over.
    pub fn hear(&mut self, event: &str) {
        let event = View::of_text(event);
        let kind = event.get("type").and_then(|kind| kind.text()).unwrap_or_default();
        match kind.as_ref() {
            "session.created" | "session.updated" => self.note_session(event),
            "response.created" => self.open = self.open.saturating_add(1),
            "response.done" => self.note_done(event),
            "response.output_text.delta"
            | "response.text.delta"
            | "response.output_audio_transcript.delta"
            | "response.audio_transcript.delta" => {
                let text = event.get("delta").and_then(|delta| delta.text());
                self.answer.note_text(&text.unwrap_or_default());
            }
            "conversation.item.input_audio_transcription.completed" => {
                self.transcripts += u32::from(event.get("usage").is_some());
            }
            "error" => {
                self.answer.stopped_by_error = read_stream_error(Dialect::OpenAi, "error", event.raw());
            }
            _ => {}
        }
    }

    /// Whether an answer is under way, whose usage is still to come.
    #[must_use]
    pub const fn is_answering(&self) -> bool {
        self.open > 0
    }

    /// How many transcripts of the caller's sound came with a usage of their own. Another model makes them: it is not
    /// part of the session's usage.
    #[must_use]
    pub const fn transcripts(&self) -> u32 {
        self.transcripts
    }

    /// What was heard. The usage is the sum over the session's answers; their own objects stand in one JSON array.
    /// A session without an answer has consumed nothing; of one that ended within an answer not all is known, and the
    /// sum is flagged. An error counts only while no answer was completed after it.
    #[must_use]
    pub fn finish(mut self) -> Answer {
        let quiet = self.open == 0 && self.done == 0;
        if quiet {
            self.answer.usage = Usage::new(UsageSource::Provider);
        }
        self.answer.usage.mismatch |= self.open > 0 && self.answer.usage.is_known();
        if !self.answer.usage_raw.is_empty() {
            self.answer.usage_raw.push(']');
        }
        self.answer.complete = self.open == 0;
        self.answer
    }

    fn note_session(&mut self, event: View<'_>) {
        let model = event.get("session").and_then(|session| session.get("model"));
        if let Some(model) = model.and_then(|model| model.filled_text()) {
            self.answer.model = model.into_owned();
        }
    }

    fn note_done(&mut self, event: View<'_>) {
        self.open = self.open.saturating_sub(1);
        self.done = self.done.saturating_add(1);
        let Some(response) = event.get("response") else { return };
        let status = response.get("status").and_then(|status| status.text()).unwrap_or_default();
        self.answer.note_finish(&status);
        if let Some(id) = response.get("id").and_then(|id| id.filled_text()) {
            self.answer.response_id = id.into_owned();
        }
        self.answer.stopped_by_error = response
            .get("status_details")
            .filter(|_| status == "failed")
            .and_then(|details| read_stream_error(Dialect::OpenAi, "error", details.raw()));
        for item in response.get("output").iter().flat_map(View::items) {
            if let Some(name) = item.get("name").and_then(|name| name.text()) {
                self.answer.note_tool_call(&name);
            }
        }
        match response.get("usage") {
            Some(usage) => self.note_usage(usage),
            None => self.answer.usage.mismatch |= status == "completed",
        }
    }

    fn note_usage(&mut self, view: View<'_>) {
        let more = usage::read(&view.opened(), self.quirks, Work::Realtime);
        if !more.is_known() {
            return;
        }
        let sum = &mut self.answer.usage;
        sum.source = more.source;
        sum.mismatch |= more.mismatch;
        for bucket in Bucket::ALL {
            sum.set(bucket, sum.get(bucket).saturating_add(more.get(bucket)));
        }
        let raw = &mut self.answer.usage_raw;
        if raw.len() + view.raw().len() < RAW_BYTES_MAX {
            raw.push(if raw.is_empty() { '[' } else { ',' });
            raw.push_str(view.raw());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: &str =
        r#"{"type":"session.created","session":{"object":"realtime.session","model":"gpt-realtime-1"}}"#;
    const BEGUN: &str = r#"{"type":"response.created","response":{"id":"resp_1","status":"in_progress"}}"#;
    const DONE: &str = r#"{"type":"response.done","response":{"id":"resp_1","status":"completed","output":[{"type":"function_call","name":"look"}],
        "usage":{"total_tokens":12,"input_tokens":10,"output_tokens":2,"input_token_details":{"text_tokens":4,"audio_tokens":6,"cached_tokens":0},"output_token_details":{"text_tokens":1,"audio_tokens":1}}}}"#;

    fn heard(events: &[&str]) -> Listener {
        let mut listener = Listener::new(Quirks::default());
        events.iter().for_each(|event| listener.hear(event));
        listener
    }

    fn buckets(answer: &Answer) -> Vec<(&'static str, u64)> {
        answer.usage.filled().map(|(bucket, units)| (bucket.name(), units)).collect()
    }

    #[test]
    fn usage_is_summed_over_the_answers_of_a_session() {
        let text = r#"{"type":"response.output_audio_transcript.delta","delta":"yo"}"#;
        let answer = heard(&[CREATED, BEGUN, text, DONE, BEGUN, DONE]).finish();
        let expected = [("input", 8), ("audio_input", 12), ("output", 2), ("audio_output", 2)];
        assert_eq!(buckets(&answer), expected);
        assert_eq!(answer.usage_raw.matches("total_tokens").count(), 2);
        assert!(serde_json::from_str::<serde_json::Value>(&answer.usage_raw).unwrap().is_array());
        assert_eq!((answer.model.as_str(), answer.preview.as_str()), ("gpt-realtime-1", "yo"));
        assert_eq!(answer.finish_reasons, ["completed", "completed"]);
        assert_eq!(answer.tool_calls, ["look", "look"]);
        assert!(answer.complete && !answer.usage.mismatch);
    }

    #[test]
    fn a_session_that_ends_within_an_answer_is_flagged_and_one_without_answers_cost_nothing() {
        let cut = heard(&[BEGUN, DONE, BEGUN]);
        assert!(cut.is_answering());
        let cut = cut.finish();
        assert!(cut.usage.mismatch && !cut.complete);
        assert!(!heard(&[BEGUN]).finish().usage.is_known());
        let quiet = heard(&[CREATED]).finish();
        assert!(quiet.usage.is_known() && quiet.complete && quiet.usage_raw.is_empty());
    }

    #[test]
    fn an_error_counts_until_an_answer_is_completed_after_it() {
        let error = r#"{"type":"error","event_id":"e","error":{"type":"server_error","code":null,"message":"broke"}}"#;
        assert_eq!(heard(&[error]).finish().stopped_by_error.unwrap().message, "broke");
        assert_eq!(heard(&[error, BEGUN, DONE]).finish().stopped_by_error, None);
        let failed = r#"{"type":"response.done","response":{"status":"failed","status_details":{"type":"failed","error":{"type":"server_error","code":"rate_limit_exceeded","message":"slow"}}}}"#;
        let fault = heard(&[BEGUN, failed]).finish().stopped_by_error.unwrap();
        assert_eq!((fault.message.as_str(), fault.kind.name()), ("slow", "rate_limited"));
    }

    #[test]
    fn a_transcript_is_another_models_work() {
        let made = r#"{"type":"conversation.item.input_audio_transcription.completed","transcript":"hi","usage":{"type":"duration","seconds":2}}"#;
        let listener = heard(&[made]);
        assert_eq!(listener.transcripts(), 1);
        assert_eq!(buckets(&listener.finish()), []);
    }

    #[test]
    fn what_is_no_event_is_passed_over() {
        for odd in ["", "{", "[]", r#"{"type":1}"#, r#"{"type":"response.done"}"#, "\u{0}"] {
            assert!(!heard(&[odd]).is_answering(), "{odd}");
        }
    }
}
