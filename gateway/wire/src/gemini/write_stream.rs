//! An answer as Gemini's events, written while another dialect's events are read. Each event is an answer of its own with
//! what is new; a call is said whole, so its arguments wait here until its choice ends. Who did not ask for events gets the
//! same as the elements of one array.

use weir_contract::usage::Usage;

use super::write_answer::{finish_word, write_call, write_foot, write_text};
use crate::{json::JsonText, model::Finish, stream::StreamEvent, translate::frame};

/// How many tool calls of an answer are told apart.
const CALLS_MAX: usize = 1_024;
/// How many bytes of arguments may wait.
const HELD_MAX: usize = 16 << 20;
/// How many choices are told apart.
const CHOICES_MAX: usize = 128;

/// What must be remembered between events.
#[derive(Debug, Default)]
pub(crate) struct StreamCodec {
    id: String,
    model: String,
    usage: Usage,
    calls: Vec<Call>,
    /// What proves the thoughts of a choice, until the call comes that it stands on.
    proofs: Vec<(u32, String)>,
    held: usize,
    /// Choices that ended, and why.
    ended: Vec<(u32, Finish)>,
    /// Set where the answer is one array: whether an element of it was written.
    array: Option<bool>,
}

#[derive(Debug)]
struct Call {
    choice: u32,
    /// Which call it is in the provider's count.
    index: u32,
    id: String,
    name: String,
    arguments: String,
    proof: Option<String>,
}

impl StreamCodec {
    /// Events, or the elements of one array.
    pub(crate) fn new(array: bool) -> Self {
        Self { array: array.then_some(false), ..Self::default() }
    }

    /// Set where the answer is one array: whether an element of it was written.
    pub(crate) const fn array(&self) -> Option<bool> {
        self.array
    }

    /// Takes the next event.
    pub(crate) fn write(&mut self, event: &StreamEvent<'_>, out: &mut Vec<u8>) {
        match event {
            StreamEvent::Start { id, model } => {
                self.id = id.as_ref().to_owned();
                self.model = model.as_ref().to_owned();
            }
            StreamEvent::Text { choice, text, .. } | StreamEvent::Refusal { choice, text } => {
                self.part(*choice, out, |json| write_text(text, false, None, json));
            }
            StreamEvent::Reasoning { choice, text } => {
                self.part(*choice, out, |json| write_text(text, true, None, json));
            }
            StreamEvent::Sealed { choice, signature } if signature.is_gemini() => {
                self.proof(*choice, &signature.text);
            }
            StreamEvent::ToolCall { choice, index, id, name, arguments, .. } => {
                self.call((*choice, *index), [id, name, arguments]);
            }
            StreamEvent::Usage(usage) => self.usage = *usage,
            _ => {}
        }
    }

    /// A choice ended.
    pub(crate) fn finish(&mut self, choice: u32, finish: Finish) {
        // Some providers say it twice.
        self.ended.retain(|(ended, _)| *ended != choice);
        if self.ended.len() < CHOICES_MAX {
            self.ended.push((choice, finish));
        }
    }

    /// Whether more arguments came than may wait: then the answer cannot be said whole.
    pub(crate) const fn is_overfull(&self) -> bool {
        self.held > HELD_MAX
    }

    /// The answer is whole: the last event says the calls, why it ended and what it consumed.
    pub(crate) fn close(&mut self, out: &mut Vec<u8>) {
        let mut ended = std::mem::take(&mut self.ended);
        if ended.is_empty() {
            ended.push((0, Finish::default()));
        }
        let before = self.begin();
        piece(before, out, |json| {
            json.key("candidates").array(|json| {
                for (choice, finish) in ended {
                    self.write_end(choice, finish, json);
                }
            });
            write_foot(&self.usage, &self.model, &self.id, json);
        });
        if self.array.is_some() {
            out.push(b']');
        }
    }

    /// The next piece begins; what `array` was before it.
    fn begin(&mut self) -> Option<bool> {
        let before = self.array;
        self.array = before.map(|_| true);
        before
    }

    fn write_end(&self, choice: u32, finish: Finish, json: &mut JsonText) {
        json.object(|json| {
            let calls = || self.calls.iter().filter(|call| call.choice == choice);
            let proof = self.proofs.iter().find(|(of, _)| *of == choice);
            if calls().next().is_some() || proof.is_some() {
                json.key("content").object(|json| {
                    json.key("parts").array(|json| {
                        for Call { id, name, arguments, proof, .. } in calls() {
                            write_call([id, name, arguments], proof.as_deref(), json);
                        }
                        if let Some((_, proof)) = proof {
                            write_text("", false, Some(proof), json);
                        }
                    });
                    json.key("role").text("model");
                });
            }
            json.key("finishReason").text(finish_word(finish));
            json.key("index").count(u64::from(choice));
        });
    }

    fn part(&mut self, choice: u32, out: &mut Vec<u8>, fill: impl FnOnce(&mut JsonText)) {
        let before = self.begin();
        piece(before, out, |json| {
            json.key("candidates").array(|json| {
                json.object(|json| {
                    json.key("content").object(|json| {
                        json.key("parts").array(fill);
                        json.key("role").text("model");
                    });
                    json.key("index").count(u64::from(choice));
                });
            });
            json.key("modelVersion").text(&self.model);
            json.key("responseId").text(&self.id);
        });
    }

    fn call(&mut self, (choice, index): (u32, u32), [id, name, arguments]: [&str; 3]) {
        self.held = self.held.saturating_add(id.len() + name.len() + arguments.len());
        if self.is_overfull() {
            return;
        }
        let known = self.calls.iter().rposition(|call| {
            call.choice == choice && call.index == index && (id.is_empty() || call.id == id)
        });
        if let Some(place) = known {
            self.calls[place].name.push_str(name);
            self.calls[place].arguments.push_str(arguments);
        } else if self.calls.len() < CALLS_MAX {
            let [id, name, arguments] = [id, name, arguments].map(str::to_owned);
            let proof = self.proofs.iter().position(|(of, _)| *of == choice);
            let proof = proof.map(|place| self.proofs.remove(place).1);
            self.calls.push(Call { choice, index, id, name, arguments, proof });
        }
    }

    /// The last proof counts.
    fn proof(&mut self, choice: u32, text: &str) {
        self.held = self.held.saturating_add(text.len());
        self.proofs.retain(|(of, _)| *of != choice);
        if self.proofs.len() < CHOICES_MAX && !self.is_overfull() {
            self.proofs.push((choice, text.to_owned()));
        }
    }
}

/// Appends an event, or the next element of an array.
fn piece(array: Option<bool>, out: &mut Vec<u8>, fill: impl FnOnce(&mut JsonText)) {
    let Some(after) = array else { return frame(out, None, fill) };
    out.extend_from_slice(if after { b",\r\n" } else { b"[" });
    let mut json = JsonText::after(std::mem::take(out));
    json.object(fill);
    *out = json.into_bytes();
}
