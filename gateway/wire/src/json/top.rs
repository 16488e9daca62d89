//! A body's top-level members, found and guarded in one pass.

use std::{borrow::Cow, ops::Range};

use super::{scan::Scanner, view::View};
use crate::error::WireError;

/// How many members a body may have at its top.
pub const MEMBERS_MAX: usize = 256;

/// One top-level member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its name, decoded.
    pub key: Cow<'a, str>,
    /// Where its value stands in the body.
    pub value: Range<usize>,
}

/// Where everything at the top of a body stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopLevel<'a> {
    text: &'a str,
    members: Vec<Member<'a>>,
    open: usize,
}

impl<'a> TopLevel<'a> {
    /// The members in the order they came.
    #[must_use]
    pub fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// The value of that name.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<View<'a>> {
        self.members.iter().find(|member| member.key == key).map(|member| self.view(member))
    }

    /// The member's value, to read.
    #[must_use]
    pub fn view(&self, member: &Member<'a>) -> View<'a> {
        View::at(self.text, member.value.clone())
    }

    /// The whole object, to read.
    #[must_use]
    pub fn whole(&self) -> View<'a> {
        View::of_text(self.text)
    }

    /// The body as text.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// The place just after the opening brace: a member written there stands first.
    #[must_use]
    pub const fn first_place(&self) -> usize {
        self.open
    }
}

/// Guards a body and finds its top-level members in one pass.
///
/// # Errors
///
/// Says where and why when the body is not UTF-8, not one JSON object, nests deeper than
/// [`super::DEPTH_MAX`], has a member twice or more than [`MEMBERS_MAX`] of them, or one with more than
/// [`super::ELEMENTS_MAX`] elements.
pub fn top_level(body: &[u8]) -> Result<TopLevel<'_>, WireError> {
    let text = std::str::from_utf8(body).map_err(|error| WireError::NotUtf8 { at: error.valid_up_to() })?;
    let mut scanner = Scanner::guarding(text);
    if scanner.next_byte() != b'{' {
        return Err(scanner.wrong("`{`"));
    }
    scanner.step();
    let mut top = TopLevel { text, members: Vec::with_capacity(16), open: scanner.at() };
    while let Some((key, at, value)) = next_member(&mut scanner, top.members.is_empty())? {
        if top.members.iter().any(|member| member.key == key) {
            return Err(WireError::DuplicateMember { at, name: key.into_owned() });
        }
        if top.members.len() == MEMBERS_MAX {
            return Err(WireError::TooManyMembers { at });
        }
        top.members.push(Member { key, value });
    }
    scanner.step();
    scanner.next_byte();
    if scanner.at() < text.len() {
        return Err(scanner.wrong("nothing after the body's closing brace"));
    }
    Ok(top)
}

type Found<'a> = (Cow<'a, str>, usize, Range<usize>);

/// The next member of an object the scanner stands in; `None` on its closing brace.
pub(super) fn next_member<'a>(
    scanner: &mut Scanner<'a>,
    first: bool,
) -> Result<Option<Found<'a>>, WireError> {
    match scanner.next_byte() {
        b'}' => return Ok(None),
        b',' if !first => {
            scanner.step();
            scanner.next_byte();
        }
        b'"' if first => {}
        _ => return Err(scanner.wrong(if first { "a member's name or `}`" } else { "`,` or `}`" })),
    }
    if scanner.next_byte() != b'"' {
        return Err(scanner.wrong("a member's name"));
    }
    let (key, at) = scanner.key()?;
    Ok(Some((key, at, scanner.value(1)?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(body: &str) -> WireError {
        top_level(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn members_are_found_where_they_stand() {
        let body = br#" { "model" : "m\"x" ,"a":[1,{"b":"]"}],"\u006e":2.5e-3,"t":true , "o":{} }"#;
        let top = top_level(body).unwrap();
        let found: Vec<_> = top.members().iter().map(|m| (m.key.as_ref(), top.view(m).raw())).collect();
        let expected =
            [("model", r#""m\"x""#), ("a", r#"[1,{"b":"]"}]"#), ("n", "2.5e-3"), ("t", "true"), ("o", "{}")];
        assert_eq!(found, expected);
        assert_eq!(top.first_place(), 2);
        assert_eq!(top_level(b"{}").unwrap().members().len(), 0);
    }

    #[test]
    fn a_member_given_twice_is_refused_also_when_spelt_with_escapes() {
        let twice = refused(r#"{"model":"a","x":1,"\u006dodel":"b"}"#);
        assert_eq!(twice, WireError::DuplicateMember { at: 19, name: "model".to_owned() });
    }

    #[test]
    fn depth_is_bounded_and_the_bound_itself_passes() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(top_level(nested(128).as_bytes()).is_ok());
        assert_eq!(refused(&nested(129)), WireError::TooDeep { at: 5 + 127 });
        assert!(matches!(refused(&"{\"a\":[".repeat(100_000)), WireError::TooDeep { .. }));
    }

    #[test]
    fn bad_json_is_refused_at_its_place() {
        for (body, place) in [
            ("", 0),
            ("[]", 0),
            ("{", 1),
            (r#"{"a":1"#, 6),
            (r#"{"a":1,}"#, 7),
            (r#"{"a" 1}"#, 5),
            (r#"{"a":[1 2]}"#, 8),
            (r#"{"a":[1,]}"#, 8),
            (r#"{"a":{"b":}}"#, 10),
            (r#"{"a":[}]}"#, 6),
            (r#"{"a":nul}"#, 5),
            (r#"{"a":"x}"#, 8),
            (r#"{"a":1} {"#, 8),
            (r#"{,"a":1}"#, 1),
        ] {
            match refused(body) {
                WireError::Syntax { at, .. } => assert_eq!(at, place, "{body}"),
                other => panic!("{body}: {other}"),
            }
        }
        assert_eq!(top_level(b"{\"a\":\"\xff\"}").unwrap_err(), WireError::NotUtf8 { at: 6 });
    }

    #[test]
    fn the_number_of_members_is_bounded() {
        let body = |count: usize| {
            let members: Vec<String> = (0..count).map(|n| format!("\"k{n}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(top_level(body(MEMBERS_MAX).as_bytes()).is_ok());
        assert!(matches!(refused(&body(MEMBERS_MAX + 1)), WireError::TooManyMembers { .. }));
    }

    #[test]
    fn the_number_of_messages_is_bounded() {
        let body = |count: usize| format!("{{\"messages\":[{}{{}}]}}", "{\"a\":[1,2]},".repeat(count - 1));
        assert!(top_level(body(super::super::ELEMENTS_MAX).as_bytes()).is_ok());
        let refused = refused(&body(super::super::ELEMENTS_MAX + 1));
        assert!(matches!(refused, WireError::TooManyElements { .. }));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body: Vec<u8>) {
            let _ = top_level(&body);
        }

        #[test]
        fn what_a_strict_parser_takes_is_taken(text in r#"[\[\]{}:,"a1\\ ]{0,24}"#) {
            if serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text).is_ok() {
                let outcome = top_level(text.as_bytes());
                let fine = matches!(outcome, Ok(_) | Err(WireError::DuplicateMember { .. }));
                prop_assert!(fine, "{}", text);
            }
        }
    }
}
