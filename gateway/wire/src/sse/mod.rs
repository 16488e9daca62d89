//! Event streams (`text/event-stream`). Two readers over one splitter, neither owns a socket:
//! [`SseDecoder`] hands out events as they complete, [`Frames`] also keeps each event's own bytes, so that a relay
//! can drop or hold back exactly one event and pass all others on untouched.

mod decoder;
mod event;
mod frames;
mod splitter;

pub use decoder::SseDecoder;
pub use event::Event;
pub use frames::{Frame, Frames};

/// How long a line and an event may grow before the stream is given up as broken. Bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SseLimits {
    /// The longest line.
    pub line_bytes_max: usize,
    /// The longest event, all its lines together.
    pub event_bytes_max: usize,
}

impl SseLimits {
    /// Room for events that carry a picture, or a whole response with everything in it.
    pub const ROOMY: Self = Self { line_bytes_max: 16 << 20, event_bytes_max: 16 << 20 };
}

impl Default for SseLimits {
    fn default() -> Self {
        Self { line_bytes_max: 1 << 20, event_bytes_max: 4 << 20 }
    }
}

/// Why a stream can no longer be read as events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// A line outgrew its bound.
    #[error("a line of the event stream is longer than {0} bytes")]
    LineTooLong(usize),
    /// An event outgrew its bound.
    #[error("an event of the event stream is longer than {0} bytes")]
    EventTooLong(usize),
}

#[cfg(test)]
mod tests;
