//! An answer in Gemini's format, written from the internal reply, and the parts it shares with the events of a stream.

use weir_contract::usage::{Bucket, Usage};

use crate::{
    json::JsonText,
    model::{Finish, Part, Reply},
    translate::is_object,
};

/// Writes the answer.
pub(crate) fn write_answer(reply: &Reply) -> Vec<u8> {
    let mut json = JsonText::default();
    json.object(|json| {
        json.key("candidates").array(|json| {
            for (index, choice) in (0..).zip(&reply.choices) {
                json.object(|json| {
                    json.key("content").object(|json| {
                        json.key("parts").array(|json| write_parts(&choice.message.parts, json));
                        json.key("role").text("model");
                    });
                    json.key("finishReason").text(finish_word(choice.finish.unwrap_or_default()));
                    json.key("index").count(index);
                });
            }
        });
        write_foot(&reply.usage, &reply.model, &reply.id, json);
    });
    json.into_bytes()
}

fn write_parts(parts: &[Part<'_>], json: &mut JsonText) {
    let mut proof = None;
    for part in parts {
        match part {
            Part::Text(text) | Part::Refusal(text) => write_text(&text.text, false, proof.take(), json),
            Part::Reasoning { text, .. } => write_text(&text.text, true, None, json),
            Part::Sealed(sealed) if sealed.is_gemini() => proof = Some(sealed.text.as_ref()),
            Part::ToolCall { id, name, arguments, .. } => {
                write_call([id, name, &arguments.text], proof.take(), json);
            }
            _ => {}
        }
    }
    if let Some(proof) = proof {
        write_text("", false, Some(proof), json);
    }
}

/// A part with text; `proof` is the signature of the thought behind it.
pub(super) fn write_text(text: &str, thought: bool, proof: Option<&str>, json: &mut JsonText) {
    json.object(|json| {
        json.key("text").text(text);
        if thought {
            json.key("thought").flag(true);
        }
        if let Some(proof) = proof {
            json.key("thoughtSignature").text(proof);
        }
    });
}

/// A part that calls a function: its id, its name, its arguments.
pub(super) fn write_call([id, name, arguments]: [&str; 3], proof: Option<&str>, json: &mut JsonText) {
    json.object(|json| {
        json.key("functionCall").object(|json| {
            if !id.is_empty() {
                json.key("id").text(id);
            }
            json.key("name").text(name);
            json.key("args").raw(if is_object(arguments) { arguments } else { "{}" });
        });
        if let Some(proof) = proof {
            json.key("thoughtSignature").text(proof);
        }
    });
}

/// What stands below the candidates.
pub(super) fn write_foot(usage: &Usage, model: &str, id: &str, json: &mut JsonText) {
    if usage.is_known() {
        json.key("usageMetadata");
        write_usage(usage, json);
    }
    json.key("modelVersion").text(model);
    json.key("responseId").text(id);
}

/// Gemini's word for why an answer ended; a call is no reason of its own.
pub(super) const fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::ToolCalls => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::Refused => "SAFETY",
    }
}

/// The counts as Gemini adds them up: thoughts stand beside the candidates, cached tokens lie inside the prompt.
fn write_usage(usage: &Usage, json: &mut JsonText) {
    let (input, thoughts) = (usage.input_total(), usage.get(Bucket::Reasoning));
    let candidates = usage.output_total() - thoughts;
    json.object(|json| {
        json.key("promptTokenCount").count(input);
        json.key("candidatesTokenCount").count(candidates);
        json.key("totalTokenCount").count(input + candidates + thoughts);
        for (key, count) in
            [("cachedContentTokenCount", usage.get(Bucket::CacheRead)), ("thoughtsTokenCount", thoughts)]
        {
            if count > 0 {
                json.key(key).count(count);
            }
        }
        let (audio, image) = (Bucket::AudioInput, Bucket::ImageInput);
        write_modalities("promptTokensDetails", usage, [audio, image], json);
        let (audio, image) = (Bucket::AudioOutput, Bucket::ImageOutput);
        write_modalities("candidatesTokensDetails", usage, [audio, image], json);
    });
}

/// What of a sum is sound and pictures.
fn write_modalities(key: &str, usage: &Usage, buckets: [Bucket; 2], json: &mut JsonText) {
    let counts = ["AUDIO", "IMAGE"].into_iter().zip(buckets.map(|bucket| usage.get(bucket)));
    let counts: Vec<(&str, u64)> = counts.filter(|(_, count)| *count > 0).collect();
    if counts.is_empty() {
        return;
    }
    json.key(key).array(|json| {
        for (modality, count) in counts {
            json.object(|json| {
                json.key("modality").text(modality);
                json.key("tokenCount").count(count);
            });
        }
    });
}
