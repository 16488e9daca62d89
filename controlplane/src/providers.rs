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
    /// What its credentials begin with; empty when that says nothing.
    pub credential_prefix: &'static str,
    /// Where it gives out credentials; empty when everybody has another place.
    pub credential_url: &'static str,
}

const fn openai(
    name: &'static str,
    label: &'static str,
    base_url: &'static str,
    credential_prefix: &'static str,
    credential_url: &'static str,
) -> Provider {
    let (dialect, auth) = ("openai", AuthStyle::Bearer);
    Provider { name, label, dialect, base_url, auth, credential_prefix, credential_url }
}

/// All providers we know. Any other name is taken too, with a base URL.
pub const KNOWN: &[Provider] = &[
    openai("openai", "OpenAI", "https://api.openai.com/v1", "sk-", "https://platform.openai.com/api-keys"),
    Provider {
        name: "anthropic",
        label: "Anthropic",
        dialect: "anthropic",
        base_url: "https://api.anthropic.com/v1",
        auth: AuthStyle::XApiKey,
        credential_prefix: "sk-ant-",
        credential_url: "https://console.anthropic.com/settings/keys",
    },
    openai(
        "google",
        "Google Gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "AIza",
        "https://aistudio.google.com/apikey",
    ),
    openai("mistral", "Mistral", "https://api.mistral.ai/v1", "", "https://console.mistral.ai/api-keys"),
    openai("groq", "Groq", "https://api.groq.com/openai/v1", "gsk_", "https://console.groq.com/keys"),
    openai(
        "deepseek",
        "DeepSeek",
        "https://api.deepseek.com/v1",
        "sk-",
        "https://platform.deepseek.com/api_keys",
    ),
    openai("xai", "xAI", "https://api.x.ai/v1", "xai-", "https://console.x.ai"),
    openai(
        "openrouter",
        "OpenRouter",
        "https://openrouter.ai/api/v1",
        "sk-or-",
        "https://openrouter.ai/settings/keys",
    ),
    openai("together", "Together", "https://api.together.xyz/v1", "", "https://api.together.ai"),
    openai(
        "fireworks",
        "Fireworks",
        "https://api.fireworks.ai/inference/v1",
        "fw_",
        "https://app.fireworks.ai",
    ),
    openai("cerebras", "Cerebras", "https://api.cerebras.ai/v1", "csk-", "https://cloud.cerebras.ai"),
    openai("perplexity", "Perplexity", "https://api.perplexity.ai", "pplx-", "https://www.perplexity.ai"),
    Provider {
        name: "ollama",
        label: "Ollama",
        dialect: "openai",
        base_url: "http://127.0.0.1:11434/v1",
        auth: AuthStyle::None,
        credential_prefix: "",
        credential_url: "",
    },
    openai("vllm", "vLLM", "", "", ""),
    openai("custom", "Any other with OpenAI's format", "", "", ""),
];

/// The provider of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Provider> {
    KNOWN.iter().find(|provider| provider.name == name)
}
