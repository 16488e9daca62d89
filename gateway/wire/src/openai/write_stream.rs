//! A chat completion as chunks, written while another dialect's events are read.

use weir_contract::usage::Usage;

use super::{
    thinking::write_detail,
    write_answer::{finish_word, write_citation, write_usage},
};
use crate::{
    json::JsonText,
    model::{Finish, Part, Text},
    stream::StreamEvent,
    translate::{Terms, frame},
};

/// How many tool calls of an answer are numbered apart.
const CALLS_MAX: usize = 1_024;
/// How many choices' thoughts are numbered apart.
const CHOICES_MAX: usize = 128;

/// What must be remembered between chunks.
#[derive(Debug)]
pub(crate) struct StreamCodec {
    id: String,
    model: String,
    created_s: i64,
    include_usage: bool,
    usage: Usage,
    /// Which call of which choice each of the provider's blocks is.
    calls: Vec<(u32, u32)>,
    thoughts: Vec<Thought>,
    greeted: bool,
}

/// Which entry of `reasoning_details` a choice's thought is: clients put pieces together by their number.
#[derive(Debug)]
struct Thought {
    choice: u32,
    number: u64,
    /// Whether more of it may come.
    open: bool,
}

impl StreamCodec {
    pub(crate) fn new(terms: &Terms) -> Self {
        Self {
            id: String::new(),
            model: String::new(),
            created_s: terms.created_s,
            include_usage: terms.include_usage,
            usage: Usage::default(),
            calls: Vec::new(),
            thoughts: Vec::new(),
            greeted: false,
        }
    }

    /// Takes the next event.
    pub(crate) fn write(&mut self, event: &StreamEvent<'_>, out: &mut Vec<u8>) {
        match event {
            StreamEvent::Start { id, model } => {
                self.id = id.as_ref().to_owned();
                self.model = model.as_ref().to_owned();
                self.greet(out);
            }
            StreamEvent::Text { choice, text, .. } => {
                self.delta(*choice, out, |json| json.key("content").text(text));
            }
            StreamEvent::Refusal { choice, text } => {
                self.delta(*choice, out, |json| json.key("refusal").text(text));
            }
            StreamEvent::Reasoning { choice, text } => {
                let thought = Part::thought(Text::loose(text.as_ref()));
                let number = self.thought(*choice, true, true);
                self.delta(*choice, out, |json| {
                    json.key("reasoning_content").text(text);
                    write_details(&thought, number, json);
                });
            }
            StreamEvent::Signed { choice, signature } => {
                let proof = Part::Reasoning { text: Text::loose(""), signature: Some(signature.clone()) };
                let number = self.thought(*choice, true, false);
                self.delta(*choice, out, |json| write_details(&proof, number, json));
            }
            StreamEvent::Sealed { choice, signature } => {
                let sealed = Part::Sealed(signature.clone());
                let number = self.thought(*choice, false, false);
                self.delta(*choice, out, |json| write_details(&sealed, number, json));
            }
            StreamEvent::ToolCall { choice, index, id, name, arguments, .. } => {
                self.call((*choice, *index), [id, name, arguments], out);
            }
            StreamEvent::Citation { choice, citation } => self.delta(*choice, out, |json| {
                json.key("annotations").array(|json| write_citation(citation, json));
            }),
            StreamEvent::Usage(usage) => self.usage = *usage,
            StreamEvent::Finish { .. } | StreamEvent::Fault(_) | StreamEvent::Other { .. } => {}
        }
    }

    /// The first chunk says who speaks.
    fn greet(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.greeted, true) {
            self.chunk(Some((0, None)), out, |json| {
                json.key("role").text("assistant");
                json.key("content").text("");
            });
        }
    }

    /// The number of a piece of a thought: that of the last one where it `goes_on`, else the next. `open` says whether more of
    /// it may come.
    fn thought(&mut self, choice: u32, goes_on: bool, open: bool) -> u64 {
        let known = self.thoughts.iter_mut().find(|thought| thought.choice == choice);
        let Some(thought) = known else {
            if self.thoughts.len() < CHOICES_MAX {
                self.thoughts.push(Thought { choice, number: 0, open });
            }
            return 0;
        };
        thought.number += u64::from(!(goes_on && thought.open));
        thought.open = open;
        thought.number
    }

    fn call(&mut self, place: (u32, u32), [id, name, arguments]: [&str; 3], out: &mut Vec<u8>) {
        let known = self.calls.iter().position(|call| *call == place);
        let number = known.unwrap_or_else(|| {
            if self.calls.len() < CALLS_MAX {
                self.calls.push(place);
            }
            self.calls.len() - 1
        });
        let number = self.calls[..number].iter().filter(|call| call.0 == place.0).count() as u64;
        self.delta(place.0, out, |json| {
            json.key("tool_calls").array(|json| {
                json.object(|json| {
                    json.key("index").count(number);
                    if known.is_none() {
                        json.key("id").text(id);
                        json.key("type").text("function");
                    }
                    json.key("function").object(|json| {
                        if known.is_none() {
                            json.key("name").text(name);
                        }
                        json.key("arguments").text(arguments);
                    });
                });
            });
        });
    }

    /// A choice ended.
    pub(crate) fn finish(&mut self, choice: u32, finish: Finish, out: &mut Vec<u8>) {
        self.greet(out);
        self.chunk(Some((choice, Some(finish))), out, |_| ());
    }

    /// The answer is whole.
    pub(crate) fn close(&mut self, out: &mut Vec<u8>) {
        if self.include_usage && self.usage.is_known() {
            self.chunk(None, out, |_| ());
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn delta(&mut self, choice: u32, out: &mut Vec<u8>, fill: impl FnOnce(&mut JsonText)) {
        self.greet(out);
        self.chunk(Some((choice, None)), out, fill);
    }

    /// A chunk of one choice; without one, the chunk of the usage.
    fn chunk(
        &self,
        choice: Option<(u32, Option<Finish>)>,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&mut JsonText),
    ) {
        frame(out, None, |json| {
            json.key("id").text(&self.id);
            json.key("object").text("chat.completion.chunk");
            json.key("created").raw(&self.created_s.to_string());
            json.key("model").text(&self.model);
            json.key("choices").array(|json| {
                let Some((index, finish)) = choice else { return };
                json.object(|json| {
                    json.key("index").count(u64::from(index));
                    json.key("delta").object(fill);
                    json.key("logprobs").null();
                    match finish {
                        Some(finish) => json.key("finish_reason").text(finish_word(finish)),
                        None => json.key("finish_reason").null(),
                    }
                });
            });
            match (self.include_usage, choice) {
                (false, _) => {}
                (true, Some(_)) => json.key("usage").null(),
                (true, None) => {
                    json.key("usage");
                    write_usage(&self.usage, json);
                }
            }
        });
    }
}

fn write_details(part: &Part<'_>, number: u64, json: &mut JsonText) {
    json.key("reasoning_details").array(|json| write_detail(part, Some(number), json));
}
