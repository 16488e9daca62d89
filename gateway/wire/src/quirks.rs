//! How those who copied OpenAI's format deviate from it, by provider: what they serve, what they take and by which name, how
//! they count. Facts, not code: a provider is a row of [`KNOWN`], with what its documentation or its recorded traffic says; whoever
//! has no row is as most are.
//!
//! A request that is passed through keeps its caller's words whatever stands here: these are for requests that are translated.
//! Where providers are, and how credentials travel to them, is the control plane's catalogue.

/// How a provider deviates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// Its name, by ours.
    pub provider: &'static str,
    /// Whether responses are served beside chat completions, below the same base URL. An endpoint of anybody else that has
    /// them is set up with the format `responses`.
    pub has_responses: bool,
    /// Whether the tokens of a response are counted beside it, without a model. Azure and vLLM have responses and answer 404
    /// or 405 there.
    pub counts_tokens: bool,
    /// The word for the most tokens of an answer. OpenAI's reasoning models refuse the old one, most copies do not know the
    /// new one.
    pub(crate) max_tokens: &'static str,
    /// The word for where the dice start.
    pub(crate) seed: &'static str,
    /// Whether `top_k` is taken.
    pub(crate) takes_top_k: bool,
    /// Settings that are refused, by OpenAI's names.
    pub(crate) lacks: &'static [&'static str],
    /// Starts of the names of models that know no reasoning and refuse to be asked for some.
    pub(crate) never_think: &'static [&'static str],
    /// How the model's earlier reasoning is wanted back.
    pub(crate) thought: ThoughtPlace,
    /// Which ids of tool calls are taken.
    pub(crate) call_ids: CallIds,
    /// Reasoning tokens are billed on top of the completion's although the total leaves them out, and no sum in the answer
    /// tells.
    pub reasoning_on_top: bool,
}

/// How a provider wants its model's earlier reasoning back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ThoughtPlace {
    /// Not at all.
    Nowhere,
    /// As text in `reasoning_content`.
    Content,
    /// In `reasoning_details`, with its proof.
    Details,
}

/// Which ids of tool calls a provider takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallIds {
    /// Anything of up to forty characters.
    Short,
    /// Nine letters and digits.
    Nine,
}

impl CallIds {
    /// Whether an id is taken as it is.
    pub(crate) fn take(self, id: &str) -> bool {
        match self {
            Self::Short => (1..=40).contains(&id.len()),
            Self::Nine => id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        }
    }

    /// How long an id made by us is.
    pub(crate) const fn digits(self) -> usize {
        match self {
            Self::Short => 32,
            Self::Nine => 9,
        }
    }
}

/// Somebody without a row.
const PLAIN: Quirks = Quirks {
    provider: "",
    has_responses: false,
    counts_tokens: false,
    max_tokens: "max_tokens",
    seed: "seed",
    takes_top_k: false,
    lacks: &[],
    never_think: &[],
    thought: ThoughtPlace::Nowhere,
    call_ids: CallIds::Short,
    reasoning_on_top: false,
};

/// Who runs open models with an engine's own further settings.
const ENGINE: Quirks = Quirks { takes_top_k: true, ..PLAIN };

const OPENAI: Quirks = Quirks {
    has_responses: true,
    max_tokens: "max_completion_tokens",
    never_think: &["gpt-3", "gpt-4", "chatgpt-4"],
    ..PLAIN
};

/// A router that takes every model's proofs of reasoning.
const ROUTER: Quirks = Quirks { has_responses: true, thought: ThoughtPlace::Details, ..PLAIN };

const KNOWN: &[Quirks] = &[
    Quirks { provider: "azure", ..OPENAI },
    Quirks { provider: "bedrock-mantle", has_responses: true, ..PLAIN },
    // Its documentation lists these as answered with 400.
    Quirks { provider: "cerebras", lacks: &["frequency_penalty", "presence_penalty"], ..PLAIN },
    Quirks { provider: "deepinfra", ..ENGINE },
    Quirks { provider: "deepseek", has_responses: true, thought: ThoughtPlace::Content, ..PLAIN },
    Quirks { provider: "fireworks", has_responses: true, ..ENGINE },
    // Its documentation lists these as answered with 400, and more than one answer as well.
    Quirks { provider: "groq", has_responses: true, lacks: &["logprobs", "n"], ..PLAIN },
    Quirks { provider: "huggingface", has_responses: true, ..ENGINE },
    Quirks { provider: "litellm", has_responses: true, counts_tokens: true, ..PLAIN },
    Quirks { provider: "llama-cpp", ..ENGINE },
    Quirks { provider: "lm-studio", has_responses: true, ..ENGINE },
    // It refuses members it does not know.
    Quirks {
        provider: "mistral",
        seed: "random_seed",
        lacks: &["logprobs", "service_tier", "user"],
        call_ids: CallIds::Nine,
        ..PLAIN
    },
    Quirks { provider: "moonshot", thought: ThoughtPlace::Content, ..PLAIN },
    Quirks { provider: "ollama", has_responses: true, ..ENGINE },
    Quirks { provider: "openai", counts_tokens: true, ..OPENAI },
    Quirks { provider: "openrouter", takes_top_k: true, ..ROUTER },
    Quirks { provider: "sglang", thought: ThoughtPlace::Content, ..ENGINE },
    Quirks { provider: "together", ..ENGINE },
    Quirks { provider: "vercel-gateway", reasoning_on_top: true, ..ROUTER },
    Quirks { provider: "vllm", has_responses: true, thought: ThoughtPlace::Content, ..ENGINE },
    Quirks { provider: "xai", has_responses: true, ..PLAIN },
    Quirks { provider: "zai", thought: ThoughtPlace::Content, ..PLAIN },
];

impl Default for Quirks {
    fn default() -> Self {
        PLAIN
    }
}

impl Quirks {
    /// The row of a provider; that of most where it has none.
    #[must_use]
    pub fn of_provider(name: &str) -> Self {
        KNOWN.iter().find(|row| row.provider == name).copied().unwrap_or_default()
    }

    /// The rows there are.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        KNOWN.iter()
    }

    /// Whether that model refuses to be asked for reasoning.
    pub(crate) fn never_thinks(&self, model: &str) -> bool {
        self.never_think.iter().any(|start| model.starts_with(start))
    }

    /// Whether a setting is refused.
    pub(crate) fn lacks(&self, setting: &str) -> bool {
        self.lacks.contains(&setting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_stands_at_its_place_and_says_something() {
        let names: Vec<&str> = KNOWN.iter().map(|row| row.provider).collect();
        assert!(names.is_sorted(), "{names:?}");
        for row in KNOWN {
            assert_ne!(Quirks { provider: "", ..*row }, PLAIN, "{} says nothing", row.provider);
            assert_eq!(Quirks::of_provider(row.provider), *row);
            assert!(
                row.has_responses || !row.counts_tokens,
                "{} counts what it does not serve",
                row.provider
            );
        }
        assert_eq!(Quirks::of_provider("nobody"), PLAIN);
    }

    #[test]
    fn ids_made_by_us_are_taken() {
        for ids in [CallIds::Short, CallIds::Nine] {
            assert!(ids.take(&"a".repeat(ids.digits())));
        }
    }
}
