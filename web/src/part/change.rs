//! What happens to one thing when something is published, restored or discarded.

use crate::shell::Link;

/// Lines of one change that a page shows; the rest is counted.
const LINES_MAX: usize = 20;

/// What happens to one object, or to all prices.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// What it is: "endpoint", "model", "price".
    pub kind: String,
    /// What it is called; empty for prices.
    pub name: String,
    /// Where it is shown; none when it has no page any more.
    pub href: Option<String>,
    /// "added", "changed", "removed".
    pub how: &'static str,
    /// What differs, one line each.
    pub lines: Vec<String>,
}

impl Change {
    /// The lines a page shows.
    #[must_use]
    pub fn shown(&self) -> &[String] {
        self.lines.get(..LINES_MAX).unwrap_or(&self.lines)
    }

    /// How many lines it does not, in words.
    #[must_use]
    pub fn more(&self) -> Option<String> {
        let hidden = self.lines.len().checked_sub(LINES_MAX).filter(|hidden| *hidden > 0)?;
        Some(format!("and {hidden} more"))
    }

    /// The class of its pill.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self.how {
            "added" => "ok",
            "removed" => "bad",
            _ => "warn",
        }
    }

    /// The icon that says the same without colour.
    #[must_use]
    pub fn icon(&self) -> &'static str {
        match self.how {
            "added" => "plus",
            "removed" => "minus",
            _ => "pencil",
        }
    }
}

/// Why something cannot be published, and where to mend it.
#[derive(Debug, Clone, Default)]
pub struct Problem {
    /// A sentence.
    pub text: String,
    /// The object to look at.
    pub link: Option<Link>,
}
