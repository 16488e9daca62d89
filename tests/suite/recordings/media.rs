//! The judge's reading of everything that is not OpenAI's or Anthropic's chat.

use std::collections::BTreeMap;

use serde_json::Value;
use weir_tests::recording::Exchange;

use super::oracle::Used;

fn of(raw: &Value, pointer: &str) -> u64 {
    raw.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

/// The tokens of one modality in a list of Gemini's.
fn modality(raw: &Value, list: &str, names: [Value; 2]) -> u64 {
    let details = raw[list].as_array().into_iter().flatten();
    details.filter(|one| names.contains(&one["modality"])).map(|one| of(one, "/tokenCount")).sum()
}

/// Gemini: the last usage with counts; cached tokens and modalities lie inside the prompt, thoughts and tools beside it.
pub(super) fn gemini(words: &[Value]) -> Option<Used> {
    let counts = |raw: &&Value| {
        ["promptTokenCount", "candidatesTokenCount", "totalTokenCount"].iter().any(|key| raw[key].is_u64())
    };
    let raw = words.iter().map(|word| &word["usageMetadata"]).rfind(counts)?.clone();
    let of = |key: &str| of(&raw, &format!("/{key}"));
    let (audio, image) = ([Value::from("AUDIO"), 4.into()], [Value::from("IMAGE"), 2.into()]);
    let inside = |list: &str, kept: &str, names: &[Value; 2]| {
        modality(&raw, list, names.clone()) - modality(&raw, kept, names.clone())
    };
    let cached = of("cachedContentTokenCount");
    let heard = inside("promptTokensDetails", "cacheTokensDetails", &audio);
    let seen = inside("promptTokensDetails", "cacheTokensDetails", &image);
    let (said, drawn) =
        (modality(&raw, "candidatesTokensDetails", audio), modality(&raw, "candidatesTokensDetails", image));
    let queries = |word: &Value| {
        word["candidates"][0]["groundingMetadata"]["webSearchQueries"].as_array().map_or(0, Vec::len)
    };
    let queries = words.iter().map(queries).max().unwrap_or(0);
    let old = words
        .iter()
        .filter_map(|word| word["modelVersion"].as_str())
        .any(|it| it.starts_with("gemini-1") || it.starts_with("gemini-2"));
    let searches = u64::try_from(if old { queries.min(1) } else { queries }).unwrap();
    let units = BTreeMap::from([
        ("input", of("promptTokenCount") - cached - heard - seen + of("toolUsePromptTokenCount")),
        ("cache_read", cached),
        ("audio_input", heard),
        ("image_input", seen),
        ("output", of("candidatesTokenCount") - said - drawn),
        ("reasoning", of("thoughtsTokenCount")),
        ("audio_output", said),
        ("image_output", drawn),
        ("web_search", searches),
    ]);
    Some(Used { source: "provider", raw, units })
}

/// OpenAI responses: the last usage; cached and reasoning tokens lie inside. Searches are items of the output.
pub(super) fn responses(words: &[Value]) -> Option<Used> {
    let whole =
        |word: &Value| if word["response"].is_object() { word["response"].clone() } else { word.clone() };
    let last = words.iter().map(whole).rfind(|response| response["usage"].is_object())?;
    let raw = last["usage"].clone();
    let (cached, written) = (
        of(&raw, "/input_tokens_details/cached_tokens"),
        of(&raw, "/input_tokens_details/cache_write_tokens"),
    );
    let thought = of(&raw, "/output_tokens_details/reasoning_tokens");
    let searched = |item: &&Value| {
        let action = &item["action"]["type"];
        item["type"] == "web_search_call" && (action.is_null() || action == "search")
    };
    let searches = last["output"].as_array().into_iter().flatten().filter(searched).count();
    let told = of(&raw, "/server_tool_use_details/web_search_requests");
    let units = BTreeMap::from([
        ("input", of(&raw, "/input_tokens") - cached - written),
        ("cache_read", cached),
        ("cache_write_5m", written),
        ("output", of(&raw, "/output_tokens") - thought),
        ("reasoning", thought),
        ("web_search", u64::try_from(searches).unwrap().max(told)),
    ]);
    Some(Used { source: "provider", raw, units })
}

/// Pictures: tokens where the provider counts them, else the pictures themselves.
pub(super) fn pictures(words: &[Value]) -> Option<Used> {
    let raw =
        words.iter().map(|word| &word["usage"]).rfind(|usage| usage.is_object()).cloned().unwrap_or_default();
    if !raw["input_tokens"].is_u64() {
        let made = words.iter().map(|word| word["data"].as_array().map_or(0, Vec::len)).sum::<usize>();
        let mut used = Used::counted("counted", "image", u64::try_from(made).unwrap());
        used.raw = raw;
        return (made > 0).then_some(used);
    }
    let seen = of(&raw, "/input_tokens_details/image_tokens");
    let written = of(&raw, "/output_tokens_details/text_tokens");
    let units = BTreeMap::from([
        ("input", of(&raw, "/input_tokens") - seen),
        ("image_input", seen),
        ("output", written),
        ("image_output", of(&raw, "/output_tokens") - written),
    ]);
    Some(Used { source: "provider", raw, units })
}

/// Speech is counted by the characters that were sent; transcripts by tokens or seconds, as the provider says.
pub(super) fn sound(exchange: &Exchange, words: &[Value]) -> Option<Used> {
    if exchange.api.ends_with("speech") {
        let sent: Value = serde_json::from_slice(&exchange.request.bytes()).unwrap();
        let characters = sent["input"].as_str().unwrap().chars().count();
        return Some(Used::counted("counted", "character", u64::try_from(characters).unwrap()));
    }
    let raw = words.iter().map(|word| &word["usage"]).rfind(|usage| usage.is_object())?.clone();
    let seconds = raw["seconds"].as_u64().or(raw["prompt_audio_seconds"].as_u64());
    if let Some(seconds) = seconds {
        return Some(Used::said(raw, "milli_second", seconds * 1000));
    }
    let heard = of(&raw, "/input_token_details/audio_tokens");
    let units = BTreeMap::from([
        ("input", of(&raw, "/input_tokens") - heard),
        ("audio_input", heard),
        ("output", of(&raw, "/output_tokens")),
    ]);
    Some(Used { source: "provider", raw, units })
}

/// Cohere counts searches, everybody else tokens.
pub(super) fn rerank(words: &[Value]) -> Option<Used> {
    let billed = &words[0]["meta"]["billed_units"];
    if billed["search_units"].is_u64() {
        return Some(Used::said(billed.clone(), "request", of(billed, "/search_units")));
    }
    embedding(words)
}

/// Everything was read.
pub(super) fn embedding(words: &[Value]) -> Option<Used> {
    let raw = words.first()?["usage"].clone();
    let counted = raw["prompt_tokens"].as_u64().or(raw["total_tokens"].as_u64())?;
    Some(Used::said(raw, "input", counted))
}
