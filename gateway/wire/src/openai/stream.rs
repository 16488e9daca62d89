//! A chat completion as chunks, ended by `[DONE]` where the provider is so kind.

use super::response::{Choices, start, take_head, take_usage};
use crate::{
    answer::Answer,
    dialect::Dialect,
    fault::read_stream_error,
    json::View,
    quirks::Quirks,
    stream::{Seen, Sink, StreamEvent},
};

/// What must be remembered between chunks.
#[derive(Debug)]
pub(crate) struct Codec {
    quirks: Quirks,
    choices: Choices,
    started: bool,
}

impl Codec {
    pub(crate) fn new(quirks: Quirks) -> Self {
        Self { quirks, choices: Choices::default(), started: false }
    }

    /// Reads one event.
    pub(crate) fn read(&mut self, name: &str, data: &str, answer: &mut Answer, sink: Sink<'_>) -> Seen {
        let mut seen = Seen::default();
        if data.trim() == "[DONE]" {
            seen.terminal = true;
            return seen;
        }
        let chunk = View::of_text(data);
        let (mut members, mut choices, mut usage, mut failed) = (0_usize, 0_usize, false, name == "error");
        for (key, value) in chunk.members() {
            members += 1;
            match key.as_ref() {
                "choices" => {
                    for choice in value.items() {
                        choices += 1;
                        if !std::mem::replace(&mut self.started, true) {
                            start(|key| chunk.get(key), answer, sink);
                        }
                        seen.content |= self.choices.take(choice, "delta", answer, sink);
                    }
                }
                "usage" => usage |= self.take_usage(value, answer),
                "x_groq" => drop(value.get("usage").is_some_and(|value| self.take_usage(value, answer))),
                "error" => failed |= !value.is_null(),
                key => take_head(key, value, answer),
            }
        }
        if answer.usage.is_known() && usage {
            sink(StreamEvent::Usage(answer.usage));
        }
        answer.unreadable += u32::from(members == 0 && !failed);
        seen.usage_only = usage && choices == 0 && !failed;
        seen.error = if failed { read_stream_error(Dialect::OpenAi, name, data) } else { None };
        seen
    }

    fn take_usage(&self, value: View<'_>, answer: &mut Answer) -> bool {
        take_usage(value, self.quirks, answer);
        value.is_object()
    }
}
