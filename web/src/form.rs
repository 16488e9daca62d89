//! What was typed and what is wrong with it, field by field: a refused form comes back as it was sent.

use std::fmt;

/// One field of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// What was typed; never filled for passwords and credentials.
    pub value: String,
    /// Why it was refused.
    pub error: Option<FieldError>,
}

impl Field {
    /// A field holding `value`, nothing wrong with it.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: value.into(), error: None }
    }

    /// The same field, refused for `error`.
    #[must_use]
    pub fn refused(mut self, error: FieldError) -> Self {
        self.error = Some(error);
        self
    }

    /// Whether `choice` is the one selected.
    #[must_use]
    pub fn is(&self, choice: &str) -> bool {
        self.value == choice
    }

    /// Whether a check box was ticked.
    #[must_use]
    pub fn checked(&self) -> bool {
        self.value == "on"
    }
}

/// Why a field was refused; displays as a sentence that says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldError {
    /// Nothing was typed.
    Required,
    /// Fewer than `min` characters.
    TooShort {
        /// The least number of characters.
        min: usize,
    },
    /// More than `max` characters.
    TooLong {
        /// The greatest number of characters.
        max: usize,
    },
    /// Not an e-mail address.
    NotAnEmail,
    /// Not an `http` or `https` address.
    NotAUrl,
    /// Not a whole number of at least `min`.
    NotANumber {
        /// The least number taken.
        min: u64,
    },
    /// Not a date or not in the future.
    NotADate,
    /// Something of that name exists.
    Taken,
    /// Not one of the choices, for example because it was deleted meanwhile.
    UnknownChoice,
    /// Anything else, as a sentence.
    Other(String),
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required => f.write_str("Fill this in."),
            Self::TooShort { min } => write!(f, "Use at least {min} characters."),
            Self::TooLong { max } => write!(f, "Use at most {max} characters."),
            Self::NotAnEmail => f.write_str("Enter an e-mail address, for example ada@example.com."),
            Self::NotAUrl => f.write_str("Enter an address that starts with https:// or http://."),
            Self::NotANumber { min } => write!(f, "Enter a whole number, {min} or more."),
            Self::NotADate => f.write_str("Enter a date in the future, for example 2027-01-31."),
            Self::Taken => f.write_str("This name is taken. Choose another."),
            Self::UnknownChoice => f.write_str("This choice is gone. Choose another."),
            Self::Other(sentence) => f.write_str(sentence),
        }
    }
}

/// One choice of a select.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub label: String,
}

impl Choice {
    /// A choice sending `value` and showing `label`.
    #[must_use]
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_field_keeps_what_was_typed_and_says_what_to_do() {
        let field = Field::new("gopher://x").refused(FieldError::NotAUrl);
        assert_eq!(field.value, "gopher://x");
        assert_eq!(
            field.error.as_ref().map(ToString::to_string).as_deref(),
            Some("Enter an address that starts with https:// or http://.")
        );
    }
}
