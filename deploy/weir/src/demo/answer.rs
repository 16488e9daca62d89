//! What the demo models say: text, tool calls and token counts, all from the question, the seed and the body.

use serde_json::{Value, json};

use super::{instance, place};

/// About as many characters as one token of English has.
const CHARS_PER_TOKEN: usize = 4;
/// What a picture costs in tokens, whatever its size.
const IMAGE_TOKENS: usize = 85;
/// Prompts from this many tokens on are partly read from the provider's cache, in steps of [`CACHE_STEP`].
const CACHE_FROM: usize = 1024;
const CACHE_STEP: usize = 128;

/// A tool the model may call.
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) schema: Value,
}

/// What the client says about calling tools.
pub(super) enum ToolChoice {
    Auto,
    Never,
    Any,
    Named(String),
}

/// The question, read from either format.
pub(super) struct Question {
    /// Without `demo/`.
    pub(super) model: String,
    /// Text of the last message of the user.
    pub(super) prompt: String,
    /// Text of tool results after that message.
    pub(super) results: Vec<String>,
    /// Characters of everything the model reads.
    pub(super) chars: usize,
    pub(super) images: usize,
    pub(super) tools: Vec<Tool>,
    pub(super) tool_choice: ToolChoice,
    pub(super) parallel: bool,
    /// The schema the answer must fit; an empty one asks for any JSON object.
    pub(super) schema: Option<Value>,
    pub(super) tokens_max: Option<usize>,
}

/// One call of a tool.
pub(super) struct ToolCall {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: Value,
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    Stop,
    Length,
    ToolCalls,
}

/// Tokens, each counted once.
pub(super) struct Tokens {
    pub(super) input: usize,
    /// Of the input, how many a cache could hold.
    pub(super) cacheable: usize,
    pub(super) text: usize,
    pub(super) reasoning: usize,
}

/// The answer, to be written in either format.
pub(super) struct Answer {
    pub(super) chance: Chance,
    pub(super) text: String,
    pub(super) calls: Vec<ToolCall>,
    pub(super) finish: Finish,
    pub(super) tokens: Tokens,
}

impl Question {
    /// The answer to this question, the same for the same seed and body.
    pub(super) fn answer(&self, seed: u64, body: &[u8]) -> Answer {
        let mut chance = Chance::new(seed, body);
        let calls = self.calls(&mut chance);
        let mut text = if calls.is_empty() { self.text(&mut chance) } else { String::new() };
        let mut finish = if calls.is_empty() { Finish::Stop } else { Finish::ToolCalls };
        if let Some(most) = self.tokens_max
            && tokens_of(&text) > most
        {
            text = text.chars().take(most * CHARS_PER_TOKEN).collect();
            finish = Finish::Length;
        }
        let tokens = self.tokens(&text, &calls, &mut chance);
        Answer { chance, text, calls, finish, tokens }
    }

    fn tokens(&self, text: &str, calls: &[ToolCall], chance: &mut Chance) -> Tokens {
        let input = self.chars.div_ceil(CHARS_PER_TOKEN).max(1) + self.images * IMAGE_TOKENS;
        let cacheable = if input < CACHE_FROM { 0 } else { input / 2 / CACHE_STEP * CACHE_STEP };
        let called: usize = calls.iter().map(|call| 8 + tokens_of(&call.arguments.to_string())).sum();
        let reasoning = if self.model == "reasoner" { 64 + chance.below(192) } else { 0 };
        Tokens { input, cacheable, text: tokens_of(text) + called, reasoning }
    }

    fn calls(&self, chance: &mut Chance) -> Vec<ToolCall> {
        let Some(tool) = self.wanted_tool() else { return Vec::new() };
        let mut places = place::cities(&self.prompt);
        places.truncate(if self.parallel { places.len() } else { 1 });
        if places.is_empty() {
            places.push("Lisbon");
        }
        let call = |city| ToolCall {
            id: chance.id(24),
            name: tool.name.clone(),
            arguments: instance::of(&tool.schema, city),
        };
        places.into_iter().map(call).collect()
    }

    /// The tool to call: the one demanded, or, when results are not in yet, one the prompt seems to ask for.
    fn wanted_tool(&self) -> Option<&Tool> {
        match &self.tool_choice {
            ToolChoice::Never => None,
            ToolChoice::Named(name) => self.tools.iter().find(|tool| tool.name == *name),
            ToolChoice::Any => self.asked_for().or(self.tools.first()),
            ToolChoice::Auto if self.results.is_empty() => self.asked_for(),
            ToolChoice::Auto => None,
        }
    }

    fn asked_for(&self) -> Option<&Tool> {
        let prompt = self.prompt.to_lowercase();
        let named = |tool: &&Tool| {
            let name = tool.name.to_lowercase();
            name.split(['_', '-', '.']).any(|word| word.len() > 3 && prompt.contains(word))
        };
        self.tools.iter().find(named)
    }

    fn text(&self, chance: &mut Chance) -> String {
        let city = place::cities(&self.prompt).first().copied().unwrap_or("Lisbon");
        if let Some(schema) = &self.schema {
            let made = if schema.as_object().is_some_and(serde_json::Map::is_empty) {
                json!({"answer": said(&self.prompt, chance)})
            } else {
                instance::of(schema, city)
            };
            return made.to_string();
        }
        if !self.results.is_empty() {
            return format!("Here is what I found: {}.", self.results.join("; "));
        }
        if self.images > 0 {
            return "The picture shows a low dam across a river; the water runs over it evenly, and the banks are green."
                .to_owned();
        }
        said(&self.prompt, chance)
    }
}

fn tokens_of(text: &str) -> usize {
    text.chars().count().div_ceil(CHARS_PER_TOKEN)
}

const OPENINGS: [&str; 4] = [
    "Good question.",
    "In short, it depends on what you measure first.",
    "There are two sides to this.",
    "Let me put it simply.",
];
const MIDDLES: [&str; 4] = [
    "Start with the smallest case that shows the effect, and write down what you expect before you look.",
    "Most of the cost comes from a few large requests, so look at those before tuning the many small ones.",
    "A limit that is checked before the work is done is worth more than a report that arrives after it.",
    "What matters is that the same input leads to the same result, today and in a month.",
];
const CLOSINGS: [&str; 4] = [
    "If you tell me more about your setting, I can be more precise.",
    "Try it on one case and compare.",
    "That is usually enough to decide.",
    "Would you like an example?",
];

fn said(prompt: &str, chance: &mut Chance) -> String {
    let lower = prompt.to_lowercase();
    let word = |wanted: &str| lower.split(|c: char| !c.is_alphanumeric()).any(|word| word == wanted);
    if word("hello") || word("hi") {
        return "Hello! I am the demo model behind this gateway. What would you like to try?".to_owned();
    }
    if word("weather")
        && let Some(city) = place::cities(prompt).first()
    {
        return format!("In {city} it is {} °C with a light breeze and a few clouds.", 12 + chance.below(14));
    }
    let topic: Vec<&str> = prompt.split_whitespace().take(8).collect();
    let about =
        if topic.is_empty() { String::new() } else { format!(" You asked about “{}”.", topic.join(" ")) };
    let (opening, middle, closing) = (chance.pick(&OPENINGS), chance.pick(&MIDDLES), chance.pick(&CLOSINGS));
    format!("{opening}{about} {middle} {closing}")
}

/// Numbers that look like chance and follow from seed and body (FNV-1a, then SplitMix64).
pub(super) struct Chance(u64);

impl Chance {
    fn new(seed: u64, body: &[u8]) -> Self {
        let start = 0xcbf2_9ce4_8422_2325 ^ seed;
        Self(body.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the bound.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or(0) % bound.max(1)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from.get(self.below(from.len())).copied().unwrap_or("")
    }

    /// Letters and digits, as providers' ids have.
    pub(super) fn id(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
        (0..length)
            .filter_map(|_| LETTERS.get(self.below(LETTERS.len())))
            .map(|byte| char::from(*byte))
            .collect()
    }
}

/// The text in the pieces a stream sends: words with the space before them.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = rest[first.len_utf8()..].find(' ').map_or(rest.len(), |at| at + first.len_utf8());
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}
