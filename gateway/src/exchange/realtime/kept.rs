//! The events of a session as they are kept: one JSON object a line. Sound is left out, and so is what is too large; what
//! was left out is said.

use bytes::Bytes;
use weir_wire::json::{View, quoted};

/// Events with sound in them, in both spellings of the provider's.
const SOUND: [&str; 3] = ["input_audio_buffer.append", "response.output_audio.delta", "response.audio.delta"];

/// Most bytes of an event with sound that is kept whole: an empty or very short one.
const SOUND_BYTES_MAX: usize = 1024;

/// Most bytes of any event that is kept: pictures and files are larger.
const EVENT_BYTES_MAX: usize = 64 * 1024;

/// What one side said, as far as it is kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    lines: Vec<Bytes>,
    marks: Vec<u32>,
    bytes: usize,
    /// Most bytes that are kept; none where the log level keeps no bodies.
    most: usize,
    beyond: u64,
}

impl Kept {
    pub(super) fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// An event that came so many ms after the request.
    pub(super) fn event(&mut self, text: &str, at_ms: u32) {
        if self.most == 0 {
            return;
        }
        let kind = || View::of_text(text).get("type").and_then(|kind| kind.text()).unwrap_or_default();
        let large = text.len() > EVENT_BYTES_MAX
            || (text.len() > SOUND_BYTES_MAX && SOUND.contains(&kind().as_ref()));
        if large {
            let stub = format!("{{\"type\":{},\"weir_left_out_bytes\":{}}}\n", quoted(&kind()), text.len());
            self.push(stub, at_ms);
        } else {
            // What stands on several lines is made one: between the values of JSON a break means nothing.
            let one_line = text.replace(['\r', '\n'], " ");
            self.push(one_line + "\n", at_ms);
        }
    }

    /// A message that is no text.
    pub(super) fn binary(&mut self, bytes: usize, at_ms: u32) {
        if self.most > 0 {
            self.push(format!("{{\"type\":\"binary\",\"weir_left_out_bytes\":{bytes}}}\n"), at_ms);
        }
    }

    fn push(&mut self, line: String, at_ms: u32) {
        if self.beyond > 0 || self.bytes + line.len() > self.most {
            self.beyond += 1;
            return;
        }
        self.bytes += line.len();
        self.lines.push(line.into());
        self.marks.push(at_ms);
    }

    /// The lines and when each came.
    pub(super) fn into_lines(mut self) -> (Vec<Bytes>, Vec<u32>) {
        if self.beyond > 0 {
            self.lines.push(format!("{{\"weir_left_out_events\":{}}}\n", self.beyond).into());
            self.marks.push(self.marks.last().copied().unwrap_or(0));
        }
        (self.lines, self.marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(most: usize, events: &[&str]) -> String {
        let mut kept = Kept::new(most);
        events.iter().for_each(|event| kept.event(event, 7));
        let (lines, marks) = kept.into_lines();
        assert_eq!(lines.len(), marks.len());
        String::from_utf8(lines.concat()).unwrap()
    }

    #[test]
    fn sound_is_left_out_and_said_to_be() {
        let sound = format!(r#"{{"type":"response.output_audio.delta","delta":"{}"}}"#, "A".repeat(2000));
        let said = lines(1 << 20, &["{\n\"type\":\"x\"}", &sound]);
        let stub =
            format!(r#"{{"type":"response.output_audio.delta","weir_left_out_bytes":{}}}"#, sound.len());
        assert_eq!(said, format!("{{ \"type\":\"x\"}}\n{stub}\n"));
        let other = sound.replace("output_audio", "other");
        assert_eq!(lines(1 << 20, &[&other]), other + "\n");
    }

    #[test]
    fn what_is_beyond_the_bound_is_counted() {
        assert_eq!(lines(8, &["{\"a\":1}", "{\"b\":1}", "{}"]), "{\"a\":1}\n{\"weir_left_out_events\":2}\n");
        assert_eq!(lines(0, &["{}"]), "");
    }
}
