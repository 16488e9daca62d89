//! Gemini's `usageMetadata` into disjoint buckets. Its total is prompt + candidates + thoughts + what tools read; cached
//! tokens lie inside the prompt, and so does each modality.

use weir_contract::usage::{Bucket, Usage, UsageSource};

use crate::json::View;

/// Reads the object; unknown when it has no counts.
pub(super) fn read(usage: View<'_>) -> Usage {
    let opened = usage.opened();
    let of = |key: &str| opened.get(key).and_then(|count| count.count());
    let (prompt, candidates, thoughts) =
        (of("promptTokenCount"), of("candidatesTokenCount"), of("thoughtsTokenCount"));
    let total = of("totalTokenCount");
    if prompt.or(candidates).or(total).is_none() {
        return Usage::default();
    }
    let parts = |key: &str| opened.get(key).map(Modalities::read).unwrap_or_default();
    let (read, kept, written) =
        (parts("promptTokensDetails"), parts("cacheTokensDetails"), parts("candidatesTokensDetails"));
    let (by_tools, thoughts) = (of("toolUsePromptTokenCount").unwrap_or(0), thoughts.unwrap_or(0));
    let sum = [prompt.unwrap_or(0), candidates.unwrap_or(0), thoughts, by_tools]
        .into_iter()
        .fold(0, u64::saturating_add);
    let mut buckets = Usage::new(UsageSource::Provider);
    buckets.mismatch = prompt.is_none() || total.is_some_and(|total| total != sum);
    let cached = of("cachedContentTokenCount").unwrap_or(0);
    share_out(
        &mut buckets,
        prompt.unwrap_or(0),
        &[
            (Bucket::CacheRead, cached),
            (Bucket::AudioInput, read.audio.saturating_sub(kept.audio)),
            (Bucket::ImageInput, read.image.saturating_sub(kept.image)),
        ],
        Bucket::Input,
    );
    let plain = buckets.get(Bucket::Input).saturating_add(by_tools);
    buckets.set(Bucket::Input, plain);
    let drawn = [(Bucket::AudioOutput, written.audio), (Bucket::ImageOutput, written.image)];
    share_out(&mut buckets, candidates.unwrap_or(0), &drawn, Bucket::Output);
    buckets.set(Bucket::Reasoning, thoughts);
    buckets
}

/// What embeddings and the like say: all of it was read.
pub(super) fn read_embedding(usage: View<'_>) -> Usage {
    let prompt = usage.get("promptTokenCount").or_else(|| usage.get("totalTokenCount"));
    match prompt.and_then(|count| count.count()) {
        Some(_) => read(usage),
        None => Usage::default(),
    }
}

/// Gives each part its share of the whole, in order, and the rest to `plain`; claims beyond what is left are flagged.
fn share_out(usage: &mut Usage, whole: u64, parts: &[(Bucket, u64)], plain: Bucket) {
    let mut left = whole;
    for (bucket, claimed) in parts {
        let given = left.min(*claimed);
        usage.mismatch |= given < *claimed;
        usage.set(*bucket, given);
        left -= given;
    }
    usage.set(plain, left);
}

/// The modalities that have a price of their own.
#[derive(Default)]
struct Modalities {
    audio: u64,
    image: u64,
}

impl Modalities {
    fn read(details: View<'_>) -> Self {
        let mut read = Self::default();
        for detail in details.items() {
            let count = detail.get("tokenCount").and_then(|count| count.count()).unwrap_or(0);
            let modality = detail.get("modality");
            // With `$alt=…enum-encoding=int` a modality is a number.
            match modality.map(|modality| modality.raw()).unwrap_or_default() {
                "\"AUDIO\"" | "4" => read.audio += count,
                "\"IMAGE\"" | "2" => read.image += count,
                _ => {}
            }
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(text: &str) -> (Vec<(&'static str, u64)>, bool) {
        let usage = read(View::of_text(text));
        (usage.filled().map(|(bucket, units)| (bucket.name(), units)).collect(), usage.mismatch)
    }

    #[test]
    fn cached_tokens_and_modalities_are_taken_out_of_the_prompt_and_thoughts_stand_beside() {
        let text = r#"{"promptTokenCount":100,"candidatesTokenCount":20,"thoughtsTokenCount":30,"toolUsePromptTokenCount":7,
            "totalTokenCount":157,"cachedContentTokenCount":40,
            "promptTokensDetails":[{"modality":"TEXT","tokenCount":60},{"modality":"AUDIO","tokenCount":30},{"modality":"IMAGE","tokenCount":10}],
            "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":25}],
            "candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":15}]}"#;
        let expected = [
            ("input", 52),
            ("cache_read", 40),
            ("audio_input", 5),
            ("image_input", 10),
            ("output", 5),
            ("reasoning", 30),
            ("image_output", 15),
        ];
        assert_eq!(buckets(text), (expected.to_vec(), false));
    }

    #[test]
    fn a_total_that_does_not_add_up_and_a_prompt_that_is_missing_are_flagged() {
        assert!(buckets(r#"{"promptTokenCount":10,"candidatesTokenCount":2,"totalTokenCount":13}"#).1);
        assert_eq!(
            buckets(r#"{"candidatesTokenCount":18,"thoughtsTokenCount":58}"#),
            (vec![("output", 18), ("reasoning", 58)], true)
        );
        assert!(!read(View::of_text(r#"{"trafficType":"ON_DEMAND"}"#)).is_known());
    }
}
