//! Text → tree. One pass over the characters; every error knows its place.

use thiserror::Error;

use super::field::{Field, Kind};
use super::{Bounds, Filter, Pattern, Term, Test};
use crate::plan::nearest;
use crate::record::Outcome;

/// Why a filter was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("at character {}: {what}{}", .at + 1, hint(.nearest))]
pub struct FilterError {
    /// Where, in characters from 0.
    pub at: usize,
    /// What is wrong.
    pub what: String,
    /// What would fit, best first.
    pub nearest: Vec<String>,
}

fn hint(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!("; did you mean {}?", nearest.join(", ")) }
}

fn wrong(at: usize, what: impl Into<String>) -> FilterError {
    FilterError { at, what: what.into(), nearest: Vec::new() }
}

pub(super) fn parse(text: &str) -> Result<Filter, FilterError> {
    let mut reader = Reader { chars: text.chars().collect(), at: 0 };
    let mut terms = Vec::new();
    loop {
        reader.skip_blanks();
        if reader.at == reader.chars.len() {
            return Ok(Filter { terms });
        }
        terms.push(reader.term()?);
    }
}

struct Reader {
    chars: Vec<char>,
    at: usize,
}

/// A piece of a value: quoted text is never a pattern, a range or a comparison.
struct Piece {
    text: String,
    quoted: bool,
    starred: bool,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> String {
        let from = self.at;
        while self.peek().is_some_and(&fits) {
            self.at += 1;
        }
        self.chars[from..self.at].iter().collect()
    }

    fn term(&mut self) -> Result<Term, FilterError> {
        let start = self.at;
        let negated = self.take('-');
        if self.peek() == Some('"') {
            return Ok(Term { negated, test: Test::Text(self.quoted()?) });
        }
        let word_at = self.at;
        let word = self.take_while(|c| !c.is_whitespace() && c != ':' && c != '"');
        if self.take(':') {
            let test = self.test(word_at, &word)?;
            return Ok(Term { negated, test });
        }
        if word.is_empty() {
            return Err(wrong(start, "a minus sign negates the term right behind it, and there is none"));
        }
        Ok(Term { negated, test: Test::Text(word) })
    }

    fn quoted(&mut self) -> Result<String, FilterError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '"' if text.is_empty() => return Err(wrong(start, "there is nothing between the quotes")),
                '"' => return Ok(text),
                '\\' if self.peek() == Some('"') => {
                    text.push('"');
                    self.at += 1;
                }
                c => text.push(c),
            }
        }
        Err(wrong(start, "this quote is not closed"))
    }

    fn test(&mut self, word_at: usize, word: &str) -> Result<Test, FilterError> {
        let Some(field) = Field::from_name(word) else {
            let nearest = nearest(word, Field::NAMES.iter().copied());
            return Err(FilterError { at: word_at, what: format!("there is no field `{word}`"), nearest });
        };
        let value_at = self.at;
        let pieces = self.pieces()?;
        let alone_star =
            matches!(pieces.as_slice(), [only] if only.starred && only.text.is_empty() && !only.quoted);
        if alone_star {
            return Ok(Test::Present(field));
        }
        if field.kind().is_number() {
            return bounds(&field, &pieces).map(|bounds| Test::Between(field.clone(), bounds)).ok_or_else(
                || wrong(value_at, format!("`{field}` wants {}, or a range of them", field.kind().example())),
            );
        }
        let patterns =
            pieces.into_iter().map(|piece| pattern(&field, value_at, piece)).collect::<Result<_, _>>()?;
        Ok(Test::AnyOf(field, patterns))
    }

    fn pieces(&mut self) -> Result<Vec<Piece>, FilterError> {
        let mut pieces = Vec::new();
        loop {
            let start = self.at;
            let quoted = self.peek() == Some('"');
            let text = if quoted {
                self.quoted()?
            } else {
                self.take_while(|c| !c.is_whitespace() && !matches!(c, ',' | '"' | '*'))
            };
            let starred = self.take('*');
            if text.is_empty() && !starred {
                return Err(wrong(start, "a value is missing here"));
            }
            pieces.push(Piece { text, quoted, starred });
            if !self.take(',') {
                break;
            }
        }
        match self.peek() {
            Some(c) if !c.is_whitespace() => {
                Err(wrong(self.at, format!("`{c}` cannot stand here: put a blank before the next term")))
            }
            _ => Ok(pieces),
        }
    }
}

fn bounds(field: &Field, pieces: &[Piece]) -> Option<Bounds> {
    let [Piece { text, quoted: false, starred: false }] = pieces else { return None };
    let read = |text: &str| field.kind().read(text);
    if let Some((from, to)) = text.split_once("..") {
        return Some(Bounds { from: Some((read(from)?, true)), to: Some((read(to)?, true)) });
    }
    let strip = |sign: &str| text.strip_prefix(sign);
    Some(if let Some(number) = strip(">=") {
        Bounds { from: Some((read(number)?, true)), to: None }
    } else if let Some(number) = strip(">") {
        Bounds { from: Some((read(number)?, false)), to: None }
    } else if let Some(number) = strip("<=") {
        Bounds { from: None, to: Some((read(number)?, true)) }
    } else if let Some(number) = strip("<") {
        Bounds { from: None, to: Some((read(number)?, false)) }
    } else {
        let exactly = Some((read(text)?, true));
        Bounds { from: exactly, to: exactly }
    })
}

fn pattern(field: &Field, at: usize, piece: Piece) -> Result<Pattern, FilterError> {
    let Piece { text, quoted, starred } = piece;
    if !quoted && text.starts_with(['>', '<']) {
        return Err(wrong(at, format!("`{field}` is not a number: it wants {}", field.kind().example())));
    }
    if field.kind() == Kind::Status && !starred {
        let names = || Outcome::ALL.iter().map(|outcome| outcome.name()).chain(["error"]);
        if !names().any(|name| name == text) {
            return Err(FilterError {
                at,
                what: format!("there is no status `{text}`"),
                nearest: nearest(&text, names()),
            });
        }
    }
    Ok(if starred { Pattern::StartsWith(text) } else { Pattern::Exactly(text) })
}
