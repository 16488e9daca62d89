//! How an answer shall be made: what stands in a request beside the conversation and its tools.

use std::borrow::Cow;

/// A number as it was written, so that no digit changes on its way.
pub type Number<'a> = &'a str;

/// The settings of a request, in neutral words. Absent means: as the model does it by itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings<'a> {
    /// The model asked for.
    pub model: Cow<'a, str>,
    /// Whether the answer shall come as events.
    pub stream: bool,
    /// Whether usage shall come at the end of the events.
    pub include_usage: bool,
    /// The most tokens an answer may have, reasoning included.
    pub max_tokens: Option<u64>,
    /// Sampling temperature.
    pub temperature: Option<Number<'a>>,
    /// Nucleus sampling.
    pub top_p: Option<Number<'a>>,
    /// Among how many of the likeliest tokens to sample.
    pub top_k: Option<Number<'a>>,
    /// Against tokens that came often.
    pub frequency_penalty: Option<Number<'a>>,
    /// Against tokens that came at all.
    pub presence_penalty: Option<Number<'a>>,
    /// Where the dice start.
    pub seed: Option<Number<'a>>,
    /// Texts that end the answer.
    pub stop: Vec<Cow<'a, str>>,
    /// How many answers; zero where it was not said.
    pub n: u64,
    /// Whether each token's probability shall come.
    pub logprobs: bool,
    /// How hard to think.
    pub reasoning: ReasoningWish<'a>,
    /// What shape the answer shall have.
    pub format: Format<'a>,
    /// Whether several tools may be called at once.
    pub parallel_tool_calls: Option<bool>,
    /// The tier that shall serve it.
    pub service_tier: Option<Cow<'a, str>>,
    /// The end user, for the provider's own watch over abuse.
    pub user: Option<Cow<'a, str>>,
}

/// How hard the model shall think.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReasoningWish<'a> {
    /// Whether it shall think at all.
    pub on: Option<bool>,
    /// How hard, in a word (`low`, `medium`, `high`, …).
    pub effort: Option<Cow<'a, str>>,
    /// How many tokens it may think with.
    pub tokens_max: Option<u64>,
}

impl ReasoningWish<'_> {
    /// Whether reasoning is asked for in any way.
    #[must_use]
    pub fn is_on(&self) -> bool {
        let wanted = self.tokens_max.is_some() || self.effort.as_deref().is_some_and(|word| word != "none");
        self.on.unwrap_or(wanted)
    }
}

/// What shape the answer's text shall have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Format<'a> {
    /// Any.
    #[default]
    Text,
    /// A JSON object.
    JsonObject,
    /// JSON of a schema.
    Schema {
        /// The schema's name, where it has one.
        name: Cow<'a, str>,
        /// What it is for.
        description: Cow<'a, str>,
        /// The schema, as JSON.
        schema: Cow<'a, str>,
        /// Whether the schema must be kept to the letter.
        strict: Option<bool>,
    },
    /// A shape we have no word for, as JSON.
    Other(&'a str),
}

/// Which tool must or may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice<'a> {
    /// The model decides.
    Auto,
    /// None.
    None,
    /// At least one, whichever.
    Any,
    /// This one.
    Named(Cow<'a, str>),
    /// A choice we have no word for, as JSON.
    Other(&'a str),
}

/// Members that say how a request is run, paid for or remembered, not what is asked: a target that has no word for one
/// answers the same without it.
pub(crate) const HINTS: [&str; 25] = [
    "store",
    "metadata",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "safety_identifier",
    "cache_control",
    "context_management",
    "inference_geo",
    "provider",
    "usage",
    "transforms",
    "keep_alive",
    "safetySettings",
    "safety_settings",
    "labels",
    "generationConfig.mediaResolution",
    "include",
    "truncation",
    "text.verbosity",
    "client_metadata",
    "stream_options",
    "toolConfig.functionCallingConfig.mode",
    "toolConfig.includeServerSideToolInvocations",
];
