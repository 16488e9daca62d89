//! What we read of a chat completions request, and of those to OpenAI's other routes.

use weir_contract::usage::{Bucket, Usage, UsageSource};

use crate::{
    api::{Api, Work},
    error::WireError,
    json::{View, top_level},
    peek::{N_MAX, Peek, UsageWish, flag, whole, wrong},
};

pub(crate) fn peek<'a>(api: Api, named: Option<&'a str>, body: &'a [u8]) -> Result<Peek<'a>, WireError> {
    let mut peek = Peek::begin(api, top_level(body)?, named)?;
    let first = peek.top.first_place();
    peek.usage_wish = UsageWish::Replace(first..first, "\"stream_options\":{\"include_usage\":true},");
    let top = std::mem::take(&mut peek.top);
    for member in top.members() {
        let view = top.view(member);
        match member.key.as_ref() {
            "max_completion_tokens" => {
                let newer = whole("max_completion_tokens", view)?;
                peek.max_tokens = newer.or(peek.max_tokens);
            }
            "max_tokens" if top.get("max_completion_tokens").is_some_and(|newer| !newer.is_null()) => {}
            "n" => peek.n = peek.n.max(answers("n", view)?),
            "best_of" => peek.n = peek.n.max(answers("best_of", view)?),
            "user" => peek.user = view.filled_text(),
            "safety_identifier" => peek.safety_identifier = view.filled_text(),
            "functions" => peek.has_tools |= view.items().next().is_some(),
            "reasoning_effort" => peek.reasoning_effort = view.filled_text(),
            "reasoning" => take_reasoning(&mut peek, view),
            "stream_options" => take_stream_options(&mut peek, view)?,
            key => drop(peek.take_shared(key, view)?),
        }
    }
    peek.top = top;
    Ok(peek)
}

/// How many answers are asked for, or made to choose from.
fn answers(name: &'static str, view: View<'_>) -> Result<u64, WireError> {
    let asked = whole(name, view)?.unwrap_or(1).max(1);
    if asked > N_MAX { Err(wrong(name, view, "at most 1000")) } else { Ok(asked) }
}

/// What we read of a request to a route that holds no conversation.
pub(crate) fn peek_plain<'a>(
    api: Api,
    named: Option<&'a str>,
    body: &'a [u8],
) -> Result<Peek<'a>, WireError> {
    let mut peek = Peek::begin(api, top_level(body)?, named)?;
    peek.include_usage = true;
    let top = std::mem::take(&mut peek.top);
    for member in top.members() {
        let view = top.view(member);
        match member.key.as_ref() {
            "n" => peek.n = answers("n", view)?,
            "user" => peek.user = view.filled_text(),
            "safety_identifier" => peek.safety_identifier = view.filled_text(),
            "stream" => peek.stream = flag("stream", view)?,
            "stream_format" => peek.stream |= view.text().as_deref() == Some("sse"),
            "input" if api.work() == Work::Speak => {
                let characters = view.text().map_or(0, |text| text.chars().count() as u64);
                peek.counted = Usage::new(UsageSource::Counted).with(Bucket::Character, characters);
            }
            _ => {}
        }
    }
    if api.work() == Work::Moderate {
        // Its answers say nothing. Every token has a byte at least.
        peek.counted = Usage::new(UsageSource::Estimated).with(Bucket::Input, body.len() as u64);
    }
    peek.top = top;
    Ok(peek)
}

/// The object some copies take instead of `reasoning_effort`.
fn take_reasoning<'a>(peek: &mut Peek<'a>, view: View<'a>) {
    let effort = view.get("effort").and_then(|effort| effort.filled_text());
    peek.reasoning_effort = peek.reasoning_effort.take().or(effort);
    peek.reasoning_tokens_max = view.get("max_tokens").and_then(|most| most.count());
}

/// Whether usage is asked for, and if not, which bytes must change so that it is.
fn take_stream_options<'a>(peek: &mut Peek<'a>, view: View<'a>) -> Result<(), WireError> {
    if view.is_null() {
        peek.usage_wish = UsageWish::Replace(view.range(), "{\"include_usage\":true}");
        return Ok(());
    }
    if !view.is_object() {
        return Err(wrong("stream_options", view, "an object"));
    }
    let asked = view.members().filter(|(key, _)| key == "include_usage").last().map(|(_, asked)| asked);
    let inside = view.range().start + 1;
    let wish = match asked {
        Some(asked) if flag("stream_options.include_usage", asked)? => {
            peek.include_usage = true;
            UsageWish::Settled
        }
        Some(asked) => UsageWish::Replace(asked.range(), "true"),
        None if view.members().next().is_none() => {
            UsageWish::Replace(inside..inside, "\"include_usage\":true")
        }
        None => UsageWish::Replace(inside..inside, "\"include_usage\":true,"),
    };
    peek.usage_wish = wish;
    Ok(())
}
