//! The scanner: walks over JSON text, checks its grammar and depth, and says where values end.

use std::{borrow::Cow, ops::Range};

use memchr::memchr2;

use crate::error::WireError;

/// How deep a body may nest.
pub const DEPTH_MAX: u32 = 128;

/// How many elements an array right below a body's top may have: messages, tools.
pub const ELEMENTS_MAX: usize = 10_000;

/// A place in JSON text. The text is UTF-8; places are bytes.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    elements_max: usize,
}

/// What may come next inside a container.
#[derive(Clone, Copy, PartialEq)]
enum Want {
    Value,
    ValueOrClose,
    Key,
    KeyOrClose,
    CommaOrClose,
}

impl Want {
    const fn takes_value(self) -> bool {
        matches!(self, Self::Value | Self::ValueOrClose)
    }

    const fn named(self) -> &'static str {
        match self {
            Self::Value => "a value",
            Self::ValueOrClose => "a value or `]`",
            Self::Key => "a member's name",
            Self::KeyOrClose => "a member's name or `}`",
            Self::CommaOrClose => "`,` or the closing bracket",
        }
    }
}

/// The open containers, innermost in the lowest bit: one means object.
struct Nest {
    kinds: u128,
    depth: u32,
}

impl Nest {
    fn open(&mut self, object: bool, at: usize, outer: u32) -> Result<Want, WireError> {
        if outer + self.depth >= DEPTH_MAX {
            return Err(WireError::TooDeep { at });
        }
        self.kinds = (self.kinds << 1) | u128::from(object);
        self.depth += 1;
        Ok(if object { Want::KeyOrClose } else { Want::ValueOrClose })
    }

    const fn in_object(&self) -> bool {
        self.kinds & 1 == 1
    }

    const fn close(&mut self) {
        self.kinds >>= 1;
        self.depth -= 1;
    }
}

impl<'a> Scanner<'a> {
    pub(super) const fn new(text: &'a str, at: usize) -> Self {
        Self { text, at, elements_max: usize::MAX }
    }

    /// The same, refusing values with more than [`ELEMENTS_MAX`] elements.
    pub(super) const fn guarding(text: &'a str) -> Self {
        Self { text, at: 0, elements_max: ELEMENTS_MAX }
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) const fn step(&mut self) {
        self.at += 1;
    }

    pub(super) fn wrong(&self, wanted: &'static str) -> WireError {
        WireError::Syntax { at: self.at, wanted, ended: self.at >= self.text.len() }
    }

    /// Skips white space and gives the byte that follows; zero at the end.
    pub(super) fn next_byte(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return *byte;
            }
            self.at += 1;
        }
        0
    }

    /// Passes a string, quotes included; says whether it has escapes.
    pub(super) fn string(&mut self) -> Result<bool, WireError> {
        let bytes = self.text.as_bytes();
        let mut at = self.at + 1;
        let mut escapes = false;
        loop {
            let Some(found) = quote_or_escape(bytes.get(at..).unwrap_or_default()) else {
                self.at = bytes.len();
                return Err(self.wrong("the closing quote of a string"));
            };
            at += found + 1;
            if bytes[at - 1] == b'"' {
                self.at = at;
                return Ok(escapes);
            }
            escapes = true;
            at += 1;
        }
    }

    /// Passes a member's name and its colon; the name is decoded.
    pub(super) fn key(&mut self) -> Result<(Cow<'a, str>, usize), WireError> {
        let start = self.at;
        let escapes = self.string()?;
        let inside = self.text.get(start + 1..self.at - 1).unwrap_or_default();
        let name = if escapes {
            let decoded = serde_json::from_str(self.text.get(start..self.at).unwrap_or_default());
            Cow::Owned(decoded.map_err(|_| WireError::Syntax {
                at: start,
                wanted: "valid escapes",
                ended: false,
            })?)
        } else {
            Cow::Borrowed(inside)
        };
        if self.next_byte() != b':' {
            return Err(self.wrong("`:`"));
        }
        self.at += 1;
        Ok((name, start))
    }

    /// Passes one value and says where it stood. `outer` is how many containers are open around it.
    pub(super) fn value(&mut self, outer: u32) -> Result<Range<usize>, WireError> {
        let first = self.next_byte();
        let start = self.at;
        match first {
            b'"' => {
                self.string()?;
            }
            b'{' | b'[' => self.container(outer)?,
            _ => self.scalar()?,
        }
        Ok(start..self.at)
    }

    fn container(&mut self, outer: u32) -> Result<(), WireError> {
        let mut nest = Nest { kinds: 0, depth: 0 };
        let mut want = Want::Value;
        let mut elements = 1;
        loop {
            match (self.next_byte(), want) {
                (byte @ (b'{' | b'['), _) if want.takes_value() => {
                    want = nest.open(byte == b'{', self.at, outer)?;
                    self.at += 1;
                }
                (b'"', _) if want.takes_value() => {
                    self.string()?;
                    want = Want::CommaOrClose;
                }
                (b'"', Want::Key | Want::KeyOrClose) => {
                    self.string()?;
                    if self.next_byte() != b':' {
                        return Err(self.wrong("`:`"));
                    }
                    self.at += 1;
                    want = Want::Value;
                }
                (b',', Want::CommaOrClose) => {
                    elements += usize::from(nest.depth == 1);
                    if elements > self.elements_max {
                        return Err(WireError::TooManyElements { at: self.at });
                    }
                    self.at += 1;
                    want = if nest.in_object() { Want::Key } else { Want::Value };
                }
                (b'}', Want::KeyOrClose | Want::CommaOrClose) if nest.in_object() => {
                    want = self.close(&mut nest);
                }
                (b']', Want::ValueOrClose | Want::CommaOrClose) if !nest.in_object() => {
                    want = self.close(&mut nest);
                }
                _ if want.takes_value() => {
                    self.scalar().map_err(|_| self.wrong(want.named()))?;
                    want = Want::CommaOrClose;
                }
                _ => return Err(self.wrong(want.named())),
            }
            if nest.depth == 0 {
                return Ok(());
            }
        }
    }

    const fn close(&mut self, nest: &mut Nest) -> Want {
        self.at += 1;
        nest.close();
        Want::CommaOrClose
    }

    /// Passes a number or a literal.
    fn scalar(&mut self) -> Result<(), WireError> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let is_number = rest.first().is_some_and(|byte| matches!(byte, b'-' | b'0'..=b'9'));
        let ends = |byte: &u8| if is_number { !in_number(*byte) } else { !in_word(*byte) };
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        let next_is_word = rest.get(length).is_some_and(|byte| in_word(*byte));
        if next_is_word || !is_number && !matches!(&rest[..length], b"true" | b"false" | b"null") {
            return Err(self.wrong("a value"));
        }
        self.at += length;
        Ok(())
    }
}

const fn in_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

const fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

/// How many bytes are looked through one by one before the search for long texts is worth setting up: most strings of a
/// body are names and short words.
const SHORT: usize = 16;

/// Where the text's first quote or backslash stands.
fn quote_or_escape(bytes: &[u8]) -> Option<usize> {
    let (short, rest) = bytes.split_at(bytes.len().min(SHORT));
    let found = short.iter().position(|byte| matches!(byte, b'"' | b'\\'));
    found.or_else(|| Some(memchr2(b'"', b'\\', rest)? + short.len()))
}
