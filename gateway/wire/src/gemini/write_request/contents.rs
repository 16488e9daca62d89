//! Instructions and contents. User and model speak in turns here, instructions stand apart, and a tool's answer names its
//! function.

use std::borrow::Cow;
use std::collections::HashMap;

use base64::Engine as _;

use super::super::write_answer::{write_call, write_text};
use crate::{
    json::JsonText,
    model::{Conversation, Media, Part, Source},
    translate::{At, Fit, Located, Manner, Turn, in_turns, is_call_or_result, is_object, unmarked},
};

/// What stands for the proof of a call that another model made: Google's own word for going on without it.
const NO_PROOF: &str = "skip_thought_signature_validator";

/// What is needed while parts are written.
struct Writer<'p, 'f> {
    /// The function that each call is of.
    functions: HashMap<&'p str, &'p str>,
    /// Whether calls need a proof.
    proven: bool,
    fit: &'f mut Fit,
}

/// Writes `systemInstruction` and `contents`.
pub(super) fn write(said: &Conversation<'_>, model: &str, fit: &mut Fit, json: &mut JsonText) {
    let manner = Manner { model: "model", locate: unmarked, is_sayable: &is_sayable };
    let (system, turns) = in_turns(said, &manner, fit);
    let system: Vec<_> = system.into_iter().filter(|one| is_instruction(one, fit)).collect();
    let proven = super::is_third_generation(model);
    let mut writer = Writer { functions: functions(said), proven, fit };
    if !system.is_empty() {
        json.key("systemInstruction").object(|json| writer.parts(&system, json));
    }
    json.key("contents").array(|json| {
        for Turn { role, parts } in &turns {
            json.object(|json| {
                json.key("role").text(role);
                writer.parts(parts, json);
            });
        }
    });
}

fn functions<'p>(said: &'p Conversation<'_>) -> HashMap<&'p str, &'p str> {
    let parts = said.messages.iter().flat_map(|message| &message.parts);
    let call = |part: &'p Part<'_>| match part {
        Part::ToolCall { id, name, .. } => Some((id.as_ref(), name.as_ref())),
        _ => None,
    };
    parts.filter_map(call).collect()
}

fn is_instruction(one: &Located<'_, '_>, fit: &mut Fit) -> bool {
    match one.part {
        Part::Text(text) => !text.text.is_empty(),
        _ => {
            fit.refuse(one.at, "instructions are text");
            false
        }
    }
}

/// Whether that side can say the part; says so where it cannot.
fn is_sayable(one: &Located<'_, '_>, role: &str, fit: &mut Fit) -> bool {
    let Located { at, part, .. } = *one;
    match part {
        Part::Text(text) | Part::Refusal(text) => return !text.text.is_empty(),
        Part::Image(media) | Part::Audio(media) | Part::File(media) => return takes_media(at, media, fit),
        Part::Sealed(proof) if role == "model" && proof.is_gemini() => return true,
        // A thought is not taken back, only its proof.
        Part::Reasoning { .. } | Part::Sealed(_) => fit.drop(at),
        _ => return is_call_or_result(at, part, fit),
    }
    false
}

fn takes_media(at: At, media: &Media<'_>, fit: &mut Fit) -> bool {
    if media.detail.as_deref().is_some_and(|detail| detail != "auto") {
        fit.drop(format_args!("{at}.image_url.detail"));
    }
    if media.name.is_some() {
        fit.drop(format_args!("{at}.filename"));
    }
    let known = matches!(media.source, Source::Url(_) | Source::Base64(_) | Source::Text(_));
    if !known {
        fit.refuse(at, "a file kept at one provider is not known to another: send it in the body");
    }
    known
}

impl Writer<'_, '_> {
    fn parts(&mut self, parts: &[Located<'_, '_>], json: &mut JsonText) {
        let mut proof: Option<&str> = None;
        let has_calls = parts.iter().any(|one| matches!(one.part, Part::ToolCall { .. }));
        let mut unproven = self.proven;
        json.key("parts").array(|json| {
            for Located { at, part, .. } in parts {
                match part {
                    Part::Sealed(sealed) => proof = Some(&sealed.text),
                    // Of calls side by side the first carries the proof.
                    Part::ToolCall { id, name, arguments, .. } => {
                        let missing = Some(NO_PROOF).filter(|_| std::mem::replace(&mut unproven, false));
                        let proof = proof.take().or(missing);
                        write_call([id, name, &arguments.text], proof, json);
                    }
                    Part::Text(text) | Part::Refusal(text) => {
                        let proof = if has_calls { None } else { proof.take() };
                        write_text(&text.text, false, proof, json);
                    }
                    Part::ToolResult { id, failed, parts, .. } => {
                        self.result(*at, (id, *failed), parts, json);
                    }
                    Part::Image(media) => write_media(media, "image/png", json),
                    Part::Audio(media) => write_media(media, "audio/wav", json),
                    Part::File(media) => write_media(media, "application/pdf", json),
                    _ => {}
                }
            }
        });
    }

    /// A tool's answer is an object; what it shows stands beside it.
    fn result(&mut self, at: At, (id, failed): (&str, bool), parts: &[Part<'_>], json: &mut JsonText) {
        let name = self.functions.get(id).copied().unwrap_or(id);
        let inner = unmarked(at.message, parts, self.fit);
        let inner: Vec<_> = inner.into_iter().filter(|one| is_sayable(one, "user", self.fit)).collect();
        let words: Vec<&str> = inner
            .iter()
            .filter_map(|one| if let Part::Text(text) = one.part { Some(text.text.as_ref()) } else { None })
            .collect();
        if words.len() > 1 {
            self.fit.adapt(at, "text");
        }
        let words = words.join("\n");
        json.object(|json| {
            json.key("functionResponse").object(|json| {
                json.key("id").text(id);
                json.key("name").text(name);
                json.key("response");
                if is_object(&words) && !failed {
                    json.raw(&words);
                } else {
                    let key = if failed { "error" } else { "output" };
                    json.object(|json| json.key(key).text(&words));
                }
            });
        });
        for Located { part, .. } in inner.iter().filter(|one| !matches!(one.part, Part::Text(_))) {
            self.fit.adapt(at, "user");
            match part {
                Part::Image(media) => write_media(media, "image/png", json),
                Part::Audio(media) => write_media(media, "audio/wav", json),
                Part::File(media) => write_media(media, "application/pdf", json),
                _ => {}
            }
        }
    }
}

fn write_media(media: &Media<'_>, usual: &str, json: &mut JsonText) {
    let kind = media_type(media, usual);
    json.object(|json| match &media.source {
        Source::Base64(data) => json.key("inlineData").object(|json| {
            json.key("mimeType").text(&kind);
            json.key("data").text(data);
        }),
        Source::Url(url) => json.key("fileData").object(|json| {
            if media.media_type.is_some() {
                json.key("mimeType").text(&kind);
            }
            json.key("fileUri").text(url);
        }),
        Source::Text(text) => json.key("inlineData").object(|json| {
            json.key("mimeType").text("text/plain");
            json.key("data").text(&base64::engine::general_purpose::STANDARD.encode(text.as_bytes()));
        }),
        Source::Id(_) | Source::Unknown => {}
    });
}

/// Sound is named by its format alone in OpenAI's words.
fn media_type<'m>(media: &'m Media<'_>, usual: &'m str) -> Cow<'m, str> {
    match media.media_type.as_deref() {
        None => Cow::Borrowed(usual),
        Some("mp3") => Cow::Borrowed("audio/mpeg"),
        Some(kind) if kind.contains('/') => Cow::Borrowed(kind),
        Some(format) => Cow::Owned(format!("audio/{format}")),
    }
}
