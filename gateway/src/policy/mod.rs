//! The policy that runs: received ([`subscribe`]), verified and compiled beside the running one ([`apply`]), swapped in by
//! one pointer, kept on disk encrypted ([`disk`]) for a start without the control plane.

pub(crate) mod apply;
pub(crate) mod control;
pub(crate) mod disk;
pub(crate) mod subscribe;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use foldhash::HashMap;
use ring::hmac;
use weir_contract::id::{EndpointId, KeyId, Revision};
use weir_contract::policy::{Key, Policy, PolicySecret};

use crate::limits::Gate;
use crate::upstream::Upstream;

/// A compiled policy with everything prepared that its requests need. Immutable; a request pins one to its end.
pub(crate) struct InForce {
    /// The policy itself.
    pub(crate) policy: Policy,
    secret: Arc<PolicySecret>,
    upstreams: HashMap<EndpointId, Arc<Upstream>>,
    gates: HashMap<KeyId, Arc<Gate>>,
    customer_keys: HashMap<KeyId, hmac::Key>,
}

impl InForce {
    /// The key that was presented at `now_us`, when it is known.
    pub(crate) fn key(&self, presented: &str, now_us: i64) -> Option<&Arc<Key>> {
        self.policy.key(&self.secret.key_hash(presented), now_us)
    }

    /// Seals a text for any gateway of the same control plane; `nonce` must be fresh random bytes.
    pub(crate) fn seal(&self, text: &str, place: &str, nonce: [u8; 12]) -> Option<String> {
        self.secret.seal(text.as_bytes(), place, nonce).ok()
    }

    /// Opens what was sealed for that place.
    pub(crate) fn open(&self, sealed: &str, place: &str) -> Option<String> {
        String::from_utf8(self.secret.open(sealed, place).ok()?).ok()
    }

    /// The endpoint, ready to be called. Every endpoint of the policy is there.
    pub(crate) fn upstream(&self, endpoint: &EndpointId) -> Option<&Arc<Upstream>> {
        self.upstreams.get(endpoint)
    }

    /// The key's live limits. Every key of the policy has one.
    pub(crate) fn gate(&self, key: &KeyId) -> Option<&Arc<Gate>> {
        self.gates.get(key)
    }

    /// What the key's customer tokens are signed with.
    pub(crate) fn customer_key(&self, key: &KeyId) -> Option<&hmac::Key> {
        self.customer_keys.get(key)
    }
}

/// The one pointer.
#[derive(Default)]
pub(crate) struct Running(ArcSwapOption<InForce>);

impl Running {
    /// What runs now; `None` before the first policy.
    pub(crate) fn now(&self) -> Option<Arc<InForce>> {
        self.0.load_full()
    }

    /// The revision that runs; 0 before the first policy.
    pub(crate) fn revision(&self) -> Revision {
        self.0.load().as_ref().map(|running| running.policy.revision).unwrap_or_default()
    }

    /// Puts a policy into force.
    pub(crate) fn swap(&self, next: Arc<InForce>) {
        self.0.store(Some(next));
    }
}
