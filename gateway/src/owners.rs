//! Which endpoint keeps what: what a later request goes on from, reads or deletes must go to where it was made. Responses,
//! files and batches, by the ids their providers gave them.
//!
//! Bounded, in memory, of this gateway alone: what is not known is asked for where it can only be, or not at all.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_contract::id::{EndpointId, WorkspaceId};

/// How many parts the memory has, each with a lock of its own.
const PARTS: usize = 16;

/// How many things each part remembers.
const PART_MAX: usize = 4096;

/// Something that an endpoint keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Which endpoint.
    pub(crate) endpoint: EndpointId,
    /// The models its requests name, in the provider's words, where it is a batch or the file for one and all were read.
    pub(crate) models: Option<Arc<[String]>>,
    /// The batch whose results it holds.
    pub(crate) batch: Option<String>,
    /// Whether what the batch consumed stands in a record already.
    pub(crate) counted: bool,
}

impl Kept {
    /// Something that endpoint keeps.
    pub(crate) fn at(endpoint: &EndpointId) -> Self {
        Self { endpoint: endpoint.clone(), ..Self::default() }
    }
}

/// The memory.
#[derive(Default)]
pub(crate) struct Owners {
    kept: Memory<(WorkspaceId, String), Kept>,
    /// Who made what an endpoint keeps, for endpoints that workspaces share.
    makers: Memory<(EndpointId, String), WorkspaceId>,
}

impl Owners {
    /// Remembers where a response of that workspace is kept.
    pub(crate) fn note(&self, workspace: &WorkspaceId, response: &str, endpoint: &EndpointId) {
        self.note_kept(workspace, response, Kept::at(endpoint));
    }

    /// Remembers something that workspace made. Whoever made a thing first at an endpoint stays its maker, and what was
    /// counted stays counted.
    pub(crate) fn note_kept(&self, workspace: &WorkspaceId, id: &str, kept: Kept) {
        let made = (kept.endpoint.clone(), id.to_owned());
        if self.makers.change(made, |maker| maker.get_or_insert_with(|| workspace.clone()) != workspace) {
            return;
        }
        self.kept.change((workspace.clone(), id.to_owned()), |place| {
            let before = place.take().filter(|before| before.endpoint == kept.endpoint);
            let (models, counted) = before.map(|before| (before.models, before.counted)).unwrap_or_default();
            *place = Some(Kept { models: kept.models.or(models), counted, ..kept });
        });
    }

    /// Where a response of that workspace is kept, as far as this gateway knows.
    pub(crate) fn find(&self, workspace: &WorkspaceId, response: &str) -> Option<EndpointId> {
        self.find_kept(workspace, response).map(|kept| kept.endpoint)
    }

    /// Something that workspace made, as far as this gateway knows.
    pub(crate) fn find_kept(&self, workspace: &WorkspaceId, id: &str) -> Option<Kept> {
        self.kept.find(&(workspace.clone(), id.to_owned()))
    }

    /// Whether another workspace is known to have made what that endpoint keeps under that id.
    pub(crate) fn is_of_another(&self, workspace: &WorkspaceId, endpoint: &EndpointId, id: &str) -> bool {
        self.makers.find(&(endpoint.clone(), id.to_owned())).is_some_and(|maker| maker != *workspace)
    }

    /// Whether what that batch consumed may be counted now: only once, and only where its making was seen.
    pub(crate) fn count(&self, workspace: &WorkspaceId, batch: &str) -> bool {
        self.kept.change((workspace.clone(), batch.to_owned()), |place| {
            place.as_mut().is_some_and(|batch| !std::mem::replace(&mut batch.counted, true))
        })
    }

    /// Whether it was.
    pub(crate) fn is_counted(&self, workspace: &WorkspaceId, batch: &str) -> bool {
        self.find_kept(workspace, batch).is_some_and(|batch| batch.counted)
    }
}

/// What was noted last, up to a bound.
struct Memory<K, V> {
    parts: [Mutex<Part<K, V>>; PARTS],
    hasher: RandomState,
}

struct Part<K, V> {
    found: HashMap<K, V>,
    /// The oldest first.
    order: VecDeque<K>,
}

impl<K, V> Default for Memory<K, V> {
    fn default() -> Self {
        let part = |_| Mutex::new(Part { found: HashMap::new(), order: VecDeque::new() });
        Self { parts: std::array::from_fn(part), hasher: RandomState::new() }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Memory<K, V> {
    fn find(&self, key: &K) -> Option<V> {
        self.part(key).found.get(key).cloned()
    }

    /// Changes what stands there, or puts something there.
    fn change<T>(&self, key: K, change: impl FnOnce(&mut Option<V>) -> T) -> T {
        let mut part = self.part(&key);
        let mut value = part.found.remove(&key);
        let was_there = value.is_some();
        let changed = change(&mut value);
        let Some(value) = value else { return changed };
        part.found.insert(key.clone(), value);
        if !was_there {
            part.order.push_back(key);
        }
        if part.order.len() > PART_MAX
            && let Some(oldest) = part.order.pop_front()
        {
            part.found.remove(&oldest);
        }
        changed
    }

    fn part(&self, key: &K) -> MutexGuard<'_, Part<K, V>> {
        let place = usize::try_from(self.hasher.hash_one(key) % PARTS as u64).unwrap_or(0);
        self.parts[place].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_found_in_its_own_workspace_until_too_many_came_after_it() {
        let owners = Owners::default();
        owners.note(&"ws_1".into(), "resp_1", &"ep_1".into());
        assert_eq!(owners.find(&"ws_1".into(), "resp_1"), Some("ep_1".into()));
        assert_eq!(owners.find(&"ws_2".into(), "resp_1"), None);
        for number in 0..PARTS * PART_MAX * 2 {
            owners.note(&"ws_1".into(), &format!("later_{number}"), &"ep_2".into());
        }
        assert_eq!(owners.find(&"ws_1".into(), "resp_1"), None);
    }

    #[test]
    fn what_one_workspace_made_is_not_anothers_and_no_later_word_changes_that() {
        let owners = Owners::default();
        owners.note(&"ws_1".into(), "file_1", &"ep_1".into());
        assert!(owners.is_of_another(&"ws_2".into(), &"ep_1".into(), "file_1"));
        assert!(!owners.is_of_another(&"ws_1".into(), &"ep_1".into(), "file_1"));
        assert!(!owners.is_of_another(&"ws_2".into(), &"ep_2".into(), "file_1"), "another account's");
        owners.note(&"ws_2".into(), "file_1", &"ep_1".into());
        assert_eq!(owners.find(&"ws_2".into(), "file_1"), None);
        assert!(!owners.is_of_another(&"ws_1".into(), &"ep_1".into(), "file_1"));
    }

    #[test]
    fn a_batch_is_counted_once_however_often_it_is_noted() {
        let owners = Owners::default();
        let workspace = WorkspaceId::from("ws_1");
        assert!(!owners.count(&workspace, "batch_1"), "nobody saw it made");
        let models: Option<Arc<[String]>> = Some(vec!["m".to_owned()].into());
        owners.note_kept(&workspace, "batch_1", Kept { models: models.clone(), ..Kept::at(&"ep_1".into()) });
        assert!(owners.count(&workspace, "batch_1"));
        owners.note(&workspace, "batch_1", &"ep_1".into());
        assert!(owners.is_counted(&workspace, "batch_1") && !owners.count(&workspace, "batch_1"));
        assert_eq!(owners.find_kept(&workspace, "batch_1").unwrap().models, models);
    }
}
