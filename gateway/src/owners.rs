//! Which endpoint keeps which response: what a later request goes on from, reads or deletes must go to where it was made.
//!
//! Bounded, in memory, of this gateway alone: what is not known is asked for where it can only be, or not at all.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use weir_contract::id::{EndpointId, WorkspaceId};

/// How many parts the memory has, each with a lock of its own.
const PARTS: usize = 16;

/// How many responses each part remembers.
const RESPONSES_MAX: usize = 4096;

type Place = (WorkspaceId, String);

#[derive(Default)]
struct Part {
    owners: HashMap<Place, EndpointId>,
    /// The oldest first.
    order: VecDeque<Place>,
}

/// The memory.
#[derive(Default)]
pub(crate) struct Owners {
    parts: [Mutex<Part>; PARTS],
    hasher: RandomState,
}

impl Owners {
    /// Remembers where a response of that workspace is kept.
    pub(crate) fn note(&self, workspace: &WorkspaceId, response: &str, endpoint: &EndpointId) {
        let place = (workspace.clone(), response.to_owned());
        let mut part = self.part(&place).lock().unwrap_or_else(PoisonError::into_inner);
        if part.owners.insert(place.clone(), endpoint.clone()).is_some() {
            return;
        }
        part.order.push_back(place);
        if part.order.len() > RESPONSES_MAX
            && let Some(oldest) = part.order.pop_front()
        {
            part.owners.remove(&oldest);
        }
    }

    /// Where a response of that workspace is kept, as far as this gateway knows.
    pub(crate) fn find(&self, workspace: &WorkspaceId, response: &str) -> Option<EndpointId> {
        let place = (workspace.clone(), response.to_owned());
        let part = self.part(&place).lock().unwrap_or_else(PoisonError::into_inner);
        part.owners.get(&place).cloned()
    }

    fn part(&self, place: &Place) -> &Mutex<Part> {
        let hash = usize::try_from(self.hasher.hash_one(place) % PARTS as u64).unwrap_or(0);
        &self.parts[hash]
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
        for number in 0..PARTS * RESPONSES_MAX * 2 {
            owners.note(&"ws_1".into(), &format!("later_{number}"), &"ep_2".into());
        }
        assert_eq!(owners.find(&"ws_1".into(), "resp_1"), None);
    }
}
