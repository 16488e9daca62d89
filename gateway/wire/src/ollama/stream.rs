//! An answer in lines: Ollama's as chunks of a chat completion.

use super::{answer, failure, finish_reason};
use crate::{
    completion::{Chunks, Heading, done, fail, text, without_likelihood},
    json::{JsonText, View},
};

/// Longest line, bytes: as long as an event with pictures may be.
const LINE_BYTES_MAX: usize = 16 << 20;

/// Tells Ollama's lines as chunks. It keeps the line that is not whole yet, and nothing of what was said.
#[derive(Debug)]
pub(crate) struct Stream {
    chunks: Chunks,
    line: Vec<u8>,
    /// How many calls there were.
    calls: u64,
    /// Whether the answer is over, well or not: nothing is said after that.
    over: bool,
}

impl Stream {
    /// At the start of an answer.
    pub(crate) const fn new(heading: Heading) -> Self {
        Self { chunks: Chunks::new(heading), line: Vec::new(), calls: 0, over: false }
    }

    /// Takes more of the stream; what it means is appended to `out`.
    ///
    /// # Errors
    ///
    /// Says what cannot be read: left out, the answer would seem whole.
    pub(crate) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let mut rest = piece;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (last, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            self.keep(last)?;
            self.finish(out)?;
        }
        self.keep(rest)
    }

    fn keep(&mut self, piece: &[u8]) -> Result<(), String> {
        if self.line.len().saturating_add(piece.len()) > LINE_BYTES_MAX {
            return Err(format!("a line of the stream is longer than {LINE_BYTES_MAX} bytes"));
        }
        self.line.extend_from_slice(piece);
        Ok(())
    }

    /// The line is over: reads it.
    ///
    /// # Errors
    ///
    /// As [`Stream::push`].
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), String> {
        let line = std::mem::take(&mut self.line);
        if !self.over && !line.trim_ascii().is_empty() {
            let root =
                View::of_object(&line).map_err(|_| "a line of the stream cannot be read".to_owned())?;
            self.take(root, out);
        }
        // Its room is used again.
        self.line = line;
        self.line.clear();
        Ok(())
    }

    fn take(&mut self, root: View<'_>, out: &mut Vec<u8>) {
        if let Some(message) = failure(root) {
            self.over = true;
            return fail(&message, "server_error", out);
        }
        self.chunks.greet(out);
        root.get("message").into_iter().for_each(|message| self.say(root, message, out));
        if root.get("done").and_then(|done| done.boolean()) != Some(true) {
            return;
        }
        self.over = true;
        let word = text(root, "done_reason");
        self.chunks.end(finish_reason(&word, self.calls > 0), &word, out);
        if answer::counts(root).is_some() {
            self.chunks.usage(out, |json| answer::write_counts(root, true, json));
        }
        done(out);
    }

    fn say(&mut self, root: View<'_>, message: View<'_>, out: &mut Vec<u8>) {
        let filled = |key: &str| message.get(key).filter(|more| more.filled_text().is_some());
        if let Some(thought) = filled("thinking") {
            self.chunks
                .delta(out, without_likelihood, |json| json.key("reasoning_content").raw(thought.raw()));
        }
        if let Some(said) = filled("content") {
            let likelihood = |json: &mut JsonText| answer::write_likelihood(root, json);
            self.chunks.delta(out, likelihood, |json| json.key("content").raw(said.raw()));
        }
        for call in message.get("tool_calls").into_iter().flat_map(|calls| calls.items()) {
            let (id, number) = (self.chunks.heading.id.clone(), self.calls);
            self.calls += 1;
            self.chunks.delta(out, without_likelihood, |json| {
                json.key("tool_calls").array(|json| answer::write_call(call, (&id, number), true, json));
            });
        }
        if message.get("images").is_some_and(|images| images.items().next().is_some()) {
            self.chunks.delta(out, without_likelihood, |json| answer::write_other(message, json));
        }
    }
}
