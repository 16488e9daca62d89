//! What we read of a request to Gemini. The model and the wish for a stream stand in the path.

use std::{borrow::Cow, ops::Range};

use crate::{
    api::{Api, Work},
    error::WireError,
    json::{View, top_level},
    peek::{N_MAX, Peek, whole, wrong},
};

pub(crate) fn peek<'a>(api: Api, model: Cow<'a, str>, body: &'a [u8]) -> Result<Peek<'a>, WireError> {
    let mut peek = Peek::unnamed(api, top_level(body)?, model);
    peek.include_usage = true;
    peek.stream = api == Api::StreamGenerateContent;
    let top = std::mem::take(&mut peek.top);
    for member in top.members() {
        let view = top.view(member);
        match member.key.as_ref() {
            "generationConfig" | "generation_config" => take_config(&mut peek, view)?,
            "tools" => peek.has_tools = view.items().next().is_some(),
            "model" => peek.model_again.extend(resource(view)),
            "generateContentRequest" => peek.model_again.extend(view.get("model").and_then(resource)),
            "requests" if api.work() == Work::Embed => {
                peek.model_again.extend(view.items().filter_map(|one| resource(one.get("model")?)));
            }
            _ => {}
        }
    }
    peek.top = top;
    Ok(peek)
}

/// Where a resource's name (`"models/…"`) stands.
fn resource(view: View<'_>) -> Option<Range<usize>> {
    view.is_text().then(|| view.range())
}

fn take_config(peek: &mut Peek<'_>, config: View<'_>) -> Result<(), WireError> {
    for (key, view) in config.members() {
        match key.as_ref() {
            "maxOutputTokens" | "max_output_tokens" => {
                peek.max_tokens = whole("generationConfig.maxOutputTokens", view)?;
            }
            "candidateCount" | "candidate_count" => {
                let asked = whole("generationConfig.candidateCount", view)?.unwrap_or(1).max(1);
                if asked > N_MAX {
                    return Err(wrong("generationConfig.candidateCount", view, "at most 1000"));
                }
                peek.n = asked;
            }
            "temperature" => peek.temperature = view.number(),
            "topP" | "top_p" => peek.top_p = view.number(),
            "seed" => peek.seed = view.raw().parse().ok(),
            "thinkingConfig" | "thinking_config" => {
                peek.reasoning_tokens_max = view
                    .get("thinkingBudget")
                    .or_else(|| view.get("thinking_budget"))
                    .and_then(|budget| budget.count());
            }
            _ => {}
        }
    }
    Ok(())
}
