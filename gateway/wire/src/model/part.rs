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

/// Where a picture, sound or file is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source<'a> {
    /// Not stated in a way we know.
    #[default]
    Unknown,
    /// At an address.
    Url(Cow<'a, str>),
    /// In the body, as base64.
    Base64(Cow<'a, str>),
    /// In the body, as plain text.
    Text(Cow<'a, str>),
    /// At the provider, under this id.
    Id(Cow<'a, str>),
}

/// A picture, sound or file: described, not decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Media<'a> {
    /// Its media type or format, where stated.
    pub media_type: Option<Cow<'a, str>>,
    /// Where it is.
    pub source: Source<'a>,
    /// Its file name or title.
    pub name: Option<Cow<'a, str>>,
    /// How closely the model shall look at it.
    pub detail: Option<Cow<'a, str>>,
    /// Whether the answer shall cite from it.
    pub cites: bool,
    /// The part as JSON.
    pub raw: &'a str,
}

/// What proves that a provider's model thought something, or holds the thought sealed. The provider wants it back
/// unchanged in the next turn; to another one it means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature<'a> {
    /// Whose it is.
    pub format: Cow<'a, str>,
    /// The signature, or the sealed thought.
    pub text: Cow<'a, str>,
}

impl<'a> Signature<'a> {
    /// The format of Anthropic's signatures, by the name that routers between formats use for it.
    pub const ANTHROPIC: &'static str = "anthropic-claude-v1";

    /// The format of OpenAI's sealed reasoning, likewise.
    pub const RESPONSES: &'static str = "openai-responses-v1";

    /// Reasoning sealed by OpenAI.
    pub(crate) fn of_responses(text: impl Into<Cow<'a, str>>) -> Self {
        Self { format: Cow::Borrowed(Self::RESPONSES), text: text.into() }
    }

    /// Whether OpenAI takes it.
    #[must_use]
    pub fn is_responses(&self) -> bool {
        self.format == Self::RESPONSES
    }

    /// The format of Gemini's signatures, likewise.
    pub const GEMINI: &'static str = "google-gemini-v1";

    /// A signature of Gemini's.
    pub(crate) fn of_gemini(text: impl Into<Cow<'a, str>>) -> Self {
        Self { format: Cow::Borrowed(Self::GEMINI), text: text.into() }
    }

    /// Whether Gemini takes it.
    #[must_use]
    pub fn is_gemini(&self) -> bool {
        self.format == Self::GEMINI
    }

    /// A signature of Anthropic's.
    pub(crate) fn of_anthropic(text: impl Into<Cow<'a, str>>) -> Self {
        Self { format: Cow::Borrowed(Self::ANTHROPIC), text: text.into() }
    }

    /// Whether Anthropic takes it.
    #[must_use]
    pub fn is_anthropic(&self) -> bool {
        self.format == Self::ANTHROPIC
    }

    /// The same, owned.
    #[must_use]
    pub fn into_owned(self) -> Signature<'static> {
        Signature { format: self.format.into_owned().into(), text: self.text.into_owned().into() }
    }
}

/// What a text rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Citation<'a> {
    /// The address, where it is a page.
    pub url: Cow<'a, str>,
    /// The title of the page or document.
    pub title: Cow<'a, str>,
    /// The words cited.
    pub cited: Cow<'a, str>,
    /// Which characters of the choice's text rest on it: from, to.
    pub span: (u64, u64),
}

impl Citation<'_> {
    /// The same, owned.
    #[must_use]
    pub fn into_owned(self) -> Citation<'static> {
        Citation {
            url: self.url.into_owned().into(),
            title: self.title.into_owned().into(),
            cited: self.cited.into_owned().into(),
            span: self.span,
        }
    }
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
        /// Whether the provider runs the tool itself: then nobody else is asked to.
        hosted: bool,
    },
    /// A tool's answer.
    ToolResult {
        /// The call it answers.
        id: Cow<'a, str>,
        /// Whether it says it failed.
        failed: bool,
        /// Whether the provider ran the tool itself.
        hosted: bool,
        /// What it says.
        parts: Vec<Part<'a>>,
    },
    /// Reasoning the caller may see.
    Reasoning {
        /// What was thought.
        text: Text<'a>,
        /// The provider's proof of it.
        signature: Option<Signature<'a>>,
    },
    /// Reasoning only its provider can read.
    Sealed(Signature<'a>),
    /// The model refuses.
    Refusal(Text<'a>),
    /// What the text before it rests on.
    Citation(Box<Citation<'a>>),
    /// Everything up to here is worth caching at the provider; how long, as JSON.
    CacheMark(Cow<'a, str>),
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
            Self::Text(text) | Self::Reasoning { text, .. } | Self::Refusal(text) => vec![text],
            Self::ToolCall { arguments, .. } => vec![arguments],
            Self::ToolResult { parts, .. } => parts.iter().flat_map(Self::texts).collect(),
            Self::Image(_)
            | Self::Audio(_)
            | Self::File(_)
            | Self::Sealed(_)
            | Self::Citation(_)
            | Self::CacheMark(_)
            | Self::Other { .. } => Vec::new(),
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

    /// Reasoning without a proof.
    pub(crate) const fn thought(text: Text<'a>) -> Self {
        Self::Reasoning { text, signature: None }
    }

    /// The mark that a member `cache_control` of a part makes.
    pub(crate) fn cache_mark(view: View<'a>) -> Option<Self> {
        view.get("cache_control").and_then(Self::marked)
    }

    /// The mark that such a member is.
    pub(crate) fn marked(mark: View<'a>) -> Option<Self> {
        mark.is_object().then(|| Self::CacheMark(Cow::Borrowed(mark.raw())))
    }
}

impl<'a> Media<'a> {
    /// A reference is a data URL or an address.
    pub(crate) fn of_url(url: Option<Cow<'a, str>>, raw: &'a str) -> Self {
        let Some(url) = url else { return Self { raw, ..Self::default() } };
        if !url.starts_with("data:") {
            return Self { source: Source::Url(url), raw, ..Self::default() };
        }
        let comma = url.find(',').unwrap_or(url.len());
        let head = url.get("data:".len()..comma).unwrap_or_default();
        let media_type = head.split(';').next().filter(|kind| !kind.is_empty()).map(str::to_owned);
        let payload = (comma + 1).min(url.len());
        let payload = match &url {
            Cow::Borrowed(url) => Cow::Borrowed(&url[payload..]),
            Cow::Owned(url) => Cow::Owned(url[payload..].to_owned()),
        };
        Self {
            media_type: media_type.map(Cow::Owned),
            source: Source::Base64(payload),
            raw,
            ..Self::default()
        }
    }

    /// How many bytes of base64 it has in the body.
    #[must_use]
    pub fn base64_bytes(&self) -> usize {
        if let Source::Base64(data) = &self.source { data.len() } else { 0 }
    }

    /// Where it can be fetched, or the provider's id of it; `None` when it is in the body.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        match &self.source {
            Source::Url(text) | Source::Id(text) => Some(text),
            _ => None,
        }
    }
}
