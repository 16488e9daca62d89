//! Providers we know: where they are, what they speak, how a credential travels to them. Data, not code.

use serde::Serialize;
use utoipa::ToSchema;
use weir_contract::policy::snapshot::AuthStyle;

/// A provider with its defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Provider {
    /// Our name, also in the price book.
    pub name: &'static str,
    /// Its own name, for people.
    pub label: &'static str,
    /// What it speaks: `openai` or `anthropic`.
    pub dialect: &'static str,
    /// Its base URL; empty when everybody has another one.
    pub base_url: &'static str,
    /// How the credential travels.
    #[schema(value_type = String)]
    pub auth: AuthStyle,
}

const fn openai(name: &'static str, label: &'static str, base_url: &'static str) -> Provider {
    Provider { name, label, dialect: "openai", base_url, auth: AuthStyle::Bearer }
}

/// All providers we know. Any other name is taken too, with a base URL.
pub const KNOWN: &[Provider] = &[
    openai("openai", "OpenAI", "https://api.openai.com/v1"),
    Provider {
        name: "anthropic",
        label: "Anthropic",
        dialect: "anthropic",
        base_url: "https://api.anthropic.com/v1",
        auth: AuthStyle::XApiKey,
    },
    openai("google", "Google Gemini", "https://generativelanguage.googleapis.com/v1beta/openai"),
    openai("mistral", "Mistral", "https://api.mistral.ai/v1"),
    openai("groq", "Groq", "https://api.groq.com/openai/v1"),
    openai("deepseek", "DeepSeek", "https://api.deepseek.com/v1"),
    openai("xai", "xAI", "https://api.x.ai/v1"),
    openai("openrouter", "OpenRouter", "https://openrouter.ai/api/v1"),
    openai("together", "Together", "https://api.together.xyz/v1"),
    openai("fireworks", "Fireworks", "https://api.fireworks.ai/inference/v1"),
    openai("cerebras", "Cerebras", "https://api.cerebras.ai/v1"),
    openai("perplexity", "Perplexity", "https://api.perplexity.ai"),
    Provider {
        name: "ollama",
        label: "Ollama",
        dialect: "openai",
        base_url: "http://127.0.0.1:11434/v1",
        auth: AuthStyle::None,
    },
    openai("vllm", "vLLM", ""),
    openai("custom", "Any other with OpenAI's format", ""),
];

/// The provider of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Provider> {
    KNOWN.iter().find(|provider| provider.name == name)
}
