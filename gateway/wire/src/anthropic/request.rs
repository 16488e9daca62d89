//! What we read of a messages request. Usage always comes, so nothing need be asked for.

use crate::{api::Api, error::WireError, json::top_level, peek::Peek};

pub(crate) fn peek(api: Api, body: &[u8]) -> Result<Peek<'_>, WireError> {
    let mut peek = Peek::begin(api, top_level(body)?, None)?;
    peek.include_usage = true;
    let top = std::mem::take(&mut peek.top);
    for member in top.members() {
        let view = top.view(member);
        match member.key.as_ref() {
            "thinking" => {
                peek.reasoning_tokens_max = view.get("budget_tokens").and_then(|budget| budget.count());
            }
            "output_config" => {
                peek.reasoning_effort = view.get("effort").and_then(|effort| effort.filled_text());
            }
            key => drop(peek.take_shared(key, view)?),
        }
    }
    peek.top = top;
    Ok(peek)
}
