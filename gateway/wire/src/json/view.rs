//! One value of a body, read only when asked. Made over checked text; over unchecked text it finds less, never panics.

use std::{borrow::Cow, ops::Range};

use super::{
    scan::Scanner,
    top::{next_member, top_level},
};
use crate::error::WireError;

/// A JSON value where it stands in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View<'a> {
    text: &'a str,
    start: usize,
    end: usize,
}

impl<'a> View<'a> {
    pub(super) const fn at(text: &'a str, range: Range<usize>) -> Self {
        Self { text, start: range.start, end: range.end }
    }

    /// The whole of a body that must be one JSON object.
    ///
    /// # Errors
    ///
    /// As [`top_level`].
    pub fn of_object(body: &'a [u8]) -> Result<Self, WireError> {
        Ok(top_level(body)?.whole())
    }

    /// An object without the guard's pass, for text already trusted to be whole (an event of a stream).
    #[must_use]
    pub fn of_text(text: &'a str) -> Self {
        let start = text.len() - text.trim_start().len();
        Self { text, start, end: text.trim_end().len().max(start) }
    }

    /// Where the value stands in the body.
    #[must_use]
    pub const fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The value as it is written.
    #[must_use]
    pub fn raw(&self) -> &'a str {
        self.text.get(self.range()).unwrap_or_default()
    }

    fn first(&self) -> u8 {
        self.raw().bytes().next().unwrap_or_default()
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.raw() == "null"
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        self.first() == b'{'
    }

    /// Whether it is an array.
    #[must_use]
    pub fn is_array(&self) -> bool {
        self.first() == b'['
    }

    /// Whether it is a string.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.first() == b'"'
    }

    /// The string it is; borrowed unless it has escapes. Escapes that name no character stay as they are written.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'a, str>> {
        let inside = self.raw().strip_prefix('"')?.strip_suffix('"')?;
        if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
            return Some(Cow::Borrowed(inside));
        }
        Some(serde_json::from_str(self.raw()).map_or(Cow::Borrowed(inside), Cow::Owned))
    }

    /// The string it is when not empty.
    #[must_use]
    pub fn filled_text(&self) -> Option<Cow<'a, str>> {
        self.text().filter(|text| !text.is_empty())
    }

    /// The count it is: a whole number, not negative. Providers' `12.0` counts as twelve.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        let raw = self.raw();
        raw.parse().ok().or_else(|| {
            raw.split_once('.').filter(|(_, rest)| rest.bytes().all(|b| b == b'0'))?.0.parse().ok()
        })
    }

    /// The number it is.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        if matches!(self.first(), b'-' | b'0'..=b'9') { self.raw().parse().ok() } else { None }
    }

    /// The truth value it is.
    #[must_use]
    pub fn boolean(&self) -> Option<bool> {
        match self.raw() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The member of that name of an object; the last one where it is there twice, as parsers do it. `null` counts
    /// as absent.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Self> {
        self.members().filter(|(name, _)| name == key).last().map(|(_, value)| value).filter(|v| !v.is_null())
    }

    /// The members of an object, in order; none of anything else.
    pub fn members(&self) -> impl Iterator<Item = (Cow<'a, str>, Self)> + use<'a> {
        let (text, mut first) = (self.text.get(..self.end).unwrap_or_default(), true);
        let mut scanner = self.is_object().then(|| Scanner::new(text, self.start + 1));
        std::iter::from_fn(move || {
            let (key, _, range) = next_member(scanner.as_mut()?, first).ok().flatten()?;
            first = false;
            Some((key, Self::at(text, range)))
        })
    }

    /// The members of an object, found once for whoever asks for many of them.
    #[must_use]
    pub fn opened(&self) -> Members<'a> {
        Members(self.members().collect())
    }

    /// The elements of an array, in order; none of anything else.
    pub fn items(&self) -> impl Iterator<Item = Self> + use<'a> {
        let (text, mut first) = (self.text.get(..self.end).unwrap_or_default(), true);
        let mut scanner = self.is_array().then(|| Scanner::new(text, self.start + 1));
        std::iter::from_fn(move || {
            let scanner = scanner.as_mut()?;
            match scanner.next_byte() {
                b',' if !first => scanner.step(),
                b']' | 0 => return None,
                _ if first => {}
                _ => return None,
            }
            first = false;
            scanner.value(1).ok().map(|range| Self::at(text, range))
        })
    }
}

/// An object's members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members<'a>(Vec<(Cow<'a, str>, View<'a>)>);

impl<'a> Members<'a> {
    /// As [`View::get`].
    #[must_use]
    pub fn get(&self, key: &str) -> Option<View<'a>> {
        let found = self.0.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, value)| *value).filter(|value| !value.is_null())
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &(Cow<'a, str>, View<'a>)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opened_object_gives_what_asking_it_gives() {
        let view = View::of_text(r#"{"a":1,"b":null,"a":2,"\u0063":3}"#);
        let opened = view.opened();
        for key in ["a", "b", "c", "d"] {
            assert_eq!(opened.get(key), view.get(key), "{key}");
        }
        assert_eq!(opened.get("a").unwrap().count(), Some(2));
        assert_eq!(View::of_text("[1]").opened(), Members::default());
    }

    #[test]
    fn values_are_read_where_they_stand() {
        let body = br#"{"a":{"s":"x\ny","n":12,"f":12.0,"neg":-1,"t":true,"nil":null},"l":[1,"two",[3],{"four":4}]}"#;
        let root = View::of_object(body).unwrap();
        let a = root.get("a").unwrap();
        assert_eq!(a.get("s").unwrap().text().unwrap(), "x\ny");
        assert_eq!((a.get("n").unwrap().count(), a.get("f").unwrap().count()), (Some(12), Some(12)));
        assert_eq!((a.get("neg").unwrap().count(), a.get("neg").unwrap().number()), (None, Some(-1.0)));
        assert_eq!((a.get("t").unwrap().boolean(), a.get("nil")), (Some(true), None));
        let items: Vec<_> = root.get("l").unwrap().items().map(|item| item.raw()).collect();
        assert_eq!(items, ["1", r#""two""#, "[3]", r#"{"four":4}"#]);
        let place = a.get("n").unwrap().range();
        assert_eq!(&body[place], b"12");
    }

    #[test]
    fn a_lone_surrogate_is_kept_as_written() {
        let view = View::of_text(r#""a\ud83db""#);
        assert_eq!(view.text().unwrap(), r"a\ud83db");
    }

    #[test]
    fn a_value_cut_short_gives_what_was_whole() {
        let cut = View::of_text(r#"{"a":1,"b":[1,2"#);
        assert_eq!(cut.members().count(), 1);
    }
}
