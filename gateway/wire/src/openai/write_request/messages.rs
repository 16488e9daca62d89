//! The messages. Each speaker is a message here, each tool's answer a message of its own.

use std::borrow::Cow;

use crate::{
    json::{JsonText, View},
    model::{Conversation, Media, Message, Part, Role, Source},
    quirks::{Quirks, ThoughtPlace},
    translate::{At, Fit, fitting_id},
};

/// What a tool's message says when the tool gave pictures only.
const SHOWN_BELOW: &str = "The tool's output follows in the next message.";

/// Writes instructions and messages.
pub(super) fn write(said: &Conversation<'_>, quirks: Quirks, fit: &mut Fit, json: &mut JsonText) {
    let mut writer = Writer { quirks, fit };
    let system = located(None, &said.system);
    writer.plain("system", None, &system, json);
    for (place, message) in said.messages.iter().enumerate() {
        writer.message(place, message, json);
    }
}

type Located<'p, 'a> = (At, &'p Part<'a>);

/// Each part with its place; marks and citations belong to the part before them.
fn located<'p, 'a>(message: Option<usize>, parts: &'p [Part<'a>]) -> Vec<Located<'p, 'a>> {
    let mut next = 0_usize;
    let place = |part: &'p Part<'a>| {
        let is_part = !matches!(part, Part::CacheMark(_) | Part::Citation(_));
        next += usize::from(is_part);
        (At { message, part: next.saturating_sub(1) }, part)
    };
    parts.iter().map(place).collect()
}

struct Writer<'f> {
    quirks: Quirks,
    fit: &'f mut Fit,
}

impl Writer<'_> {
    fn message(&mut self, place: usize, message: &Message<'_>, json: &mut JsonText) {
        for (key, _) in &message.rest {
            self.fit.refuse(format_args!("messages[{place}].{key}"), "it has no word for it");
        }
        let parts = located(Some(place), &message.parts);
        match &message.role {
            Role::System => self.plain("system", message.name.as_deref(), &parts, json),
            Role::Developer => self.plain("developer", message.name.as_deref(), &parts, json),
            Role::User | Role::Tool => self.user(message.name.as_deref(), &parts, json),
            Role::Assistant => self.assistant(message.name.as_deref(), &parts, json),
            Role::Other(_) => {
                self.fit.refuse(format_args!("messages[{place}].role"), "nobody of that role speaks there");
            }
        }
    }

    /// A message of one speaker; nothing is written where nothing is said.
    fn plain(&mut self, role: &str, name: Option<&str>, parts: &[Located<'_, '_>], json: &mut JsonText) {
        let content: Vec<_> = parts.iter().filter(|(at, part)| self.is_content(*at, part)).copied().collect();
        if content.is_empty() {
            return;
        }
        json.object(|json| {
            json.key("role").text(role);
            if let Some(name) = name {
                json.key("name").text(name);
            }
            json.key("content");
            self.content(&content, json);
        });
    }

    /// Answers of tools come first, each in its own message; their pictures go into the user's, which alone takes some.
    fn user(&mut self, name: Option<&str>, parts: &[Located<'_, '_>], json: &mut JsonText) {
        let mut rest = Vec::new();
        for (at, part) in parts {
            match part {
                Part::ToolResult { hosted: true, .. } => {
                    self.fit.refuse(at, "the answer of a provider's own tool means nothing elsewhere");
                }
                Part::ToolResult { id, failed, parts, .. } => {
                    let (shown, said): (Vec<_>, Vec<_>) =
                        parts.iter().map(|part| (*at, part)).partition(|(_, part)| {
                            matches!(part, Part::Image(_) | Part::Audio(_) | Part::File(_))
                        });
                    self.tool_result(id, *failed, *at, &said, !shown.is_empty(), json);
                    rest.extend(shown);
                }
                _ => rest.push((*at, *part)),
            }
        }
        self.plain("user", name, &rest, json);
    }

    fn tool_result(
        &mut self,
        id: &str,
        failed: bool,
        at: At,
        said: &[Located<'_, '_>],
        shows_more: bool,
        json: &mut JsonText,
    ) {
        let content: Vec<_> = said.iter().filter(|(at, part)| self.is_content(*at, part)).copied().collect();
        if shows_more {
            self.fit.adapt(at, "user");
        }
        json.object(|json| {
            json.key("role").text("tool");
            json.key("tool_call_id").text(&self.call_id(id));
            json.key("content");
            let words = words_of(&content);
            match words {
                Some(words) if failed => {
                    self.fit.adapt(format_args!("{at}.is_error"), "text");
                    json.text(&format!("Error: {words}"));
                }
                Some(words) if words.is_empty() && shows_more => json.text(SHOWN_BELOW),
                _ => self.content(&content, json),
            }
        });
    }

    fn assistant(&mut self, name: Option<&str>, parts: &[Located<'_, '_>], json: &mut JsonText) {
        let (mut content, mut calls, mut thoughts, mut refusal) = (Vec::new(), Vec::new(), Vec::new(), None);
        for (at, part) in parts {
            match part {
                Part::ToolCall { hosted: true, name, .. } => {
                    self.fit.refuse(at, format!("the call of `{name}`, a provider's own tool"));
                }
                Part::ToolCall { .. } => calls.push(*part),
                Part::Reasoning { .. } | Part::Sealed(_) => thoughts.push((*at, *part)),
                Part::Refusal(text) => refusal = Some(text),
                _ if self.is_content(*at, part) => content.push((*at, *part)),
                _ => {}
            }
        }
        let said_nothing = content.is_empty() && calls.is_empty() && refusal.is_none();
        if said_nothing {
            thoughts.iter().for_each(|(at, _)| self.fit.drop(at));
            return;
        }
        json.object(|json| {
            json.key("role").text("assistant");
            if let Some(name) = name {
                json.key("name").text(name);
            }
            json.key("content");
            if content.is_empty() {
                json.null();
            } else {
                self.content(&content, json);
            }
            if let Some(refusal) = refusal {
                json.key("refusal").text(&refusal.text);
            }
            self.thoughts(&thoughts, json);
            if !calls.is_empty() {
                json.key("tool_calls").array(|json| calls.iter().for_each(|call| self.call(call, json)));
            }
        });
    }

    fn call(&self, call: &Part<'_>, json: &mut JsonText) {
        let Part::ToolCall { id, name, arguments, .. } = call else { return };
        // Where calls had no ids, the tool's name is what its answer refers to.
        let id = if id.is_empty() { name } else { id };
        json.object(|json| {
            json.key("id").text(&self.call_id(id));
            json.key("type").text("function");
            json.key("function").object(|json| {
                json.key("name").text(name);
                json.key("arguments").text(if arguments.text.is_empty() { "{}" } else { &arguments.text });
            });
        });
    }

    fn call_id<'i>(&self, id: &'i str) -> Cow<'i, str> {
        let ids = self.quirks.call_ids;
        fitting_id(id, |id| ids.take(id), ids.digits())
    }

    /// Earlier reasoning, as far as the provider wants it back.
    fn thoughts(&mut self, thoughts: &[Located<'_, '_>], json: &mut JsonText) {
        match self.quirks.thought {
            _ if thoughts.is_empty() => {}
            ThoughtPlace::Nowhere => thoughts.iter().for_each(|(at, _)| self.fit.drop(at)),
            ThoughtPlace::Content => {
                let texts = thoughts.iter().flat_map(|(_, part)| part.texts());
                let whole: String = texts.map(|text| text.text.as_ref()).collect();
                json.key("reasoning_content").text(&whole);
            }
            ThoughtPlace::Details => json.key("reasoning_details").array(|json| {
                for (_, part) in thoughts {
                    crate::openai::thinking::write_detail(part, None, json);
                }
            }),
        }
    }

    /// Whether the part is something a message's content can carry; says so where it is not.
    fn is_content(&mut self, at: At, part: &Part<'_>) -> bool {
        match part {
            Part::Text(text) | Part::Refusal(text) => return !text.text.is_empty(),
            Part::Image(media) => match &media.source {
                Source::Url(_) | Source::Base64(_) => return true,
                _ => self.fit.refuse(at, FILE_OF_ANOTHER),
            },
            Part::Audio(media) if matches!(media.source, Source::Base64(_)) => return true,
            Part::Audio(_) => self.fit.refuse(at, "sound must be in the body"),
            Part::File(media) => return self.takes_file(at, media),
            Part::CacheMark(_) => self.fit.drop("cache_control"),
            Part::Citation(_) => self.fit.drop(format_args!("{at}.citations")),
            Part::Reasoning { .. } | Part::Sealed(_) => self.fit.drop(at),
            Part::Other { kind, .. } => self.fit.refuse(at, format!("it has no word for `{kind}`")),
            Part::ToolCall { .. } | Part::ToolResult { .. } => {
                self.fit.refuse(at, "it is out of place there");
            }
        }
        false
    }

    fn takes_file(&mut self, at: At, media: &Media<'_>) -> bool {
        if media.cites {
            self.fit.refuse(format_args!("{at}.citations"), "it does not cite documents");
        }
        if View::of_text(media.raw).get("context").is_some() {
            self.fit.refuse(format_args!("{at}.context"), "a document has no context there");
        }
        match &media.source {
            Source::Base64(_) | Source::Text(_) => return true,
            Source::Url(_) => self.fit.refuse(at, "a document must be in the body, not at an address"),
            Source::Id(_) | Source::Unknown => self.fit.refuse(at, FILE_OF_ANOTHER),
        }
        false
    }

    fn content(&mut self, parts: &[Located<'_, '_>], json: &mut JsonText) {
        match parts {
            [] => json.text(""),
            [(_, Part::Text(text) | Part::Refusal(text))] => json.text(&text.text),
            parts => json.array(|json| parts.iter().for_each(|(at, part)| self.part(*at, part, json))),
        }
    }

    fn part(&mut self, at: At, part: &Part<'_>, json: &mut JsonText) {
        match part {
            Part::Text(text) | Part::Refusal(text) => write_text(&text.text, json),
            Part::Image(media) => write_image(media, json),
            Part::Audio(media) => write_audio(media, json),
            Part::File(media) => self.file(at, media, json),
            _ => {}
        }
    }

    fn file(&mut self, at: At, media: &Media<'_>, json: &mut JsonText) {
        if let Source::Text(text) = &media.source {
            self.fit.adapt(at, "text");
            let titled = media.name.as_ref().map(|name| format!("{name}\n\n{text}"));
            return write_text(titled.as_deref().unwrap_or(text), json);
        }
        let Source::Base64(data) = &media.source else { return };
        let kind = media.media_type.as_deref().unwrap_or("application/pdf");
        json.object(|json| {
            json.key("type").text("file");
            json.key("file").object(|json| {
                json.key("filename").text(media.name.as_deref().unwrap_or("document.pdf"));
                json.key("file_data").text(&format!("data:{kind};base64,{data}"));
            });
        });
    }
}

const FILE_OF_ANOTHER: &str = "a file kept at one provider is not known to another: send it in the body";

/// All words of parts that are nothing but words.
fn words_of(parts: &[Located<'_, '_>]) -> Option<String> {
    let word = |(_, part): &Located<'_, '_>| match part {
        Part::Text(text) => Some(text.text.to_string()),
        _ => None,
    };
    parts.iter().map(word).collect::<Option<Vec<String>>>().map(|words| words.join("\n"))
}

fn write_text(text: &str, json: &mut JsonText) {
    json.object(|json| {
        json.key("type").text("text");
        json.key("text").text(text);
    });
}

fn write_image(media: &Media<'_>, json: &mut JsonText) {
    let url = match &media.source {
        Source::Url(url) => Cow::Borrowed(url.as_ref()),
        Source::Base64(data) => {
            let kind = media.media_type.as_deref().unwrap_or("image/png");
            Cow::Owned(format!("data:{kind};base64,{data}"))
        }
        _ => return,
    };
    json.object(|json| {
        json.key("type").text("image_url");
        json.key("image_url").object(|json| {
            json.key("url").text(&url);
            if let Some(detail) = &media.detail {
                json.key("detail").text(detail);
            }
        });
    });
}

fn write_audio(media: &Media<'_>, json: &mut JsonText) {
    let Source::Base64(data) = &media.source else { return };
    let kind = media.media_type.as_deref().unwrap_or("wav");
    json.object(|json| {
        json.key("type").text("input_audio");
        json.key("input_audio").object(|json| {
            json.key("data").text(data);
            json.key("format").text(kind.strip_prefix("audio/").unwrap_or(kind));
        });
    });
}
