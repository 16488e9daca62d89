//! Finds where events end: at the end of a blank line, whatever the line ends look like and however bytes arrive.

use memchr::memchr2;

use super::{SseError, SseLimits};

/// What stood before the next byte.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Last {
    /// Some character of a line.
    Text,
    /// The end of a line, or the start of an event.
    LineEnd,
    /// A carriage return that ended a line; a line feed would still belong to it.
    Return,
    /// A carriage return that is a blank line; a line feed would still belong to it.
    BlankReturn,
}

/// Walks over a stream's bytes and remembers between pieces what it must.
#[derive(Debug)]
pub(super) struct Splitter {
    limits: SseLimits,
    last: Last,
    line_bytes: usize,
    event_bytes: usize,
}

impl Splitter {
    pub(super) const fn new(limits: SseLimits) -> Self {
        Self { limits, last: Last::LineEnd, line_bytes: 0, event_bytes: 0 }
    }

    /// How many of these bytes complete the current event; `None` when it goes on beyond them.
    pub(super) fn next_end(&mut self, bytes: &[u8]) -> Result<Option<usize>, SseError> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let ends = match (self.last, byte) {
                (Last::BlankReturn, b'\n') => Some(at + 1),
                (Last::BlankReturn, _) => Some(at),
                (Last::LineEnd, b'\n') | (Last::Return, b'\r') => Some(at + 1),
                _ => None,
            };
            if let Some(end) = ends {
                *self = Self::new(self.limits);
                return Ok(Some(end));
            }
            at += match (self.last, byte) {
                (Last::LineEnd, b'\r') => self.turn(Last::BlankReturn),
                (Last::Return, b'\n') => self.turn(Last::LineEnd),
                _ => self.pass_line(&bytes[at..])?,
            };
        }
        self.event_bytes += bytes.len();
        self.check()?;
        Ok(None)
    }

    const fn turn(&mut self, last: Last) -> usize {
        self.last = last;
        self.line_bytes = 0;
        1
    }

    /// Passes text up to and including the first byte of a line end.
    fn pass_line(&mut self, rest: &[u8]) -> Result<usize, SseError> {
        let Some(found) = memchr2(b'\n', b'\r', rest) else {
            self.last = Last::Text;
            self.line_bytes += rest.len();
            self.check()?;
            return Ok(rest.len());
        };
        self.line_bytes += found;
        self.check()?;
        self.turn(if rest[found] == b'\n' { Last::LineEnd } else { Last::Return });
        Ok(found + 1)
    }

    const fn check(&self) -> Result<(), SseError> {
        if self.line_bytes > self.limits.line_bytes_max {
            return Err(SseError::LineTooLong(self.limits.line_bytes_max));
        }
        if self.event_bytes > self.limits.event_bytes_max {
            return Err(SseError::EventTooLong(self.limits.event_bytes_max));
        }
        Ok(())
    }
}
