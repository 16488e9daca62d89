//! What screens repeat: the status pill, figures that carry their exact value, icons.
//!
//! [`Markup`] is the one place that says "this is HTML already"; only numbers and our own words go into it.

mod change;
mod status;

pub use change::{Change, Problem};
pub use status::Status;

use crate::{number, sprite};
use askama::filters::HtmlSafe;
use std::borrow::Borrow;
use std::fmt;
use weir_contract::money::Money;

/// HTML made here, of numbers and fixed words.
#[derive(Debug, Clone)]
pub struct Markup(String);

impl HtmlSafe for Markup {}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One of the icons of the sprite; says nothing to a screen reader.
#[must_use]
pub fn icon(name: &'static str) -> Markup {
    Markup(format!(r##"<svg class="icon" aria-hidden="true"><use href="#icon-{name}"/></svg>"##))
}

/// Where the icons used by [`icon`] go, once in a page: see [`crate::render`].
#[must_use]
pub fn sprite() -> Markup {
    Markup(sprite::PLACE.to_owned())
}

/// Money, with the exact amount on hover.
#[must_use]
pub fn money(amount: &Money) -> Markup {
    Markup(format!(
        r#"<data value="{0}" title="${0} exactly">{1}</data>"#,
        amount.usd_exact(),
        number::money(amount)
    ))
}

/// The cost of a call, or that it has none we know.
#[must_use]
pub fn cost(amount: &Option<Money>) -> Markup {
    amount.as_ref().map_or_else(
        || Markup(r#"<span class="unrated" title="No price is known for this, so it is in no sum">unrated</span>"#.into()),
        money,
    )
}

/// Tokens, with the exact number on hover where it is shortened.
#[must_use]
pub fn tokens(value: impl Borrow<u64>) -> Markup {
    let value = value.borrow();
    if *value < 100_000 {
        return Markup(number::tokens(value));
    }
    Markup(format!(
        r#"<data value="{value}" title="{}">{}</data>"#,
        number::count(value),
        number::tokens(value)
    ))
}

/// A duration that may not be known.
#[must_use]
pub fn duration(us: &Option<u64>) -> Markup {
    Markup(us.as_ref().map_or_else(|| "–".to_owned(), number::duration))
}

/// A moment in a list; the script adds the reader's own time on hover.
#[must_use]
pub fn clock(us: &i64, now_us: &i64) -> Markup {
    time(us, &number::clock(us, now_us))
}

/// A moment as "38 s ago".
#[must_use]
pub fn ago(us: &i64, now_us: &i64) -> Markup {
    time(us, &number::ago(us, now_us))
}

/// A moment in a sentence.
#[must_use]
pub fn instant(us: &i64) -> Markup {
    time(us, &number::instant(us))
}

fn time(us: &i64, shown: &str) -> Markup {
    Markup(format!(r#"<time datetime="{0}" title="{0}">{shown}</time>"#, number::iso(us)))
}
