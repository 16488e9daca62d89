//! From one dialect to another, through the internal model: requests there, answers back.
//!
//! A dialect that takes part says five things in its folder: how its request is read (`conversation`), written
//! (`write_request`), how its answer is read (`response`, `stream`), written in one piece (`write_answer`) and event by
//! event (`write_stream`). Everything else here is the same for all of them. What a target cannot say is an error that
//! names the member, or a recorded loss where the caller takes it ([`Losses`]).

mod answer;
mod fit;
mod spelling;
mod stream;
mod turns;

use bytes::Bytes;

pub use answer::{Terms, Written, write_answer};
pub(crate) use fit::{At, Fit, fitting_id, is_object, is_plain_name};
pub use fit::{Losses, Unsupported};
pub(crate) use spelling::spelled;
pub use stream::StreamWriter;
pub(crate) use stream::frame;
pub(crate) use turns::{
    Located, Manner, Turn, account, in_turns, is_call_or_result, located, refuse_speaker, unmarked,
};

use crate::{anthropic, dialect::Dialect, gemini, model::Conversation, openai, responses};

/// Where a request shall go.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// What is spoken there.
    pub dialect: Dialect,
    /// Who runs it, by our name: copies of a dialect differ in what they take.
    pub provider: &'a str,
    /// The model's name there.
    pub model: &'a str,
    /// The most tokens an answer of the model may have, where known.
    pub max_output: Option<u64>,
}

/// A request in another dialect.
#[derive(Clone, Debug)]
pub struct Translated {
    /// The body to send.
    pub body: Bytes,
    /// What became of it on the way.
    pub losses: Losses,
    /// Whether the answer comes as a call of a tool of ours, because the target has no other word for its shape.
    pub answer_tool: bool,
}

/// Whether requests go from the one dialect to the other. Dialects without writers of their own take part in neither way.
#[must_use]
pub fn translates(caller: Dialect, target: Dialect) -> bool {
    caller != target
}

/// Writes a request for a target in another dialect. `caller` is the dialect it was read from.
///
/// # Errors
///
/// Names the first member the target cannot say, unless `may_drop`.
pub fn translate_request(
    said: &Conversation<'_>,
    caller: Dialect,
    target: &Target<'_>,
    may_drop: bool,
) -> Result<Translated, Unsupported> {
    if !translates(caller, target.dialect) {
        let why = format!("requests in the {} format are not translated", caller.name());
        let target = target.dialect.name();
        return Err(Unsupported { param: "model".to_owned(), target, why: why.into() });
    }
    let mut fit = Fit::new(caller, target.dialect);
    let (body, answer_tool) = match target.dialect {
        Dialect::OpenAi => (openai::write_request(said, target, &mut fit), false),
        Dialect::Anthropic => anthropic::write_request(said, target, &mut fit),
        Dialect::Gemini => (gemini::write_request(said, target, &mut fit), false),
        Dialect::Responses => (responses::write_request(said, target, &mut fit), false),
    };
    fit.leftovers(&said.rest);
    Ok(Translated { body: body.into(), losses: fit.verdict(may_drop)?, answer_tool })
}

/// The tool whose arguments are the answer, where a target has no other word for an answer's shape.
pub(crate) const ANSWER_TOOL: &str = "weir_answer";

#[cfg(test)]
mod tests;
