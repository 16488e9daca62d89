//! Phase two: input guardrails. None exist yet; the phase stands where they will, and says so in the trace.

use weir_contract::record::Stage;

use super::Exchange;

/// Passes, and records that nothing was checked.
pub(crate) fn screen(exchange: &mut Exchange) {
    exchange.reach(Stage::Screen);
    "none".clone_into(&mut exchange.record.guardrail_action);
    exchange.explain("guardrails", "no guardrail is configured");
}
