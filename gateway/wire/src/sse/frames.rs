//! Splits forwarded chunks into frames, one event each, without losing or changing a byte.

use bytes::{Bytes, BytesMut};

use super::{Event, SseError, SseLimits, splitter::Splitter};

/// The bytes of one event as they came, its blank line included. Joined together, a stream's frames are the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The bytes: a slice of the chunk, or a copy when the event came in several.
    pub bytes: Bytes,
    /// Whether it is an element of a JSON array, and no event of a stream.
    pub(crate) element: bool,
}

impl Frame {
    /// The event in it, read now.
    #[must_use]
    pub fn event(&self) -> Event<'_> {
        if self.element { crate::array::event(&self.bytes) } else { Event::of_bytes(&self.bytes) }
    }
}

/// A splitter of chunks into frames.
#[derive(Debug)]
pub struct Frames {
    splitter: Splitter,
    begun: BytesMut,
}

impl Default for Frames {
    fn default() -> Self {
        Self::new(SseLimits::default())
    }
}

impl Frames {
    /// A splitter at the start of a stream.
    #[must_use]
    pub fn new(limits: SseLimits) -> Self {
        Self { splitter: Splitter::new(limits), begun: BytesMut::new() }
    }

    /// Takes the next chunk and gives each frame it completes; what begins an event waits for its end.
    ///
    /// # Errors
    ///
    /// When a line or an event outgrows its bound. Nothing is lost then: [`Frames::rest`] has every byte not yet
    /// given, and the relay may go on with raw chunks.
    pub fn push(&mut self, chunk: &Bytes, mut each: impl FnMut(Frame)) -> Result<(), SseError> {
        let mut at = 0;
        loop {
            let rest = &chunk[at..];
            let end = self.splitter.next_end(rest);
            let Ok(Some(end)) = end else {
                self.begun.extend_from_slice(rest);
                return end.map(drop);
            };
            let bytes = if self.begun.is_empty() {
                chunk.slice(at..at + end)
            } else {
                self.begun.extend_from_slice(&rest[..end]);
                self.begun.split().freeze()
            };
            at += end;
            each(Frame { bytes, element: false });
        }
    }

    /// The bytes not given yet: the stream's tail once it has ended, also when no blank line closed it.
    #[must_use]
    pub fn rest(&mut self) -> Option<Frame> {
        (!self.begun.is_empty()).then(|| Frame { bytes: self.begun.split().freeze(), element: false })
    }
}
