//! What the tests of hosts with words of their own share.

use super::Retelling;
use crate::{Answer, Dialect, Quirks, SseDecoder, StreamEvent, StreamReader};

/// What a stream says that comes in those pieces: its chunks, its text with thoughts and calls, and what was read.
pub(crate) fn heard(mut retelling: Retelling, pieces: &[&[u8]]) -> (String, String, Answer) {
    let mut chunks = Vec::new();
    for piece in pieces {
        chunks.extend(retelling.push(piece));
    }
    chunks.extend(retelling.finish());
    let mut reader = StreamReader::new(Dialect::OpenAi, Quirks::default());
    let mut said = String::new();
    let mut take = |event: StreamEvent<'_>| match event {
        StreamEvent::Text { text, .. } => said.push_str(&text),
        StreamEvent::Reasoning { text, .. } => said.extend(["<", &text, ">"]),
        StreamEvent::ToolCall { index, id, name, arguments, .. } => {
            said.push_str(&format!("[{index}{id}{name}{arguments}]"));
        }
        StreamEvent::Other { kind, .. } => said.push_str(&format!("({kind})")),
        _ => {}
    };
    SseDecoder::default().push(&chunks, |event| drop(reader.read(&event, &mut take))).unwrap();
    (String::from_utf8(chunks).unwrap(), said, reader.finish())
}
