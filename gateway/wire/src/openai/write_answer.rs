//! A chat completion written from the internal reply, and the parts it shares with the chunks of a stream.

use weir_contract::usage::{Bucket, Usage};

use super::thinking::write_detail;
use crate::{
    json::JsonText,
    model::{Choice, Citation, Finish, Part, Reply},
};

/// Writes the answer. `created_s` is when it was made, seconds since 1970.
pub(crate) fn write_answer(reply: &Reply, created_s: i64) -> Vec<u8> {
    let mut json = JsonText::default();
    json.object(|json| {
        json.key("id").text(&reply.id);
        json.key("object").text("chat.completion");
        json.key("created").raw(&created_s.to_string());
        json.key("model").text(&reply.model);
        json.key("choices").array(|json| {
            for (index, choice) in (0..).zip(&reply.choices) {
                write_choice(index, choice, json);
            }
        });
        if reply.usage.is_known() {
            json.key("usage");
            write_usage(&reply.usage, json);
        }
    });
    json.into_bytes()
}

fn write_choice(index: u64, choice: &Choice, json: &mut JsonText) {
    let parts = &choice.message.parts;
    json.object(|json| {
        json.key("index").count(index);
        json.key("message").object(|json| {
            json.key("role").text("assistant");
            write_words(json, "content", joined(parts, |part| matches!(part, Part::Text(_))));
            write_words(json, "refusal", joined(parts, |part| matches!(part, Part::Refusal(_))));
            write_thoughts(parts, json);
            write_calls(parts, json);
            write_citations(parts, json);
        });
        json.key("logprobs").null();
        json.key("finish_reason").text(finish_word(choice.finish.unwrap_or_default()));
    });
}

/// The texts of the parts of one kind, joined; nothing where there is none.
fn joined(parts: &[Part<'_>], of_kind: impl Fn(&Part<'_>) -> bool) -> Option<String> {
    let texts: Vec<_> = parts.iter().filter(|part| of_kind(part)).flat_map(Part::texts).collect();
    (!texts.is_empty()).then(|| texts.iter().map(|text| text.text.as_ref()).collect())
}

fn write_words(json: &mut JsonText, key: &str, words: Option<String>) {
    match words {
        Some(words) => json.key(key).text(&words),
        None => json.key(key).null(),
    }
}

/// The text for readers of the copies, the details for those who send them back.
fn write_thoughts(parts: &[Part<'_>], json: &mut JsonText) {
    let is_thought = |part: &Part<'_>| matches!(part, Part::Reasoning { .. } | Part::Sealed(_));
    if let Some(text) = joined(parts, is_thought).filter(|text| !text.is_empty()) {
        json.key("reasoning_content").text(&text);
    }
    if parts.iter().any(is_thought) {
        json.key("reasoning_details").array(|json| {
            parts.iter().filter(|part| is_thought(part)).for_each(|part| write_detail(part, None, json));
        });
    }
}

fn write_calls(parts: &[Part<'_>], json: &mut JsonText) {
    let calls = || parts.iter().filter(|part| matches!(part, Part::ToolCall { .. }));
    if calls().next().is_none() {
        return;
    }
    json.key("tool_calls").array(|json| {
        for part in calls() {
            let Part::ToolCall { id, name, arguments, .. } = part else { continue };
            json.object(|json| {
                json.key("id").text(id);
                json.key("type").text("function");
                json.key("function").object(|json| {
                    json.key("name").text(name);
                    json.key("arguments").text(if arguments.text.is_empty() {
                        "{}"
                    } else {
                        &arguments.text
                    });
                });
            });
        }
    });
}

fn write_citations(parts: &[Part<'_>], json: &mut JsonText) {
    let citations: Vec<&Citation<'_>> = parts
        .iter()
        .filter_map(|part| if let Part::Citation(citation) = part { Some(citation.as_ref()) } else { None })
        .collect();
    json.key("annotations").array(|json| citations.iter().for_each(|one| write_citation(one, json)));
}

pub(super) fn write_citation(citation: &Citation<'_>, json: &mut JsonText) {
    json.object(|json| {
        json.key("type").text("url_citation");
        json.key("url_citation").object(|json| {
            json.key("url").text(&citation.url);
            json.key("title").text(&citation.title);
            if !citation.cited.is_empty() {
                json.key("content").text(&citation.cited);
            }
            json.key("start_index").count(citation.span.0);
            json.key("end_index").count(citation.span.1);
        });
    });
}

/// OpenAI's word for why an answer ended.
pub(super) const fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::Refused => "content_filter",
    }
}

/// The counts as OpenAI includes them in one another.
pub(super) fn write_usage(usage: &Usage, json: &mut JsonText) {
    let (input, output) = (usage.input_total(), usage.output_total());
    let written = usage.get(Bucket::CacheWrite5m) + usage.get(Bucket::CacheWrite1h);
    json.object(|json| {
        json.key("prompt_tokens").count(input);
        json.key("completion_tokens").count(output);
        json.key("total_tokens").count(input + output);
        json.key("prompt_tokens_details").object(|json| {
            json.key("cached_tokens").count(usage.get(Bucket::CacheRead));
            json.key("audio_tokens").count(usage.get(Bucket::AudioInput));
            if written > 0 {
                json.key("cache_write_tokens").count(written);
            }
        });
        json.key("completion_tokens_details").object(|json| {
            json.key("reasoning_tokens").count(usage.get(Bucket::Reasoning));
            json.key("audio_tokens").count(usage.get(Bucket::AudioOutput));
        });
    });
}
