//! A message written from the internal reply, and the parts it shares with the events of a stream.

use weir_contract::usage::{Bucket, Usage};

use crate::{
    json::JsonText,
    model::{Finish, Part, Reply},
    translate::is_object,
};

/// Writes the answer. The format has room for one choice.
pub(crate) fn write_answer(reply: &Reply) -> Vec<u8> {
    let choice = reply.choices.first();
    let mut json = JsonText::default();
    json.object(|json| {
        json.key("id").text(&reply.id);
        json.key("type").text("message");
        json.key("role").text("assistant");
        json.key("model").text(&reply.model);
        json.key("content").array(|json| {
            for part in choice.into_iter().flat_map(|choice| &choice.message.parts) {
                write_part(part, json);
            }
        });
        json.key("stop_reason").text(stop_word(choice.and_then(|choice| choice.finish).unwrap_or_default()));
        json.key("stop_sequence").null();
        json.key("stop_details").null();
        json.key("container").null();
        json.key("usage");
        write_usage(&reply.usage, json);
    });
    json.into_bytes()
}

fn write_part(part: &Part<'_>, json: &mut JsonText) {
    match part {
        Part::Text(text) | Part::Refusal(text) => json.object(|json| {
            json.key("type").text("text");
            json.key("text").text(&text.text);
            json.key("citations").null();
        }),
        Part::Reasoning { text, signature } => json.object(|json| {
            json.key("type").text("thinking");
            json.key("thinking").text(&text.text);
            let proof = signature.as_ref().filter(|proof| proof.is_anthropic());
            json.key("signature").text(proof.map_or("", |proof| &proof.text));
        }),
        Part::Sealed(proof) if proof.is_anthropic() => json.object(|json| {
            json.key("type").text("redacted_thinking");
            json.key("data").text(&proof.text);
        }),
        Part::ToolCall { id, name, arguments, .. } => json.object(|json| {
            json.key("type").text("tool_use");
            json.key("id").text(id);
            json.key("name").text(name);
            json.key("input").raw(if is_object(&arguments.text) { &arguments.text } else { "{}" });
            json.key("caller").object(|json| json.key("type").text("direct"));
        }),
        _ => {}
    }
}

/// Anthropic's word for why an answer ended.
pub(super) const fn stop_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
        Finish::Refused => "refusal",
    }
}

/// The counts as Anthropic keeps them apart. The format demands them: unknown ones are written as zero.
pub(super) fn write_usage(usage: &Usage, json: &mut JsonText) {
    let five_minutes = usage.get(Bucket::CacheWrite5m);
    let one_hour = usage.get(Bucket::CacheWrite1h);
    let read = usage.get(Bucket::CacheRead);
    let written = five_minutes + one_hour;
    json.object(|json| {
        json.key("input_tokens").count(usage.input_total() - read - written);
        json.key("cache_creation_input_tokens").count(written);
        json.key("cache_read_input_tokens").count(read);
        json.key("cache_creation").object(|json| {
            json.key("ephemeral_5m_input_tokens").count(five_minutes);
            json.key("ephemeral_1h_input_tokens").count(one_hour);
        });
        json.key("output_tokens").count(usage.output_total());
        json.key("output_tokens_details").object(|json| {
            json.key("thinking_tokens").count(usage.get(Bucket::Reasoning));
        });
        if usage.get(Bucket::WebSearch) > 0 {
            json.key("server_tool_use").object(|json| {
                json.key("web_search_requests").count(usage.get(Bucket::WebSearch));
            });
        } else {
            json.key("server_tool_use").null();
        }
        json.key("service_tier").null();
        json.key("inference_geo").null();
    });
}
