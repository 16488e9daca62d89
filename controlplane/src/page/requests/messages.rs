//! Stored bodies as a conversation, read by the gateway's own codecs. Lenient: what cannot be read is said, never hidden.
//!
//! What is shown is bounded; the raw tab and the download have all of it.

use weir_web::page::requests::{MessagePart, MessageView};
use weir_wire::Dialect;
use weir_wire::model::{Media, Message, Part, read_answer_messages, read_conversation};

use crate::archive::body::{self, Bodies, Glimpse};

/// Largest body that is read as a conversation, bytes.
pub(super) const BODY_BYTES_MAX: u32 = 8 * 1024 * 1024;
/// Text of one part shown, bytes.
const PART_BYTES_MAX: usize = 16 * 1024;
/// Text of all parts shown, bytes.
const PAGE_BYTES_MAX: usize = 96 * 1024;
/// Messages shown: the newest ones.
const MESSAGES_MAX: usize = 60;

/// What was asked, and what was answered.
pub(super) fn conversation(bodies: &Bodies) -> (Vec<MessageView>, Vec<MessageView>) {
    let dialect = Dialect::from_name(&bodies.format).unwrap_or(Dialect::OpenAi);
    let mut room = PAGE_BYTES_MAX;
    // The answer takes its room first: it is what most people came for.
    let answer = answer(dialect, bodies.part(body::Part::Response), &mut room);
    let prompt = prompt(dialect, bodies.part(body::Part::Request), &mut room);
    (prompt, answer)
}

fn prompt(dialect: Dialect, body: &Glimpse, room: &mut usize) -> Vec<MessageView> {
    if is_cut(body) {
        return vec![cut("request", body.bytes)];
    }
    let Ok(read) = read_conversation(dialect, &body.start) else { return as_it_is("request", body, room) };
    // What is no conversation (a text to embed, a picture to make) is shown as it came.
    if read.system.is_empty() && read.messages.is_empty() {
        return as_it_is("request", body, room);
    }
    let mut views = Vec::new();
    if !read.system.is_empty() {
        views.push(view("system", &read.system, room));
    }
    let hidden = read.messages.len().saturating_sub(MESSAGES_MAX);
    if hidden > 0 {
        let text = format!("{hidden} earlier messages are not shown; Raw has them.");
        views.push(MessageView { role: "…".to_owned(), parts: vec![MessagePart::Text(text)] });
    }
    // The newest messages take their room first, and are shown in their order.
    let newest = read.messages[hidden..].iter().rev();
    let mut shown: Vec<MessageView> = newest.map(|message| of(message, room)).collect();
    shown.reverse();
    views.append(&mut shown);
    views
}

fn answer(dialect: Dialect, body: &Glimpse, room: &mut usize) -> Vec<MessageView> {
    if body.bytes == 0 {
        return Vec::new();
    }
    if is_cut(body) {
        return vec![cut("answer", body.bytes)];
    }
    match read_answer_messages(dialect, &body.start) {
        Ok(messages) if messages.iter().any(|message| !message.parts.is_empty()) => {
            messages.iter().map(|message| of(message, room)).collect()
        }
        // An error answer, or a format of its own: shown as it came.
        _ => as_it_is("answer", body, room),
    }
}

fn is_cut(body: &Glimpse) -> bool {
    body.bytes > u64::try_from(body.start.len()).unwrap_or(u64::MAX)
}

fn cut(role: &str, bytes: u64) -> MessageView {
    MessageView { role: role.to_owned(), parts: vec![MessagePart::Cut { bytes }] }
}

fn as_it_is(role: &str, body: &Glimpse, room: &mut usize) -> Vec<MessageView> {
    if body.start.is_empty() {
        return Vec::new();
    }
    let mut parts = Vec::new();
    fit(&String::from_utf8_lossy(&body.start), room, &mut parts, MessagePart::Text);
    vec![MessageView { role: role.to_owned(), parts }]
}

fn of(message: &Message<'_>, room: &mut usize) -> MessageView {
    let role = match &message.name {
        Some(name) => format!("{} ({name})", message.role.name()),
        None => message.role.name().to_owned(),
    };
    view(&role, &message.parts, room)
}

fn view(role: &str, parts: &[Part<'_>], room: &mut usize) -> MessageView {
    let mut shown = Vec::new();
    for part in parts {
        add(part, room, &mut shown);
    }
    MessageView { role: role.to_owned(), parts: shown }
}

fn add(part: &Part<'_>, room: &mut usize, shown: &mut Vec<MessagePart>) {
    match part {
        Part::Text(text) | Part::Refusal(text) => fit(&text.text, room, shown, MessagePart::Text),
        Part::Reasoning { text, .. } => fit(&text.text, room, shown, MessagePart::Reasoning),
        Part::Sealed(_) => {
            fit("sealed: only its provider can read it", room, shown, MessagePart::Reasoning);
        }
        Part::Image(media) => shown.push(named("image", media)),
        Part::Audio(media) => shown.push(named("audio", media)),
        Part::File(media) => shown.push(named("file", media)),
        Part::ToolCall { id, name, arguments, .. } => fit(&arguments.text, room, shown, |arguments| {
            MessagePart::ToolCall { name: name.to_string(), id: id.to_string(), arguments }
        }),
        Part::ToolResult { id, failed, parts, .. } => {
            let said: Vec<&str> = parts.iter().flat_map(Part::texts).map(|text| text.text.as_ref()).collect();
            let text = format!("{}{}", if *failed { "failed: " } else { "" }, said.join("\n"));
            fit(&text, room, shown, |text| MessagePart::ToolResult { id: id.to_string(), text });
            let media =
                parts.iter().filter(|part| matches!(part, Part::Image(_) | Part::Audio(_) | Part::File(_)));
            media.for_each(|part| add(part, room, shown));
        }
        // A mark says nothing, and what is cited stands in the raw body.
        Part::CacheMark(_) | Part::Citation(_) => {}
        Part::Other { kind, raw } => fit(&format!("{kind} {raw}"), room, shown, MessagePart::Text),
    }
}

fn named(kind: &str, media: &Media<'_>) -> MessagePart {
    let bytes = u64::try_from(media.base64_bytes() / 4 * 3).unwrap_or(0);
    let href: String = media.reference().unwrap_or_default().chars().take(500).collect();
    MessagePart::Media { mime: media.media_type.as_deref().unwrap_or(kind).to_owned(), bytes, href }
}

/// As much of the text as there is room for, and how much is left out.
fn fit(text: &str, room: &mut usize, shown: &mut Vec<MessagePart>, made: impl FnOnce(String) -> MessagePart) {
    let end = text.floor_char_boundary(text.len().min(PART_BYTES_MAX).min(*room));
    *room -= end;
    if end > 0 || text.is_empty() {
        shown.push(made(text[..end].to_owned()));
    }
    if end < text.len() {
        shown.push(MessagePart::Cut { bytes: u64::try_from(text.len() - end).unwrap_or(u64::MAX) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(request: &str, response: &str) -> (Vec<MessageView>, Vec<MessageView>) {
        let glimpse = |text: &str| Glimpse { bytes: text.len() as u64, start: text.as_bytes().to_vec() };
        conversation(&Bodies::of("openai", glimpse(request), glimpse(response)))
    }

    fn text(view: &MessageView) -> String {
        let words = view.parts.iter().map(|part| match part {
            MessagePart::Text(text) => text.clone(),
            MessagePart::ToolCall { name, arguments, .. } => format!("{name}({arguments})"),
            MessagePart::Cut { bytes } => format!("[{bytes} more]"),
            other => format!("{other:?}"),
        });
        words.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn a_conversation_is_shown_with_its_tools() {
        let (prompt, answer) = read(
            r#"{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Weather?"}]}"#,
            r#"{"choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"look","arguments":"{}"}}]}}]}"#,
        );
        assert_eq!(prompt.iter().map(text).collect::<Vec<_>>(), ["Be brief.", "Weather?"]);
        assert_eq!(answer.iter().map(text).collect::<Vec<_>>(), ["look({})"]);
    }

    #[test]
    fn what_cannot_be_read_is_shown_as_it_came() {
        let (prompt, answer) = read("not json", r#"{"error":{"message":"no"}}"#);
        assert_eq!(text(&prompt[0]), "not json");
        assert!(text(&answer[0]).contains("\"no\""));
    }

    #[test]
    fn a_long_conversation_keeps_its_answer_and_its_newest_messages() {
        let long = "x".repeat(20_000);
        let messages: Vec<String> =
            (0..90).map(|number| format!(r#"{{"role":"user","content":"{number} {long}"}}"#)).collect();
        let request = format!(r#"{{"messages":[{}]}}"#, messages.join(","));
        let (prompt, answer) =
            read(&request, r#"{"choices":[{"message":{"role":"assistant","content":"yes"}}]}"#);
        assert_eq!(text(&answer[0]), "yes");
        assert!(prompt.len() <= MESSAGES_MAX + 1);
        assert!(text(prompt.last().unwrap()).starts_with("89 "));
        let shown: usize = prompt.iter().map(|view| text(view).len()).sum();
        assert!(shown < PAGE_BYTES_MAX + 60 * 40, "{shown}");
    }
}
