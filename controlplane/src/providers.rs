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
    /// What it speaks: `openai`, `anthropic` or `gemini`.
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
    /// The other formats it speaks, each at a base URL of its own.
    pub also: &'static [Also],
}

/// Another format of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Also {
    /// What is spoken there.
    pub dialect: &'static str,
    /// The base URL.
    pub base_url: &'static str,
    /// How the credential travels.
    #[schema(value_type = String)]
    pub auth: AuthStyle,
}

/// The formats an endpoint may speak.
pub const DIALECTS: [&str; 3] = ["openai", "anthropic", "gemini"];

/// What is known of an endpoint that is to be made: its format, base URL and the way of its credential.
#[must_use]
pub fn defaults(known: Option<&Provider>, dialect: Option<&str>, base_url: Option<&str>) -> Also {
    let Some(known) = known else { return Also { dialect: "openai", base_url: "", auth: AuthStyle::Bearer } };
    let plain = Also { dialect: known.dialect, base_url: known.base_url, auth: known.auth };
    let fits = |also: &&Also| match (dialect, base_url) {
        (Some(dialect), _) => also.dialect == dialect && dialect != known.dialect,
        (None, base_url) => base_url == Some(also.base_url),
    };
    known.also.iter().find(fits).copied().unwrap_or(plain)
}

const fn openai(
    name: &'static str,
    label: &'static str,
    base_url: &'static str,
    credential_prefix: &'static str,
    credential_url: &'static str,
) -> Provider {
    let (dialect, auth) = ("openai", AuthStyle::Bearer);
    Provider { name, label, dialect, base_url, auth, credential_prefix, credential_url, also: &[] }
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
        also: &[],
    },
    Provider {
        also: &[Also {
            dialect: "gemini",
            base_url: "https://generativelanguage.googleapis.com/v1beta",
            auth: AuthStyle::XGoogApiKey,
        }],
        ..openai(
            "google",
            "Google Gemini",
            "https://generativelanguage.googleapis.com/v1beta/openai",
            "AIza",
            "https://aistudio.google.com/apikey",
        )
    },
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
        also: &[],
    },
    openai("vllm", "vLLM", "", "", ""),
    openai("custom", "Any other with OpenAI's format", "", "", ""),
];

/// The provider of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Provider> {
    KNOWN.iter().find(|provider| provider.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_format_of_a_provider_is_found_by_its_name_or_its_address() {
        let google = find("google");
        let native = defaults(google, Some("gemini"), None);
        assert_eq!(
            (native.base_url, native.auth),
            (google.unwrap().also[0].base_url, AuthStyle::XGoogApiKey)
        );
        assert_eq!(defaults(google, None, Some(native.base_url)), native);
        assert_eq!(defaults(google, None, None).dialect, "openai");
        assert_eq!(defaults(google, Some("openai"), None).auth, AuthStyle::Bearer);
        assert_eq!(defaults(None, Some("gemini"), None).base_url, "");
        for provider in KNOWN {
            let spoken = provider.also.iter().map(|also| also.dialect).chain([provider.dialect]);
            assert!(spoken.into_iter().all(|dialect| DIALECTS.contains(&dialect)), "{}", provider.name);
        }
    }
}
