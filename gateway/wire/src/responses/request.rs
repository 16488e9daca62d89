//! What we read of a request for a response. Usage always comes, so nothing need be asked for.

use crate::{
    api::Api,
    error::WireError,
    json::top_level,
    peek::{Peek, whole},
};

pub(crate) fn peek<'a>(api: Api, named: Option<&'a str>, body: &'a [u8]) -> Result<Peek<'a>, WireError> {
    let mut peek = Peek::begin(api, top_level(body)?, named)?;
    peek.include_usage = true;
    let top = std::mem::take(&mut peek.top);
    for member in top.members() {
        let view = top.view(member);
        match member.key.as_ref() {
            "max_output_tokens" => peek.max_tokens = whole("max_output_tokens", view)?,
            "user" => peek.user = view.filled_text(),
            "safety_identifier" => peek.safety_identifier = view.filled_text(),
            "reasoning" => peek.reasoning_effort = view.get("effort").and_then(|effort| effort.filled_text()),
            "previous_response_id" => peek.previous_response = view.filled_text(),
            "max_tokens" => {}
            key => drop(peek.take_shared(key, view)?),
        }
    }
    peek.top = top;
    Ok(peek)
}
