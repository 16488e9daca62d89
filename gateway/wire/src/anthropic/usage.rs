//! Anthropic's usage object into disjoint buckets. `input_tokens` leaves cached tokens out; a stream tells usage twice,
//! and of each member the last word counts.

use serde_json::{Map, Value};
use weir_contract::usage::{Bucket, Usage, UsageSource};

use crate::json::View;

/// Reads the object; unknown when it has no counts.
pub(super) fn read(usage: View<'_>) -> Usage {
    let of = |view: Option<View<'_>>, key: &str| {
        view.and_then(|view| view.get(key)).and_then(|count| count.count())
    };
    let whole = Some(usage);
    let (input, output) = (of(whole, "input_tokens"), of(whole, "output_tokens"));
    if input.or(output).is_none() {
        return Usage::default();
    }
    let split = usage.get("cache_creation");
    let five_minutes = of(split, "ephemeral_5m_input_tokens").unwrap_or(0);
    let one_hour = of(split, "ephemeral_1h_input_tokens").unwrap_or(0);
    let by_lifetime = five_minutes.saturating_add(one_hour);
    let written = of(whole, "cache_creation_input_tokens").unwrap_or(by_lifetime);
    let output = output.unwrap_or(0);
    let thought = of(usage.get("output_tokens_details"), "thinking_tokens").unwrap_or(0);

    let mut buckets = Usage::new(UsageSource::Provider);
    buckets.mismatch = written < by_lifetime || thought > output;
    buckets.set(Bucket::Input, input.unwrap_or(0));
    buckets.set(Bucket::CacheRead, of(whole, "cache_read_input_tokens").unwrap_or(0));
    // What has no stated lifetime counts as five minutes.
    buckets.set(Bucket::CacheWrite5m, written.max(by_lifetime) - one_hour);
    buckets.set(Bucket::CacheWrite1h, one_hour);
    buckets.set(Bucket::Reasoning, thought.min(output));
    buckets.set(Bucket::Output, output - thought.min(output));
    buckets.set(Bucket::WebSearch, of(usage.get("server_tool_use"), "web_search_requests").unwrap_or(0));
    buckets
}

/// Lays a later usage object over an earlier one: the last word counts, silence changes nothing.
pub(super) fn merge(known: &mut Map<String, Value>, later: View<'_>) {
    for (key, value) in later.members().filter(|(_, value)| !value.is_null()) {
        if let Ok(value) = serde_json::from_str(value.raw()) {
            known.insert(key.into_owned(), value);
        }
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
    fn cache_writes_are_told_apart_by_lifetime() {
        let text = r#"{"input_tokens":4,"cache_creation_input_tokens":30,"cache_read_input_tokens":7,"output_tokens":9,
            "cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},
            "output_tokens_details":{"thinking_tokens":5},"server_tool_use":{"web_search_requests":2}}"#;
        let expected = [
            ("input", 4),
            ("cache_read", 7),
            ("cache_write_5m", 10),
            ("cache_write_1h", 20),
            ("output", 4),
            ("reasoning", 5),
            ("web_search", 2),
        ];
        assert_eq!(buckets(text), (expected.to_vec(), false));
    }

    #[test]
    fn writes_without_a_lifetime_count_as_five_minutes_and_a_split_beyond_its_sum_is_flagged() {
        let bare = r#"{"input_tokens":1,"cache_creation_input_tokens":8,"output_tokens":1}"#;
        assert_eq!(buckets(bare), (vec![("input", 1), ("cache_write_5m", 8), ("output", 1)], false));
        let odd = r#"{"input_tokens":1,"cache_creation_input_tokens":8,"output_tokens":1,"cache_creation":{"ephemeral_1h_input_tokens":9}}"#;
        assert_eq!(buckets(odd), (vec![("input", 1), ("cache_write_1h", 9), ("output", 1)], true));
    }

    #[test]
    fn a_later_word_counts_and_silence_changes_nothing() {
        let mut known = Map::new();
        merge(
            &mut known,
            View::of_text(r#"{"input_tokens":10,"output_tokens":1,"cache_read_input_tokens":3}"#),
        );
        merge(&mut known, View::of_text(r#"{"output_tokens":25,"cache_read_input_tokens":null}"#));
        let text = Value::Object(known).to_string();
        assert_eq!(buckets(&text).0, [("input", 10), ("cache_read", 3), ("output", 25)]);
    }
}
