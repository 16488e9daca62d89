//! The one writer to standard output and standard error: results go out, messages for people go to the side.

use std::io::Write as _;

/// Writes a line of result to standard output. A closed pipe is the reader's choice, not an error.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Writes a line for a person to standard error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Writes an error for a person to standard error.
pub(crate) fn problem(text: &str) {
    note(&format!("weir: {text}"));
}
