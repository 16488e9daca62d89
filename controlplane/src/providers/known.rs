//! The rows: one a provider. Addresses and prefixes are those of the providers' own documentation, November 2026.

use weir_contract::policy::snapshot::AuthStyle;

use super::{Also, Provider};

/// A provider that speaks OpenAI's format with a bearer token.
const fn openai(
    name: &'static str,
    label: &'static str,
    base_url: &'static str,
    credential_prefix: &'static str,
    credential_url: &'static str,
) -> Provider {
    let (dialect, auth) = ("openai", AuthStyle::Bearer);
    Provider {
        name,
        label,
        dialect,
        base_url,
        example: "",
        auth,
        credential_prefix,
        credential_url,
        also: &[],
    }
}

/// A program that people run themselves.
const fn local(
    name: &'static str,
    label: &'static str,
    base_url: &'static str,
    example: &'static str,
) -> Provider {
    Provider { auth: AuthStyle::None, example, ..openai(name, label, base_url, "", "") }
}

/// A place where everybody has an address of their own.
const fn hosted(
    name: &'static str,
    label: &'static str,
    dialect: &'static str,
    auth: AuthStyle,
    example: &'static str,
    credential_url: &'static str,
) -> Provider {
    Provider { dialect, auth, example, ..openai(name, label, "", "", credential_url) }
}

const fn also(dialect: &'static str, base_url: &'static str, auth: AuthStyle) -> Also {
    Also { dialect, base_url, auth }
}

/// All providers we know. Any other name is taken too, with a base URL.
pub const KNOWN: &[Provider] = &[
    openai("openai", "OpenAI", "https://api.openai.com/v1", "sk-", "https://platform.openai.com/api-keys"),
    Provider {
        dialect: "anthropic",
        auth: AuthStyle::XApiKey,
        ..openai(
            "anthropic",
            "Anthropic",
            "https://api.anthropic.com/v1",
            "sk-ant-",
            "https://console.anthropic.com/settings/keys",
        )
    },
    Provider {
        also: &[also("gemini", "https://generativelanguage.googleapis.com/v1beta", AuthStyle::XGoogApiKey)],
        ..openai(
            "google",
            "Google Gemini",
            "https://generativelanguage.googleapis.com/v1beta/openai",
            "AIza",
            "https://aistudio.google.com/apikey",
        )
    },
    hosted(
        "azure",
        "Azure OpenAI",
        "openai",
        AuthStyle::ApiKey,
        "https://NAME.openai.azure.com",
        "https://portal.azure.com",
    ),
    Provider {
        also: &[also("openai", "", AuthStyle::Bearer)],
        ..hosted(
            "bedrock",
            "Amazon Bedrock",
            "anthropic",
            AuthStyle::AwsSigV4,
            "https://bedrock-runtime.us-east-1.amazonaws.com",
            "https://console.aws.amazon.com/iam",
        )
    },
    hosted(
        "bedrock-mantle",
        "Amazon Bedrock, OpenAI's format",
        "openai",
        AuthStyle::Bearer,
        "https://bedrock-mantle.us-east-1.api.aws/v1",
        "https://console.aws.amazon.com/bedrock",
    ),
    Provider {
        also: &[
            also("anthropic", "", AuthStyle::GoogleServiceAccount),
            also("openai", "", AuthStyle::GoogleServiceAccount),
        ],
        ..hosted(
            "vertex",
            "Google Vertex AI",
            "gemini",
            AuthStyle::GoogleServiceAccount,
            "https://europe-west4-aiplatform.googleapis.com/v1/projects/PROJECT/locations/europe-west4",
            "https://console.cloud.google.com/iam-admin/serviceaccounts",
        )
    },
    openai("mistral", "Mistral", "https://api.mistral.ai/v1", "", "https://console.mistral.ai/api-keys"),
    openai("groq", "Groq", "https://api.groq.com/openai/v1", "gsk_", "https://console.groq.com/keys"),
    Provider {
        also: &[also("anthropic", "https://api.deepseek.com/anthropic/v1", AuthStyle::XApiKey)],
        ..openai(
            "deepseek",
            "DeepSeek",
            "https://api.deepseek.com/v1",
            "sk-",
            "https://platform.deepseek.com/api_keys",
        )
    },
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
    openai(
        "cohere",
        "Cohere",
        "https://api.cohere.ai/compatibility/v1",
        "",
        "https://dashboard.cohere.com/api-keys",
    ),
    openai(
        "dashscope",
        "Alibaba DashScope (Qwen)",
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "sk-",
        "https://bailian.console.alibabacloud.com",
    ),
    Provider {
        also: &[also("anthropic", "https://api.moonshot.ai/anthropic/v1", AuthStyle::Bearer)],
        ..openai(
            "moonshot",
            "Moonshot (Kimi)",
            "https://api.moonshot.ai/v1",
            "sk-",
            "https://platform.moonshot.ai/console/api-keys",
        )
    },
    Provider {
        also: &[also("anthropic", "https://api.z.ai/api/anthropic/v1", AuthStyle::XApiKey)],
        ..openai("zai", "Z.ai", "https://api.z.ai/api/paas/v4", "", "https://z.ai/manage-apikey/apikey-list")
    },
    openai("minimax", "MiniMax", "https://api.minimax.io/v1", "", "https://platform.minimax.io"),
    openai("sambanova", "SambaNova", "https://api.sambanova.ai/v1", "", "https://cloud.sambanova.ai/apis"),
    openai("hyperbolic", "Hyperbolic", "https://api.hyperbolic.xyz/v1", "", "https://app.hyperbolic.ai"),
    openai("deepinfra", "DeepInfra", "https://api.deepinfra.com/v1/openai", "", "https://deepinfra.com/dash"),
    openai(
        "huggingface",
        "Hugging Face router",
        "https://router.huggingface.co/v1",
        "hf_",
        "https://huggingface.co/settings/tokens",
    ),
    openai(
        "nvidia",
        "NVIDIA NIM",
        "https://integrate.api.nvidia.com/v1",
        "nvapi-",
        "https://build.nvidia.com",
    ),
    openai(
        "vercel-gateway",
        "Vercel AI Gateway",
        "https://ai-gateway.vercel.sh/v1",
        "",
        "https://vercel.com/dashboard/ai-gateway",
    ),
    local("ollama", "Ollama", "http://127.0.0.1:11434/v1", ""),
    local("vllm", "vLLM", "", "http://127.0.0.1:8000/v1"),
    local("sglang", "SGLang", "", "http://127.0.0.1:30000/v1"),
    local("llama-cpp", "llama.cpp server", "", "http://127.0.0.1:8081/v1"),
    local("lm-studio", "LM Studio", "http://127.0.0.1:1234/v1", ""),
    Provider { example: "http://127.0.0.1:4000/v1", ..openai("litellm", "LiteLLM proxy", "", "sk-", "") },
    openai("custom", "Any other with OpenAI's format", "", "", ""),
];
