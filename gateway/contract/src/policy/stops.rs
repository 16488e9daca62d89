//! What is stopped, compiled: whether a request may go on, and why not.

use foldhash::HashMap;

use super::snapshot::{StopEntry, Stopped};
use crate::id::{CustomerId, EndpointId, KeyId, WorkspaceId};

/// The reason of each stop, by what it stops. Nearly always empty.
#[derive(Clone, Debug, Default)]
pub struct Stops {
    customers: HashMap<(WorkspaceId, CustomerId), String>,
    keys: HashMap<KeyId, String>,
    models: HashMap<(Option<WorkspaceId>, String), String>,
    endpoints: HashMap<EndpointId, String>,
}

impl Stops {
    /// Compiles the entries; of two for the same thing the later one gives the reason.
    pub(super) fn compile(entries: Vec<StopEntry>) -> Self {
        let mut stops = Self::default();
        for StopEntry { what, reason } in entries {
            match what {
                Stopped::Customer { workspace, customer } => {
                    stops.customers.insert((workspace, customer), reason);
                }
                Stopped::Key { key } => drop(stops.keys.insert(key, reason)),
                Stopped::Model { workspace, name } => drop(stops.models.insert((workspace, name), reason)),
                Stopped::Endpoint { endpoint } => drop(stops.endpoints.insert(endpoint, reason)),
            }
        }
        stops
    }

    /// Why requests for that customer are stopped.
    #[must_use]
    pub fn customer(&self, workspace: &WorkspaceId, customer: &CustomerId) -> Option<&str> {
        if self.customers.is_empty() {
            return None;
        }
        self.customers.get(&(workspace.clone(), customer.clone())).map(String::as_str)
    }

    /// Why requests with that key are stopped.
    #[must_use]
    pub fn key(&self, key: &KeyId) -> Option<&str> {
        self.keys.get(key).map(String::as_str)
    }

    /// Why requests for that model are stopped.
    #[must_use]
    pub fn model(&self, workspace: Option<&WorkspaceId>, name: &str) -> Option<&str> {
        if self.models.is_empty() {
            return None;
        }
        self.models.get(&(workspace.cloned(), name.to_owned())).map(String::as_str)
    }

    /// Why calls to that endpoint are stopped.
    #[must_use]
    pub fn endpoint(&self, endpoint: &EndpointId) -> Option<&str> {
        self.endpoints.get(endpoint).map(String::as_str)
    }
}
