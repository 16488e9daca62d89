//! The words a stored request can be found by: its newest user turn and its answer, bounded. Runs on the spool's own thread.

use weir_contract::record::BodyRecord;
use weir_wire::Dialect;
use weir_wire::model::{Message, Part, Role, read_answer_messages, read_conversation};

/// Most bytes of each side.
const SIDE_BYTES_MAX: usize = 8 * 1024;

/// The searchable text of a stored body.
pub(crate) fn text_of(body: &BodyRecord) -> String {
    let Some(dialect) = Dialect::from_name(&body.body_format) else { return String::new() };
    let mut text = String::new();
    if let Ok(conversation) = read_conversation(dialect, &body.request) {
        let newest = conversation.messages.iter().rev().find(|message| message.role == Role::User);
        newest.into_iter().for_each(|message| append(&mut text, message, SIDE_BYTES_MAX));
    }
    let answer = if body.upstream_response.is_empty() { &body.response } else { &body.upstream_response };
    let until = text.len() + SIDE_BYTES_MAX;
    if let Ok(messages) = read_answer_messages(dialect, answer) {
        messages.iter().for_each(|message| append(&mut text, message, until));
    }
    text
}

fn append(text: &mut String, message: &Message<'_>, until: usize) {
    for part in message.parts.iter().flat_map(Part::texts) {
        let room = until.saturating_sub(text.len());
        if room < 2 {
            return;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        let said: &str = &part.text;
        text.push_str(&said[..said.floor_char_boundary(room - 1)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_found_by_its_newest_turn_and_its_answer() {
        let body = BodyRecord {
            body_format: "openai".to_owned(),
            request: br#"{"model":"m","messages":[{"role":"user","content":"old"},{"role":"user","content":"where is my parcel"}]}"#[..].into(),
            response: br#"{"choices":[{"index":0,"message":{"role":"assistant","content":"at the door"},"finish_reason":"stop"}]}"#[..].into(),
            ..BodyRecord::default()
        };
        assert_eq!(text_of(&body), "where is my parcel\nat the door");
    }
}
