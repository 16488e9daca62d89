//! An answer that comes as one JSON array, element by element, as Gemini streams when nobody asks for events. The
//! elements are found as they complete; joined together, what is handed out is the body.

use bytes::{Bytes, BytesMut};

use crate::sse::{Event, Frame, SseError};

/// How long an element may grow before the array is given up as unreadable. Bytes.
const ELEMENT_BYTES_MAX: usize = 16 << 20;

/// A splitter of chunks into elements.
#[derive(Debug, Default)]
pub struct Elements {
    begun: BytesMut,
    /// How many of the begun bytes were looked at.
    seen: usize,
    depth: u32,
    in_text: bool,
    escaped: bool,
}

impl Elements {
    /// Takes the next chunk and gives each element it completes, with the comma and the space before it; the closing
    /// bracket is an element of its own.
    ///
    /// # Errors
    ///
    /// When an element outgrows its bound. Nothing is lost then: [`Elements::rest`] has every byte not yet given.
    pub fn push(&mut self, chunk: &Bytes, mut each: impl FnMut(Frame)) -> Result<(), SseError> {
        self.begun.extend_from_slice(chunk);
        while let Some(end) = self.next_end() {
            self.seen = 0;
            each(Frame { bytes: self.begun.split_to(end).freeze(), element: true });
        }
        if self.begun.len() > ELEMENT_BYTES_MAX {
            return Err(SseError::EventTooLong(ELEMENT_BYTES_MAX));
        }
        Ok(())
    }

    /// The bytes not given yet: what follows the array, or what was cut.
    #[must_use]
    pub fn rest(&mut self) -> Option<Frame> {
        self.seen = 0;
        (!self.begun.is_empty()).then(|| Frame { bytes: self.begun.split().freeze(), element: true })
    }

    /// Where the next element ends. The array's own bracket is depth one.
    fn next_end(&mut self) -> Option<usize> {
        while let Some(byte) = self.begun.get(self.seen).copied() {
            self.seen += 1;
            if self.in_text {
                let escaped = std::mem::take(&mut self.escaped);
                match byte {
                    b'\\' if !escaped => self.escaped = true,
                    b'"' if !escaped => self.in_text = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_text = true,
                b'[' | b'{' => self.depth += 1,
                b']' | b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth <= 1 {
                        return Some(self.seen);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// The element in its bytes, as an event; `]` is the array's end.
pub(crate) fn event(bytes: &[u8]) -> Event<'_> {
    let mut data = bytes.trim_ascii();
    while let Some((b'[' | b',', rest)) = data.split_first() {
        data = rest.trim_ascii_start();
    }
    Event { name: "", data: data.into(), has_data: !data.is_empty() }
}

/// Hands out the elements of a body that is here.
pub(crate) fn events(body: &[u8], mut each: impl FnMut(Event<'_>)) {
    let mut elements = Elements::default();
    if elements.push(&Bytes::copy_from_slice(body), |frame| each(frame.event())).is_ok()
        && let Some(frame) = elements.rest()
    {
        each(frame.event());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BODY: &str = "[{\"a\": \"x]}\\\"\"}\n,\r\n{\"b\":[{},{\"c\":1}]} ,{\"ü\":2}\n]\n";

    fn split(pieces: &[&[u8]]) -> (Vec<String>, Vec<u8>) {
        let (mut elements, mut found, mut joined) = (Elements::default(), Vec::new(), Vec::new());
        let mut take = |frame: Frame| {
            found.push(String::from_utf8_lossy(&frame.event().data).into_owned());
            joined.extend_from_slice(&frame.bytes);
        };
        for piece in pieces {
            elements.push(&Bytes::copy_from_slice(piece), &mut take).unwrap();
        }
        elements.rest().into_iter().for_each(&mut take);
        (found, joined)
    }

    #[test]
    fn elements_are_found_and_every_byte_is_handed_out() {
        let (found, joined) = split(&[BODY.as_bytes()]);
        assert_eq!(found, ["{\"a\": \"x]}\\\"\"}", "{\"b\":[{},{\"c\":1}]}", "{\"ü\":2}", "]", ""]);
        assert_eq!(joined, BODY.as_bytes());
        assert_eq!(split(&[b"[]"]).0, ["]"]);
    }

    #[test]
    fn an_element_that_never_ends_is_given_up_and_kept() {
        let mut elements = Elements::default();
        let chunk = Bytes::from(vec![b'['; ELEMENT_BYTES_MAX + 1]);
        assert!(elements.push(&chunk, |_| ()).is_err());
        assert_eq!(elements.rest().unwrap().bytes.len(), chunk.len());
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_elements(cuts in prop::collection::vec(0usize..64, 0..8)) {
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (BODY.len() + 1)).collect();
            places.extend([0, BODY.len()]);
            places.sort_unstable();
            let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &BODY.as_bytes()[pair[0]..pair[1]]).collect();
            prop_assert_eq!(split(&pieces), split(&[BODY.as_bytes()]));
        }

        #[test]
        fn arbitrary_bytes_are_handed_out_as_they_came(body: Vec<u8>) {
            prop_assert_eq!(split(&[&body]).1, body);
        }
    }
}
