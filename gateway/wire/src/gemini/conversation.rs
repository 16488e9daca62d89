//! Gemini's contents as the internal conversation. Both spellings of members are read: `inlineData` and `inline_data`.

use std::borrow::Cow;

use super::{schema::plain_schema, settings};
use crate::{
    json::{TopLevel, View},
    model::{Conversation, Media, Message, Part, Role, Signature, Source, Text, Tool},
};

/// Reads a request.
#[must_use]
pub fn read_conversation<'a>(top: &TopLevel<'a>) -> Conversation<'a> {
    let mut read = Conversation::default();
    for member in top.members() {
        let view = top.view(member);
        match member.key.as_ref() {
            "systemInstruction" | "system_instruction" if !view.is_null() => read.system = parts(view),
            "contents" if view.is_array() => read.messages.extend(view.items().map(message)),
            "tools" if view.is_array() => view.items().for_each(|tool| add_tools(&mut read.tools, tool)),
            key if settings::take(&mut read, key, view) => {}
            _ => read.keep(member.key.clone(), view),
        }
    }
    give_ids(&mut read.messages);
    settings::allow_all(&mut read);
    read
}

/// Calls without ids get one each. An answer names its call or, where it does not, only the function: then it answers the
/// oldest call of it that is still open. Google's libraries answer so even calls that have ids.
fn give_ids(messages: &mut [Message<'_>]) {
    let mut made = 0_u32;
    let mut open: Vec<(String, String)> = Vec::new();
    for part in messages.iter_mut().flat_map(|message| &mut message.parts) {
        match part {
            Part::ToolCall { id, name, .. } => {
                if id.is_empty() {
                    made += 1;
                    *id = format!("call_{made}").into();
                }
                open.push((name.to_string(), id.to_string()));
            }
            Part::ToolResult { id, .. } => {
                let named = open.iter().position(|(_, given)| *given == *id);
                let place = named.or_else(|| open.iter().position(|(name, _)| *name == *id));
                // Some name neither; with one call open there is no doubt.
                let place = place.or_else(|| (open.len() == 1).then_some(0));
                if let Some(place) = place {
                    *id = open.remove(place).1.into();
                }
            }
            _ => {}
        }
    }
}

/// Reads the messages of an answer's body, one for each candidate.
pub(crate) fn read_answer_body<'a>(top: &TopLevel<'a>) -> Vec<Message<'a>> {
    let candidates = top.get("candidates").into_iter().flat_map(|candidates| candidates.items());
    candidates.filter_map(|candidate| candidate.get("content")).map(message).collect()
}

/// One entry declares several functions, or names a tool that runs at the provider.
fn add_tools<'a>(tools: &mut Vec<Tool<'a>>, entry: View<'a>) {
    for (kind, view) in entry.members() {
        if !matches!(kind.as_ref(), "functionDeclarations" | "function_declarations") {
            tools.push(Tool {
                name: kind.clone(),
                description: Cow::Borrowed(""),
                schema: None,
                kind: Some(kind),
                strict: None,
                cache: None,
                raw: entry.raw(),
            });
            continue;
        }
        tools.extend(view.items().map(|one| {
            let text = |key: &str| one.get(key).and_then(|value| value.text()).unwrap_or_default();
            let schema = ["parameters", "parametersJsonSchema", "parameters_json_schema"];
            let schema = schema.into_iter().find_map(|key| one.get(key)).map(plain_schema);
            Tool {
                name: text("name"),
                description: text("description"),
                schema,
                kind: None,
                strict: None,
                cache: None,
                raw: one.raw(),
            }
        }));
    }
}

fn message(view: View<'_>) -> Message<'_> {
    let role = match view.get("role").and_then(|role| role.text()).as_deref() {
        Some("model") => Role::Assistant,
        None => Role::User,
        Some(role) => Role::of(Some(Cow::Owned(role.to_owned()))),
    };
    Message { role, name: None, parts: parts(view), rest: Vec::new() }
}

/// The parts of a content, which may also be one part or bare text.
fn parts(view: View<'_>) -> Vec<Part<'_>> {
    match view.get("parts") {
        Some(held) if held.is_array() => held.items().flat_map(signed_part).collect(),
        Some(held) => signed_part(held).collect(),
        None => Part::text_of(view).into_iter().collect(),
    }
}

/// A part, after what proves the thought behind it.
fn signed_part(view: View<'_>) -> impl Iterator<Item = Part<'_>> {
    let proof = view.get("thoughtSignature").or_else(|| view.get("thought_signature"));
    let proof = proof.and_then(|proof| proof.filled_text()).map(Signature::of_gemini);
    let part = Some(part(view)).filter(|part| proof.is_none() || !is_empty_text(part));
    proof.map(Part::Sealed).into_iter().chain(part)
}

fn is_empty_text(part: &Part<'_>) -> bool {
    matches!(part, Part::Text(text) if text.text.is_empty())
}

fn part(view: View<'_>) -> Part<'_> {
    let of = |names: [&str; 2]| names.iter().find_map(|name| view.get(name));
    if let Some(text) = view.get("text").and_then(Text::of) {
        let thought = view.get("thought").and_then(|thought| thought.boolean()) == Some(true);
        return if thought { Part::thought(text) } else { Part::Text(text) };
    }
    if let Some(call) = of(["functionCall", "function_call"]) {
        let text = |key: &str| call.get(key).and_then(|value| value.text()).unwrap_or_default();
        let arguments = Text::loose(call.get("args").map_or("{}", |args| args.raw()));
        return Part::ToolCall { id: text("id"), name: text("name"), arguments, hosted: false };
    }
    if let Some(answer) = of(["functionResponse", "function_response"]) {
        return tool_result(answer);
    }
    let held = of(["inlineData", "inline_data"]).or_else(|| of(["fileData", "file_data"]));
    if let Some(held) = held {
        return media(held, view);
    }
    let kind = view.members().map(|(key, _)| key).next().unwrap_or_default();
    Part::other(kind, view)
}

/// A function's answer is an object; what names it is the call's id, or the function where there is none.
fn tool_result(answer: View<'_>) -> Part<'_> {
    let text = |key: &str| answer.get(key).and_then(|value| value.filled_text());
    let response = answer.get("response");
    let alone = response.filter(|response| response.members().count() == 1);
    let error = response.and_then(|response| response.get("error"));
    // What stands alone under the usual names is the whole answer.
    let words = alone.and_then(|alone| {
        ["output", "result", "error"].into_iter().find_map(|key| alone.get(key)).and_then(Text::of)
    });
    let said = words.unwrap_or_else(|| Text::loose(response.map_or("{}", |response| response.raw())));
    Part::ToolResult {
        id: text("id").or_else(|| text("name")).unwrap_or_default(),
        failed: error.is_some(),
        hosted: false,
        parts: vec![Part::Text(said)],
    }
}

fn media<'a>(held: View<'a>, whole: View<'a>) -> Part<'a> {
    let text = |names: [&str; 2]| names.iter().find_map(|name| held.get(name)?.text());
    let media_type = text(["mimeType", "mime_type"]);
    let kind = media_type.as_deref().unwrap_or_default().split('/').next().unwrap_or_default().to_owned();
    let data = held.get("data").and_then(|data| data.text()).map(Source::Base64);
    let source = data.or_else(|| text(["fileUri", "file_uri"]).map(Source::Url)).unwrap_or_default();
    let media = Media { media_type, source, raw: whole.raw(), ..Media::default() };
    match kind.as_str() {
        "image" => Part::Image(media),
        "audio" => Part::Audio(media),
        _ => Part::File(media),
    }
}
