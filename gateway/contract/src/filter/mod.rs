//! The one filter grammar: `customer:acme status:error cost:>0.05 -model:gpt-5* "timed out"`.
//!
//! `field:value`, `field:a,b` (any of), `field:>n` `>=n` `<n` `<=n` `n..m`, `field:*` (present), `-` negates, words and
//! `"quoted words"` search text; terms are ANDed. URLs, pages, the command line, the API, alerts and rules share this parser
//! and this tree; only the archive's reader compiles it to SQL.

mod field;
mod parse;

use std::fmt;

pub use field::{Field, Kind};
pub use parse::FilterError;

/// A conjunction of terms; empty matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The terms, in the order they were written.
    pub terms: Vec<Term>,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Whether it is negated.
    pub negated: bool,
    /// What it asks.
    pub test: Test,
}

/// What a term asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// The text occurs in what is searched.
    Text(String),
    /// The field has a value.
    Present(Field),
    /// The field is one of these.
    AnyOf(Field, Vec<Pattern>),
    /// The field lies between two bounds; numbers are in the field's own unit ([`Kind`]).
    Between(Field, Bounds),
}

/// A value to compare text with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Equal.
    Exactly(String),
    /// Begins so (`gpt-5*`).
    StartsWith(String),
}

/// Bounds of a number; `None` is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Smallest value, and whether it belongs to the range.
    pub from: Option<(i64, bool)>,
    /// Largest value, and whether it belongs to the range.
    pub to: Option<(i64, bool)>,
}

impl Filter {
    /// Reads a filter. The error says which term, where, and what would fit.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse::parse(text)
    }

    /// The same filter without its `place`-th term: what an empty list offers.
    #[must_use]
    pub fn without(&self, place: usize) -> Self {
        let others = self.terms.iter().enumerate().filter(|(at, _)| *at != place);
        Self { terms: others.map(|(_, term)| term.clone()).collect() }
    }

    /// The same filter with one more exact term, unless it is there already: what a link on a value adds.
    #[must_use]
    pub fn with(&self, field: Field, value: &str) -> Self {
        let test = Test::AnyOf(field, vec![Pattern::Exactly(value.to_owned())]);
        let term = Term { negated: false, test };
        let mut terms = self.terms.clone();
        if !terms.contains(&term) {
            terms.push(term);
        }
        Self { terms }
    }
}

/// The canonical text; reading it again gives the same tree.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, term) in self.terms.iter().enumerate() {
            let space = if place == 0 { "" } else { " " };
            write!(f, "{space}{term}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("-")?;
        }
        match &self.test {
            Test::Text(text) => write!(f, "\"{}\"", text.replace('"', "\\\"")),
            Test::Present(field) => write!(f, "{field}:*"),
            Test::AnyOf(field, patterns) => {
                let texts: Vec<String> = patterns.iter().map(ToString::to_string).collect();
                write!(f, "{field}:{}", texts.join(","))
            }
            Test::Between(field, bounds) => write_bounds(f, field, *bounds),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(text) => f.write_str(&quoted(text)),
            Self::StartsWith(text) => write!(f, "{}*", quoted(text)),
        }
    }
}

fn quoted(text: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !matches!(c, ',' | '"' | '*' | '>' | '<');
    if !text.is_empty() && text.chars().all(plain) && !text.contains("..") {
        text.to_owned()
    } else {
        format!("\"{}\"", text.replace('"', "\\\""))
    }
}

fn write_bounds(f: &mut fmt::Formatter<'_>, field: &Field, bounds: Bounds) -> fmt::Result {
    let text = |number| field.kind().write(number);
    match (bounds.from, bounds.to) {
        (Some((from, true)), Some((to, true))) if from == to => write!(f, "{field}:{}", text(from)),
        (Some((from, _)), Some((to, _))) => write!(f, "{field}:{}..{}", text(from), text(to)),
        (Some((from, inclusive)), None) => {
            write!(f, "{field}:>{}{}", if inclusive { "=" } else { "" }, text(from))
        }
        (None, Some((to, inclusive))) => {
            write!(f, "{field}:<{}{}", if inclusive { "=" } else { "" }, text(to))
        }
        (None, None) => write!(f, "{field}:*"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Filter {
        Filter::parse(text).unwrap()
    }

    #[test]
    fn every_form_of_the_grammar_is_read() {
        let filter = read(
            "customer:acme,globex status:error cost:>0.05 -model:gpt-5* tag.feature:chat latency:1.5s..2m user:* \"timed out\" slow",
        );
        let texts: Vec<String> = filter.terms.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "customer:acme,globex",
                "status:error",
                "cost:>0.050000000",
                "-model:gpt-5*",
                "tag.feature:chat",
                "latency:1500ms..120000ms",
                "user:*",
                "\"timed out\"",
                "\"slow\""
            ]
        );
    }

    #[test]
    fn an_unknown_field_is_an_error_with_the_nearest_names() {
        let error = Filter::parse("customer:a statsu:error").unwrap_err();
        assert_eq!((error.at, error.nearest.first().map(String::as_str)), (11, Some("status")));
        assert!(error.to_string().contains("`statsu`"), "{error}");
    }

    #[test]
    fn wrong_numbers_and_open_quotes_are_named() {
        assert!(Filter::parse("cost:>cheap").unwrap_err().to_string().contains("cost"));
        assert!(Filter::parse("\"open").unwrap_err().to_string().contains("quote"));
        assert!(Filter::parse("status:").unwrap_err().to_string().contains("value"));
        assert!(Filter::parse("customer:>5").unwrap_err().to_string().contains("customer"));
        assert!(Filter::parse("status:eror").unwrap_err().nearest.contains(&"error".to_owned()));
    }

    #[test]
    fn a_value_may_hold_a_colon_a_slash_or_a_quoted_blank() {
        assert_eq!(
            read("model:demo/fast:free key:\"my key\"").to_string(),
            "model:demo/fast:free key:\"my key\""
        );
    }

    #[test]
    fn terms_come_and_go() {
        let filter = read("customer:a status:ok");
        assert_eq!(filter.without(0).to_string(), "status:ok");
        assert_eq!(
            filter.with(Field::Model, "m").with(Field::Model, "m").to_string(),
            "customer:a status:ok model:m"
        );
    }

    proptest! {
        #[test]
        fn canonical_text_reads_back_the_same(text in "[a-z:.,<>*\"\\- 0-9]{0,40}") {
            if let Ok(filter) = Filter::parse(&text) {
                prop_assert_eq!(Filter::parse(&filter.to_string()).unwrap(), filter);
            }
        }
    }
}
