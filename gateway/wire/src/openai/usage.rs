//! OpenAI's usage object into disjoint buckets. Its counts include one another (`cached_tokens` lie inside
//! `prompt_tokens`, reasoning inside `completion_tokens`); copies put some on top. The total tells which, and what the
//! total contradicts is flagged.

use weir_contract::usage::{Bucket, Usage, UsageSource};

use crate::{
    api::Work,
    json::{Members, View},
    quirks::Quirks,
};

/// Where the object of a provider stands that counts in words of its own ([`crate::completion`]).
const OWN: &str = "provider_usage";

/// The provider's own object in one that was opened.
pub(super) fn own<'a>(usage: View<'a>, opened: &Members<'a>) -> View<'a> {
    opened.get(OWN).filter(View::is_object).unwrap_or(usage)
}

/// Reads the object; unknown when it has no counts. Chat says `prompt` and `completion`, everything newer `input` and
/// `output`.
pub(crate) fn read(opened: &Members<'_>, quirks: Quirks, work: Work) -> Usage {
    let whole = Some(opened);
    let of = |members: Option<&Members<'_>>, key: &str| members?.get(key)?.count();
    let elsewhere = |keys: &[&str]| keys.iter().find_map(|key| of(whole, key));
    let mut prompt = elsewhere(&["prompt_tokens", "input_tokens"]);
    let completion = elsewhere(&["completion_tokens", "output_tokens"]);
    let total = of(whole, "total_tokens");
    if prompt.or(completion).or(total).is_none() {
        return Usage::default();
    }
    if matches!(work, Work::Embed | Work::Rerank) && completion.is_none() {
        prompt = prompt.or(total);
    }
    let inner = |keys: &[&str]| keys.iter().find_map(|key| opened.get(key)).map(|view| view.opened());
    let input = inner(&["prompt_tokens_details", "input_tokens_details", "input_token_details"]);
    let output = inner(&["completion_tokens_details", "output_tokens_details", "output_token_details"]);
    let (input, output) = (input.as_ref(), output.as_ref());
    // What of the cached tokens is sound or a picture counts as cached, and not again as sound or a picture.
    let told = input.and_then(|input| input.get("cached_tokens_details")).map(|view| view.opened());
    let uncached =
        |key: &str| of(input, key).unwrap_or(0).saturating_sub(of(told.as_ref(), key).unwrap_or(0));
    let cached = of(input, "cached_tokens");
    let cached = cached.or_else(|| {
        elsewhere(&[
            "cached_tokens",
            "num_cached_tokens",
            "prompt_cache_hit_tokens",
            "cache_read_input_tokens",
        ])
    });
    let written = of(input, "cache_write_tokens").or_else(|| elsewhere(&["cache_creation_input_tokens"]));
    let searches = inner(&["server_tool_use_details", "server_tool_use"]);
    let mut counts = Counts {
        prompt: prompt.unwrap_or(0),
        completion: completion.unwrap_or(0),
        audio_input: uncached("audio_tokens"),
        reasoning: of(output, "reasoning_tokens").unwrap_or(0),
        mismatch: false,
    };
    counts.settle(total, quirks);
    let mut buckets = Usage::new(UsageSource::Provider);
    buckets.mismatch = counts.mismatch;
    let inside_input = [
        (Bucket::CacheRead, cached.unwrap_or(0)),
        (Bucket::CacheWrite5m, written.unwrap_or(0)),
        (Bucket::AudioInput, counts.audio_input),
        (Bucket::ImageInput, uncached("image_tokens")),
    ];
    share_out(&mut buckets, counts.prompt, Bucket::Input, &inside_input);
    let inside_output = [
        (Bucket::AudioOutput, of(output, "audio_tokens").unwrap_or(0)),
        (Bucket::ImageOutput, of(output, "image_tokens").unwrap_or(0)),
        (Bucket::Reasoning, counts.reasoning),
    ];
    share_out(&mut buckets, counts.completion, plain_output(work, output.is_some()), &inside_output);
    buckets.set(Bucket::WebSearch, of(searches.as_ref(), "web_search_requests").unwrap_or(0));
    buckets.mismatch |= opened.get(OWN).is_some_and(crate::cohere::usage::contradicts);
    buckets
}

/// What output is made of when nothing tells: what the route makes.
const fn plain_output(work: Work, told: bool) -> Bucket {
    match work {
        Work::Image if !told => Bucket::ImageOutput,
        Work::Speak if !told => Bucket::AudioOutput,
        _ => Bucket::Output,
    }
}

/// The sums before they are shared out.
struct Counts {
    prompt: u64,
    completion: u64,
    audio_input: u64,
    reasoning: u64,
    mismatch: bool,
}

impl Counts {
    /// Makes `prompt` and `completion` include everything, as the total says.
    fn settle(&mut self, total: Option<u64>, quirks: Quirks) {
        let sum = self.prompt.saturating_add(self.completion);
        let beside = total.map_or(Some(0), |total| total.checked_sub(sum));
        match beside {
            Some(0) if quirks.reasoning_on_top => {
                self.completion = self.completion.saturating_add(self.reasoning);
            }
            Some(0) => {}
            Some(extra) if extra == self.reasoning => self.completion += extra,
            Some(extra) if extra == self.audio_input => self.prompt += extra,
            Some(extra) if extra == self.audio_input + self.reasoning => {
                self.prompt += self.audio_input;
                self.completion += self.reasoning;
            }
            // Thoughts that only the total counts: they are billed as output.
            Some(extra) if self.reasoning == 0 => {
                self.reasoning = extra;
                self.completion = self.completion.saturating_add(extra);
                self.mismatch = true;
            }
            _ => self.mismatch = true,
        }
    }
}

/// Gives each part its share of the whole, in order, and the rest to `plain`; claims beyond what is left are flagged.
fn share_out(usage: &mut Usage, whole: u64, plain: Bucket, parts: &[(Bucket, u64)]) {
    let mut left = whole;
    for (bucket, claimed) in parts {
        let given = left.min(*claimed);
        usage.mismatch |= given < *claimed;
        usage.set(*bucket, given);
        left -= given;
    }
    usage.set(plain, left);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(text: &str) -> (Vec<(&'static str, u64)>, bool) {
        buckets_with(text, Quirks::default())
    }

    fn buckets_with(text: &str, quirks: Quirks) -> (Vec<(&'static str, u64)>, bool) {
        let usage = read(&View::of_text(text).opened(), quirks, Work::Generate);
        (usage.filled().map(|(bucket, units)| (bucket.name(), units)).collect(), usage.mismatch)
    }

    #[test]
    fn counts_that_include_one_another_become_disjoint() {
        let text = r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
            "prompt_tokens_details":{"cached_tokens":40,"cache_write_tokens":10,"audio_tokens":5},
            "completion_tokens_details":{"reasoning_tokens":30,"audio_tokens":8}}"#;
        let expected = [
            ("input", 45),
            ("cache_read", 40),
            ("cache_write_5m", 10),
            ("audio_input", 5),
            ("output", 12),
            ("reasoning", 30),
            ("audio_output", 8),
        ];
        assert_eq!(buckets(text), (expected.to_vec(), false));
    }

    #[test]
    fn sound_that_was_cached_is_not_counted_as_sound_again() {
        let text = r#"{"total_tokens":253,"input_tokens":132,"output_tokens":121,
            "input_token_details":{"text_tokens":100,"audio_tokens":32,"image_tokens":0,"cached_tokens":64,
                "cached_tokens_details":{"text_tokens":54,"audio_tokens":10,"image_tokens":0}},
            "output_token_details":{"text_tokens":30,"audio_tokens":91}}"#;
        let expected =
            [("input", 46), ("cache_read", 64), ("audio_input", 22), ("output", 30), ("audio_output", 91)];
        assert_eq!(buckets(text), (expected.to_vec(), false));
    }

    #[test]
    fn reasoning_beside_the_completion_is_seen_by_the_total() {
        let text = r#"{"prompt_tokens":10,"completion_tokens":3,"total_tokens":33,
            "completion_tokens_details":{"reasoning_tokens":20}}"#;
        assert_eq!(buckets(text), (vec![("input", 10), ("output", 3), ("reasoning", 20)], false));
    }

    #[test]
    fn reasoning_on_top_that_no_total_tells_is_a_quirk_of_the_provider() {
        let text = r#"{"prompt_tokens":10,"completion_tokens":30,"total_tokens":40,
            "completion_tokens_details":{"reasoning_tokens":20}}"#;
        let expected = vec![("input", 10), ("output", 30), ("reasoning", 20)];
        assert_eq!(buckets_with(text, Quirks::of_provider("vercel-gateway")), (expected, false));
        assert_eq!(buckets(text).0, [("input", 10), ("output", 10), ("reasoning", 20)]);
    }

    #[test]
    fn sound_beside_the_prompt_is_seen_by_the_total() {
        let text = r#"{"prompt_tokens":9,"completion_tokens":20,"total_tokens":404,
            "prompt_tokens_details":{"audio_tokens":375}}"#;
        assert_eq!(buckets(text), (vec![("input", 9), ("audio_input", 375), ("output", 20)], false));
    }

    #[test]
    fn what_only_the_total_counts_is_counted_and_flagged() {
        let text = r#"{"prompt_tokens":66,"completion_tokens":6,"total_tokens":100}"#;
        assert_eq!(buckets(text), (vec![("input", 66), ("output", 6), ("reasoning", 28)], true));
    }

    #[test]
    fn parts_larger_than_their_whole_are_bounded_and_flagged() {
        let text = r#"{"prompt_tokens":31,"completion_tokens":9,"total_tokens":40,"prompt_tokens_details":{"cached_tokens":161}}"#;
        assert_eq!(buckets(text), (vec![("cache_read", 31), ("output", 9)], true));
        let text = r#"{"prompt_tokens":31,"completion_tokens":9,"total_tokens":3}"#;
        assert!(buckets(text).1);
    }

    #[test]
    fn cached_tokens_are_found_where_the_copies_put_them() {
        for key in
            ["cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens"]
        {
            let text = format!(
                r#"{{"prompt_tokens":5,"completion_tokens":1,"prompt_tokens_details":null,"{key}":4}}"#
            );
            assert_eq!(buckets(&text).0, [("input", 1), ("cache_read", 4), ("output", 1)], "{key}");
        }
    }

    #[test]
    fn no_counts_is_unknown_and_not_zero() {
        let known = |text| read(&View::of_text(text).opened(), Quirks::default(), Work::Generate).is_known();
        assert!(!known("{}"));
        assert!(!known(r#"{"prompt_tokens":null,"cost":1}"#));
    }

    #[test]
    fn what_a_route_makes_is_told_apart_where_the_provider_does_not() {
        let of = |work, text: &str| {
            let usage = read(&View::of_text(text).opened(), Quirks::default(), work);
            usage.filled().map(|(bucket, units)| (bucket.name(), units)).collect::<Vec<_>>()
        };
        let picture = r#"{"input_tokens":50,"output_tokens":400,"total_tokens":450,"input_tokens_details":{"image_tokens":40,"text_tokens":10}}"#;
        assert_eq!(of(Work::Image, picture), [("input", 10), ("image_input", 40), ("image_output", 400)]);
        let told = r#"{"input_tokens":1,"output_tokens":9,"total_tokens":10,"output_tokens_details":{"image_tokens":6,"text_tokens":3}}"#;
        assert_eq!(of(Work::Image, told), [("input", 1), ("output", 3), ("image_output", 6)]);
        assert_eq!(
            of(Work::Speak, r#"{"input_tokens":3,"output_tokens":9,"total_tokens":12}"#)[1],
            ("audio_output", 9)
        );
        let heard = r#"{"input_tokens":25,"input_token_details":{"text_tokens":4,"audio_tokens":21},"output_tokens":6,"total_tokens":31}"#;
        assert_eq!(of(Work::Transcribe, heard), [("input", 4), ("audio_input", 21), ("output", 6)]);
        assert_eq!(of(Work::Rerank, r#"{"total_tokens":57}"#), [("input", 57)]);
    }
}
