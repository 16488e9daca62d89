//! A response as typed events, written while another dialect's events are read: the response is created, items are added, grow
//! and are done, and the last event carries all of it again, which is why it is kept.

use weir_contract::usage::Usage;

use super::echo::Echo;
use super::output::{Head, Item, Kind, write_response};
use super::proof;
use crate::{
    json::JsonText,
    model::{Citation, Finish, Signature},
    stream::StreamEvent,
    translate::{Terms, frame},
};

/// How many bytes of an answer may be kept for its last event.
const HELD_MAX: usize = 16 << 20;
/// How many items an answer may have.
const ITEMS_MAX: usize = 1_024;

/// What must be remembered between events.
#[derive(Debug)]
pub(crate) struct StreamCodec {
    id: String,
    model: String,
    created_s: i64,
    echo: Echo,
    started: bool,
    /// Number of the next event.
    next: u64,
    items: Vec<Item>,
    /// The message or thought that grows.
    open: Option<usize>,
    /// Calls that grow: which call in the provider's count, and which item.
    calls: Vec<(u32, usize)>,
    usage: Usage,
    finish: Finish,
    held: usize,
}

impl StreamCodec {
    pub(crate) fn new(terms: &Terms) -> Self {
        Self {
            id: String::new(),
            model: String::new(),
            created_s: terms.created_s,
            echo: terms.echo.clone(),
            started: false,
            next: 0,
            items: Vec::new(),
            open: None,
            calls: Vec::new(),
            usage: Usage::default(),
            finish: Finish::default(),
            held: 0,
        }
    }

    /// Takes the next event. The format has room for one choice.
    pub(crate) fn write(&mut self, event: &StreamEvent<'_>, out: &mut Vec<u8>) {
        match event {
            StreamEvent::Start { id, model } if !self.started => {
                self.id = id.as_ref().to_owned();
                self.model = model.as_ref().to_owned();
                self.start(out);
            }
            StreamEvent::Text { choice: 0, text, .. } => self.grow(&Kind::Text, text, out),
            StreamEvent::Refusal { choice: 0, text } => self.grow(&Kind::Refusal, text, out),
            StreamEvent::Reasoning { choice: 0, text } => self.grow(&Kind::Reasoning(None), text, out),
            StreamEvent::Signed { choice: 0, signature } => self.sign(signature, out),
            StreamEvent::Sealed { choice: 0, signature } => {
                self.done_all(out);
                self.begin(Kind::Reasoning(Some(proof::write(signature, true))), out);
                self.done_open(out);
            }
            StreamEvent::ToolCall { choice: 0, index, id, name, arguments, .. } => {
                self.call(*index, [id, name], arguments, out);
            }
            StreamEvent::Citation { choice: 0, citation } => self.cite(citation),
            StreamEvent::Usage(usage) => self.usage = *usage,
            _ => {}
        }
    }

    /// The choice ended.
    pub(crate) const fn finish(&mut self, finish: Finish) {
        self.finish = finish;
    }

    /// Whether more came than may be kept: then the answer cannot be said whole.
    pub(crate) const fn is_overfull(&self) -> bool {
        self.held > HELD_MAX
    }

    /// The answer is whole.
    pub(crate) fn close(&mut self, out: &mut Vec<u8>) {
        self.start(out);
        self.done_all(out);
        let kind = match self.finish {
            Finish::Length | Finish::Refused => "response.incomplete",
            Finish::Stop | Finish::ToolCalls => "response.completed",
        };
        self.tell(kind, Some(self.finish), out);
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.started, true) {
            self.tell("response.created", None, out);
            self.tell("response.in_progress", None, out);
        }
    }

    /// An event about the whole response.
    fn tell(&mut self, kind: &str, finish: Option<Finish>, out: &mut Vec<u8>) {
        let number = self.number();
        let head = Head {
            id: &self.id,
            model: &self.model,
            created_s: self.created_s,
            finish,
            usage: &self.usage,
            echo: &self.echo,
        };
        event(out, kind, number, |json| {
            json.key("response");
            write_response(&head, self.items.iter(), json);
        });
    }

    const fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// Adds to the open item of that kind, or begins one.
    fn grow(&mut self, kind: &Kind, text: &str, out: &mut Vec<u8>) {
        let open = self.open.filter(|place| self.items[*place].kind == *kind);
        let place = match open {
            Some(place) => place,
            None => {
                self.done_all(out);
                let Some(place) = self.begin(kind.clone(), out) else { return };
                place
            }
        };
        if !self.hold(place, text) {
            return;
        }
        let delta = match kind {
            Kind::Refusal => "response.refusal.delta",
            Kind::Reasoning(_) => "response.reasoning_summary_text.delta",
            Kind::Text | Kind::Call(..) => "response.output_text.delta",
        };
        self.about(delta, place, out, |json| {
            json.key("delta").text(text);
            write_no_likelihood(kind, json);
        });
    }

    /// Keeps text for the last event; `false` when there is no room.
    fn hold(&mut self, place: usize, text: &str) -> bool {
        self.held = self.held.saturating_add(text.len());
        let room = !self.is_overfull();
        if room {
            self.items[place].text.push_str(text);
        }
        room
    }

    /// Begins an item; `None` when there are too many.
    fn begin(&mut self, kind: Kind, out: &mut Vec<u8>) -> Option<usize> {
        self.start(out);
        let place = self.items.len();
        if place == ITEMS_MAX {
            self.held = usize::MAX;
            return None;
        }
        let is_call = matches!(kind, Kind::Call(..));
        self.items.push(Item::new(kind, &self.id, place));
        self.item("response.output_item.added", place, true, out);
        if !is_call {
            self.open = Some(place);
            if !self.is_silent(place) {
                self.part("added", place, out);
            }
        }
        Some(place)
    }

    /// A thought that is only proven has no words.
    fn is_silent(&self, place: usize) -> bool {
        matches!(&self.items[place].kind, Kind::Reasoning(Some(_))) && self.items[place].text.is_empty()
    }

    /// An event about a part of an item.
    fn part(&mut self, step: &str, place: usize, out: &mut Vec<u8>) {
        let of = if matches!(self.items[place].kind, Kind::Reasoning(_)) {
            "reasoning_summary_part"
        } else {
            "content_part"
        };
        let item = self.items[place].clone();
        self.about(&format!("response.{of}.{step}"), place, out, |json| {
            json.key("part");
            item.write_part(json);
        });
    }

    /// An event about an item by its name and place.
    fn about(&mut self, kind: &str, place: usize, out: &mut Vec<u8>, fill: impl FnOnce(&mut JsonText)) {
        let number = self.number();
        let Item { id, kind: of, .. } = &self.items[place];
        event(out, kind, number, |json| {
            json.key("item_id").text(id);
            json.key("output_index").count(place as u64);
            match of {
                Kind::Text | Kind::Refusal => json.key("content_index").count(0),
                Kind::Reasoning(_) => json.key("summary_index").count(0),
                Kind::Call(..) => {}
            }
            fill(json);
        });
    }

    /// An event that carries an item.
    fn item(&mut self, kind: &str, place: usize, begins: bool, out: &mut Vec<u8>) {
        let number = self.number();
        let item = &self.items[place];
        event(out, kind, number, |json| {
            json.key("output_index").count(place as u64);
            json.key("item");
            item.write(begins, json);
        });
    }

    /// The thought before is proven, or one that is not shown.
    fn sign(&mut self, signature: &Signature<'_>, out: &mut Vec<u8>) {
        let thought = self.open.filter(|place| matches!(self.items[*place].kind, Kind::Reasoning(_)));
        let held = proof::write(signature, false);
        match thought {
            Some(place) => self.items[place].kind = Kind::Reasoning(Some(held)),
            None => {
                self.done_all(out);
                self.begin(Kind::Reasoning(Some(held)), out);
            }
        }
        self.done_open(out);
    }

    fn cite(&mut self, citation: &Citation<'_>) {
        let text = self.open.filter(|place| self.items[*place].kind == Kind::Text);
        if let Some(place) = text
            && self.items[place].citations.len() < ITEMS_MAX
        {
            self.items[place].citations.push(citation.clone().into_owned());
        }
    }

    /// Calls may come interleaved: each stays open until the answer goes on with something else.
    fn call(&mut self, index: u32, [id, name]: [&str; 2], arguments: &str, out: &mut Vec<u8>) {
        self.done_open(out);
        let is = |call: &&(u32, usize)| {
            let begun =
                matches!(&self.items[call.1].kind, Kind::Call(known, _) if id.is_empty() || known == id);
            call.0 == index && begun
        };
        let known = self.calls.iter().rev().find(is).map(|call| call.1);
        let place = match known {
            Some(place) => place,
            None => {
                let Some(place) = self.begin(Kind::Call(id.to_owned(), name.to_owned()), out) else { return };
                self.calls.push((index, place));
                place
            }
        };
        if !arguments.is_empty() && self.hold(place, arguments) {
            self.about("response.function_call_arguments.delta", place, out, |json| {
                json.key("delta").text(arguments);
            });
        }
    }

    fn done_all(&mut self, out: &mut Vec<u8>) {
        self.done_open(out);
        for (_, place) in std::mem::take(&mut self.calls) {
            let (arguments, name) = match &self.items[place] {
                item @ Item { kind: Kind::Call(_, name), .. } => (item.arguments().to_owned(), name.clone()),
                _ => continue,
            };
            self.about("response.function_call_arguments.done", place, out, |json| {
                json.key("name").text(&name);
                json.key("arguments").text(&arguments);
            });
            self.item("response.output_item.done", place, false, out);
        }
    }

    fn done_open(&mut self, out: &mut Vec<u8>) {
        let Some(place) = self.open.take() else { return };
        if !self.is_silent(place) {
            let (kind, key) = match self.items[place].kind {
                Kind::Refusal => ("response.refusal.done", "refusal"),
                Kind::Reasoning(_) => ("response.reasoning_summary_text.done", "text"),
                Kind::Text | Kind::Call(..) => ("response.output_text.done", "text"),
            };
            let (text, of) = (self.items[place].text.clone(), self.items[place].kind.clone());
            self.about(kind, place, out, |json| {
                json.key(key).text(&text);
                write_no_likelihood(&of, json);
            });
            self.part("done", place, out);
        }
        self.item("response.output_item.done", place, false, out);
    }
}

/// Texts say how likely their tokens were; nothing is known of that here.
fn write_no_likelihood(kind: &Kind, json: &mut JsonText) {
    if matches!(kind, Kind::Text) {
        json.key("logprobs").array(|_| ());
    }
}

fn event(out: &mut Vec<u8>, kind: &str, number: u64, fill: impl FnOnce(&mut JsonText)) {
    frame(out, Some(kind), |json| {
        json.key("type").text(kind);
        json.key("sequence_number").count(number);
        fill(json);
    });
}
