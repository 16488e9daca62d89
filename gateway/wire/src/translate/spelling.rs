//! What callers of each format call the settings, so that an error names the member they wrote.

use crate::dialect::Dialect;

/// The caller's word for a setting of ours, or for a part of one.
pub(crate) fn spelled(caller: Dialect, param: &str) -> String {
    let (name, place) = param.split_at(param.find(['[', '.']).unwrap_or(param.len()));
    if caller == Dialect::Gemini && name == "messages" {
        return format!("contents{}", place.replacen("].content[", "].parts[", 1));
    }
    if caller == Dialect::Responses && name == "messages" {
        // Several items are one message here: their places are not the caller's.
        return "input".to_owned();
    }
    let word = match (caller, name) {
        (Dialect::Anthropic, "stop") => "stop_sequences",
        (Dialect::Anthropic, "response_format") => "output_config.format",
        (Dialect::Anthropic, "reasoning_effort") => "thinking",
        (Dialect::Anthropic, "user") => "metadata.user_id",
        (Dialect::Anthropic, "parallel_tool_calls") => "tool_choice.disable_parallel_tool_use",
        (Dialect::Responses, "max_tokens") => "max_output_tokens",
        (Dialect::Responses, "response_format") => "text.format",
        (Dialect::Responses, "reasoning_effort") => "reasoning.effort",
        (Dialect::Responses, "logprobs") => "top_logprobs",
        (Dialect::Gemini, name) => in_gemini(name),
        (_, name) => name,
    };
    format!("{word}{place}")
}

/// Gemini's word for a setting.
fn in_gemini(name: &str) -> &str {
    match name {
        "max_tokens" => "generationConfig.maxOutputTokens",
        "temperature" => "generationConfig.temperature",
        "top_p" => "generationConfig.topP",
        "top_k" => "generationConfig.topK",
        "frequency_penalty" => "generationConfig.frequencyPenalty",
        "presence_penalty" => "generationConfig.presencePenalty",
        "seed" => "generationConfig.seed",
        "n" => "generationConfig.candidateCount",
        "stop" => "generationConfig.stopSequences",
        "logprobs" => "generationConfig.responseLogprobs",
        "response_format" => "generationConfig.responseSchema",
        "reasoning_effort" => "generationConfig.thinkingConfig",
        "tool_choice" => "toolConfig.functionCallingConfig",
        "service_tier" => "serviceTier",
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_reads_its_own_words() {
        for (caller, ours, theirs) in [
            (Dialect::Anthropic, "stop", "stop_sequences"),
            (Dialect::OpenAi, "messages[2].content[0]", "messages[2].content[0]"),
            (Dialect::Gemini, "messages[2].content[0]", "contents[2].parts[0]"),
            (Dialect::Responses, "messages[2].content[0]", "input"),
        ] {
            assert_eq!(spelled(caller, ours), theirs, "{caller:?}");
        }
    }
}
