//! OpenAI's routes that are not conversations: embeddings, moderations, pictures, sound, and the reranking others added.
//! What they consumed, where their answers say so.

use std::borrow::Cow;

use weir_contract::usage::{Bucket, Usage, UsageSource};

use super::{response::take_head, usage};
use crate::{
    answer::Answer,
    api::Work,
    dialect::Dialect,
    error::WireError,
    fault::read_stream_error,
    json::{View, top_level},
    quirks::Quirks,
    stream::{Seen, Sink, StreamEvent},
};

/// Reads a whole answer. A transcript may be bare text.
pub(crate) fn read(body: &[u8], work: Work, quirks: Quirks) -> Result<Answer, WireError> {
    let mut answer = Answer { complete: true, ..Answer::default() };
    let top = match top_level(body) {
        Ok(top) => top,
        Err(error) => {
            let text = std::str::from_utf8(body).ok().filter(|_| work == Work::Transcribe).ok_or(error)?;
            answer.note_text(text);
            return Ok(answer);
        }
    };
    let (mut made, mut lasted) = (0, None);
    for member in top.members() {
        let value = top.view(member);
        match member.key.as_ref() {
            "usage" => take_usage(value, work, quirks, &mut answer),
            "meta" if work == Work::Rerank => take_billed_units(value, &mut answer),
            "data" if work == Work::Image => made = value.items().count() as u64,
            "text" => answer.note_text(&value.text().unwrap_or_default()),
            "duration" => lasted = millis(value),
            "error" => answer.stopped_by_error = read_stream_error(Dialect::OpenAi, "", top.text()),
            key => take_head(key, value, &mut answer),
        }
    }
    if !answer.usage.is_known() {
        let counted = Usage::new(UsageSource::Counted);
        answer.usage = match (work, lasted) {
            (Work::Image, _) if made > 0 => counted.with(Bucket::Image, made),
            (Work::Transcribe, Some(lasted)) => {
                Usage::new(UsageSource::Provider).with(Bucket::MilliSecond, lasted)
            }
            _ => answer.usage,
        };
    }
    Ok(answer)
}

/// Tokens, or the length of what was heard: whoever says both bills the length.
fn take_usage(value: View<'_>, work: Work, quirks: Quirks, answer: &mut Answer) {
    let opened = value.opened();
    let heard = opened.get("seconds").or_else(|| opened.get("prompt_audio_seconds")).and_then(millis);
    let counted = match heard.filter(|_| work == Work::Transcribe) {
        Some(heard) => Usage::new(UsageSource::Provider).with(Bucket::MilliSecond, heard),
        None => usage::read(&opened, quirks, work),
    };
    if value.is_object() {
        usage::own(value, &opened).raw().clone_into(&mut answer.usage_raw);
    }
    if counted.is_known() {
        answer.usage = counted;
    }
}

/// Cohere's `meta`: one search unit is one request of up to a hundred documents.
fn take_billed_units(meta: View<'_>, answer: &mut Answer) {
    let Some(billed) = meta.get("billed_units") else { return };
    let of = |key: &str| billed.get(key).and_then(|count| count.count());
    let (searches, input) = (of("search_units"), of("input_tokens"));
    if searches.or(input).is_some() {
        billed.raw().clone_into(&mut answer.usage_raw);
        answer.usage = Usage::new(UsageSource::Provider)
            .with(Bucket::Input, input.unwrap_or(0))
            .with(Bucket::Request, searches.unwrap_or(0));
    }
}

/// Seconds as they are written (`7`, `3.52`), in thousandths, rounded up.
fn millis(seconds: View<'_>) -> Option<u64> {
    let text = seconds.text().unwrap_or(Cow::Borrowed(seconds.raw()));
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    let beyond = fraction.bytes().skip(3).any(|digit| digit != b'0');
    let whole: u64 = whole.parse().ok()?;
    whole.checked_mul(1000)?.checked_add(digits.parse().ok()?)?.checked_add(u64::from(beyond))
}

/// What must be remembered between the events of a picture, of speech or of a transcript.
#[derive(Debug)]
pub(crate) struct Codec {
    work: Work,
    quirks: Quirks,
    text_bytes: usize,
}

impl Codec {
    pub(crate) const fn new(work: Work, quirks: Quirks) -> Self {
        Self { work, quirks, text_bytes: 0 }
    }

    /// Reads one event: `….delta` and `….partial_image` grow, `….done` and `….completed` end and say what was used.
    pub(crate) fn read(&mut self, name: &str, data: &str, answer: &mut Answer, sink: Sink<'_>) -> Seen {
        let mut seen = Seen::default();
        if data.trim() == "[DONE]" {
            seen.terminal = true;
            return seen;
        }
        let event = View::of_text(data);
        let kind = event.get("type").and_then(|kind| kind.text()).unwrap_or(Cow::Borrowed(name));
        seen.content = !matches!(kind.as_ref(), "" | "error" | "keepalive");
        if let Some(text) = event.get("delta").and_then(|delta| delta.filled_text()) {
            let offset = self.text_bytes;
            self.text_bytes += text.len();
            answer.note_text(&text);
            sink(StreamEvent::Text { choice: 0, offset, text });
        }
        if let Some(usage) = event.get("usage") {
            take_usage(usage, self.work, self.quirks, answer);
            sink(StreamEvent::Usage(answer.usage));
        }
        if self.work == Work::Image && kind.ends_with(".completed") && !answer.usage.is_known() {
            answer.usage = Usage::new(UsageSource::Counted).with(Bucket::Image, 1);
        }
        if kind.ends_with(".done") || kind.ends_with(".completed") {
            // Not the end mark: several pictures may be made, and the stream's own end follows.
            answer.note_finish("stop");
        }
        answer.unreadable += u32::from(!event.is_object());
        seen.error = read_stream_error(Dialect::OpenAi, name, data);
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(work: Work, body: &str) -> (Vec<(&'static str, u64)>, UsageSource) {
        let usage = read(body.as_bytes(), work, Quirks::default()).unwrap().usage;
        (usage.filled().map(|(bucket, units)| (bucket.name(), units)).collect(), usage.source)
    }

    #[test]
    fn each_route_is_counted_in_what_its_answer_says() {
        use UsageSource::{Counted, None, Provider};
        for (work, body, wanted, source) in [
            (
                Work::Embed,
                r#"{"data":[],"usage":{"prompt_tokens":4,"total_tokens":4}}"#,
                vec![("input", 4)],
                Provider,
            ),
            (Work::Image, r#"{"created":1,"data":[{"url":"u"},{"url":"v"}]}"#, vec![("image", 2)], Counted),
            (
                Work::Transcribe,
                r#"{"text":"a","usage":{"type":"duration","seconds":7}}"#,
                vec![("milli_second", 7000)],
                Provider,
            ),
            (Work::Transcribe, r#"{"text":"a","duration":3.5201}"#, vec![("milli_second", 3521)], Provider),
            (Work::Transcribe, "1\n00:00 --> 00:01\nHello\n", vec![], None),
            (
                Work::Rerank,
                r#"{"results":[],"meta":{"billed_units":{"search_units":2}}}"#,
                vec![("request", 2)],
                Provider,
            ),
            (Work::Moderate, r#"{"id":"m","results":[]}"#, vec![], None),
        ] {
            assert_eq!(used(work, body), (wanted, source), "{body}");
        }
        assert!(read(b"<html>", Work::Embed, Quirks::default()).is_err());
    }

    #[test]
    fn a_transcript_that_comes_as_events_has_text_and_usage() {
        let mut codec = Codec::new(Work::Transcribe, Quirks::default());
        let mut answer = Answer::default();
        let mut each = |data: &str| codec.read("", data, &mut answer, &mut |_| ());
        assert!(each(r#"{"type":"transcript.text.delta","delta":"Hi"}"#).content);
        let done = each(
            r#"{"type":"transcript.text.done","text":"Hi","usage":{"input_tokens":3,"output_tokens":1,"total_tokens":4}}"#,
        );
        assert!(done.error.is_none() && !done.terminal);
        assert!(each(r#"{"type":"error","error":{"message":"no"}}"#).error.is_some());
        assert_eq!((answer.preview.as_str(), answer.usage.get(Bucket::Output)), ("Hi", 1));
    }
}
