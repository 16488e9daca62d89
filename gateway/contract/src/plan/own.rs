//! Plans for calls under a provider's own path, and for objects a provider keeps. A call is made once, at one endpoint:
//! what another one keeps or makes is another thing.

use std::sync::Arc;

use super::{NoPlan, Plan, nearest};
use crate::id::EndpointId;
use crate::policy::{EndpointEntry, Key, Model, Policy, Target};
use crate::record::{Stage, Step};

/// Plans a call under a provider's own path. `provider` is a provider's name, or an endpoint's name or id; `model` is
/// what the call names, in the provider's words, or nothing.
///
/// A key whose scope names models may make only calls that name one of them.
pub fn plan_path(policy: &Policy, key: &Key, provider: &str, model: &str) -> Result<Plan, NoPlan> {
    let reach = in_reach(policy, key);
    let named =
        |endpoint: &&Arc<EndpointEntry>| endpoint.name == provider || endpoint.id.as_str() == provider;
    let run_by = |endpoint: &&Arc<EndpointEntry>| endpoint.provider == provider;
    let mut found: Vec<&Arc<EndpointEntry>> = reach.iter().copied().filter(named).collect();
    if found.is_empty() {
        found = reach.iter().copied().filter(run_by).collect();
    }
    if found.is_empty() {
        let names = reach.iter().flat_map(|endpoint| [endpoint.provider.as_str(), endpoint.name.as_str()]);
        return Err(NoPlan::UnknownProvider { asked: provider.to_owned(), known: nearest(provider, names) });
    }
    at_first(policy, key, &found, model)
}

/// Plans a call about an object that a provider keeps: at its owner, where that is known, else at the only endpoint that
/// could have it.
pub fn plan_kept(
    policy: &Policy,
    key: &Key,
    object: &str,
    owner: Option<&EndpointId>,
    could_have_it: impl Fn(&EndpointEntry) -> bool,
) -> Result<Plan, NoPlan> {
    let mut found = in_reach(policy, key);
    found.retain(|endpoint| match owner {
        Some(owner) => endpoint.id == *owner,
        None => could_have_it(endpoint),
    });
    match found.as_slice() {
        [_] => {}
        [] => {
            return Err(NoPlan::NothingInReach { asked: object.to_owned(), key: key.entry.name.clone() });
        }
        [first, ..] => {
            let example = format!("/passthrough/{}/v1/responses/{object}", first.name);
            return Err(NoPlan::UnknownOwner { asked: object.to_owned(), example });
        }
    }
    one(policy, found[0], "", "owner")
}

/// The endpoints the key may reach: those of its workspace first, each group by name.
fn in_reach<'p>(policy: &'p Policy, key: &Key) -> Vec<&'p Arc<EndpointEntry>> {
    let ours =
        |endpoint: &EndpointEntry| endpoint.workspace.as_ref().is_none_or(|owner| *owner == key.workspace.id);
    let mut found: Vec<_> =
        policy.endpoints().filter(|endpoint| ours(endpoint) && key.entry.may_reach(endpoint)).collect();
    found.sort_by_key(|endpoint| (endpoint.workspace.is_none(), &endpoint.name));
    found
}

fn at_first(policy: &Policy, key: &Key, found: &[&Arc<EndpointEntry>], model: &str) -> Result<Plan, NoPlan> {
    let stops = policy.stops();
    let goes = found.iter().find(|endpoint| stops.endpoint(&endpoint.id).is_none());
    let endpoint = goes.or(found.first()).copied();
    let Some(endpoint) = endpoint else {
        return Err(NoPlan::NothingInReach { asked: model.to_owned(), key: key.entry.name.clone() });
    };
    let allowed = || policy.models_of(key).into_keys().map(str::to_owned).collect();
    let mut names = policy.names_at(key, endpoint, model);
    if !key.entry.models.is_empty() && !key.entry.may_ask_for(model) && names.next().is_none() {
        let key = key.entry.name.clone();
        return Err(match model {
            "" => NoPlan::Unnamed { key, allowed: allowed() },
            _ => NoPlan::NotAllowed { asked: model.to_owned(), key, allowed: allowed() },
        });
    }
    let of_workspace = Some(&key.workspace.id);
    let mut asked = policy.names_at(key, endpoint, model).chain([model]);
    let stopped = asked.find_map(|name| stops.model(None, name).or_else(|| stops.model(of_workspace, name)));
    if let Some(reason) = stopped {
        return Err(NoPlan::ModelStopped { asked: model.to_owned(), reason: reason.to_owned() });
    }
    one(policy, endpoint, model, "provider")
}

fn one(policy: &Policy, endpoint: &Arc<EndpointEntry>, model: &str, what: &str) -> Result<Plan, NoPlan> {
    if let Some(reason) = policy.stops().endpoint(&endpoint.id) {
        let (asked, reason) = (model.to_owned(), reason.to_owned());
        return Err(NoPlan::EndpointsStopped { asked, reason });
    }
    let target = Arc::new(Target {
        endpoint: Arc::clone(endpoint),
        upstream_model: model.to_owned(),
        price: policy.price(&endpoint.provider, model).cloned(),
    });
    let model = Model {
        name: model.to_owned(),
        workspace: endpoint.workspace.clone(),
        targets: vec![Arc::clone(&target)],
        max_output: None,
        context_window: None,
        can: Vec::new(),
        cannot: Vec::new(),
    };
    let why = vec![Step { stage: Stage::Route, what: what.to_owned(), outcome: endpoint.name.clone() }];
    Ok(Plan { model: Arc::new(model), targets: vec![target], rule: None, why })
}
