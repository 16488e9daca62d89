//! Whether the model can do what a request asks of it. Who runs the gateway says what a model cannot; a provider's own
//! refusal of such a request often names neither the model nor the member.

use weir_contract::policy::{Ability, Model};
use weir_wire::model::{conversation_of, demands};
use weir_wire::{Peek, Work};

use super::Exchange;
use crate::error::Refusal;

/// How many other models a refusal names.
const NAMED_MAX: usize = 3;

/// Refuses what the model is said not to be able to do. Most models have nothing said of them, and then nothing is read.
pub(super) fn check(exchange: &Exchange, peek: &Peek<'_>, model: &Model) -> Result<(), Refusal> {
    if model.cannot.is_empty() || peek.api.work() != Work::Generate {
        return Ok(());
    }
    let said = conversation_of(exchange.dialect(), &peek.top);
    let asked = demands(exchange.dialect(), &said);
    let Some(demand) = asked.into_iter().find(|demand| model.cannot.contains(&demand.ability)) else {
        return Ok(());
    };
    let words = demand.ability.words();
    let able = able(exchange, demand.ability);
    let instead = if able.is_empty() {
        "leave it out, or ask for another model".to_owned()
    } else {
        format!("ask for a model that is known to, such as {}", able.join(", "))
    };
    let message =
        format!("model `{}` cannot do what `{}` asks for ({words}): {instead}", peek.model, demand.param);
    let mut refusal = Refusal::invalid("model_not_able", message);
    refusal.error.param = Some(demand.param.into());
    Err(refusal)
}

/// Some models of the key that are known to be able, by name.
fn able(exchange: &Exchange, ability: Ability) -> Vec<String> {
    let models = exchange.force.policy.models_of(&exchange.key);
    let able = models.into_iter().filter(|(_, model)| model.can.contains(&ability));
    able.take(NAMED_MAX).map(|(name, _)| format!("`{name}`")).collect()
}
