//! One event: the lines between two blank ones, read into its name and data.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// An event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event<'a> {
    /// The event's name; empty when it has none.
    pub name: &'a str,
    /// The data, its lines joined by line feeds; borrowed when it is one line.
    pub data: Cow<'a, [u8]>,
    /// Whether it has a data line at all. Without one it is a comment or a keep-alive, and nothing to act on.
    pub has_data: bool,
}

impl<'a> Event<'a> {
    /// Reads the bytes of one event, its blank line included or not.
    #[must_use]
    pub fn of_bytes(bytes: &'a [u8]) -> Self {
        let mut event = Self::default();
        let mut rest = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        while !rest.is_empty() {
            let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            event.take_line(&rest[..end]);
            rest = &rest[(end + 1).min(rest.len())..];
        }
        event
    }

    fn take_line(&mut self, line: &'a [u8]) {
        let colon = memchr(b':', line).unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match &line[..colon] {
            b"data" => self.take_data(value),
            b"event" => self.name = std::str::from_utf8(value).unwrap_or_default(),
            _ => {}
        }
    }

    fn take_data(&mut self, value: &'a [u8]) {
        if self.has_data {
            let data = self.data.to_mut();
            data.push(b'\n');
            data.extend_from_slice(value);
        } else {
            self.data = Cow::Borrowed(value);
            self.has_data = true;
        }
    }
}
