//! The outcome of routing for one request: targets in order, and why. A pure function of the policy and a typed view
//! of the request, so that the page that tries a request and the gateway that serves it can never disagree.
//!
//! Calls to a provider's own paths have a plan of one target: [`own`].

pub mod own;

use std::sync::Arc;

use thiserror::Error;

use crate::id::RuleId;
use crate::policy::{Key, Model, Policy, Target};
use crate::record::{Stage, Step};

/// Targets in order, and why.
#[derive(Debug)]
pub struct Plan {
    /// The model asked for.
    pub model: Arc<Model>,
    /// Where to try, in order; never empty.
    pub targets: Vec<Arc<Target>>,
    /// The rule that chose them; `None` when the model's own table did.
    pub rule: Option<RuleId>,
    /// The decision trace.
    pub why: Vec<Step>,
}

/// Why there is no plan.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NoPlan {
    /// The workspace has no model of that name.
    #[error("there is no model `{asked}`{}", nearest_words(.nearest))]
    UnknownModel {
        /// What was asked for.
        asked: String,
        /// The nearest names the key may ask for.
        nearest: Vec<String>,
    },
    /// The key's scope leaves the model out.
    #[error("key `{key}` may not use model `{asked}`; it may use: {}", .allowed.join(", "))]
    NotAllowed {
        /// What was asked for.
        asked: String,
        /// The key's name.
        key: String,
        /// What the key may use.
        allowed: Vec<String>,
    },
    /// Somebody stopped the model.
    #[error("model `{asked}` is stopped: {reason}")]
    ModelStopped {
        /// What was asked for.
        asked: String,
        /// Why, in the words of whoever stopped it.
        reason: String,
    },
    /// Somebody stopped every endpoint that could serve it.
    #[error("every endpoint of model `{asked}` is stopped: {reason}")]
    EndpointsStopped {
        /// What was asked for.
        asked: String,
        /// Why, in the words of whoever stopped the first of them.
        reason: String,
    },
    /// The key's scope names models, and the call none.
    #[error("key `{key}` may use some models only, and this call names none of them; it may use: {}", .allowed.join(", "))]
    Unnamed {
        /// The key's name.
        key: String,
        /// What the key may use.
        allowed: Vec<String>,
    },
    /// No endpoint of that provider or name is in the key's reach.
    #[error("there is no provider or endpoint `{asked}` in the key's reach{}", nearest_words(.known))]
    UnknownProvider {
        /// What was asked for.
        asked: String,
        /// The nearest names in its reach.
        known: Vec<String>,
    },
    /// Several endpoints could keep an object, and nobody knows which does.
    #[error("nobody here knows who keeps `{asked}`: name the endpoint, as in {example}")]
    UnknownOwner {
        /// What was asked for.
        asked: String,
        /// A path that would do.
        example: String,
    },
    /// Every target is outside the key's hard set of endpoints and regions.
    #[error("no target of model `{asked}` is in the endpoints and regions that key `{key}` may reach")]
    NothingInReach {
        /// What was asked for.
        asked: String,
        /// The key's name.
        key: String,
    },
}

fn nearest_words(nearest: &[String]) -> String {
    if nearest.is_empty() {
        String::new()
    } else {
        format!("; the nearest names are: {}", nearest.join(", "))
    }
}

/// The names nearest to `asked`, at most three, best first.
#[must_use]
pub fn nearest<'a>(asked: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut near: Vec<(usize, &str)> = names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(asked, name), name))
        .filter(|(distance, name)| *distance <= name.len().max(asked.len()) / 2 || name.contains(asked))
        .collect();
    near.sort_unstable();
    near.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

/// Routes a request for `model` made with `key`.
pub fn plan(policy: &Policy, key: &Key, asked: &str) -> Result<Plan, NoPlan> {
    let allowed = || policy.models_of(key);
    let Some(model) = policy.model(&key.workspace.id, asked) else {
        let nearest = nearest(asked, allowed().into_keys());
        return Err(NoPlan::UnknownModel { asked: asked.to_owned(), nearest });
    };
    let key_name = || key.entry.name.clone();
    if !key.entry.may_ask_for(asked) {
        let allowed = allowed().into_keys().map(str::to_owned).collect();
        return Err(NoPlan::NotAllowed { asked: asked.to_owned(), key: key_name(), allowed });
    }
    let stops = policy.stops();
    if let Some(reason) = stops.model(model.workspace.as_ref(), asked) {
        return Err(NoPlan::ModelStopped { asked: asked.to_owned(), reason: reason.to_owned() });
    }
    let in_reach = |target: &&Arc<Target>| key.entry.may_reach(&target.endpoint);
    let mut targets: Vec<Arc<Target>> = model.targets.iter().filter(in_reach).cloned().collect();
    if targets.is_empty() {
        return Err(NoPlan::NothingInReach { asked: asked.to_owned(), key: key_name() });
    }
    let left_out = model.targets.len() - targets.len();
    let reason = |target: &Arc<Target>| stops.endpoint(&target.endpoint.id);
    let stopped = targets.iter().find_map(|target| Some((Arc::clone(target), reason(target)?.to_owned())));
    targets.retain(|target| reason(target).is_none());
    let step = |what: &str, outcome| Step { stage: Stage::Route, what: what.to_owned(), outcome };
    let mut why = vec![step("model", words(&targets, left_out))];
    if let Some((target, reason)) = stopped {
        if targets.is_empty() {
            return Err(NoPlan::EndpointsStopped { asked: asked.to_owned(), reason });
        }
        why.push(step("stop", format!("{} is stopped: {reason}", target.endpoint.name)));
    }
    Ok(Plan { model: Arc::clone(model), targets, rule: None, why })
}

fn words(targets: &[Arc<Target>], left_out: usize) -> String {
    let names: Vec<String> = targets
        .iter()
        .map(|target| format!("{} at {}", target.upstream_model, target.endpoint.name))
        .collect();
    let scope = if left_out > 0 { format!("; {left_out} outside the key's reach") } else { String::new() };
    format!("{}{scope}", names.join(", then "))
}
