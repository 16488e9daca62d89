//! What a message is made of.

use std::borrow::Cow;

use super::Place;
use crate::json::View;

/// A piece of text and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    /// The text, decoded.
    pub text: Cow<'a, str>,
    /// Where its JSON string stands in the body, quotes included; `None` when it was put together from a stream.
    pub place: Option<Place>,
}

impl<'a> Text<'a> {
    /// The string a value is.
    pub(crate) fn of(view: View<'a>) -> Option<Self> {
        Some(Self { text: view.text()?, place: Some(view.range()) })
    }

    /// Text without a place.
    pub fn loose(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), place: None }
    }
}

/// A picture, sound or file: described, not decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Media<'a> {
    /// Its media type or format, where stated.
    pub media_type: Option<Cow<'a, str>>,
    /// Where it can be fetched, or the provider's id of it; `None` when it is in the body.
    pub reference: Option<Cow<'a, str>>,
    /// How many bytes of base64 it has in the body.
    pub base64_bytes: usize,
    /// The part as JSON.
    pub raw: &'a str,
}

/// One part of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<'a> {
    /// Text.
    Text(Text<'a>),
    /// A picture.
    Image(Media<'a>),
    /// Sound.
    Audio(Media<'a>),
    /// A file or document.
    File(Media<'a>),
    /// The model calls a tool.
    ToolCall {
        /// The call's id.
        id: Cow<'a, str>,
        /// The tool.
        name: Cow<'a, str>,
        /// The arguments' JSON text, with its place where it is a string of its own.
        arguments: Text<'a>,
    },
    /// A tool's answer.
    ToolResult {
        /// The call it answers.
        id: Cow<'a, str>,
        /// Whether it says it failed.
        failed: bool,
        /// What it says.
        parts: Vec<Part<'a>>,
    },
    /// Reasoning the caller may see.
    Reasoning(Text<'a>),
    /// The model refuses.
    Refusal(Text<'a>),
    /// Something we have no word for.
    Other {
        /// The provider's word for it.
        kind: Cow<'a, str>,
        /// The part as JSON.
        raw: Cow<'a, str>,
    },
}

impl<'a> Part<'a> {
    /// The texts in it, a tool's answer included.
    #[must_use]
    pub fn texts(&self) -> Vec<&Text<'a>> {
        match self {
            Self::Text(text) | Self::Reasoning(text) | Self::Refusal(text) => vec![text],
            Self::ToolCall { arguments, .. } => vec![arguments],
            Self::ToolResult { parts, .. } => parts.iter().flat_map(Self::texts).collect(),
            Self::Image(_) | Self::Audio(_) | Self::File(_) | Self::Other { .. } => Vec::new(),
        }
    }

    /// A part of that kind, kept as it came.
    pub(crate) fn other(kind: Cow<'a, str>, view: View<'a>) -> Self {
        Self::Other { kind, raw: Cow::Borrowed(view.raw()) }
    }

    /// A member's text as a part; nothing when it has none.
    pub(crate) fn text_of(view: View<'a>) -> Option<Self> {
        Text::of(view).filter(|text| !text.text.is_empty()).map(Self::Text)
    }
}

impl<'a> Media<'a> {
    /// A reference is a data URL, an address or an id.
    pub(crate) fn of_url(url: Option<Cow<'a, str>>, raw: &'a str) -> Self {
        let Some(url) = url else { return Self { raw, ..Self::default() } };
        let Some(rest) = url.strip_prefix("data:") else {
            return Self { reference: Some(url), raw, ..Self::default() };
        };
        let (head, payload) = rest.split_once(',').unwrap_or((rest, ""));
        let kind = head.split(';').next().unwrap_or_default().to_owned();
        Self { media_type: Some(Cow::Owned(kind)), reference: None, base64_bytes: payload.len(), raw }
    }
}
