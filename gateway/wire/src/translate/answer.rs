//! An answer in one piece, in the caller's dialect.

use bytes::Bytes;

use super::stream::Undoing;
use crate::{
    answer::{Answer, read_answer_events},
    anthropic,
    dialect::Dialect,
    error::{ApiError, WireError},
    fault::UpstreamFault,
    gemini,
    model::{Assembly, Reply},
    openai,
    quirks::Quirks,
    responses::{self, Echo},
    stream::StreamEvent,
    translate::StreamWriter,
};

/// What the caller agreed to when it asked: how the answer goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The dialect the caller speaks.
    pub caller: Dialect,
    /// Whether the caller wants events.
    pub stream: bool,
    /// Whether the events are the elements of one JSON array, as Gemini's clients get them that do not ask for events.
    pub array: bool,
    /// Whether the caller wants usage among the events.
    pub include_usage: bool,
    /// Whether the answer comes as a call of a tool of ours.
    pub answer_tool: bool,
    /// When the answer was made, seconds since 1970.
    pub created_s: i64,
    /// What of the request a response of OpenAI's repeats; nothing for other callers.
    pub echo: Echo,
    /// Who runs the model, for errors.
    pub provider: String,
    /// The request's id, for errors.
    pub request_id: String,
}

/// An answer as the caller gets it.
#[derive(Clone, Debug)]
pub struct Written {
    /// The body: JSON, or events where the caller wants them.
    pub body: Bytes,
    /// What was read of the provider's.
    pub answer: Answer,
    /// Kinds of parts that the caller's dialect has no word for.
    pub lost: Vec<String>,
}

impl Terms {
    /// A provider's failure, as the caller's dialect says it.
    #[must_use]
    pub fn error(&self, fault: &UpstreamFault) -> ApiError {
        let mut error = ApiError::of_fault(fault, self.caller, &self.provider);
        error.request_id = Some(self.request_id.clone()).filter(|id| !id.is_empty());
        error
    }
}

/// Reads a provider's answer and writes it for the caller.
///
/// # Errors
///
/// When the provider's body cannot be read.
pub fn write_answer(
    source: Dialect,
    body: &[u8],
    quirks: Quirks,
    terms: &Terms,
) -> Result<Written, WireError> {
    if terms.stream {
        return write_as_events(source, body, quirks, terms);
    }
    let (mut undoing, mut assembly) = (Undoing::new(source, terms), Assembly::new(source));
    let answer = read_answer_events(source, body, quirks, &mut |event| {
        if let Some(event) = undoing.undo(event) {
            assembly.take(event);
        }
    })?;
    let mut reply = assembly.finish();
    for (choice, reason) in reply.choices.iter_mut().zip(&answer.finish_reasons) {
        choice.finish = Some(undoing.finish_of(reason));
    }
    let body = written(&reply, terms).into();
    Ok(Written { body, answer, lost: undoing.into_lost() })
}

fn written(reply: &Reply, terms: &Terms) -> Vec<u8> {
    match terms.caller {
        Dialect::OpenAi => openai::write_answer(reply, terms.created_s),
        Dialect::Anthropic => anthropic::write_answer(reply),
        Dialect::Gemini => gemini::write_answer(reply),
        Dialect::Responses => responses::write_answer(reply, terms),
    }
}

/// A provider that answers in one piece although events were asked for is passed on as events.
fn write_as_events(
    source: Dialect,
    body: &[u8],
    quirks: Quirks,
    terms: &Terms,
) -> Result<Written, WireError> {
    let mut writer = StreamWriter::new(source, terms.clone());
    let mut out = Vec::with_capacity(body.len() * 2);
    let answer = read_answer_events(source, body, quirks, &mut |event: StreamEvent<'_>| {
        writer.write(event, &mut out);
    })?;
    writer.close(&mut out);
    let lost = writer.lost().to_vec();
    Ok(Written { body: out.into(), answer, lost })
}
