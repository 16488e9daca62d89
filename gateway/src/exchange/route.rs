//! Phase four: which targets, in which order, and why. The decision is `contract`'s; here it is asked for and bounded to what
//! this gateway can send: as it is, or translated.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use weir_contract::plan::own::{plan_kept, plan_path};
use weir_contract::plan::{Plan, plan};
use weir_contract::policy::{EndpointEntry, Target};
use weir_contract::record::Stage;
use weir_wire::translate::translates;
use weir_wire::{Api, Dialect, Peek, Route, Work, peek_on};

use super::dispatch::Asked;
use super::{Exchange, abilities, headers, kept, realtime};
use crate::error::Refusal;

/// What the request's method and path ask for, and its query where that names the model.
pub(crate) fn way(head: &Parts) -> Result<Route<'_>, Refusal> {
    let (method, path) = (&head.method, head.uri.path());
    let way = Route::of(method.as_str(), path).ok_or_else(|| Refusal::unknown_path(method, path))?;
    if way.api.work() != Work::Realtime || way.model.is_some() {
        return Ok(way);
    }
    let model = realtime::model_in(head.uri.query()).ok_or_else(|| {
        let mut refusal = Refusal::invalid("missing_model", "name the model in the query: `?model=…`");
        refusal.error.param = Some("model".into());
        refusal
    })?;
    Ok(Route { model: Some(model.into()), ..way })
}

/// What must be known of the request's body. Below a provider's own path the model may stand where that provider has it.
pub(crate) fn peek<'a>(way: &'a Route<'_>, head: &'a Parts, body: &'a Bytes) -> Result<Peek<'a>, Refusal> {
    let content_type = headers::lenient(&head.headers, &CONTENT_TYPE).unwrap_or_default();
    let named = way.model.as_deref().or_else(|| model_in(way));
    peek_on(way.api, named, content_type, body).map_err(|error| Refusal::from(&error))
}

/// The model in a provider's own path: what follows `models`, `model` or `deployments`, without a verb.
fn model_in<'w>(way: &'w Route<'_>) -> Option<&'w str> {
    if way.api != Api::Passthrough {
        return None;
    }
    let (_, rest) =
        ["/models/", "/model/", "/deployments/"].iter().find_map(|step| way.rest.split_once(step))?;
    let model = rest.split('/').next().unwrap_or_default();
    let verb = model.rsplit_once(':').filter(|(_, verb)| verb.bytes().all(|byte| byte.is_ascii_alphabetic()));
    Some(verb.map_or(model, |(model, _)| model)).filter(|model| !model.is_empty())
}

/// Routes the request. Every target of the plan takes it, as it is or translated. The body comes back as it shall be
/// asked, which is another only where a batch is handed in by the names that models have here.
pub(crate) fn route(exchange: &mut Exchange, asked: &Asked<'_>) -> Result<(Plan, Bytes), Refusal> {
    exchange.reach(Stage::Route);
    if asked.route.api.is_of_files_or_batches() {
        return kept::route(exchange, asked);
    }
    Ok((route_work(exchange, asked.route, asked.peek)?, asked.body.clone()))
}

fn route_work(exchange: &mut Exchange, way: &Route<'_>, peek: &Peek<'_>) -> Result<Plan, Refusal> {
    let (policy, key) = (&exchange.force.policy, &exchange.key);
    let mut plan = match (way.api.work(), way.provider.as_deref()) {
        (Work::Pass, Some(provider)) => plan_path(policy, key, provider, &peek.model)?,
        (Work::Stored, _) => kept_response(exchange, way.rest)?,
        _ => plan(policy, key, &peek.model)?,
    };
    exchange.record.explain.append(&mut plan.why);
    exchange.record.rule = plan.rule.clone().unwrap_or_default();
    if matches!(way.api.work(), Work::Pass | Work::Stored) {
        return Ok(plan);
    }
    abilities::check(exchange, peek, &plan.model)?;
    if let Some(previous) = &peek.previous_response {
        stay(exchange, previous, &mut plan)?;
    }
    if way.api.work() == Work::Count {
        return counting(exchange, way.api, plan);
    }
    let serves = |target: &Arc<Target>| {
        let translated =
            |dialect| way.api.work() == Work::Generate && translates(exchange.dialect(), dialect);
        Dialect::from_name(&target.endpoint.dialect)
            .is_some_and(|dialect| dialect.serves(way.api, &target.endpoint.provider) || translated(dialect))
    };
    let other =
        plan.targets.iter().find(|target| !serves(target)).map(|target| target.endpoint.dialect.clone());
    plan.targets.retain(serves);
    match other {
        Some(other) if plan.targets.is_empty() => Err(wrong_dialect(&plan.model.name, &other)),
        Some(other) => {
            exchange.explain("dialect", format!("targets that speak the {other} format were left out"));
            Ok(plan)
        }
        None => Ok(plan),
    }
}

/// A plan's targets that count tokens, in whichever words.
fn counting(exchange: &mut Exchange, api: Api, mut plan: Plan) -> Result<Plan, Refusal> {
    let force = Arc::clone(&exchange.force);
    let counts = |target: &Arc<Target>| {
        force.upstream(&target.endpoint.id).is_none_or(|upstream| upstream.counts(api))
    };
    let silent = plan.targets.iter().find(|target| !counts(target)).cloned();
    plan.targets.retain(counts);
    let Some(silent) = silent else { return Ok(plan) };
    if plan.targets.is_empty() {
        let message = format!(
            "nobody counts tokens for model `{}`: endpoint `{}` has no way to. Send the request itself and read its usage, or estimate",
            plan.model.name, silent.endpoint.name
        );
        let mut refusal = Refusal::invalid("tokens_not_counted", message);
        refusal.error.param = Some("model".into());
        return Err(refusal);
    }
    exchange.explain("target", format!("{} counts no tokens and was left out", silent.endpoint.name));
    Ok(plan)
}

/// The plan for a response that its provider keeps.
fn kept_response(exchange: &Exchange, rest: &str) -> Result<Plan, Refusal> {
    let response = rest.split('/').next().unwrap_or_default();
    let owner = exchange.handles.owners.find(&exchange.key.workspace.id, response);
    let could = |endpoint: &EndpointEntry| {
        let dialect = Dialect::from_name(&endpoint.dialect);
        dialect.is_some_and(|dialect| dialect.serves(Api::StoredResponse, &endpoint.provider))
    };
    Ok(plan_kept(&exchange.force.policy, &exchange.key, response, owner.as_ref(), could)?)
}

/// What goes on from an earlier answer goes to the endpoint that keeps it, when that is known.
fn stay(exchange: &mut Exchange, previous: &str, plan: &mut Plan) -> Result<(), Refusal> {
    let Some(owner) = exchange.handles.owners.find(&exchange.key.workspace.id, previous) else {
        return Ok(());
    };
    let name = plan.targets.first().map(|target| target.endpoint.name.clone()).unwrap_or_default();
    plan.targets.retain(|target| target.endpoint.id == owner);
    if plan.targets.is_empty() {
        let message = format!(
            "response `{previous}` is kept by endpoint `{owner}`, but model `{}` is served by `{name}`: send the conversation itself, or ask for a model of that endpoint",
            plan.model.name
        );
        let mut refusal = Refusal::invalid("previous_response_elsewhere", message);
        refusal.error.param = Some("previous_response_id".into());
        return Err(refusal);
    }
    exchange.explain("previous_response_id", format!("kept by {owner}"));
    Ok(())
}

fn wrong_dialect(model: &str, dialect: &str) -> Refusal {
    let path = Dialect::from_name(dialect).map_or("another route", |dialect| dialect.chat_api().path());
    let message = format!("model `{model}` is served in the {dialect} format: call {path}");
    let mut refusal = Refusal::invalid("wrong_api", message);
    refusal.error.param = Some("model".into());
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_found_in_a_providers_own_path() {
        for (path, wanted) in [
            ("/passthrough/google/v1beta/models/g-1:predict", Some("g-1")),
            ("/passthrough/bedrock/model/anthropic.claude-1:0/converse", Some("anthropic.claude-1:0")),
            ("/passthrough/azure/openai/deployments/gpt/chat/completions", Some("gpt")),
            ("/passthrough/openai/v1/files", None),
            ("/v1beta/models/g-1:generateContent", None),
        ] {
            assert_eq!(model_in(&Route::of("POST", path).unwrap()), wanted, "{path}");
        }
    }
}
