//! Reasoning in OpenAI's format, which has no word for it: the copies' `reasoning_content` carries the text, routers'
//! `reasoning_details` also what proves it. Both are read, and both are written.

use crate::{
    json::{JsonText, Members, View},
    model::{Part, Signature, Text},
    stream::{Sink, StreamEvent},
};

/// One entry of `reasoning_details`, or of the `thinking_blocks` that one library writes instead.
struct Detail<'a> {
    text: Option<Text<'a>>,
    signature: Option<Signature<'a>>,
    sealed: Option<Signature<'a>>,
}

fn detail(view: View<'_>) -> Detail<'_> {
    let filled = |key: &str| view.get(key).and_then(|value| value.filled_text());
    let format = filled("format").unwrap_or(Signature::ANTHROPIC.into());
    let signed = |text| Signature { format: format.clone(), text };
    let text = ["text", "thinking", "summary"].into_iter().find_map(|key| view.get(key));
    Detail {
        text: text.and_then(Text::of).filter(|text| !text.text.is_empty()),
        signature: filled("signature").map(signed),
        sealed: filled("data").map(signed),
    }
}

/// Reads the details of a delta or message. `told` says that their text stood beside them already.
pub(super) fn take_details(choice: u32, details: View<'_>, told: bool, sink: Sink<'_>) -> bool {
    let mut any = false;
    for Detail { text, signature, sealed } in details.items().map(detail) {
        if let Some(text) = text.filter(|_| !told) {
            sink(StreamEvent::Reasoning { choice, text: text.text });
            any = true;
        }
        if let Some(signature) = signature {
            sink(StreamEvent::Signed { choice, signature });
        }
        if let Some(signature) = sealed {
            sink(StreamEvent::Sealed { choice, signature });
            any = true;
        }
    }
    any
}

/// The thoughts of a message: its details where there are some, else its plain text.
pub(super) fn thoughts<'a>(message: &Members<'a>) -> Vec<Part<'a>> {
    let listed = ["reasoning_details", "thinking_blocks"].into_iter().find_map(|key| message.get(key));
    let mut parts = Vec::new();
    for Detail { text, signature, sealed } in listed.into_iter().flat_map(|list| list.items()).map(detail) {
        if text.is_some() || signature.is_some() {
            parts.push(Part::Reasoning { text: text.unwrap_or_else(|| Text::loose("")), signature });
        }
        parts.extend(sealed.map(Part::Sealed));
    }
    let plain = ["reasoning_content", "reasoning"].into_iter().find_map(|key| message.get(key));
    let plain = plain.and_then(Text::of).filter(|text| !text.text.is_empty());
    match (plain, parts.first_mut()) {
        (Some(plain), None) => parts.push(Part::thought(plain)),
        (Some(plain), Some(Part::Reasoning { text, .. })) if text.text.is_empty() => *text = plain,
        _ => {}
    }
    parts
}

/// Writes a thought as an entry of `reasoning_details`; on a stream with its number there, by which clients put it together.
pub(super) fn write_detail(part: &Part<'_>, number: Option<u64>, json: &mut JsonText) {
    let index = |json: &mut JsonText| {
        if let Some(number) = number {
            json.key("index").count(number);
        }
    };
    match part {
        Part::Reasoning { text, signature } => json.object(|json| {
            index(json);
            json.key("type").text("reasoning.text");
            json.key("text").text(&text.text);
            if let Some(signature) = signature {
                json.key("signature").text(&signature.text);
                json.key("format").text(&signature.format);
            }
        }),
        Part::Sealed(signature) => json.object(|json| {
            index(json);
            json.key("type").text("reasoning.encrypted");
            json.key("data").text(&signature.text);
            json.key("format").text(&signature.format);
        }),
        _ => {}
    }
}
