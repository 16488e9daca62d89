//! What was said and what was on the wire; all of it is hostile and shown as text only.

/// One message of the conversation; its text is hostile and shown as text only.
#[derive(Debug, Clone, Default)]
pub struct MessageView {
    /// `system`, `user`, `assistant`, `tool`.
    pub role: String,
    /// What it is made of.
    pub parts: Vec<MessagePart>,
}

/// A piece of a message.
#[derive(Debug, Clone)]
pub enum MessagePart {
    /// Words.
    Text(String),
    /// Reasoning the provider showed.
    Reasoning(String),
    /// The model asks for a tool.
    ToolCall {
        /// The tool's name.
        name: String,
        /// The call's id.
        id: String,
        /// Its arguments, as JSON if they are.
        arguments: String,
    },
    /// What the tool said.
    ToolResult {
        /// The call's id.
        id: String,
        /// Its words.
        text: String,
    },
    /// An image, a sound, a file: named, not shown.
    Media {
        /// Its media type.
        mime: String,
        /// Its size; 0 when it is elsewhere.
        bytes: u64,
        /// Where it is, when it is elsewhere.
        href: String,
    },
    /// The rest was too long to show; the raw tab has all of it.
    Cut {
        /// How many bytes are not shown.
        bytes: u64,
    },
}

/// Why a body is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absent {
    /// A policy keeps bodies out of the archive: says which.
    Policy(String),
    /// It is older than bodies are kept.
    Expired,
    /// It was dropped under pressure; the record says so.
    Shed,
    /// Somebody had it erased.
    Erased,
    /// It has not arrived yet, or never existed.
    NotYet,
    /// The reader may not read bodies.
    NotAllowed,
}

/// Which of the four bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// What the client sent.
    Request,
    /// What we sent to the provider.
    UpstreamRequest,
    /// What the provider answered.
    UpstreamResponse,
    /// What the client got.
    Response,
}

impl BodyKind {
    /// The name in the address.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::UpstreamRequest => "upstream_request",
            Self::UpstreamResponse => "upstream_response",
            Self::Response => "response",
        }
    }

    /// The heading.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Request => "Request, as the client sent it",
            Self::UpstreamRequest => "Request, as it went to the provider",
            Self::UpstreamResponse => "Response, as the provider sent it",
            Self::Response => "Response, as the client got it",
        }
    }
}

/// One stored body.
#[derive(Debug, Clone)]
pub struct BodyView {
    /// Which of the four.
    pub kind: BodyKind,
    /// Of which attempt.
    pub attempt: u8,
    /// Its size on the wire.
    pub bytes: u64,
    /// Its media type.
    pub content_type: String,
    /// The body, or why it is not here.
    pub content: BodyContent,
}

/// A body on the page.
#[derive(Debug, Clone)]
pub enum BodyContent {
    /// At most 64 KiB, as text.
    Inline(String),
    /// Larger: a link to download it.
    Large,
    /// The same bytes as another body of this page.
    SameAs(BodyKind),
    /// Not there.
    Absent(Absent),
}
