//! The internal conversation: what guards, pages, replay and translations read, whatever dialect it came in.
//!
//! Reading is lenient: a part we have no word for is kept as [`Part::Other`] with its JSON, never dropped.

mod assemble;
mod demand;
mod finish;
mod part;
mod settings;

use std::{borrow::Cow, ops::Range};

pub use assemble::{Assembly, Choice, Reply};
pub use demand::{Demand, demands};
pub use finish::Finish;
pub use part::{Citation, Media, Part, Signature, Source, Text};
pub(crate) use settings::HINTS;
pub use settings::{Format, Number, ReasoningWish, Settings, ToolChoice};

use crate::{
    anthropic,
    dialect::Dialect,
    error::WireError,
    gemini,
    json::{TopLevel, View},
    openai, responses,
};

/// A request, in neutral words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conversation<'a> {
    /// Instructions that stand apart from the messages.
    pub system: Vec<Part<'a>>,
    /// The messages in order.
    pub messages: Vec<Message<'a>>,
    /// The tools offered.
    pub tools: Vec<Tool<'a>>,
    /// Which tool must or may be called; `None` where it was not said.
    pub tool_choice: Option<ToolChoice<'a>>,
    /// How the answer shall be made.
    pub settings: Settings<'a>,
    /// Members at the top of the body that we have no word for, as JSON.
    pub rest: Vec<(Cow<'a, str>, &'a str)>,
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message<'a> {
    /// Who speaks.
    pub role: Role<'a>,
    /// The name given to the speaker, when there is one.
    pub name: Option<Cow<'a, str>>,
    /// What is said, in order.
    pub parts: Vec<Part<'a>>,
    /// Members of the message that we have no word for, as JSON.
    pub rest: Vec<(Cow<'a, str>, &'a str)>,
}

/// Who speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role<'a> {
    /// Instructions.
    System,
    /// Instructions of the application's developer.
    Developer,
    /// The user.
    User,
    /// The model.
    Assistant,
    /// A tool.
    Tool,
    /// Someone else.
    Other(Cow<'a, str>),
}

impl<'a> Role<'a> {
    pub(crate) fn of(name: Option<Cow<'a, str>>) -> Self {
        match name.as_deref() {
            Some("system") => Self::System,
            Some("developer") => Self::Developer,
            Some("user") => Self::User,
            Some("assistant") => Self::Assistant,
            Some("tool" | "function") => Self::Tool,
            _ => Self::Other(name.unwrap_or_default()),
        }
    }

    /// The role's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Other(name) => name,
        }
    }
}

/// A tool offered to the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// What it says of itself.
    pub description: Cow<'a, str>,
    /// The JSON schema of its arguments, as JSON.
    pub schema: Option<Cow<'a, str>>,
    /// The provider's word for its kind, when it is not a plain function: such tools run at the provider.
    pub kind: Option<Cow<'a, str>>,
    /// Whether its arguments must keep to the schema to the letter.
    pub strict: Option<bool>,
    /// Set where the tools up to this one are worth caching at the provider; how long, as JSON.
    pub cache: Option<&'a str>,
    /// The whole tool, as JSON.
    pub raw: &'a str,
}

impl<'a> Conversation<'a> {
    /// Every text a guard must see, with its place in the body where it has one: system parts, then messages.
    pub fn texts(&self) -> impl Iterator<Item = &Text<'a>> {
        let said = self.messages.iter().flat_map(|message| &message.parts);
        self.system.iter().chain(said).flat_map(Part::texts)
    }

    /// Keeps a top-level member that has no word of its own; null is absence.
    pub(crate) fn keep(&mut self, key: Cow<'a, str>, view: View<'a>) {
        if !view.is_null() {
            self.rest.push((key, view.raw()));
        }
    }
}

/// Where a value stands in the body it was read from.
pub type Place = Range<usize>;

/// Reads a request's body.
///
/// # Errors
///
/// When the body is not sound JSON (see [`crate::json::top_level`]).
pub fn read_conversation(dialect: Dialect, body: &[u8]) -> Result<Conversation<'_>, WireError> {
    let top = crate::json::top_level(body)?;
    Ok(conversation_of(dialect, &top))
}

/// Reads a request whose top level was found already.
#[must_use]
pub fn conversation_of<'a>(dialect: Dialect, top: &TopLevel<'a>) -> Conversation<'a> {
    match dialect {
        Dialect::OpenAi => openai::read_conversation(top),
        Dialect::Responses => responses::read_conversation(top),
        Dialect::Anthropic => anthropic::read_conversation(top),
        Dialect::Gemini => gemini::read_conversation(top),
    }
}

/// Reads the messages of an answer, given as JSON or as the text of its event stream: one message for each choice.
///
/// # Errors
///
/// When it is neither sound JSON nor a stream with bounded events.
pub fn read_answer_messages(dialect: Dialect, body: &[u8]) -> Result<Vec<Message<'_>>, WireError> {
    if !body.trim_ascii_start().starts_with(b"{") {
        return Ok(assemble::from_stream(dialect, body));
    }
    let top = crate::json::top_level(body)?;
    Ok(match dialect {
        Dialect::OpenAi => openai::read_answer_body(&top),
        Dialect::Responses => responses::read_answer_body(&top),
        Dialect::Anthropic => anthropic::read_answer_body(&top),
        Dialect::Gemini => gemini::read_answer_body(&top),
    })
}

#[cfg(test)]
mod tests;
