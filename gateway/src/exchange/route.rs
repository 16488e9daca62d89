//! Phase four: which targets, in which order, and why. The decision is `contract`'s; here it is asked for and bounded to what
//! this gateway can send without translating.

use std::sync::Arc;

use weir_contract::plan::{Plan, plan};
use weir_contract::policy::Target;
use weir_contract::record::Stage;
use weir_wire::{Dialect, Peek};

use super::Exchange;
use crate::error::Refusal;

/// Routes the request. Every target of the plan speaks the caller's dialect.
pub(crate) fn route(exchange: &mut Exchange, peek: &Peek<'_>) -> Result<Plan, Refusal> {
    exchange.reach(Stage::Route);
    let mut plan = plan(&exchange.force.policy, &exchange.key, &peek.model)?;
    exchange.record.explain.append(&mut plan.why);
    exchange.record.rule = plan.rule.clone().unwrap_or_default();
    let spoken = exchange.dialect();
    let speaks = |target: &Arc<Target>| Dialect::from_name(&target.endpoint.dialect) == Some(spoken);
    let other =
        plan.targets.iter().find(|target| !speaks(target)).map(|target| target.endpoint.dialect.clone());
    plan.targets.retain(speaks);
    match other {
        Some(other) if plan.targets.is_empty() => Err(wrong_dialect(&plan.model.name, &other)),
        Some(other) => {
            exchange.explain("dialect", format!("targets that speak the {other} format were left out"));
            Ok(plan)
        }
        None => Ok(plan),
    }
}

fn wrong_dialect(model: &str, dialect: &str) -> Refusal {
    let path = Dialect::from_name(dialect).map_or("another route", |dialect| dialect.chat_api().path());
    let message = format!("model `{model}` is served in the {dialect} format: call {path}");
    let mut refusal = Refusal::invalid("wrong_api", message);
    refusal.error.param = Some("model".into());
    refusal
}
