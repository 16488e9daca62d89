//! A text that is never printed and never written back.

use std::fmt;

use serde::{Deserialize, Serializer};
use zeroize::Zeroizing;

/// A secret from the configuration. It has no `Display` and no `Serialize`, and its `Debug` shows nothing.
#[derive(Clone, Default, Deserialize)]
#[serde(from = "String")]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The secret itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Writes an empty text in its place: that the key exists may be shown, its value never.
    pub(super) fn hidden<S: Serializer>(_secret: &Self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("")
    }

    /// Whether none was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_in_debug_output() {
        let secret = Secret::from("wgt_abc".to_owned());
        assert!(!format!("{secret:?}").contains("abc"));
        assert_eq!(secret.expose(), "wgt_abc");
    }
}
