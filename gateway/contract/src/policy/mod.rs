//! Draft (rows people edit, in the control plane) → [`snapshot`] (what is sent, signed) → [`Policy`] (what runs, compiled).
//!
//! A gateway that does not understand all of a snapshot refuses it: every shape here denies unknown fields, and
//! [`Policy::compile`] fails on anything that does not resolve. A protection never vanishes by being misread.

mod ability;
pub mod seal;
pub mod snapshot;
mod stops;

use std::collections::BTreeMap;
use std::sync::Arc;

// Keys are what administrators named, so a quick hash does: nobody else can fill these maps.
use foldhash::{HashMap, HashMapExt as _};
use thiserror::Error;

use crate::id::{EndpointId, KeyId, Revision, WorkspaceId};
use crate::price::Price;

pub use ability::Ability;
pub use seal::{KeyHash, PolicySecret, SealError, SigningKey, Verifier};
pub use snapshot::{
    Content, EndpointEntry, Header, KeyEntry, ModelEntry, PreviousSecret, PriceEntry, SCHEMA, Section,
    SectionKind, SectionRef, SignedHeader, SnapshotError, StopEntry, Stopped, TargetEntry, WorkspaceEntry,
};
pub use stops::Stops;

/// The policy in force: immutable, shared, swapped whole. An exchange pins one and keeps it to its end.
#[derive(Debug, Default)]
pub struct Policy {
    /// Which snapshot this is.
    pub revision: Revision,
    /// When it was published, µs UTC.
    pub published_at_us: i64,
    keys: HashMap<KeyHash, Arc<Key>>,
    /// Keys by an old secret in its grace, with the end of that, µs UTC.
    previous: HashMap<KeyHash, (Arc<Key>, i64)>,
    endpoints: HashMap<EndpointId, Arc<EndpointEntry>>,
    models: HashMap<String, Vec<Arc<Model>>>,
    prices: HashMap<(String, String), Arc<Price>>,
    stops: Stops,
}

/// A key with the workspace it belongs to.
#[derive(Debug)]
pub struct Key {
    /// The key's own settings.
    pub entry: KeyEntry,
    /// Its workspace's settings.
    pub workspace: Arc<WorkspaceEntry>,
}

/// A name clients may ask for.
#[derive(Debug)]
pub struct Model {
    /// The name.
    pub name: String,
    /// The workspace that owns it; `None` when all share it.
    pub workspace: Option<WorkspaceId>,
    /// Where it may be served, in order of preference.
    pub targets: Vec<Arc<Target>>,
    /// Most output tokens, when known: bounds a hold.
    pub max_output: Option<u64>,
    /// Input and output together, when known.
    pub context_window: Option<u64>,
    /// What it is known to be able to do, in order.
    pub can: Vec<Ability>,
    /// What it cannot do, in order: requests that ask for it are refused.
    pub cannot: Vec<Ability>,
}

/// One place a model may be served.
#[derive(Debug)]
pub struct Target {
    /// Where.
    pub endpoint: Arc<EndpointEntry>,
    /// The model's name there.
    pub upstream_model: String,
    /// What it costs there; `None` makes its calls unrated.
    pub price: Option<Arc<Price>>,
}

/// Why a snapshot cannot run.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CompileError {
    /// An id names nothing.
    #[error("{place} names {kind} `{id}`, which is not in the snapshot")]
    Dangling {
        /// What names it.
        place: String,
        /// What it should be.
        kind: &'static str,
        /// The id.
        id: String,
    },
    /// Two objects share what must be unique.
    #[error("{kind} `{id}` is in the snapshot twice")]
    Twice {
        /// What it is.
        kind: &'static str,
        /// The id.
        id: String,
    },
    /// A model has no target.
    #[error("model `{0}` has no target")]
    NoTarget(String),
    /// A model of everyone uses an endpoint of one workspace, or of another one.
    #[error("model `{model}` uses endpoint `{endpoint}`, which belongs to another workspace")]
    ForeignEndpoint {
        /// The model.
        model: String,
        /// The endpoint.
        endpoint: String,
    },
    /// A hash is not 64 hex digits.
    #[error("key `{0}` has no readable hash")]
    KeyHash(String),
}

impl Policy {
    /// Compiles a snapshot's content. Everything must resolve, or nothing runs.
    pub fn compile(revision: Revision, published_at_us: i64, content: Content) -> Result<Self, CompileError> {
        let Content { workspaces, keys, endpoints, models, prices, stops } = content;
        let workspaces = unique("workspace", workspaces, |entry| entry.id.clone())?;
        let endpoints = unique("endpoint", endpoints, |entry| entry.id.clone())?;
        let prices: HashMap<(String, String), Arc<Price>> = prices
            .into_iter()
            .map(|PriceEntry { provider, model, price }| ((provider, model), Arc::new(price)))
            .collect();
        let stops = Stops::compile(stops);
        let mut policy = Self { revision, published_at_us, stops, ..Self::default() };
        for entry in keys {
            policy.add_key(entry, &workspaces)?;
        }
        for entry in models {
            policy.add_model(entry, &endpoints, &prices)?;
        }
        policy.endpoints = endpoints;
        policy.prices = prices;
        Ok(policy)
    }

    fn add_key(
        &mut self,
        entry: KeyEntry,
        workspaces: &HashMap<WorkspaceId, Arc<WorkspaceEntry>>,
    ) -> Result<(), CompileError> {
        let workspace = workspaces.get(&entry.workspace).ok_or_else(|| CompileError::Dangling {
            place: format!("key `{}`", entry.id),
            kind: "workspace",
            id: entry.workspace.to_string(),
        })?;
        let id = entry.id.to_string();
        let read = |hex: &str| KeyHash::from_hex(hex).ok_or_else(|| CompileError::KeyHash(id.clone()));
        let hash = read(&entry.hash)?;
        let old = entry.previous.as_ref().map(|old| Ok((read(&old.hash)?, old.ends_at_us))).transpose()?;
        let key = Arc::new(Key { entry, workspace: Arc::clone(workspace) });
        let mut is_twice = self.previous.contains_key(&hash);
        if let Some((old_hash, ends_at_us)) = old {
            is_twice |= old_hash == hash || self.keys.contains_key(&old_hash);
            is_twice |= self.previous.insert(old_hash, (Arc::clone(&key), ends_at_us)).is_some();
        }
        is_twice |= self.keys.insert(hash, key).is_some();
        if is_twice { Err(CompileError::Twice { kind: "key", id }) } else { Ok(()) }
    }

    fn add_model(
        &mut self,
        entry: ModelEntry,
        endpoints: &HashMap<EndpointId, Arc<EndpointEntry>>,
        prices: &HashMap<(String, String), Arc<Price>>,
    ) -> Result<(), CompileError> {
        let ModelEntry { name, workspace, targets, max_output, context_window, can, cannot } = entry;
        let of_same_name = self.models.entry(name.clone()).or_default();
        if of_same_name.iter().any(|model| model.workspace == workspace) {
            return Err(CompileError::Twice { kind: "model", id: name });
        }
        let targets = targets
            .into_iter()
            .map(|target| resolve_target(&name, workspace.as_ref(), target, endpoints, prices))
            .collect::<Result<Vec<_>, _>>()?;
        if targets.is_empty() {
            return Err(CompileError::NoTarget(name));
        }
        let model = Model { name, workspace, targets, max_output, context_window, can, cannot };
        of_same_name.push(Arc::new(model));
        Ok(())
    }

    /// The key with that hash at `now_us` (µs UTC): by its secret, or by the one before while that is in its grace.
    #[must_use]
    pub fn key(&self, hash: &KeyHash, now_us: i64) -> Option<&Arc<Key>> {
        let in_grace = || self.previous.get(hash).filter(|(_, ends_at_us)| now_us < *ends_at_us);
        self.keys.get(hash).or_else(|| in_grace().map(|(key, _)| key))
    }

    /// All keys, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.keys.values()
    }

    /// The key with that id (not for the request path: it looks at all).
    #[must_use]
    pub fn key_by_id(&self, id: &KeyId) -> Option<&Arc<Key>> {
        self.keys.values().find(|key| key.entry.id == *id)
    }

    /// The model of that name as the workspace sees it: its own before the shared one.
    #[must_use]
    pub fn model(&self, workspace: &WorkspaceId, name: &str) -> Option<&Arc<Model>> {
        let of_that_name = self.models.get(name)?;
        let owned = of_that_name.iter().find(|model| model.workspace.as_ref() == Some(workspace));
        owned.or_else(|| of_that_name.iter().find(|model| model.workspace.is_none()))
    }

    /// The models a key may ask for, by name.
    #[must_use]
    pub fn models_of(&self, key: &Key) -> BTreeMap<&str, &Arc<Model>> {
        let names = self.models.keys().map(String::as_str);
        names
            .filter(|name| key.entry.may_ask_for(name))
            .filter_map(|name| Some((name, self.model(&key.workspace.id, name)?)))
            .collect()
    }

    /// What is stopped.
    #[must_use]
    pub const fn stops(&self) -> &Stops {
        &self.stops
    }

    /// What a model costs at a provider, by the name it has there; `None` when that is not known.
    #[must_use]
    pub fn price(&self, provider: &str, upstream_model: &str) -> Option<&Arc<Price>> {
        self.prices.get(&(provider.to_owned(), upstream_model.to_owned()))
    }

    /// The names under which a key may ask for what is called so at that endpoint.
    pub(crate) fn names_at<'p>(
        &'p self,
        key: &'p Key,
        endpoint: &'p EndpointEntry,
        upstream_model: &'p str,
    ) -> impl Iterator<Item = &'p str> {
        let there = move |target: &Arc<Target>| {
            target.endpoint.id == endpoint.id && target.upstream_model == upstream_model
        };
        let models = self.models_of(key).into_iter();
        models.filter(move |(_, model)| model.targets.iter().any(there)).map(|(name, _)| name)
    }

    /// The endpoints, in no order.
    pub fn endpoints(&self) -> impl Iterator<Item = &Arc<EndpointEntry>> {
        self.endpoints.values()
    }
}

fn unique<I, E>(
    kind: &'static str,
    entries: Vec<E>,
    id_of: impl Fn(&E) -> I,
) -> Result<HashMap<I, Arc<E>>, CompileError>
where
    I: std::hash::Hash + Eq + std::fmt::Display,
{
    let mut found = HashMap::with_capacity(entries.len());
    for entry in entries {
        let id = id_of(&entry);
        let text = id.to_string();
        if found.insert(id, Arc::new(entry)).is_some() {
            return Err(CompileError::Twice { kind, id: text });
        }
    }
    Ok(found)
}

fn resolve_target(
    model: &str,
    workspace: Option<&WorkspaceId>,
    target: TargetEntry,
    endpoints: &HashMap<EndpointId, Arc<EndpointEntry>>,
    prices: &HashMap<(String, String), Arc<Price>>,
) -> Result<Arc<Target>, CompileError> {
    let endpoint = endpoints.get(&target.endpoint).ok_or_else(|| CompileError::Dangling {
        place: format!("model `{model}`"),
        kind: "endpoint",
        id: target.endpoint.to_string(),
    })?;
    if endpoint.workspace.is_some() && endpoint.workspace.as_ref() != workspace {
        let endpoint = endpoint.name.clone();
        return Err(CompileError::ForeignEndpoint { model: model.to_owned(), endpoint });
    }
    let price = prices.get(&(endpoint.provider.clone(), target.upstream_model.clone())).cloned();
    Ok(Arc::new(Target { endpoint: Arc::clone(endpoint), upstream_model: target.upstream_model, price }))
}
