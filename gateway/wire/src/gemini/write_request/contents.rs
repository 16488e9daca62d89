//! Instructions and contents. User and model speak in turns here, instructions stand apart, and a tool's answer names its
//! function.

use std::borrow::Cow;
use std::collections::HashMap;

use base64::Engine as _;

use super::super::write_answer::{write_call, write_text};
use crate::{
    json::JsonText,
    model::{Conversation, Media, Message, Part, Role, Source},
    translate::{At, Fit, is_object},
};

/// What stands for the proof of a call that another model made: Google's own word for going on without it.
const NO_PROOF: &str = "skip_thought_signature_validator";

/// What one side says before the other speaks.
struct Turn<'p, 'a> {
    role: &'static str,
    parts: Vec<(At, &'p Part<'a>)>,
}

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
    let (system, turns) = in_turns(said, fit);
    let system: Vec<_> = system.into_iter().filter(|(at, part)| is_instruction(*at, part, fit)).collect();
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

/// Sorts what is said into instructions and turns; parts that cannot be said are left out and accounted for.
fn in_turns<'p, 'a>(
    said: &'p Conversation<'a>,
    fit: &mut Fit,
) -> (Vec<(At, &'p Part<'a>)>, Vec<Turn<'p, 'a>>) {
    let mut system = located(None, &said.system, fit);
    let mut turns: Vec<Turn<'p, 'a>> = Vec::new();
    for (place, message) in said.messages.iter().enumerate() {
        account(place, message, fit);
        let found = located(Some(place), &message.parts, fit);
        let role = match message.role {
            Role::System | Role::Developer => {
                if !turns.is_empty() {
                    fit.adapt(format_args!("messages[{place}].role"), "system");
                }
                system.extend(found);
                continue;
            }
            Role::User | Role::Tool => "user",
            Role::Assistant => "model",
            Role::Other(_) => {
                fit.refuse(format_args!("messages[{place}].role"), "nobody of that role speaks there");
                continue;
            }
        };
        let found: Vec<_> = found.into_iter().filter(|(at, part)| is_sayable(*at, part, role, fit)).collect();
        match turns.last_mut() {
            _ if found.is_empty() => {}
            Some(turn) if turn.role == role => turn.parts.extend(found),
            _ => turns.push(Turn { role, parts: found }),
        }
    }
    for turn in turns.iter_mut().filter(|turn| turn.role == "user") {
        turn.parts.sort_by_key(|(_, part)| !matches!(part, Part::ToolResult { .. }));
    }
    (system, turns)
}

/// What of a message has no place in the format.
fn account(place: usize, message: &Message<'_>, fit: &mut Fit) {
    if message.name.is_some() {
        fit.drop(format_args!("messages[{place}].name"));
    }
    for (key, _) in &message.rest {
        fit.refuse(format_args!("messages[{place}].{key}"), "it has no word for it");
    }
}

fn located<'p, 'a>(message: Option<usize>, parts: &'p [Part<'a>], fit: &mut Fit) -> Vec<(At, &'p Part<'a>)> {
    let mut found: Vec<(At, &'p Part<'a>)> = Vec::new();
    for part in parts {
        let at = At { message, part: found.len() };
        match part {
            Part::CacheMark(_) => fit.drop("cache_control"),
            Part::Citation(_) => fit.drop(format_args!("{at}.citations")),
            part => found.push((at, part)),
        }
    }
    found
}

fn is_instruction(at: At, part: &Part<'_>, fit: &mut Fit) -> bool {
    match part {
        Part::Text(text) => !text.text.is_empty(),
        _ => {
            fit.refuse(at, "instructions are text");
            false
        }
    }
}

/// Whether that side can say the part; says so where it cannot.
fn is_sayable(at: At, part: &Part<'_>, role: &str, fit: &mut Fit) -> bool {
    match part {
        Part::Text(text) | Part::Refusal(text) => return !text.text.is_empty(),
        Part::Image(media) | Part::Audio(media) | Part::File(media) => return takes_media(at, media, fit),
        Part::Sealed(proof) if role == "model" && proof.is_gemini() => return true,
        // A thought is not taken back, only its proof.
        Part::Reasoning { .. } | Part::Sealed(_) => fit.drop(at),
        Part::ToolCall { hosted: true, name, .. } => {
            fit.refuse(at, format!("the call of `{name}`, a provider's own tool"));
        }
        Part::ToolResult { hosted: true, .. } => {
            fit.refuse(at, "the answer of a provider's own tool means nothing elsewhere");
        }
        Part::ToolCall { arguments, .. } => {
            if !arguments.text.trim().is_empty() && !is_object(&arguments.text) {
                fit.refuse(format_args!("{at}.arguments"), "a call's arguments must be one JSON object");
            }
            return true;
        }
        Part::ToolResult { .. } => return true,
        Part::Other { kind, .. } => fit.refuse(at, format!("it has no word for `{kind}`")),
        Part::CacheMark(_) | Part::Citation(_) => {}
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
    fn parts(&mut self, parts: &[(At, &Part<'_>)], json: &mut JsonText) {
        let mut proof: Option<&str> = None;
        let has_calls = parts.iter().any(|(_, part)| matches!(part, Part::ToolCall { .. }));
        let mut unproven = self.proven;
        json.key("parts").array(|json| {
            for (at, part) in parts {
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
        let inner = located(at.message, parts, self.fit);
        let inner: Vec<_> =
            inner.into_iter().filter(|(at, part)| is_sayable(*at, part, "user", self.fit)).collect();
        let words: Vec<&str> = inner
            .iter()
            .filter_map(|(_, part)| if let Part::Text(text) = part { Some(text.text.as_ref()) } else { None })
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
        for (_, part) in inner.iter().filter(|(_, part)| !matches!(part, Part::Text(_))) {
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
