//! Amazon's binary framing of a stream, put off: each message holds one event, of the format it carries or of Converse, which goes
//! on as an event of the format like everybody else's. Checksums are checked, and nothing but one message is ever kept.

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::event_stream::Message;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf as _, Bytes, BytesMut};
use serde::Deserialize;
use serde_json::json;
use weir_wire::converse::Retelling;

/// Longest message, bytes: as long as an event with pictures may be.
const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// What is not decoded yet.
#[derive(Default)]
pub(crate) struct Unframer {
    waiting: BytesMut,
    decoder: Option<MessageFrameDecoder>,
    /// Tells events in the words of the format, where the host has its own.
    retelling: Option<Retelling>,
}

/// The payload of a message: an event of the format, packed.
#[derive(Deserialize)]
struct Chunk {
    bytes: String,
}

impl Unframer {
    /// Of a stream of Converse's events.
    pub(crate) fn retelling(retelling: Retelling) -> Self {
        Self { retelling: Some(retelling), ..Self::default() }
    }

    /// Takes more of the stream; gives the events that are whole, as text.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the framing. Nothing can be read after that.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<Bytes, String> {
        self.waiting.extend_from_slice(chunk);
        if self.waiting.len() > MESSAGE_BYTES_MAX {
            return Err(format!("a message of the stream is longer than {MESSAGE_BYTES_MAX} bytes"));
        }
        let mut events = Vec::new();
        let decoder = self.decoder.get_or_insert_with(MessageFrameDecoder::new);
        while self.waiting.has_remaining() {
            match decoder.decode_frame(&mut self.waiting) {
                Ok(DecodedFrame::Complete(message)) => {
                    write(&message, self.retelling.as_mut(), &mut events)?;
                }
                Ok(DecodedFrame::Incomplete) => break,
                Err(error) => return Err(format!("the framing of the stream is broken: {error}")),
            }
        }
        Ok(events.into())
    }
}

/// An event that cannot be read is an error: left out, the answer would seem whole.
fn write(message: &Message, retelling: Option<&mut Retelling>, events: &mut Vec<u8>) -> Result<(), String> {
    let header = |name: &str| {
        let found = message.headers().iter().find(|header| header.name().as_str() == name)?;
        found.value().as_string().ok().map(|text| text.as_str().to_owned())
    };
    let exception = header(":exception-type").or_else(|| header(":error-code"));
    if let Some(exception) = exception {
        write_error(&exception, message.payload(), header(":error-message"), events);
        return Ok(());
    }
    if let Some(retelling) = retelling {
        let unreadable = |_| "an event of the stream is no text".to_owned();
        let payload = std::str::from_utf8(message.payload()).map_err(unreadable)?;
        retelling.take(&header(":event-type").unwrap_or_default(), payload, events);
        return Ok(());
    }
    let packed = serde_json::from_slice::<Chunk>(message.payload()).ok();
    let event = packed.and_then(|chunk| STANDARD.decode(chunk.bytes).ok());
    let Some(event) = event else { return Err("an event of the stream cannot be unpacked".to_owned()) };
    let kind = serde_json::from_slice::<Kind>(&event).map(|kind| kind.kind).unwrap_or_default();
    events.extend_from_slice(format!("event: {kind}\ndata: ").as_bytes());
    // An event is one line: a line's end within JSON is white space only.
    events.extend(event.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
    events.extend_from_slice(b"\n\n");
    Ok(())
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

/// What went wrong, in the words of the format.
fn write_error(exception: &str, payload: &[u8], message: Option<String>, events: &mut Vec<u8>) {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Told {
        message: String,
    }
    let told: Told = serde_json::from_slice(payload).unwrap_or_default();
    let message = message.filter(|message| !message.is_empty()).unwrap_or(told.message);
    let message = if message.is_empty() { exception.to_owned() } else { message };
    let kind = match exception {
        "throttlingException" | "ThrottlingException" => "rate_limit_error",
        "serviceUnavailableException" | "modelNotReadyException" => "overloaded_error",
        "modelTimeoutException" => "timeout_error",
        "validationException" => "invalid_request_error",
        "accessDeniedException" => "permission_error",
        _ => "api_error",
    };
    let event = json!({"type": "error", "error": {"type": kind, "message": message}});
    events.extend_from_slice(format!("event: error\ndata: {event}\n\n").as_bytes());
}

#[cfg(test)]
pub(crate) fn framed(headers: &[(&'static str, &str)], payload: &str) -> Vec<u8> {
    use aws_smithy_types::event_stream::{Header, HeaderValue};
    let mut message = Message::new(Bytes::copy_from_slice(payload.as_bytes()));
    for (name, value) in headers {
        message = message.add_header(Header::new(*name, HeaderValue::String((*value).to_owned().into())));
    }
    let mut bytes = Vec::new();
    aws_smithy_eventstream::frame::write_message_to(&message, &mut bytes).unwrap();
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(event: &str) -> Vec<u8> {
        let payload = json!({"bytes": STANDARD.encode(event), "p": "abc"}).to_string();
        framed(&[(":message-type", "event"), (":event-type", "chunk")], &payload)
    }

    #[test]
    fn events_come_out_however_the_stream_is_cut() {
        let stream = [
            chunk(r#"{"type":"message_start"}"#),
            chunk("{\"type\":\"message_stop\",\n\"a\":1}"),
            framed(
                &[(":message-type", "exception"), (":exception-type", "throttlingException")],
                r#"{"message":"slow"}"#,
            ),
        ]
        .concat();
        let wanted = "event: message_start\ndata: {\"type\":\"message_start\"}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\", \"a\":1}\n\nevent: error\ndata: {\"error\":{\"message\":\"slow\",\"type\":\"rate_limit_error\"},\"type\":\"error\"}\n\n";
        for at in 0..=stream.len() {
            let mut unframer = Unframer::default();
            let (left, right) = stream.split_at(at);
            let told = [unframer.push(left).unwrap(), unframer.push(right).unwrap()].concat();
            assert_eq!(String::from_utf8(told).unwrap(), wanted, "cut at {at}");
        }
    }

    #[test]
    fn converses_events_come_out_in_the_formats_words_however_the_stream_is_cut() {
        let event = |kind: &'static str, payload: &str| framed(&[(":event-type", kind)], payload);
        let stream = [
            event("messageStart", r#"{"role":"assistant","p":"ab"}"#),
            event("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"yo"}}"#),
            event("contentBlockStop", r#"{"contentBlockIndex":0}"#),
            event("messageStop", r#"{"stopReason":"end_turn"}"#),
            event("metadata", r#"{"usage":{"inputTokens":5,"outputTokens":7}}"#),
        ]
        .concat();
        let told = |at: usize| {
            let mut unframer = Unframer::retelling(Retelling::new("r".to_owned(), "m".to_owned()));
            let (left, right) = stream.split_at(at);
            [unframer.push(left).unwrap(), unframer.push(right).unwrap()].concat()
        };
        let whole = String::from_utf8(told(0)).unwrap();
        assert!(
            whole.starts_with("event: message_start\n") && whole.ends_with("{\"type\":\"message_stop\"}\n\n")
        );
        (0..=stream.len()).for_each(|at| assert_eq!(told(at), whole.as_bytes(), "cut at {at}"));
    }

    #[test]
    fn a_damaged_message_is_told_and_never_passed_on() {
        let mut damaged = chunk(r#"{"type":"message_start"}"#);
        let last = damaged.len() - 1;
        damaged[last] ^= 1;
        assert!(Unframer::default().push(&damaged).is_err());
        assert!(Unframer::default().push(&vec![0; MESSAGE_BYTES_MAX + 1]).is_err());
        let unpacked = framed(&[(":message-type", "event")], r#"{"contentBlockDelta":{}}"#);
        assert!(Unframer::default().push(&unpacked).is_err());
    }
}
