//! Phase seven: usage × price = what it cost. The one rating function is `contract`'s.

use weir_contract::price::{Charge, rate};
use weir_contract::record::Outcome;
use weir_contract::usage::{Usage, UsageSource};
use weir_wire::{Answer, Api};

use super::Exchange;

/// Charges the answered call and takes over what its answer says of itself.
pub(crate) fn settle(exchange: &mut Exchange, answer: &Answer) {
    if !answer.usage.is_known() && exchange.counted.is_known() && exchange.record.outcome == Outcome::Ok {
        charge(exchange, &Answer { usage: exchange.counted, ..answer.clone() });
    } else {
        charge(exchange, answer);
    }
    if exchange.api == Api::Responses
        && !answer.response_id.is_empty()
        && let Some(call) = exchange.record.calls.last()
    {
        exchange.handles.owners.note(&exchange.key.workspace.id, &answer.response_id, &call.endpoint);
    }
    exchange.record.response_preview.clone_from(&answer.preview);
    if let Some(call) = exchange.call() {
        if !answer.model.is_empty() {
            call.model.clone_from(&answer.model);
        }
        call.finish_reasons.clone_from(&answer.finish_reasons);
        call.service_tier = answer.service_tier.clone().unwrap_or_default();
        if call.provider_request_id.is_empty() {
            call.provider_request_id.clone_from(&answer.response_id);
        }
    }
}

/// Charges the attempt under way for what it consumed, whether or not it came to an answer.
pub(crate) fn charge(exchange: &mut Exchange, answer: &Answer) {
    let price = exchange.target.as_ref().and_then(|target| target.price.clone());
    let Some(call) = exchange.record.calls.last_mut() else { return };
    if exchange.free {
        if exchange.record.outcome == Outcome::Ok {
            call.usage = Usage::new(UsageSource::Counted);
        }
        call.charge = Charge { rated: true, ..Charge::default() };
        return;
    }
    if !answer.usage.is_known() && call.charge.rated {
        // A refusal was already settled as having consumed nothing.
        return;
    }
    let tier = answer.service_tier.as_deref().unwrap_or_default();
    call.usage = answer.usage;
    call.usage_raw.clone_from(&answer.usage_raw);
    call.charge = rate(&answer.usage, price.as_deref(), call.started_at_us, tier).unwrap_or_else(|error| {
        tracing::error!(%error, request = %exchange.record.request_id, "a call's cost cannot be written");
        Charge::default()
    });
    call.billed = call.charge.total;
    let version = price.filter(|_| !call.charge.lines.is_empty()).map(|price| price.version.clone());
    call.price_version = version.unwrap_or_default();
}
