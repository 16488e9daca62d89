//! How copies of OpenAI's format differ in what they take, by provider. Facts, not code: a row each.

/// The word for the most tokens of an answer. OpenAI's reasoning models refuse the old one, most copies do not know the
/// new one.
pub(super) fn max_tokens_word(provider: &str) -> &'static str {
    if is_openai(provider) { "max_completion_tokens" } else { "max_tokens" }
}

/// Whether `top_k` is taken.
pub(super) fn take_top_k(provider: &str) -> bool {
    const TAKERS: [&str; 10] = [
        "openrouter",
        "together",
        "fireworks",
        "huggingface",
        "vllm",
        "ollama",
        "lmstudio",
        "llamacpp",
        "sglang",
        "deepinfra",
    ];
    TAKERS.contains(&provider)
}

/// Whether the model knows no reasoning and refuses to be asked for some.
pub(super) fn never_thinks(provider: &str, model: &str) -> bool {
    let old = ["gpt-3", "gpt-4", "chatgpt-4"];
    is_openai(provider) && old.iter().any(|start| model.starts_with(start))
}

/// How a provider wants its model's earlier reasoning back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ThoughtPlace {
    /// Not at all.
    Nowhere,
    /// As text in `reasoning_content`.
    Content,
    /// In `reasoning_details`, with its proof.
    Details,
}

pub(super) fn thought_place(provider: &str) -> ThoughtPlace {
    match provider {
        "openrouter" | "vercel" | "vercel-gateway" => ThoughtPlace::Details,
        "deepseek" | "moonshot" | "zai" | "vllm" | "sglang" => ThoughtPlace::Content,
        _ => ThoughtPlace::Nowhere,
    }
}

/// Whether an id of a tool call is taken as it is.
pub(super) fn takes_call_id(provider: &str, id: &str) -> bool {
    match provider {
        "mistral" => id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        _ => (1..=40).contains(&id.len()),
    }
}

/// How long an id made by us is.
pub(super) const fn call_id_digits(provider: &str) -> usize {
    match provider.as_bytes() {
        b"mistral" => 9,
        _ => 32,
    }
}

fn is_openai(provider: &str) -> bool {
    matches!(provider, "openai" | "azure")
}
