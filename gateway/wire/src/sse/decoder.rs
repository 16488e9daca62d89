//! Hands out the events of a stream as they complete. An event that lies within one piece is not copied.

use super::{Event, SseError, SseLimits, splitter::Splitter};

/// An incremental decoder: the same events whatever the pieces.
#[derive(Debug)]
pub struct SseDecoder {
    splitter: Splitter,
    begun: Vec<u8>,
}

impl Default for SseDecoder {
    fn default() -> Self {
        Self::new(SseLimits::default())
    }
}

impl SseDecoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub const fn new(limits: SseLimits) -> Self {
        Self { splitter: Splitter::new(limits), begun: Vec::new() }
    }

    /// Takes the next bytes and gives each event they complete. Comments and keep-alives are passed over.
    ///
    /// # Errors
    ///
    /// When a line or an event outgrows its bound; the rest of the stream cannot be read then.
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(Event<'_>)) -> Result<(), SseError> {
        let mut rest = bytes;
        while let Some(end) = self.splitter.next_end(rest)? {
            let (last, after) = rest.split_at(end);
            if self.begun.is_empty() {
                give(last, &mut each);
            } else {
                self.begun.extend_from_slice(last);
                give(&self.begun, &mut each);
                self.begun.clear();
            }
            rest = after;
        }
        self.begun.extend_from_slice(rest);
        Ok(())
    }

    /// The stream has ended: gives the event that no blank line closed, if there is one.
    pub fn finish(self, mut each: impl FnMut(Event<'_>)) {
        give(&self.begun, &mut each);
    }
}

fn give(bytes: &[u8], each: &mut impl FnMut(Event<'_>)) {
    let event = Event::of_bytes(bytes);
    if event.has_data {
        each(event);
    }
}
